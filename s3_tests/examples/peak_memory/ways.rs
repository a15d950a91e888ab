//! The ways to write, and what each takes.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;
use herringbone::object_store::ObjectStoreSink;
use herringbone_s3_tests::Server;
use object_store::aws::AmazonS3;
use object_store::buffered::BufWriter;

use crate::peer::PeerTempFile;
use crate::{heap, rows};

const PART_BYTES: usize = 5 << 20;
const PARTS_IN_FLIGHT: usize = 4;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Who writes.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// `parquet`, with pages in temporary files.
    Parquet,
    /// This crate with a limit, in bytes.
    Herringbone(usize),
}

/// The most bytes on the heap at once, beside what was there before.
pub(crate) struct Figures {
    pub(crate) writing: usize,
    pub(crate) flushing: usize,
}

/// One of them at work on one file.
enum Writer {
    Parquet(Box<parquet::arrow::AsyncArrowWriter<BufWriter>>),
    Herringbone(Box<AsyncArrowWriter<ObjectStoreSink>>),
}

/// Writes one row group of so many batches, and flushes it.
pub(crate) async fn one_file(way: Way, server: &Server, batches: usize) -> Result<Figures> {
    many_files(way, server, 1, batches).await
}

/// Writes so many files in turn, a batch of each, and closes one after another.
pub(crate) async fn many_files(
    way: Way,
    server: &Server,
    files: usize,
    batches: usize,
) -> Result<Figures> {
    let client = server.client();
    let budget = way.budget();
    let temporary = PeerTempFile::new(&std::env::temp_dir())?;
    let schema = rows::batch(0)?.schema();
    let before = heap::live();
    heap::take_peak();
    let mut writers = Vec::new();
    for file in 0..files {
        let path = format!("file-{file}.parquet");
        writers.push(way.writer(&client, &path, &budget, &temporary, schema.clone())?);
    }
    for number in 0..batches {
        for (file, writer) in writers.iter_mut().enumerate() {
            let batch = rows::batch(file * batches + number)?;
            writer.write(&batch).await?;
        }
    }
    let writing = heap::take_peak() - before;
    for writer in writers {
        writer.close().await?;
    }
    let flushing = heap::take_peak() - before;
    Ok(Figures { writing, flushing })
}

impl Way {
    fn budget(self) -> MemoryBudget {
        match self {
            Way::Parquet => MemoryBudget::unlimited(),
            Way::Herringbone(limit) => MemoryBudget::new(limit),
        }
    }

    fn writer(
        self,
        client: &Arc<AmazonS3>,
        path: &str,
        budget: &MemoryBudget,
        temporary: &PeerTempFile,
        schema: arrow_schema::SchemaRef,
    ) -> Result<Writer> {
        match self {
            Way::Parquet => {
                use parquet::arrow::arrow_writer::ArrowWriterOptions;
                use parquet::file::properties::WriterProperties;
                let sink = BufWriter::with_capacity(client.clone(), path.into(), PART_BYTES)
                    .with_max_concurrency(PARTS_IN_FLIGHT);
                let properties = WriterProperties::builder()
                    .set_dictionary_enabled(false)
                    .set_max_row_group_row_count(None)
                    .build();
                let options = ArrowWriterOptions::new()
                    .with_properties(properties)
                    .with_page_store_factory(Arc::new(temporary.clone()));
                let writer =
                    parquet::arrow::AsyncArrowWriter::try_new_with_options(sink, schema, options)?;
                Ok(Writer::Parquet(Box::new(writer)))
            }
            Way::Herringbone(_) => {
                let sink = ObjectStoreSink::new(client.clone(), path.into())
                    .with_part_size(PART_BYTES)
                    .with_parts_in_flight(PARTS_IN_FLIGHT);
                let properties = WriterProperties::builder()
                    .set_dictionary_enabled(false)
                    .set_max_row_group_row_count(None)
                    .build();
                let options = ArrowWriterOptions::new()
                    .with_properties(properties)
                    .with_memory_budget(budget.clone());
                let writer = AsyncArrowWriter::try_new_with_options(sink, schema, options)?;
                Ok(Writer::Herringbone(Box::new(writer)))
            }
        }
    }
}

impl Writer {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Writer::Parquet(writer) => writer.write(batch).await?,
            Writer::Herringbone(writer) => writer.write(batch).await?,
        }
        Ok(())
    }

    async fn close(self) -> Result<()> {
        match self {
            Writer::Parquet(writer) => drop(writer.close().await?),
            Writer::Herringbone(writer) => drop(writer.close().await?),
        }
        Ok(())
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Parquet => {
                f.write_str("`parquet` 60.1 over `BufWriter`, pages in temporary files")
            }
            Way::Herringbone(limit) => write!(f, "herringbone, limit {} MiB", limit >> 20),
        }
    }
}
