//! The cases, and what each must stay below.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use clap::ValueEnum;
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;

use crate::heap::{self, counted};
use crate::run::{self, Codec, Figures, Writer};
use crate::tables::{BATCH_ROWS, Table};

/// One table, one limit.
pub(crate) struct Case {
    pub(crate) name: String,
    input: Input,
    codec: Codec,
    limit: usize,
    quick: bool,
    /// Whether to run without spilling too.
    with_heap: bool,
}

/// One of the writers that a case runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// The `parquet` crate, pages on the heap.
    ParquetHeap,
    /// The `parquet` crate, pages in a temporary file.
    ParquetTempFile,
    /// Pages on the heap.
    Heap,
    /// Pages in a temporary file.
    TempFile,
    /// Under the case's limit.
    Limited,
}

enum Input {
    Table(Table),
    Lineitem(f64),
    /// Many writers on one budget, each with a part of the rows.
    Partitions {
        writers: usize,
        columns: usize,
        rows_each: usize,
    },
}

const MIB: usize = 1 << 20;

/// Every case; `quick` makes each an eighth as large.
pub(crate) fn all(quick: bool) -> Vec<Case> {
    let part = if quick { 8 } else { 1 };
    let mut cases = Vec::new();
    for codec in [Codec::Uncompressed, Codec::Zstd1] {
        let codec_name = match codec {
            Codec::Uncompressed => "uncompressed",
            Codec::Zstd1 => "zstd(1)",
        };
        let mut add = |name: &str, input, limit: usize, with_heap| {
            cases.push(Case {
                name: format!("{name}, {codec_name}"),
                input,
                codec,
                limit: limit / part,
                quick,
                with_heap,
            });
        };
        add(
            "wide 400 x 65,536",
            Input::Table(Table::wide(400 / part, 65_536)),
            64 * MIB,
            true,
        );
        add(
            "small 2,000 x 65,536",
            Input::Table(Table::small(2_000 / part, 65_536)),
            64 * MIB,
            false,
        );
        add(
            "small 10,000 x 8,192",
            Input::Table(Table::small(10_000 / part, 8_192)),
            256 * MIB,
            false,
        );
        add(
            "lineitem scale 1",
            Input::Lineitem(1.0 / part as f64),
            16 * MIB * part.min(4),
            true,
        );
        add(
            "100 writers x 20 columns",
            Input::Partitions {
                writers: 100 / part,
                columns: 20,
                rows_each: 65_536,
            },
            128 * MIB,
            false,
        );
    }
    cases
}

impl Case {
    /// Runs every writer on the case and prints a line for each. Where spilling is compared with the heap, the
    /// runs take turns, because a machine's memory and disk are faster at some times than at others.
    pub(crate) fn print(
        &self,
        turns: usize,
        directory: &Path,
    ) -> Result<(), Box<dyn std::error::Error>> {
        self.measure_apart(Only::ParquetTempFile, directory)?
            .print(&self.name);
        if !self.with_heap {
            self.measure_apart(Only::Limited, directory)?
                .print(&self.name);
            return Ok(());
        }
        self.measure_apart(Only::ParquetHeap, directory)?
            .print(&self.name);
        let kinds = [Only::Heap, Only::TempFile, Only::Limited];
        let mut rounds: Vec<Vec<Figures>> = Vec::new();
        for _ in 0..turns {
            let round: Result<_, _> = kinds
                .iter()
                .map(|kind| self.measure_apart(*kind, directory))
                .collect();
            rounds.push(round?);
        }
        for (place, _) in kinds.iter().enumerate() {
            let mut runs: Vec<&Figures> = rounds.iter().map(|round| &round[place]).collect();
            runs.sort_by_key(|figures| figures.writing);
            runs[turns / 2].print(&self.name);
        }
        let ratio = |place: usize| {
            let time = |round: &Vec<Figures>, place: usize| round[place].writing.as_secs_f64();
            let best = |place| {
                let times = rounds.iter().map(|round| time(round, place));
                times.fold(f64::INFINITY, f64::min)
            };
            let mut ratios: Vec<f64> = rounds
                .iter()
                .map(|round| time(round, place) / time(round, 0))
                .collect();
            ratios.sort_by(f64::total_cmp);
            format!(
                "{:.2} ({:.2} to {:.2}, best against best {:.2})",
                ratios[turns / 2],
                ratios[0],
                ratios[turns - 1],
                best(place) / best(0)
            )
        };
        let growth = rounds[0][2].output as f64 / rounds[0][0].output as f64 * 100.0 - 100.0;
        println!(
            "{:<40} time against the heap, median of {turns}: temp file {}, limited {}; file {growth:+.2} %",
            "",
            ratio(1),
            ratio(2)
        );
        Ok(())
    }

