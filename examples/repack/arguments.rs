//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use herringbone::basic::Compression;

/// Rewrites a table into Parquet with large row groups, in little memory.
#[derive(Debug, Parser)]
#[command(name = "repack")]
pub(crate) struct Arguments {
    /// The table to read: .parquet, .csv, .json, .jsonl or .ndjson (one object a line), .arrow or .ipc or .feather.
    #[arg(long, conflicts_with_all = ["tpch", "scale"])]
    pub(crate) input: Option<PathBuf>,
    /// The Parquet file to write; it appears under this name only when it is whole.
    #[arg(long)]
    pub(crate) output: Option<PathBuf>,
    /// The format of the input, if its name does not tell.
    #[arg(long, requires = "input")]
    pub(crate) format: Option<Format>,
    /// Reads a generated TPC-H table instead of a file.
    #[arg(long)]
    pub(crate) tpch: Option<Table>,
    /// Scale factor of the generated table; 1 is about 6 million rows of lineitem.
    #[arg(long, default_value_t = 0.1)]
    pub(crate) scale: f64,
    /// Rows of a row group.
    #[arg(long, default_value_t = 10_000_000, value_parser = positive)]
    pub(crate) row_group_rows: usize,
    /// Rows of a batch that is read and written at once.
    #[arg(long, default_value_t = 8_192, value_parser = positive)]
    pub(crate) batch_rows: usize,
    /// uncompressed, snappy, lz4_raw, gzip(0-9), brotli(0-11) or zstd(1-22).
    #[arg(long, default_value = "zstd(1)", value_parser = compression)]
    pub(crate) compression: Compression,
    /// Lets finished pages wait in a temporary file instead of the heap.
    #[arg(long)]
    pub(crate) spill: bool,
    /// The directory of the temporary file; the system's by default.
    #[arg(long, requires = "spill")]
    pub(crate) spill_directory: Option<PathBuf>,
    /// Limits the writer's memory, for example 64MiB; implies spilling.
    #[arg(long, value_parser = bytes)]
    pub(crate) memory_limit: Option<usize>,
    /// Runs again with the pages in the other place, and prints both.
    #[arg(long)]
    pub(crate) compare: bool,
}

/// How a file's rows are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Parquet.
    Parquet,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Json,
    /// An Arrow IPC file.
    Ipc,
}

/// A TPC-H table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Table {
    /// The largest: order positions.
    Lineitem,
    /// Orders.
    Orders,
}

/// Where finished pages wait for their row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageHome {
    Heap,
    TempFile,
}

impl Arguments {
    pub(crate) fn page_home(&self) -> PageHome {
        match self.spill || self.memory_limit.is_some() || self.is_bare() {
            true => PageHome::TempFile,
            false => PageHome::Heap,
        }
    }

    /// Whether to run a second time: always for the bare command.
    pub(crate) fn compares(&self) -> bool {
        self.compare || self.is_bare()
    }

    pub(crate) fn output(&self) -> PathBuf {
        match (&self.output, self.table()) {
            (Some(path), _) => path.clone(),
            (None, Table::Lineitem) => PathBuf::from("lineitem.parquet"),
            (None, Table::Orders) => PathBuf::from("orders.parquet"),
        }
    }

    pub(crate) fn table(&self) -> Table {
        self.tpch.unwrap_or(Table::Lineitem)
    }

    fn is_bare(&self) -> bool {
        self.input.is_none() && self.tpch.is_none() && self.output.is_none()
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse::<usize>() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

fn compression(text: &str) -> Result<Compression, String> {
    let named = match text.to_ascii_lowercase().as_str() {
        "gzip" | "brotli" | "zstd" => {
            return Err(format!("say the level too, for example {text}(3)"));
        }
        other => other.to_owned(),
    };
    named
        .parse::<Compression>()
        .map_err(|error| error.to_string())
}

fn bytes(text: &str) -> Result<usize, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: usize = number
        .parse()
        .map_err(|_| format!("'{text}' is not a number of bytes"))?;
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        other => return Err(format!("'{other}' is no unit; use KiB, MiB or GiB")),
    };
    number
        .checked_mul(scale)
        .ok_or_else(|| format!("'{text}' is too large"))
}
