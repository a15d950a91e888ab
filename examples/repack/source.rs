//! Where batches come from.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::csv::ReaderBuilder as CsvBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader as IpcReader;
use arrow::json::ReaderBuilder as JsonBuilder;
use arrow::json::reader::infer_json_schema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tpchgen::generators::{LineItemGenerator, OrderGenerator};
use tpchgen_arrow::{LineItemArrow, OrderArrow};

use crate::arguments::{Arguments, Format, Table};
use crate::failure::Failure;
use crate::rows;

/// Rows that are read to find out the types of a CSV or JSON file.
const INFERENCE_ROWS: usize = 100_000;

/// Rows of lineitem for one of orders: one to seven, four on average.
const LINES_AN_ORDER: u64 = 4;

/// Batches of one schema.
pub(crate) struct Source {
    pub(crate) schema: SchemaRef,
    /// Bytes of the input file; none for generated rows.
    pub(crate) input_bytes: Option<u64>,
    pub(crate) extent: Extent,
    pub(crate) batches: Box<dyn Iterator<Item = Result<RecordBatch, Failure>>>,
}

/// How much there is to read.
pub(crate) enum Extent {
    /// About so many rows.
    Rows(u64),
    /// So many bytes, of which some have been read.
    Bytes { all: u64, read: Rc<Cell<u64>> },
}

impl Extent {
    /// The thousandths that have been read when `rows` have come.
    pub(crate) fn permille(&self, rows: u64) -> u64 {
        let (part, all) = match self {
            Self::Rows(all) => (rows, *all),
            Self::Bytes { all, read } => (read.get(), *all),
        };
        (part.saturating_mul(1_000) / all.max(1)).min(1_000)
    }
}

/// Opens what the arguments name.
pub(crate) fn open(arguments: &Arguments) -> Result<Source, Failure> {
    match &arguments.input {
        Some(path) => open_file(path, arguments),
        None => Ok(generate(arguments)),
    }
}

fn open_file(path: &Path, arguments: &Arguments) -> Result<Source, Failure> {
    let fail = |cause: &dyn std::fmt::Display| Failure::at("opening", path, cause);
    let file = File::open(path).map_err(|error| fail(&error))?;
    let metadata = file.metadata().map_err(|error| fail(&error))?;
    if metadata.is_dir() {
        return Err(fail(&"it is a directory"));
    }
    let format = match arguments.format {
        Some(format) => format,
        None => format_of(path)?,
    };
    let read = Rc::new(Cell::new(0));
    let counted = Counted {
        file,
        read: Rc::clone(&read),
    };
    let opened = reader_speaks(path, || match format {
        Format::Parquet => parquet(counted, arguments.batch_rows),
        Format::Csv => csv(counted, arguments.batch_rows),
        Format::Json => json(counted, arguments.batch_rows),
        Format::Ipc => ipc(counted),
    })?;
    if opened.schema.fields().is_empty() {
        return Err(Failure::at("reading", path, "it has no columns"));
    }
    // What was read to find out the types is read again.
    read.set(0);
    let extent = match opened.rows {
        Some(rows) => Extent::Rows(rows),
        None => Extent::Bytes {
            all: metadata.len(),
            read,
        },
    };
    let (path, mut batches) = (path.to_owned(), opened.batches);
    let batches = std::iter::from_fn(move || {
        reader_speaks(&path, || Ok(batches.next().transpose()?)).transpose()
    });
    Ok(Source {
        schema: opened.schema,
        input_bytes: Some(metadata.len()),
        extent,
        batches: Box::new(batches),
    })
}

fn format_of(path: &Path) -> Result<Format, Failure> {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("parquet" | "pq") => Ok(Format::Parquet),
        Some("csv") => Ok(Format::Csv),
        Some("json" | "jsonl" | "ndjson") => Ok(Format::Json),
        Some("arrow" | "ipc" | "feather") => Ok(Format::Ipc),
        _ => Err(Failure::at(
            "opening",
            path,
            "its name does not tell its format; say --format",
        )),
    }
}

type Attempt<T> = Result<T, Box<dyn std::error::Error>>;

