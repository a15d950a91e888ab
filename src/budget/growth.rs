//! Tables that grow by a little: what is paid for by capacity should not be twice what is needed.

/// The part of its length that a full table grows by.
const PART: usize = 8;

/// Places that a table grows by at least, once it has as many: a small one doubles.
const LEAST: usize = 32;

/// Places that an empty table gets.
const FIRST: usize = 4;

/// Adds to a table that grows by an eighth instead of doubling, once it is worth it. The old and the new one are
/// there together only while one is copied to the other.
#[inline]
pub(crate) fn push_tight<T>(table: &mut Vec<T>, entry: T) {
    make_room(table, 1);
    table.push(entry);
}

/// As [`push_tight`] of several entries.
#[inline]
pub(crate) fn extend_tight<T: Clone>(table: &mut Vec<T>, entries: &[T]) {
    make_room(table, entries.len());
    table.extend_from_slice(entries);
}

/// Sees to it that `more` entries fit.
fn make_room<T>(table: &mut Vec<T>, more: usize) {
    if table.capacity() - table.len() < more {
        let len = table.len();
        let least = len.clamp(FIRST, LEAST);
        table.reserve_exact(more.max(len / PART).max(least));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_no_more_than_an_eighth_to_spare() {
        let mut table = Vec::new();
        for entry in 0..10_000_u32 {
            push_tight(&mut table, entry);
            assert!(table.capacity() <= table.len() + table.len() / PART + LEAST);
        }
        assert!(table.iter().copied().eq(0..10_000));
    }

    #[test]
    fn a_table_is_seldom_copied() {
        let (mut table, mut copied) = (Vec::new(), 0);
        for entry in 0..10_000_u32 {
            let capacity = table.capacity();
            push_tight(&mut table, entry);
            copied += if table.capacity() > capacity {
                table.len()
            } else {
                0
            };
        }
        assert!(copied < 10 * table.len(), "{copied}");
    }

    #[test]
    fn entries_may_come_together() {
        let mut bytes = Vec::new();
        extend_tight(&mut bytes, &[1, 2, 3]);
        extend_tight(&mut bytes, &[]);
        extend_tight(&mut bytes, &[4; 100]);
        assert_eq!(bytes.len(), 103);
        assert!(bytes.capacity() <= 120);
    }
}
