//! Writes a file under the eyes of the counting allocator.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, MemoryPressure};
use herringbone::budget::MemoryBudget;
use herringbone::file::metadata::ParquetMetaData;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::heap::{self, counted};

pub(crate) const KIB: usize = 1 << 10;
pub(crate) const MIB: usize = 1 << 20;

/// What no account has: the room of boxes and of a few small vectors, and the rounding of shared tables.
pub(crate) const SLACK: usize = 2 * KIB;

/// What was seen of one file.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Heap of the new writer: schema, properties, the sink's buffer.
    pub(crate) fixed: usize,
    /// Most heap at any moment, `fixed` included.
    pub(crate) peak: usize,
    /// After each batch.
    pub(crate) samples: Vec<Sample>,
    pub(crate) bytes: usize,
    pub(crate) row_groups: usize,
    pub(crate) metadata: ParquetMetaData,
    pub(crate) pressure: MemoryPressure,
}

/// What was seen between two batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Heap, all of it.
    pub(crate) live: usize,
    /// What `memory_size` said; none while no row group was open.
    pub(crate) reported: Option<usize>,
    /// What the budget said is in use, where there is one.
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
            live: heap::live(),
            reported: (writer.in_progress_rows() > 0).then(|| writer.memory_size()),
            used: budget.map(MemoryBudget::used),
        });
    }
    let metadata = counted(|| writer.finish()).expect("the file ends");
    let seen = Seen {
        fixed,
        peak: heap::peak(),
        samples,
        bytes: writer.bytes_written(),
        row_groups: writer.row_groups_flushed(),
        metadata,
        pressure: writer.memory_pressure(),
    };
    counted(|| drop(writer));
    if let Some(budget) = budget {
        assert_eq!(budget.used(), 0, "the writer is gone");
        assert_eq!(budget.members(), 0);
    }
    seen
}

impl Seen {
    /// Sees to it that `memory_size` and the budget never differ from the heap by more than a tenth, or
    /// by `hidden` bytes more: those of codecs that have an allocator of their own.
    pub(crate) fn assert_true(&self, hidden: usize, what: &str) {
        for (batch, sample) in self.samples.iter().enumerate() {
            let open = sample.live.saturating_sub(self.fixed);
            if let Some(reported) = sample.reported {
                assert_near(reported, open, hidden, &format!("{what}, batch {batch}"));
            }
            if let Some(used) = sample.used {
                let what = format!("{what}, budget after batch {batch}");
                assert_paid(used, sample.live, hidden, &what);
            }
        }
    }

    /// The most heap between two batches, beyond the new writer's.
    pub(crate) fn most_open(&self) -> usize {
        let live = self.samples.iter().map(|sample| sample.live);
        live.max().unwrap_or(0).saturating_sub(self.fixed)
    }
}

/// Sees to it that `said` is `counted` but for a tenth and [`SLACK`]; `hidden` bytes may be said that
/// were not counted.
pub(crate) fn assert_near(said: usize, counted: usize, hidden: usize, what: &str) {
    let allowed = counted / 10 + SLACK;
    assert!(
        said + allowed >= counted && said <= counted + allowed + hidden,
        "{what}: said {said}, counted {counted}, hidden {hidden}"
    );
}

/// As [`assert_near`] for what a budget says. Beside a large dictionary it also holds what writing it out will take:
/// that is less than the dictionary again.
pub(crate) fn assert_paid(said: usize, counted: usize, hidden: usize, what: &str) {
    assert_near(said, counted, hidden + counted, what);
}

/// Sees to it that `file` holds `batches`, in their order.
pub(crate) fn assert_holds(file: File, batches: impl Iterator<Item = RecordBatch>) {
    let mut expected = batches.peekable();
    let rows = expected.peek().map_or(1, RecordBatch::num_rows);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .expect("a Parquet file")
        .with_batch_size(rows)
        .build()
        .expect("a reader");
    for found in reader {
        let found = found.expect("a batch");
        let expected = expected.next().expect("no more rows than were written");
        assert!(found.columns() == expected.columns(), "values differ");
    }
    assert!(expected.next().is_none(), "rows are missing");
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

/// A sink that compares what the budget says with the heap whenever it is called, also while chunks
/// are spliced and the footer is written.
#[derive(Debug)]
pub(crate) struct Auditor<W> {
    sink: W,
    budget: MemoryBudget,
    audit: Audit,
}

/// The worst that an [`Auditor`] saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit(Arc<Mutex<Option<(usize, usize)>>>);

impl<W> Auditor<W> {
    pub(crate) fn new(sink: W, budget: &MemoryBudget) -> (Self, Audit) {
        let audit = Audit::default();
        let auditor = Self {
            sink,
            budget: budget.clone(),
            audit: audit.clone(),
        };
        (auditor, audit)
    }
}

impl<W: Write> Write for Auditor<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.audit.note(self.budget.used(), heap::live());
        self.sink.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.audit.note(self.budget.used(), heap::live());
        self.sink.flush()
    }
}

impl Audit {
    fn note(&self, said: usize, counted: usize) {
        let mut worst = self.0.lock().unwrap();
        let off = |(said, counted): (usize, usize)| said.abs_diff(counted);
        if worst.is_none_or(|worst| off(worst) < off((said, counted))) {
            *worst = Some((said, counted));
        }
    }

    /// What the budget said, and what was counted, when they were furthest apart.
    pub(crate) fn worst(&self) -> (usize, usize) {
        self.0.lock().unwrap().expect("the sink was called")
    }
}

/// A file without a name, and a handle to read it with.
pub(crate) fn scratch_file() -> (File, File) {
    let file = tempfile::tempfile().expect("a temporary file");
    let reader = file.try_clone().expect("a second handle");
    (file, reader)
}

/// Bytes as the figures of the field are given.
pub(crate) fn mib(bytes: usize) -> String {
    format!("{:.3} MiB", bytes as f64 / MIB as f64)
}