/// Runs a reader of somebody else's. On damaged files some do not return but panic; that too is a failure
/// to read.
fn reader_speaks<T>(path: &Path, read: impl FnOnce() -> Attempt<T>) -> Result<T, Failure> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    panic::set_hook(hook);
    match result {
        Ok(result) => result.map_err(|error| Failure::at("reading", path, error)),
        Err(panic) => {
            let cause = match panic.downcast_ref::<String>() {
                Some(message) => format!("the file is damaged: {message}"),
                None => "the file is damaged".to_owned(),
            };
            Err(Failure::at("reading", path, cause))
        }
    }
}

/// What a format's reader gives.
struct Opened {
    schema: SchemaRef,
    rows: Option<u64>,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>,
}

fn parquet(file: Counted, batch_rows: usize) -> Attempt<Opened> {
    let file = file.file;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?)?;
    rows::check(&file, builder.metadata())?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows())?;
    let schema = builder.schema().clone();
    let mut batches = builder.with_batch_size(batch_rows).build()?;
    let mut read = 0;
    let batches = std::iter::from_fn(move || match batches.next() {
        Some(batch) => {
            read += batch.as_ref().map_or(0, RecordBatch::num_rows) as u64;
            Some(batch)
        }
        None if read == rows => None,
        None => {
            let why = format!("{read} rows were read, its footer says {rows}");
            // Told once.
            read = rows;
            Some(Err(ArrowError::ParquetError(why)))
        }
    });
    Ok(Opened {
        schema,
        rows: Some(rows),
        batches: Box::new(batches),
    })
}

fn csv(mut file: Counted, batch_rows: usize) -> Attempt<Opened> {
    let format = arrow::csv::reader::Format::default().with_header(true);
    let (schema, _) = format.infer_schema(BufReader::new(&mut file), Some(INFERENCE_ROWS))?;
    file.rewind()?;
    let schema = Arc::new(schema);
    let reader = CsvBuilder::new(schema.clone())
        .with_header(true)
        .with_batch_size(batch_rows)
        .build(file)?;
    Ok(Opened {
        schema,
        rows: None,
        batches: Box::new(reader),
    })
}

fn json(mut file: Counted, batch_rows: usize) -> Attempt<Opened> {
    let (schema, _) = infer_json_schema(BufReader::new(&mut file), Some(INFERENCE_ROWS))?;
    file.rewind()?;
    let schema = Arc::new(schema);
    let reader = JsonBuilder::new(schema.clone())
        .with_batch_size(batch_rows)
        .build(BufReader::new(file))?;
    Ok(Opened {
        schema,
        rows: None,
        batches: Box::new(reader),
    })
}

fn ipc(file: Counted) -> Attempt<Opened> {
    let reader = IpcReader::try_new_buffered(file, None)?;
    Ok(Opened {
        schema: reader.schema(),
        rows: None,
        batches: Box::new(reader),
    })
}

/// A file, and how many of its bytes have been read.
struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.file.read(buffer)?;
        self.read.set(self.read.get() + len as u64);
        Ok(len)
    }
}

impl Seek for Counted {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

fn generate(arguments: &Arguments) -> Source {
    let (scale, batch_rows) = (arguments.scale, arguments.batch_rows);
    let orders = u64::try_from(OrderGenerator::calculate_row_count(scale, 1, 1)).unwrap_or(0);
    match arguments.table() {
        Table::Lineitem => generated(
            LineItemArrow::schema_ref(),
            orders * LINES_AN_ORDER,
            LineItemArrow::new(LineItemGenerator::new(scale, 1, 1)).with_batch_size(batch_rows),
        ),
        Table::Orders => generated(
            OrderArrow::schema_ref(),
            orders,
            OrderArrow::new(OrderGenerator::new(scale, 1, 1)).with_batch_size(batch_rows),
        ),
    }
}

fn generated<E: std::fmt::Display>(
    schema: SchemaRef,
    rows: u64,
    batches: impl Iterator<Item = Result<RecordBatch, E>> + 'static,
) -> Source {
    Source {
        schema,
        input_bytes: None,
        extent: Extent::Rows(rows),
        batches: Box::new(
            batches.map(|batch| batch.map_err(|error| Failure::of("generating", error))),
        ),
    }
}
