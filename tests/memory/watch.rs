//! Writes a file under the eyes of the counting allocator.

use std::fs::File;
use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, MemoryPressure};
use herringbone::budget::MemoryBudget;
use herringbone::file::metadata::ParquetMetaData;

use crate::heap::{self, counted};

/// What was seen of one file.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Heap of the new writer: schema, properties, the sink's buffer.
    pub(crate) fixed: usize,
    /// Most heap at any moment, `fixed` included.
    pub(crate) peak: usize,
    /// After each batch.
    pub(crate) samples: Vec<Sample>,
    /// Heap of the writer and the metadata after `finish`.
    pub(crate) finished: usize,
    pub(crate) bytes: usize,
    pub(crate) metadata: ParquetMetaData,
    pub(crate) pressure: MemoryPressure,
}

/// What was seen between two batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Heap beyond what the new writer had.
    pub(crate) live: usize,
    /// What `memory_size` said; none while no row group was open.
    pub(crate) reported: Option<usize>,
    /// What the budget says is in use, where there is one.
    pub(crate) used: Option<usize>,
}

/// Writes `batches` and looks at the heap after each. Batches that are asked for here count
/// as the caller's.
pub(crate) fn watch(
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch>,
    options: impl FnOnce() -> ArrowWriterOptions,
    budget: Option<&MemoryBudget>,
    sink: impl Write + Send,
) -> Seen {
    heap::reset();
    let mut writer = counted(|| {
        ArrowWriter::try_new_with_options(sink, schema, options()).expect("a new writer")
    });
    let fixed = heap::live();
    let mut samples = Vec::new();
    for batch in batches {
        counted(|| writer.write(&batch)).expect("a batch is written");
        samples.push(Sample {
            live: heap::live().saturating_sub(fixed),
            reported: (writer.in_progress_rows() > 0).then(|| writer.memory_size()),
            used: budget.map(MemoryBudget::used),
        });
    }
    let metadata = counted(|| writer.finish()).expect("the file ends");
    Seen {
        fixed,
        peak: heap::peak(),
        samples,
        finished: heap::live(),
        bytes: writer.bytes_written(),
        metadata,
        pressure: writer.memory_pressure(),
    }
}

impl Seen {
    /// The most that `memory_size` was wrong by, in bytes, at samples where it was wrong by more than a
    /// tenth and `slack` bytes.
    pub(crate) fn worst_report(&self, slack: usize) -> Option<Sample> {
        let off = |sample: &Sample| {
            let reported = sample.reported.unwrap_or(sample.live);
            reported.abs_diff(sample.live)
        };
        let wrong = |sample: &&Sample| off(sample) > sample.live / 10 + slack;
        self.samples
            .iter()
            .filter(wrong)
            .max_by_key(|s| off(s))
            .copied()
    }

    /// The largest sample.
    pub(crate) fn largest(&self) -> Option<Sample> {
        self.samples
            .iter()
            .max_by_key(|sample| sample.live)
            .copied()
    }
}

/// A sink that keeps nothing.
#[derive(Debug, Default)]
pub(crate) struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file without a name.
pub(crate) fn scratch_file() -> File {
    tempfile::tempfile().expect("a temporary file")
}
