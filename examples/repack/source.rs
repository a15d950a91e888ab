//! Where batches come from.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;
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

/// Rows that are read to find out the types of a CSV or JSON file.
const INFERENCE_ROWS: usize = 100_000;

/// Batches of one schema.
pub(crate) struct Source {
    pub(crate) schema: SchemaRef,
    /// Bytes of the input file; none for generated rows.
    pub(crate) input_bytes: Option<u64>,
    /// Rows, where they are known before.
    pub(crate) rows: Option<u64>,
    pub(crate) batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>,
}

/// Opens what the arguments name.
pub(crate) fn open(arguments: &Arguments) -> Result<Source, Failure> {
    match &arguments.input {
        Some(path) => open_file(path, arguments),
        None => generate(arguments),
    }
}

fn open_file(path: &Path, arguments: &Arguments) -> Result<Source, Failure> {
    let format = match arguments.format {
        Some(format) => format,
        None => format_of(path)?,
    };
    let file = File::open(path).map_err(|error| Failure::at("opening", path, error))?;
    let metadata = file
        .metadata()
        .map_err(|error| Failure::at("opening", path, error))?;
    if metadata.is_dir() {
        return Err(Failure::at("opening", path, "it is a directory"));
    }
    let source = match format {
        Format::Parquet => parquet(file, arguments.batch_rows),
        Format::Csv => csv(file, arguments.batch_rows),
        Format::Json => json(file, arguments.batch_rows),
        Format::Ipc => ipc(file),
    };
    let source = source.map_err(|error| Failure::at("reading", path, error))?;
    Ok(Source {
        input_bytes: Some(metadata.len()),
        ..source
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

type Opened = Result<Source, Box<dyn std::error::Error>>;

fn parquet(file: File, batch_rows: usize) -> Opened {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(batch_rows);
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).ok();
    let schema = builder.schema().clone();
    Ok(Source {
        schema,
        input_bytes: None,
        rows,
        batches: Box::new(builder.build()?),
    })
}

fn csv(mut file: File, batch_rows: usize) -> Opened {
    let format = arrow::csv::reader::Format::default().with_header(true);
    let (schema, _) = format.infer_schema(BufReader::new(&file), Some(INFERENCE_ROWS))?;
    file.rewind()?;
    let schema = Arc::new(schema);
    let reader = CsvBuilder::new(schema.clone())
        .with_header(true)
        .with_batch_size(batch_rows)
        .build(file)?;
    Ok(Source {
        schema,
        input_bytes: None,
        rows: None,
        batches: Box::new(reader),
    })
}

fn json(mut file: File, batch_rows: usize) -> Opened {
    let (schema, _) = infer_json_schema(BufReader::new(&file), Some(INFERENCE_ROWS))?;
    file.rewind()?;
    let schema = Arc::new(schema);
    let reader = JsonBuilder::new(schema.clone())
        .with_batch_size(batch_rows)
        .build(BufReader::new(file))?;
    Ok(Source {
        schema,
        input_bytes: None,
        rows: None,
        batches: Box::new(reader),
    })
}

fn ipc(file: File) -> Opened {
    let reader = IpcReader::try_new_buffered(file, None)?;
    Ok(Source {
        schema: reader.schema(),
        input_bytes: None,
        rows: None,
        batches: Box::new(reader),
    })
}

fn generate(arguments: &Arguments) -> Result<Source, Failure> {
    let scale = arguments.scale;
    if !(scale.is_finite() && scale > 0.0) {
        return Err(Failure::of(
            "generating",
            format!("scale {scale} is not a positive number"),
        ));
    }
    let rows = arguments.batch_rows;
    Ok(match arguments.table() {
        Table::Lineitem => Source {
            schema: LineItemArrow::schema_ref(),
            input_bytes: None,
            rows: None,
            batches: Box::new(
                LineItemArrow::new(LineItemGenerator::new(scale, 1, 1)).with_batch_size(rows),
            ),
        },
        Table::Orders => Source {
            schema: OrderArrow::schema_ref(),
            input_bytes: None,
            rows: None,
            batches: Box::new(
                OrderArrow::new(OrderGenerator::new(scale, 1, 1)).with_batch_size(rows),
            ),
        },
    })
}