    /// Runs one writer once, in a process of its own.
    fn measure_apart(
        &self,
        only: Only,
        directory: &Path,
    ) -> Result<Figures, Box<dyn std::error::Error>> {
        let name = only
            .to_possible_value()
            .map(|value| value.get_name().to_owned());
        let mut child = Command::new(std::env::current_exe()?);
        child.args([
            "--raw",
            "--case",
            &self.name,
            "--writer",
            name.as_deref().unwrap_or_default(),
        ]);
        child
            .arg("--directory")
            .arg(directory)
            .args(self.quick.then_some("--quick"));
        let output = child.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8(output.stdout)?;
        Figures::from_raw(self.writer(only), &text)
            .ok_or_else(|| format!("no figures in '{text}'").into())
    }

    fn writer(&self, only: Only) -> Writer {
        match only {
            Only::ParquetHeap => Writer::ParquetHeap,
            Only::ParquetTempFile => Writer::ParquetTempFile,
            Only::Heap => Writer::Heap,
            Only::TempFile => Writer::TempFile,
            Only::Limited => Writer::Limited(self.limit),
        }
    }

    /// Runs one writer once, in this process.
    pub(crate) fn measure(
        &self,
        only: Only,
        directory: &Path,
    ) -> Result<Figures, Box<dyn std::error::Error>> {
        let kind = self.writer(only);
        let mut ignore = |_| {};
        match &self.input {
            Input::Table(table) => run::run(
                kind,
                self.codec,
                table.schema(),
                table.batches(),
                directory,
                &mut ignore,
            ),
            Input::Lineitem(scale) => run::run(
                kind,
                self.codec,
                LineItemArrow::schema_ref(),
                lineitem(*scale),
                directory,
                &mut ignore,
            ),
            Input::Partitions {
                writers,
                columns,
                rows_each,
            } => partitions(kind, self.codec, *writers, *columns, *rows_each, directory),
        }
    }
}

fn lineitem(scale: f64) -> impl Iterator<Item = RecordBatch> {
    let generator = LineItemGenerator::new(scale, 1, 1);
    LineItemArrow::new(generator)
        .with_batch_size(BATCH_ROWS)
        .map(|batch| batch.expect("generated batches are valid"))
}

/// Keeps all writers open at once and gives them batches in turn.
fn partitions(
    kind: Writer,
    codec: Codec,
    writers: usize,
    columns: usize,
    rows_each: usize,
    directory: &Path,
) -> Result<Figures, Box<dyn std::error::Error>> {
    let table = Table::small(columns, rows_each);
    match kind {
        Writer::Limited(limit) => ours_partitioned(limit, codec, writers, table, directory),
        _ => peers_partitioned(kind, codec, writers, table, directory),
    }
}

