//! One run and what must hold after it, however it went.

use std::any::Any;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use arrow::array::RecordBatch;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::SpillMetrics;
use herringbone::errors::{ParquetError, Result};
use tempfile::TempDir;

use crate::faulty::{Call, FaultySink, Injected, Plan};

/// A way to write a file, with rows of its own.
pub(crate) trait Subject: Debug {
    /// Writes the rows through parts that fail as planned, goes on after a failure, and checks that
    /// nothing is left.
    fn run(&self, plan: Plan, ending: Ending, directory: &TempDir) -> Outcome;

    fn batches(&self) -> Vec<RecordBatch>;

    /// Calls that a run must make, or the test would not see what it is for.
    fn expected_calls(&self) -> Vec<Call>;

    /// Whether want of space in this call ends nothing but the row group.
    fn goes_on_when_full(&self, call: Call) -> bool;

    /// The steps that the error of this call may name; `sink` if none.
    fn steps(&self, call: Call) -> Vec<&'static str>;
}

/// How a writer is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Drop,
    Close,
    IntoInner,
}

/// How a run went.
pub(crate) struct Outcome {
    pub(crate) first: Option<First>,
    pub(crate) file: Vec<u8>,
    pub(crate) plan: Plan,
    /// The batches that are in the file, if it was finished.
    pub(crate) finished: Option<Vec<usize>>,
}

/// What a run works on.
pub(crate) struct World<'a> {
    pub(crate) plan: Plan,
    pub(crate) sink: FaultySink,
    pub(crate) budget: MemoryBudget,
    pub(crate) metrics: SpillMetrics,
    pub(crate) directory: &'a TempDir,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: Plan, budget: MemoryBudget, directory: &'a TempDir) -> Self {
        Self {
            sink: FaultySink::new(plan.clone()),
            plan,
            budget,
            metrics: SpillMetrics::new(),
            directory,
        }
    }

    /// The writer and all its parts are gone: nothing of them is left.
    pub(crate) fn assert_clean(&self, what: &str) {
        assert_eq!(self.budget.used(), 0, "{what}: bytes still reserved");
        assert_eq!(self.budget.members(), 0, "{what}: members");
        assert_eq!(self.metrics.disk_used(), 0, "{what}: disk in use");
        assert_eq!(self.metrics.open_files(), 0, "{what}: open files");
        assert_eq!(self.metrics.bytes_resident(), 0, "{what}: resident blobs");
        assert_nothing_left(self.directory.path(), what);
    }
}

/// No file with a name in `directory`, and none without that this process holds open.
pub(crate) fn assert_nothing_left(directory: &Path, what: &str) {
    let entries = fs::read_dir(directory).unwrap().count();
    assert_eq!(entries, 0, "{what}: files left in the spill directory");
    assert_eq!(open_files(directory), 0, "{what}: files held open");
}

/// Files of `directory` that this process holds open, where the system tells.
fn open_files(directory: &Path) -> usize {
    let Ok(handles) = fs::read_dir("/proc/self/fd") else {
        return 0;
    };
    handles
        .filter_map(|handle| fs::read_link(handle.ok()?.path()).ok())
        .filter(|target| target.starts_with(directory))
        .count()
}

/// The calls of a run. Once one has failed, all later ones must, and name the first cause.
#[derive(Default)]
pub(crate) struct Steps {
    first: Option<First>,
}

/// What failed first.
pub(crate) enum First {
    Error(ParquetError),
    Panic,
}

impl Steps {
    /// Makes a call; its value if it succeeded.
    pub(crate) fn call<T>(&mut self, name: &str, call: impl FnOnce() -> Result<T>) -> Option<T> {
        let result = caught(call);
        match (result, &self.first) {
            (Ok(Ok(value)), None) => Some(value),
            (Ok(Err(error)), None) => {
                self.first = Some(First::Error(error));
                None
            }
            (Err(Panicked), None) => {
                self.first = Some(First::Panic);
                None
            }
            (Ok(Ok(_)), Some(first)) => panic!("{name} succeeded after {}", first.text()),
            (Ok(Err(error)), Some(first)) => {
                let (error, first) = (error.to_string(), first.text());
                assert!(
                    error.contains(&first),
                    "{name}: {error:?} does not name {first:?}"
                );
                None
            }
            (Err(Panicked), Some(first)) => panic!("{name} panicked after {}", first.text()),
        }
    }

    /// As [`Steps::call`].
    pub(crate) fn io<T>(&mut self, name: &str, call: impl FnOnce() -> io::Result<T>) -> Option<T> {
        self.call(name, || Ok(call()?))
    }

    /// Makes a call that changes nothing, so that a panic in it is no failure of the writer.
    pub(crate) fn look<T>(&self, call: impl FnOnce() -> T) {
        drop(caught(call));
    }

    /// Makes a call that must be refused, also if none has failed so far.
    pub(crate) fn refused<T>(&mut self, name: &str, call: impl FnOnce() -> Result<T>) {
        if self.has_failed() {
            self.call(name, call);
            return;
        }
        assert!(matches!(caught(call), Ok(Err(_))), "{name} was not refused");
    }

    /// Drops something whose parts may panic.
    pub(crate) fn drop<T>(&mut self, value: T) {
        if caught(|| drop(value)).is_err() && self.first.is_none() {
            self.first = Some(First::Panic);
        }
    }

    /// Notes what failed elsewhere before any of these calls.
    pub(crate) fn note_earlier(&mut self, first: Option<First>) {
        if first.is_some() {
            self.first = first;
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.first.is_some()
    }

    pub(crate) fn into_first(self) -> Option<First> {
        self.first
    }
}

impl First {
    fn text(&self) -> String {
        match self {
            First::Error(error) => error.root_cause().to_string(),
            First::Panic => "an earlier call panicked".to_owned(),
        }
    }
}

/// A planned panic.
struct Panicked;

fn caught<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    let is_planned = |payload: &Box<dyn Any + Send>| payload.is::<Injected>();
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Ok(value),
        Err(payload) if is_planned(&payload) => Err(Panicked),
        Err(payload) => resume_unwind(payload),
    }
}
