//! A bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::arguments::PageHome;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Tells how far a run has come.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Progress {
    pub(crate) fn start(home: PageHome, rows: Option<u64>) -> Self {
        let title = match home {
            PageHome::Heap => "repacking, pages on the heap",
            PageHome::TempFile => "repacking, pages in a temporary file",
        };
        if !std::io::stderr().is_terminal() {
            eprintln!("{title}");
            return Self {
                bar: None,
                last_line: Instant::now(),
            };
        }
        let bar = match rows {
            Some(rows) => ProgressBar::new(rows),
            None => ProgressBar::new_spinner(),
        };
        let template = match rows {
            Some(_) => "{prefix} {wide_bar} {human_pos}/{human_len} rows, {msg} written",
            None => "{prefix} {spinner} {human_pos} rows, {msg} written",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(title);
        Self {
            bar: Some(bar),
            last_line: Instant::now(),
        }
    }

    pub(crate) fn update(&mut self, rows: u64, written: u64) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(HumanBytes(written).to_string());
                bar.set_position(rows);
            }
            None if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line = Instant::now();
                eprintln!("{} rows, {} written", HumanCount(rows), HumanBytes(written));
            }
            None => {}
        }
    }

    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