fn ours_partitioned(
    limit: usize,
    codec: Codec,
    writers: usize,
    table: Table,
    directory: &Path,
) -> Result<Figures, Box<dyn std::error::Error>> {
    use herringbone::arrow::ArrowWriter;
    use herringbone::arrow::arrow_writer::ArrowWriterOptions;
    use herringbone::basic::{Compression, ZstdLevel};
    use herringbone::budget::MemoryBudget;
    use herringbone::file::properties::WriterProperties;

    let schema: SchemaRef = table.schema();
    heap::reset();
    let mut writing = std::time::Duration::ZERO;
    let mut timer = Timer::default();
    let budget = counted(|| MemoryBudget::new(limit));
    let mut open = counted(|| -> Result<Vec<_>, Box<dyn std::error::Error>> {
        let compression = match codec {
            Codec::Uncompressed => Compression::UNCOMPRESSED,
            Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1)?),
        };
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(None)
            .build();
        (0..writers)
            .map(|_| {
                let options = ArrowWriterOptions::new()
                    .with_properties(properties.clone())
                    .with_memory_budget(budget.clone());
                let file = tempfile::tempfile_in(directory)?;
                Ok(ArrowWriter::try_new_with_options(
                    file,
                    schema.clone(),
                    options,
                )?)
            })
            .collect()
    })?;
    for batch in table.batches() {
        timer.start();
        for writer in &mut open {
            counted(|| writer.write(&batch))?;
        }
        writing += timer.stop();
    }
    let mut figures = Figures {
        writer: Writer::Limited(limit),
        peak: 0,
        reported_peak: None,
        writing,
        output: 0,
        row_groups: 0,
        pressure: Some(Default::default()),
    };
    timer.start();
    for mut writer in open {
        let metadata = counted(|| writer.finish())?;
        figures.row_groups = figures.row_groups.max(metadata.num_row_groups());
        figures.output += writer.bytes_written() as u64;
        let (sum, own) = (
            figures.pressure.get_or_insert_default(),
            writer.memory_pressure(),
        );
        sum.pages_cut_early += own.pages_cut_early;
        sum.largest_page_bytes = sum.largest_page_bytes.max(own.largest_page_bytes);
        counted(|| drop((writer, metadata)));
    }
    figures.writing += timer.stop();
    figures.peak = heap::peak();
    figures.reported_peak = Some(budget.peak());
    Ok(figures)
}

fn peers_partitioned(
    kind: Writer,
    codec: Codec,
    writers: usize,
    table: Table,
    directory: &Path,
) -> Result<Figures, Box<dyn std::error::Error>> {
    use crate::peer::PeerTempFile;
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_writer::ArrowWriterOptions;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;

    let schema: SchemaRef = table.schema();
    heap::reset();
    let mut timer = Timer::default();
    let mut writing = std::time::Duration::ZERO;
    let mut open = counted(|| -> Result<Vec<_>, Box<dyn std::error::Error>> {
        let compression = match codec {
            Codec::Uncompressed => Compression::UNCOMPRESSED,
            Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1)?),
        };
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(None)
            .build();
        let stores = Arc::new(PeerTempFile::new(directory)?);
        (0..writers)
            .map(|_| {
                let options = ArrowWriterOptions::new()
                    .with_properties(properties.clone())
                    .with_page_store_factory(stores.clone());
                let file = tempfile::tempfile_in(directory)?;
                Ok(ArrowWriter::try_new_with_options(
                    file,
                    schema.clone(),
                    options,
                )?)
            })
            .collect()
    })?;
    for batch in table.batches() {
        timer.start();
        for writer in &mut open {
            counted(|| writer.write(&batch))?;
        }
        writing += timer.stop();
    }
    let (mut output, mut row_groups) = (0, 0);
    timer.start();
    for mut writer in open {
        let metadata = counted(|| writer.finish())?;
        row_groups = row_groups.max(metadata.num_row_groups());
        output += writer.bytes_written() as u64;
        counted(|| drop((writer, metadata)));
    }
    writing += timer.stop();
    Ok(Figures {
        writer: kind,
        peak: heap::peak(),
        reported_peak: None,
        writing,
        output,
        row_groups,
        pressure: None,
    })
}

#[derive(Default)]
struct Timer(Option<std::time::Instant>);

impl Timer {
    fn start(&mut self) {
        self.0 = Some(std::time::Instant::now());
    }

    fn stop(&mut self) -> std::time::Duration {
        self.0
            .take()
            .map(|start| start.elapsed())
            .unwrap_or_default()
    }
}
