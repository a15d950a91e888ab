//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};
use herringbone::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};

/// Rewrites a table into Parquet with large row groups, in little memory.
///
/// Without any option it repacks generated TPC-H lineitem at scale 0.1 into lineitem.parquet, its pages in a
/// temporary file, and compares that with pages on the heap.
#[derive(Debug, Parser)]
#[command(name = "repack")]
pub(crate) struct Arguments {
    /// The table to read: .parquet, .csv, .json, .jsonl or .ndjson (one object a line), .arrow, .ipc or .feather.
    #[arg(long, value_name = "FILE", requires = "output", conflicts_with_all = ["tpch", "scale"])]
    pub(crate) input: Option<PathBuf>,
    /// The Parquet file to write; it appears under this name only when it is whole. A generated table goes
    /// into the current directory under its own name by default.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The format of the input, if its name does not tell.
    #[arg(long, requires = "input")]
    pub(crate) format: Option<Format>,
    /// Reads a generated TPC-H table instead of a file.
    #[arg(long, value_name = "TABLE")]
    pub(crate) tpch: Option<Table>,
    /// Scale factor of the generated table; 1 is about 6 million rows of lineitem.
    #[arg(long, default_value_t = 0.1, value_parser = scale)]
    pub(crate) scale: f64,
    /// Rows of a row group.
    #[arg(long, value_name = "ROWS", default_value_t = 10_000_000, value_parser = positive)]
    pub(crate) row_group_rows: usize,
    /// Rows that are read and written at once.
    #[arg(long, value_name = "ROWS", default_value_t = 8_192, value_parser = positive)]
    pub(crate) batch_rows: usize,
    /// uncompressed, snappy, lz4_raw, gzip(0-9), brotli(0-11) or zstd(1-22); without a level, the codec's default.
    #[arg(long, value_name = "CODEC", default_value = "zstd(1)", value_parser = codec)]
    pub(crate) compression: Codec,
    /// Lets finished pages wait in a temporary file instead of the heap.
    #[arg(long)]
    pub(crate) spill: bool,
    /// The directory of the temporary file; the system's by default. Implies --spill.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) spill_directory: Option<PathBuf>,
    /// Limits the writer's memory, for example 64MiB. Implies --spill.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
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

/// A codec and what it is called on the command line.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    pub(crate) name: String,
    pub(crate) compression: Compression,
}

/// Where finished pages wait for their row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageHome {
    Heap,
    TempFile,
}

impl Arguments {
    /// The program's own arguments, or what is wrong with them in one line. Prints the help if that is what
    /// they ask for.
    pub(crate) fn read() -> Result<Self, String> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => in_one_line(&error),
        })
    }

    pub(crate) fn page_home(&self) -> PageHome {
        let spills = self.spill || self.spill_directory.is_some() || self.memory_limit.is_some();
        match spills || self.is_bare() {
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

/// The first paragraph of what clap says; the rest is usage.
fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text.lines().take_while(|line| !line.is_empty());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    format!("{}; --help tells more", words.join(" "))
}

fn positive(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse::<usize>() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale <= 100_000.0 => Ok(scale),
        Ok(_) => Err("must be above 0 and at most 100000".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn codec(text: &str) -> Result<Codec, String> {
    let name = text.to_ascii_lowercase();
    let compression = match name.as_str() {
        "gzip" => Compression::GZIP(GzipLevel::default()),
        "brotli" => Compression::BROTLI(BrotliLevel::default()),
        "zstd" => Compression::ZSTD(ZstdLevel::default()),
        other => other
            .parse()
            .map_err(|error: herringbone::errors::ParquetError| error.to_string())?,
    };
    Ok(Codec { name, compression })
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
