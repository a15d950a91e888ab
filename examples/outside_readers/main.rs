//! Writes files of every kind, each beside the rows it must hold, for readers that are not ours.
//!
//! ```text
//! cargo run --example outside_readers -- DIRECTORY
//! ```
//!
//! `NAME.parquet` is written by herringbone. `NAME.arrow` holds the same rows as an Arrow IPC file, written
//! by the `arrow` crate; its schema's metadata say how the Parquet file was written, so that a reader can
//! check that too. `.ci/check_files.py` does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a file that cannot be written is a failed check"
)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arrow::ipc::writer::FileWriter;
use herringbone::arrow::ArrowWriter;
use herringbone::errors::Result;

mod calendar;
mod encodings;
mod sample;
mod special;
mod storable;
#[path = "../../tests/support/mod.rs"]
mod support;
mod ways;

use sample::Sample;
use storable::storable;

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("outside_readers: say the directory to write into");
        return ExitCode::FAILURE;
    };
    fs::create_dir_all(&directory).unwrap();
    let mut count = 0;
    for sample in ways::samples()
        .chain(encodings::samples())
        .chain(calendar::samples())
        .chain(special::samples())
    {
        write(&directory, &sample);
        count += 1;
    }
    println!("wrote {count} files into {}", directory.display());
    ExitCode::SUCCESS
}

fn write(directory: &Path, sample: &Sample) {
    let path = directory.join(format!("{}.parquet", sample.name));
    write_parquet(&path, sample).unwrap_or_else(|error| panic!("{}: {error}", path.display()));

    let rows = File::create(path.with_extension("arrow")).unwrap();
    let all = storable(&sample.described_rows());
    let mut writer = FileWriter::try_new_buffered(rows, &all.schema()).unwrap();
    writer.write(&all).unwrap();
    writer.finish().unwrap();
}

fn write_parquet(path: &Path, sample: &Sample) -> Result<()> {
    let file = File::create(path)?;
    let schema = sample.batches[0].schema();
    let mut writer = ArrowWriter::try_new_with_options(file, schema, sample.options())?;
    for batch in &sample.batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(())
}
