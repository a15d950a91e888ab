//! One run: batches from the source through a writer into a file that appears when it is whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, InMemoryPageStoreFactory};
use herringbone::column::page_store::{SpillMetrics, TempFilePageStoreFactory};
use herringbone::file::properties::WriterProperties;
use tempfile::NamedTempFile;

use crate::arguments::{Arguments, PageHome};
use crate::failure::Failure;
use crate::heap;
use crate::progress::Progress;
use crate::source;

/// What becomes of the file that a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// It takes the output's name.
    Keep,
    /// It is removed.
    Discard,
}

/// The figures of a run.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) home: PageHome,
    pub(crate) rows: u64,
    pub(crate) row_groups: usize,
    pub(crate) input_bytes: Option<u64>,
    pub(crate) output_bytes: u64,
    pub(crate) spilled_bytes: u64,
    pub(crate) peak_heap_bytes: usize,
    /// Time in the writer; reading the input does not count.
    pub(crate) writing: Duration,
}

/// Repacks the input once.
pub(crate) fn repack(
    arguments: &Arguments,
    home: PageHome,
    output: Output,
) -> Result<Done, Failure> {
    let source = source::open(arguments)?;
    let target = arguments.output();
    let file = create(&target)?;
    let metrics = SpillMetrics::default();
    let mut progress = Progress::start(home, source.rows);
    let mut sink = Some(
        file.as_file()
            .try_clone()
            .map_err(|error| Failure::at("creating", &target, error))?,
    );
    let mut writing = Duration::ZERO;
    heap::reset();
    let mut timed = |work: &mut dyn FnMut() -> herringbone::errors::Result<()>| {
        let start = Instant::now();
        let result = heap::counted(work);
        writing += start.elapsed();
        result.map_err(|error| Failure::at("writing", &target, error))
    };
    let mut writer = None;
    timed(&mut || {
        let options = options(arguments, home, &metrics);
        if let Some(sink) = sink.take() {
            writer = Some(ArrowWriter::try_new_with_options(
                sink,
                source.schema.clone(),
                options,
            )?);
        }
        Ok(())
    })?;
    let Some(mut writer) = writer else {
        return Err(Failure::of("writing", "there is no writer"));
    };
    let mut rows = 0;
    for batch in source.batches {
        let batch = batch.map_err(|error| match &arguments.input {
            Some(path) => Failure::at("reading", path, error),
            None => Failure::of("generating", error),
        })?;
        timed(&mut || writer.write(&batch))?;
        rows += batch.num_rows() as u64;
        progress.update(rows, writer.bytes_written() as u64);
    }
    let mut metadata = None;
    timed(&mut || {
        metadata = Some(writer.finish()?);
        Ok(())
    })?;
    let output_bytes = writer.bytes_written() as u64;
    heap::counted(|| drop(writer));
    progress.finish();
    keep(file, &target, output)?;
    Ok(Done {
        home,
        rows,
        row_groups: metadata.map_or(0, |metadata| metadata.num_row_groups()),
        input_bytes: source.input_bytes,
        output_bytes,
        spilled_bytes: metrics.bytes_spilled(),
        peak_heap_bytes: heap::peak(),
        writing,
    })
}

fn options(arguments: &Arguments, home: PageHome, metrics: &SpillMetrics) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_compression(arguments.compression)
        .set_max_row_group_row_count(Some(arguments.row_group_rows))
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties);
    let temp_file = || {
        let mut builder = TempFilePageStoreFactory::builder().with_metrics(metrics.clone());
        if let Some(directory) = &arguments.spill_directory {
            builder = builder.with_directory(directory);
        }
        Arc::new(builder.build())
    };
    match (home, arguments.memory_limit) {
        (PageHome::Heap, _) => options.with_page_store_factory(Arc::new(InMemoryPageStoreFactory)),
        (PageHome::TempFile, None) => options.with_page_store_factory(temp_file()),
        (PageHome::TempFile, Some(limit)) => options
            .with_memory_limit(limit)
            .with_page_store_factory(temp_file()),
    }
}

/// A file beside the target, so that it can take the target's name in one step.
fn create(target: &Path) -> Result<NamedTempFile, Failure> {
    if target.is_dir() {
        return Err(Failure::at("creating", target, "it is a directory"));
    }
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    tempfile::Builder::new()
        .prefix(".repack-")
        .suffix(".partial")
        .tempfile_in(&directory)
        .map_err(|error| Failure::at("creating", target, error))
}

fn keep(file: NamedTempFile, target: &Path, output: Output) -> Result<(), Failure> {
    if output == Output::Discard {
        return file
            .close()
            .map_err(|error| Failure::at("removing", target, error));
    }
    file.as_file()
        .sync_all()
        .map_err(|error| Failure::at("writing", target, error))?;
    share(&file).map_err(|error| Failure::at("writing", target, error))?;
    file.persist(target)
        .map_err(|error| Failure::at("naming", target, error.error))?;
    Ok(())
}

/// Temporary files are private; what the user asked for gets the usual rights of a new file.
#[cfg(unix)]
fn share(file: &NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_: &NamedTempFile) -> std::io::Result<()> {
    Ok(())
}
