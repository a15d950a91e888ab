//! A bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::arguments::PageHome;
use crate::source::Extent;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Tells how far a run has come.
pub(crate) enum Progress {
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    pub(crate) fn start(home: PageHome, extent: &Extent) -> Self {
        let title = match home {
            PageHome::Heap => "repacking, pages on the heap",
            PageHome::TempFile => "repacking, pages in a temporary file",
        };
        if !std::io::stderr().is_terminal() {
            eprintln!("{title}");
            return Self::Lines {
                last: Instant::now(),
            };
        }
        let bar = ProgressBar::new(1_000);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} %  {msg}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(title);
        let progress = Self::Bar(bar);
        progress.show(0, extent);
        progress
    }

    pub(crate) fn update(&mut self, rows: u64, extent: &Extent) {
        match self {
            Self::Bar(_) => self.show(rows, extent),
            Self::Lines { last } if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                let percent = extent.permille(rows) / 10;
                eprintln!("{percent:>3} %  {} rows", HumanCount(rows));
            }
            Self::Lines { .. } => {}
        }
    }

    pub(crate) fn finish(self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }

    fn show(&self, rows: u64, extent: &Extent) {
        if let Self::Bar(bar) = self {
            bar.set_message(format!("{} rows", HumanCount(rows)));
            bar.set_position(extent.permille(rows));
        }
    }
}
