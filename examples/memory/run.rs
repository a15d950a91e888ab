//! One run of one writer over one table, and its figures.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, MemoryPressure};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{BackgroundPageStoreFactory, TempFilePageStoreFactory};

use crate::heap::{self, counted};
use crate::peer::PeerTempFile;

/// Which writer, and where its pages wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    ParquetHeap,
    ParquetTempFile,
    Heap,
    TempFile,
    /// Under a limit of this many bytes.
    Limited(usize),
}

/// A codec under both crates' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Uncompressed,
    Zstd1,
}

/// The figures of a run.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) writer: Writer,
    pub(crate) peak: usize,
    pub(crate) reported_peak: Option<usize>,
    pub(crate) writing: Duration,
    pub(crate) output: u64,
    pub(crate) row_groups: usize,
    pub(crate) pressure: Option<MemoryPressure>,
}

/// Called with the bytes held on the heap whenever a run has gone on a little.
pub(crate) type Sampler<'a> = &'a mut dyn FnMut(usize);

/// Writes `batches` with `writer` into a temporary file in `directory`.
pub(crate) fn run(
    writer: Writer,
    codec: Codec,
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch>,
    directory: &Path,
    sampler: Sampler<'_>,
) -> Result<Figures, Box<dyn std::error::Error>> {
    match writer {
        Writer::ParquetHeap | Writer::ParquetTempFile => {
            peer(writer, codec, schema, batches, directory, sampler)
        }
        _ => ours(writer, codec, schema, batches, directory, sampler),
    }
}

fn ours(
    kind: Writer,
    codec: Codec,
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch>,
    directory: &Path,
    sampler: Sampler<'_>,
) -> Result<Figures, Box<dyn std::error::Error>> {
    use herringbone::arrow::ArrowWriter;
    use herringbone::basic::{Compression, ZstdLevel};
    use herringbone::file::properties::WriterProperties;

    let file = tempfile::tempfile_in(directory)?;
    let mut writing = Duration::ZERO;
    heap::reset();
    let start = Instant::now();
    let mut budget = None;
    let mut writer = counted(|| {
        let compression = match codec {
            Codec::Uncompressed => Compression::UNCOMPRESSED,
            Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1)?),
        };
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(None)
            .build();
        let mut options = ArrowWriterOptions::new().with_properties(properties);
        match kind {
            Writer::TempFile => {
                let stores = TempFilePageStoreFactory::builder()
                    .with_directory(directory)
                    .build();
                let stores = BackgroundPageStoreFactory::new(Arc::new(stores));
                options = options.with_page_store_factory(Arc::new(stores));
            }
            Writer::Limited(limit) => {
                let shared = MemoryBudget::new(limit);
                budget = Some(shared.clone());
                options = options.with_memory_budget(shared);
            }
            Writer::Heap | Writer::ParquetHeap | Writer::ParquetTempFile => {}
        }
        ArrowWriter::try_new_with_options(Sink { file }, schema, options)
    })?;
    writing += start.elapsed();
    for batch in batches {
        let start = Instant::now();
        counted(|| writer.write(&batch))?;
        writing += start.elapsed();
        sampler(heap::live());
    }
    let start = Instant::now();
    let metadata = counted(|| writer.finish())?;
    writing += start.elapsed();
    sampler(heap::live());
    let figures = Figures {
        writer: kind,
        peak: heap::peak(),
        reported_peak: budget.map(|budget| budget.peak()),
        writing,
        output: writer.bytes_written() as u64,
        row_groups: metadata.num_row_groups(),
        pressure: matches!(kind, Writer::Limited(_)).then(|| writer.memory_pressure()),
    };
    counted(|| drop((writer, metadata)));
    Ok(figures)
}

