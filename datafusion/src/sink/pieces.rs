//! Batches in pieces, where a row group may have so many bytes only.

use datafusion::arrow::array::RecordBatch;
use datafusion::physical_plan::spill::get_record_batch_memory_size;

/// Rows that are written at first where nothing is known of their sizes.
const FIRST_ROWS: usize = 64;

/// How much of a batch is written at once.
///
/// The writer ends a row group by what its rows have taken so far, which it knows once some are in it. The rows that a
/// row group begins with it takes as they come; for a batch of wide rows that is more than a small limit.
pub(super) struct Pieces {
    limit: Option<usize>,
    /// Bytes that a row takes, as far as that is known.
    row_bytes: Option<usize>,
    /// The piece that was written last: what the row group had before, and its rows.
    last: Option<(OpenGroup, usize)>,
}

/// What the open row group has.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenGroup {
    pub(super) rows: usize,
    /// Bytes as the writer estimates them.
    pub(super) bytes: usize,
}

impl Pieces {
    /// Pieces for row groups of `limit` bytes, if there is such a limit.
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self {
            limit,
            row_bytes: None,
            last: None,
        }
    }

    /// Whether the limit may be passed by `batch` alone, or by so much that it shows.
    pub(super) fn are_needed_for(&mut self, batch: &RecordBatch) -> bool {
        self.last = None;
        self.limit
            .is_some_and(|limit| get_record_batch_memory_size(batch) > limit / 8)
    }

    /// How many of `left` rows to write next: what the open row group has room for by the size of its rows, and else as
    /// many as an empty one should have room for twice.
    pub(super) fn next(&mut self, open: OpenGroup, left: usize) -> usize {
        let Some(limit) = self.limit else {
            return left;
        };
        self.learn(open, limit);
        let in_open = match self.row_bytes {
            Some(row_bytes) if open.rows > 0 => limit.saturating_sub(open.bytes) / row_bytes,
            _ => 0,
        };
        let rows = match (in_open, self.row_bytes) {
            (0, Some(row_bytes)) => (limit / 2 / row_bytes).max(1),
            (0, None) => FIRST_ROWS,
            (rows, _) => rows,
        };
        let rows = rows.min(left);
        self.last = Some((open, rows));
        rows
    }

    /// Takes note of what `open` tells of the size of rows.
    fn learn(&mut self, open: OpenGroup, limit: usize) {
        let row_bytes = match (open.bytes.checked_div(open.rows), self.last) {
            (Some(row_bytes), _) => row_bytes,
            // The last piece has filled its row group, of which nothing is open any more.
            (None, Some((before, rows))) => {
                let filled = limit.saturating_sub(before.bytes) / rows.max(1);
                filled.max(self.row_bytes.unwrap_or(0))
            }
            (None, None) => return,
        };
        self.row_bytes = Some(row_bytes.max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The row groups of a writer that ends them as the real one does, for rows of `row_bytes` each.
    fn groups(limit: usize, batches: &[usize], row_bytes: usize) -> Vec<usize> {
        let mut pieces = Pieces::new(Some(limit));
        let (mut groups, mut rows) = (Vec::new(), 0);
        for batch in batches {
            let mut left = *batch;
            while left > 0 {
                let bytes = rows * row_bytes;
                let piece = pieces.next(OpenGroup { rows, bytes }, left);
                assert!(piece > 0 && piece <= left);
                rows += piece;
                left -= piece;
                if limit.saturating_sub(rows * row_bytes) / row_bytes == 0 {
                    groups.push(rows);
                    rows = 0;
                }
            }
        }
        groups.push(rows);
        groups
    }

    #[test]
    fn row_groups_of_wide_rows_fill_the_limit_and_do_not_pass_it() {
        assert_eq!(groups(1000, &[550], 10), [100, 100, 100, 100, 100, 50]);
        assert_eq!(groups(1000, &[40, 40, 40, 100], 10), [100, 100, 20]);
    }

    #[test]
    fn rows_that_are_larger_than_the_limit_come_to_be_alone() {
        let groups = groups(1000, &[200], 5000);
        assert_eq!(groups[..7], [64, 33, 16, 8, 4, 2, 1]);
        assert!(groups[7..].iter().all(|rows| *rows <= 1), "{groups:?}");
    }

    #[test]
    fn without_a_limit_batches_stay_whole() {
        let mut pieces = Pieces::new(None);
        assert_eq!(
            pieces.next(
                OpenGroup {
                    rows: 7,
                    bytes: 7000
                },
                8192
            ),
            8192
        );
    }
}
