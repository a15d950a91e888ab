//! How a run ended, and its line of the table.

use std::str::FromStr;

use crate::Result;

/// How a run ended. A process tells it to another as lines of text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// In a few words.
    pub(crate) end: String,
    pub(crate) seconds: f64,
    /// The most bytes that were taken of the session's pool.
    pub(crate) pool: usize,
    /// The most bytes on the heap.
    pub(crate) heap: usize,
    pub(crate) files: usize,
    /// The most row groups of a file.
    pub(crate) row_groups: usize,
    pub(crate) bytes: u64,
}

impl Outcome {
    /// The line above all others.
    pub(crate) fn heading() -> &'static str {
        "| case | sink | how it ended | seconds | most of the pool, MiB | most on the heap, MiB | files | row groups of a \
         file | written, MiB |\n|---|---|---|---|---|---|---|---|---|"
    }

    /// The line of the table.
    pub(crate) fn row(&self, case: &str, sink: &str) -> String {
        let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        format!(
            "| {case} | {sink} | {} | {:.2} | {:.1} | {:.1} | {} | {} | {:.1} |",
            self.end,
            self.seconds,
            mib(self.pool),
            mib(self.heap),
            self.files,
            self.row_groups,
            self.bytes as f64 / f64::from(1 << 20),
        )
    }

    /// The one of `outcomes` with the time in the middle.
    pub(crate) fn median(mut outcomes: Vec<Self>) -> Result<Self> {
        outcomes.sort_by(|left, right| left.seconds.total_cmp(&right.seconds));
        let middle = outcomes.len() / 2;
        let middle = outcomes.into_iter().nth(middle);
        middle.ok_or_else(|| "there was no run".into())
    }

    /// The lines that tell it.
    pub(crate) fn to_lines(&self) -> String {
        let Self {
            end,
            seconds,
            pool,
            heap,
            files,
            row_groups,
            bytes,
        } = self;
        let end = end.replace('\n', " ");
        format!("{end}\n{seconds}\n{pool}\n{heap}\n{files}\n{row_groups}\n{bytes}\n")
    }

    /// What `lines` tell.
    pub(crate) fn from_lines(lines: &str) -> Result<Self> {
        let mut lines = lines.lines();
        let end = lines.next().unwrap_or_default().to_owned();
        Ok(Self {
            end,
            seconds: number(lines.next())?,
            pool: number(lines.next())?,
            heap: number(lines.next())?,
            files: number(lines.next())?,
            row_groups: number(lines.next())?,
            bytes: number(lines.next())?,
        })
    }
}

fn number<T: FromStr>(line: Option<&str>) -> Result<T> {
    let line = line.unwrap_or_default();
    let number = line.parse();
    number.map_err(|_| format!("'{line}' should be a number").into())
}