fn peer(
    kind: Writer,
    codec: Codec,
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch>,
    directory: &Path,
    sampler: Sampler<'_>,
) -> Result<Figures, Box<dyn std::error::Error>> {
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_writer::ArrowWriterOptions;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;

    let file = tempfile::tempfile_in(directory)?;
    let mut writing = Duration::ZERO;
    heap::reset();
    let start = Instant::now();
    let mut writer = counted(|| -> Result<_, Box<dyn std::error::Error>> {
        let compression = match codec {
            Codec::Uncompressed => Compression::UNCOMPRESSED,
            Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1)?),
        };
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(None)
            .build();
        let mut options = ArrowWriterOptions::new().with_properties(properties);
        if kind == Writer::ParquetTempFile {
            options = options.with_page_store_factory(Arc::new(PeerTempFile::new(directory)?));
        }
        Ok(ArrowWriter::try_new_with_options(
            Sink { file },
            schema,
            options,
        )?)
    })?;
    writing += start.elapsed();
    for batch in batches {
        let start = Instant::now();
        counted(|| writer.write(&batch))?;
        writing += start.elapsed();
        sampler(heap::live());
    }
    let start = Instant::now();
    let metadata = counted(|| writer.finish())?;
    writing += start.elapsed();
    sampler(heap::live());
    let figures = Figures {
        writer: kind,
        peak: heap::peak(),
        reported_peak: None,
        writing,
        output: writer.bytes_written() as u64,
        row_groups: metadata.num_row_groups(),
        pressure: None,
    };
    counted(|| drop((writer, metadata)));
    Ok(figures)
}

/// The output file.
struct Sink {
    file: File,
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.file.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Writer {
    pub(crate) fn name(self) -> String {
        match self {
            Writer::ParquetHeap => "parquet, heap".to_owned(),
            Writer::ParquetTempFile => "parquet, temp file".to_owned(),
            Writer::Heap => "herringbone, heap".to_owned(),
            Writer::TempFile => "herringbone, temp file".to_owned(),
            Writer::Limited(limit) => format!("herringbone, limit {}", mib(limit)),
        }
    }
}

pub(crate) fn print_header() {
    println!(
        "{:<40} {:<28} {:>11} {:>11} {:>9} {:>11} {:>7} {:>12} {:>10}",
        "case",
        "writer",
        "peak heap",
        "budget",
        "time",
        "output",
        "groups",
        "largest page",
        "cut early"
    );
}

impl Figures {
    /// The figures as numbers in a row.
    pub(crate) fn to_raw(&self) -> String {
        let pressure = self.pressure.unwrap_or_default();
        format!(
            "{} {} {} {} {} {} {}",
            self.peak,
            self.reported_peak.unwrap_or(0),
            self.writing.as_nanos(),
            self.output,
            self.row_groups,
            pressure.largest_page_bytes,
            pressure.pages_cut_early
        )
    }

    /// The figures of `writer` from [`Figures::to_raw`]'s text.
    pub(crate) fn from_raw(writer: Writer, text: &str) -> Option<Self> {
        let numbers: Vec<u64> = text
            .split_whitespace()
            .map_while(|word| word.parse().ok())
            .collect();
        let [
            peak,
            reported,
            nanos,
            output,
            row_groups,
            largest_page_bytes,
            pages_cut_early,
        ] = numbers[..]
        else {
            return None;
        };
        let is_limited = matches!(writer, Writer::Limited(_));
        let pressure = MemoryPressure {
            largest_page_bytes,
            pages_cut_early,
            ..MemoryPressure::default()
        };
        Some(Self {
            writer,
            peak: peak as usize,
            reported_peak: is_limited.then_some(reported as usize),
            writing: Duration::from_nanos(nanos),
            output,
            row_groups: row_groups as usize,
            pressure: is_limited.then_some(pressure),
        })
    }

    pub(crate) fn print(&self, case: &str) {
        let pressure = self.pressure.unwrap_or_default();
        let limited = self.pressure.is_some();
        println!(
            "{:<40} {:<28} {:>11} {:>11} {:>7.2} s {:>11} {:>7} {:>12} {:>10}",
            case,
            self.writer.name(),
            mib(self.peak),
            self.reported_peak.map_or_else(String::new, mib),
            self.writing.as_secs_f64(),
            mib(self.output as usize),
            self.row_groups,
            if limited {
                mib(pressure.largest_page_bytes as usize)
            } else {
                String::new()
            },
            if limited {
                pressure.pages_cut_early.to_string()
            } else {
                String::new()
            },
        );
    }
}

pub(crate) fn mib(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
