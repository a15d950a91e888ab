//! One run: batches from the source through a writer into the output.

use std::sync::Arc;
use std::time::{Duration, Instant};

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, InMemoryPageStoreFactory};
use herringbone::column::page_store::{SpillMetrics, TempFilePageStoreFactory};
use herringbone::errors::ParquetError;
use herringbone::file::properties::WriterProperties;

use crate::arguments::{Arguments, PageHome};
use crate::failure::Failure;
use crate::heap;
use crate::output::{Fate, Output};
use crate::progress::Progress;
use crate::source;

/// The figures of a run.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) home: PageHome,
    pub(crate) rows: u64,
    pub(crate) row_groups: usize,
    /// None for generated rows.
    pub(crate) input_bytes: Option<u64>,
    pub(crate) output_bytes: u64,
    pub(crate) spilled_bytes: u64,
    pub(crate) peak_heap_bytes: usize,
    /// Time in the writer; reading the input does not count.
    pub(crate) writing: Duration,
}

/// Repacks the input once.
pub(crate) fn repack(arguments: &Arguments, home: PageHome, fate: Fate) -> Result<Done, Failure> {
    let source = source::open(arguments)?;
    let target = arguments.output();
    let output = Output::create(&target)?;
    let sink = output.handle()?;
    let metrics = SpillMetrics::default();
    let options = options(arguments, home, &metrics)?;
    let mut progress = Progress::start(home, &source.extent);
    let mut meter = Meter::start();
    let failed = |error| Failure::at("writing", &target, error);

    let mut writer = meter
        .run(|| ArrowWriter::try_new_with_options(sink, source.schema.clone(), options))
        .map_err(failed)?;
    let mut rows = 0;
    for batch in source.batches {
        let batch = batch?;
        meter.run(|| writer.write(&batch)).map_err(failed)?;
        rows += batch.num_rows() as u64;
        progress.update(rows, &source.extent);
    }
    let metadata = meter.run(|| writer.finish()).map_err(failed)?;
    let output_bytes = writer.bytes_written() as u64;
    drop(writer);
    progress.finish();
    output.end(fate)?;
    Ok(Done {
        home,
        rows,
        row_groups: metadata.num_row_groups(),
        input_bytes: source.input_bytes,
        output_bytes,
        spilled_bytes: metrics.bytes_spilled(),
        peak_heap_bytes: heap::peak(),
        writing: meter.time,
    })
}

/// Time and heap of the writer alone.
struct Meter {
    time: Duration,
}

impl Meter {
    fn start() -> Self {
        heap::reset();
        Self {
            time: Duration::ZERO,
        }
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce() -> Result<T, ParquetError>,
    ) -> Result<T, ParquetError> {
        let start = Instant::now();
        let result = heap::counted(work);
        self.time += start.elapsed();
        result
    }
}

fn options(
    arguments: &Arguments,
    home: PageHome,
    metrics: &SpillMetrics,
) -> Result<ArrowWriterOptions, Failure> {
    let properties = WriterProperties::builder()
        .set_compression(arguments.compression.compression)
        .set_max_row_group_row_count(Some(arguments.row_group_rows))
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties);
    if home == PageHome::Heap {
        return Ok(options.with_page_store_factory(Arc::new(InMemoryPageStoreFactory)));
    }
    let mut stores = TempFilePageStoreFactory::builder().with_metrics(metrics.clone());
    if let Some(directory) = &arguments.spill_directory {
        stores = stores.with_directory(directory);
    }
    let stores = stores.build();
    // Rather now than after an hour.
    stores
        .probe()
        .map_err(|error| Failure::of("spilling", error))?;
    let options = options.with_page_store_factory(Arc::new(stores));
    Ok(match arguments.memory_limit {
        Some(limit) => options.with_memory_limit(limit),
        None => options,
    })
}
