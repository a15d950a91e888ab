//! The repack example as a user meets it: every input format in, one clear line for whatever goes wrong, and
//! never a partial file under the output's name.
#![cfg(feature = "arrow")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int32Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter, RowGroupMetaData,
};
use tempfile::TempDir;

const ROWS: usize = 5_000;

/// A directory with the same table in every format, to run the program in.
struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let bench = Self { directory };
        let table = table();
        let create = |name: &str| File::create(bench.path(name)).unwrap();

        let mut csv = arrow::csv::Writer::new(create("in.csv"));
        csv.write(&table).unwrap();
        let mut json = arrow::json::LineDelimitedWriter::new(create("in.jsonl"));
        json.write(&table).unwrap();
        json.finish().unwrap();
        let ipc = arrow::ipc::writer::FileWriter::try_new(create("in.arrow"), &table.schema());
        let mut ipc = ipc.unwrap();
        ipc.write(&table).unwrap();
        ipc.finish().unwrap();
        let parquet =
            parquet::arrow::ArrowWriter::try_new(create("in.parquet"), table.schema(), None);
        let mut parquet = parquet.unwrap();
        parquet.write(&table).unwrap();
        parquet.close().unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Output {
        let mut command = Command::new(program());
        command.current_dir(self.directory.path()).args(arguments);
        command.output().unwrap()
    }

    fn read(&self, name: &str) -> RecordBatch {
        let file = File::open(self.path(name)).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let schema = builder.schema().clone();
        let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
        concat_batches(&schema, &batches).unwrap()
    }

    /// A copy of a Parquet file with another footer.
    fn with_footer(&self, from: &str, to: &str, change: Footer) {
        let bytes = bytes::Bytes::from(fs::read(self.path(from)).unwrap());
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes);
        let metadata = change.of(&metadata.unwrap());
        let tail = bytes.slice(bytes.len() - 8..bytes.len() - 4);
        let footer = u32::from_le_bytes(tail.as_ref().try_into().unwrap());
        let mut file = bytes.slice(..bytes.len() - 8 - footer as usize).to_vec();
        let writer = ParquetMetaDataWriter::new(&mut file, &metadata);
        writer.finish().unwrap();
        fs::write(self.path(to), file).unwrap();
    }

    /// Damages a copy of a file.
    fn damage(&self, from: &str, to: &str, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path(from)).unwrap();
        damage(&mut bytes);
        fs::write(self.path(to), bytes).unwrap();
    }

    /// Runs into a failure whose line holds `told`.
    fn fails(&self, arguments: &[&str], told: &str) {
        let before = self.names();
        let ran = self.run(arguments);
        self.failed(&ran, arguments, told);
        assert_eq!(self.names(), before, "{arguments:?}: files come or go");
    }

    fn failed(&self, ran: &Output, arguments: &[&str], told: &str) {
        assert!(!ran.status.success(), "{arguments:?} succeeds");
        assert!(ran.status.code().is_some(), "{arguments:?} is killed");
        let lines = complaints(ran);
        assert_eq!(lines.len(), 1, "{arguments:?} complains so: {lines:#?}");
        assert!(
            lines[0].starts_with("repack: ") && lines[0].contains(told),
            "{arguments:?} complains so: {lines:#?}"
        );
        assert!(ran.stdout.is_empty(), "{arguments:?} reports success");
    }

    fn names(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    }
}

/// What a footer says, each number anew if it is given.
#[derive(Clone, Copy, Default)]
struct Footer {
    file_rows: Option<i64>,
    group_rows: Option<i64>,
    values: Option<i64>,
}

impl Footer {
    fn of(self, metadata: &ParquetMetaData) -> ParquetMetaData {
        let file = metadata.file_metadata();
        let file = FileMetaData::new(
            file.version(),
            self.file_rows.unwrap_or(file.num_rows()),
            None,
            file.key_value_metadata().cloned(),
            file.schema_descr_ptr(),
            None,
        );
        let groups = metadata.row_groups().iter();
        let groups = groups.map(|group| self.of_row_group(group));
        ParquetMetaData::new(file, groups.collect())
    }

    fn of_row_group(self, group: &RowGroupMetaData) -> RowGroupMetaData {
        let chunks = group.columns().iter().map(|chunk| {
            let values = self.values.unwrap_or(chunk.num_values());
            let builder = chunk.clone().into_builder().set_num_values(values);
            builder.build().unwrap()
        });
        let rows = self.group_rows.unwrap_or(group.num_rows());
        let builder = group.clone().into_builder().set_num_rows(rows);
        let builder = builder.set_column_metadata(chunks.collect());
        builder.build().unwrap()
    }
}

/// The lines on standard error but for those of progress.
fn complaints(ran: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&ran.stderr);
    let lines = text.lines().filter(|line| !line.starts_with("repacking"));
    lines.map(str::to_owned).collect()
}

/// The example beside this test. Cargo builds both for `cargo test`; for fewer, build the example first:
/// `cargo build --example repack && cargo test --test cli`.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join("repack");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.is_file(), "there is no {}", program.display());
    program
}

fn table() -> RecordBatch {
    let numbers = Int64Array::from_iter((0..ROWS as i64).map(|i| (i % 7 != 3).then_some(i * i)));
    let shares = Float64Array::from_iter((0..ROWS).map(|i| (i % 5 != 1).then_some(i as f64 / 8.0)));
    let names = StringArray::from_iter_values((0..ROWS).map(|i| format!("name {}", i % 900)));
    RecordBatch::try_from_iter_with_nullable(vec![
        ("number", Arc::new(numbers) as ArrayRef, true),
        ("share", Arc::new(shares), true),
        ("name", Arc::new(names), true),
    ])
    .unwrap()
}

fn same_columns(read: &RecordBatch) {
    let expected = table();
    for (name, column) in expected.schema().fields().iter().zip(expected.columns()) {
        let read = read.column_by_name(name.name()).unwrap();
        assert_eq!(read, column, "column {}", name.name());
    }
}

#[test]
fn every_format_is_repacked() {
    let bench = Bench::new();
    for input in ["in.csv", "in.jsonl", "in.arrow", "in.parquet"] {
        let output = format!("{input}.parquet");
        let ran = bench.run(["--input", input, "--output", &output]);
        assert!(ran.status.success(), "{input}: {:?}", complaints(&ran));
        same_columns(&bench.read(&output));
    }
}

#[test]
fn a_file_is_repacked_into_itself() {
    let bench = Bench::new();
    let ran = bench.run(["--input", "in.parquet", "--output", "in.parquet", "--spill"]);
    assert!(ran.status.success(), "{:?}", complaints(&ran));
    same_columns(&bench.read("in.parquet"));
}

#[test]
fn options_reach_the_file() {
    let bench = Bench::new();
    let arguments = "--input in.csv --output out.parquet --row-group-rows 2_000 --batch-rows 300 \
                     --compression gzip(4) --memory-limit 1MiB --spill-directory .";
    let ran = bench.run(arguments.split_whitespace());
    assert!(ran.status.success(), "{:?}", complaints(&ran));
    let file = File::open(bench.path("out.parquet")).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let groups = builder.metadata().row_groups();
    let rows: Vec<i64> = groups.iter().map(|group| group.num_rows()).collect();
    assert_eq!(rows, [2_000, 2_000, 1_000]);
    let codec = format!("{:?}", groups[0].column(0).compression());
    assert!(codec.starts_with("GZIP"), "{codec}");
    same_columns(&bench.read("out.parquet"));
}

#[test]
fn the_report_names_every_figure() {
    let bench = Bench::new();
    let arguments = "--tpch orders --scale 0.001 --spill --compare";
    let ran = bench.run(arguments.split_whitespace());
    assert!(ran.status.success(), "{:?}", complaints(&ran));
    assert_eq!(bench.read("orders.parquet").num_rows(), 1_500);
    let text = String::from_utf8(ran.stdout).unwrap();
    let begins = |start: &str| text.lines().any(|line| line.starts_with(start));
    for start in [
        "wrote      orders.parquet",
        "rows       1,500",
        "rows/s     ",
        "output     ",
        "spilled    ",
        "peak heap  ",
        "in a temporary file ",
        "on the heap ",
    ] {
        assert!(begins(start), "nothing begins with '{start}' in\n{text}");
    }
    let progress = String::from_utf8(ran.stderr).unwrap();
    assert!(progress.lines().all(|line| line.starts_with("repacking, ")));
}

#[test]
fn wrong_command_lines_are_told() {
    let bench = Bench::new();
    let cases = [
        ("--foo", "unexpected argument '--foo'"),
        ("--input in.csv", "--output"),
        (
            "--input in.csv --output o.parquet --tpch orders",
            "cannot be used with",
        ),
        ("--tpch customers", "possible values: lineitem, orders"),
        ("--scale -1", "'-1'"),
        ("--scale NaN", "above 0"),
        ("--row-group-rows 0", "at least 1"),
        ("--compression zstd(99)", "zstd(99)"),
        ("--compression lz5", "lz5"),
        ("--memory-limit 3MB", "use KiB, MiB or GiB"),
        ("--memory-limit -3", "'-3'"),
    ];
    for (arguments, told) in cases {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        bench.fails(&arguments, told);
    }
}

#[test]
fn bad_paths_are_told() {
    let bench = Bench::new();
    fs::create_dir(bench.path("directory.parquet")).unwrap();
    fs::write(bench.path("in.data"), "a\n1\n").unwrap();
    let cases = [
        ("--input none.csv --output o.parquet", "opening none.csv"),
        (
            "--input directory.parquet --output o.parquet",
            "it is a directory",
        ),
        ("--input in.data --output o.parquet", "say --format"),
        (
            "--input in.csv --output none/o.parquet",
            "there is no directory none",
        ),
        (
            "--input in.csv --output directory.parquet",
            "it is a directory",
        ),
        (
            "--input in.csv --output in.data/o.parquet",
            "creating in.data/o.parquet",
        ),
        (
            "--input in.csv --output o.parquet --spill-directory none",
            "spilling",
        ),
    ];
    for (arguments, told) in cases {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        bench.fails(&arguments, told);
    }
}

#[test]
fn a_format_of_ones_own_choice_is_read() {
    let bench = Bench::new();
    fs::copy(bench.path("in.csv"), bench.path("in.data")).unwrap();
    let arguments = "--input in.data --format csv --output o.parquet";
    let ran = bench.run(arguments.split_whitespace());
    assert!(ran.status.success(), "{:?}", complaints(&ran));
    same_columns(&bench.read("o.parquet"));
}

#[test]
fn damaged_input_is_told() {
    let bench = Bench::new();
    let half = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    bench.damage("in.csv", "ragged.csv", |bytes| bytes.extend(b"1,2\n"));
    bench.damage("in.csv", "text.csv", |bytes| {
        bytes.extend(b"\xff\xfe,1,x\n")
    });
    bench.damage("in.jsonl", "cut.jsonl", half);
    bench.damage("in.jsonl", "list.jsonl", |bytes| bytes.extend(b"[1]\n"));
    bench.damage("in.arrow", "cut.arrow", half);
    bench.damage("in.parquet", "cut.parquet", half);
    bench.damage("in.parquet", "footer.parquet", |bytes| {
        let footer = bytes.len() - 60;
        bytes[footer] ^= 0xff;
    });
    bench.damage("in.parquet", "page.parquet", |bytes| bytes[4] ^= 0xff);
    bench.damage("in.csv", "empty.csv", Vec::clear);
    bench.damage("in.csv", "empty.parquet", Vec::clear);
    bench.damage("in.csv", "csv.parquet", |_| ());
    for name in [
        "ragged.csv",
        "text.csv",
        "cut.jsonl",
        "list.jsonl",
        "cut.arrow",
        "cut.parquet",
        "footer.parquet",
        "page.parquet",
        "empty.csv",
        "empty.parquet",
        "csv.parquet",
    ] {
        let told = format!("reading {name} failed: ");
        bench.fails(&["--input", name, "--output", "o.parquet"], &told);
        bench.fails(
            &["--input", name, "--output", "o.parquet", "--spill"],
            &told,
        );
    }
}

#[test]
fn a_footer_that_counts_rows_wrongly_is_told() {
    let bench = Bench::new();
    let lists = (0..50).map(|row| Some(vec![Some(row); 2]));
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    let lists = RecordBatch::try_from_iter([("lists", Arc::new(lists) as ArrayRef)]).unwrap();
    let file = File::create(bench.path("lists.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, lists.schema(), None).unwrap();
    writer.write(&lists).unwrap();
    writer.close().unwrap();

    let all = |rows, values| Footer {
        file_rows: Some(rows),
        group_rows: Some(rows),
        values: Some(values),
    };
    let rows = |rows| Footer {
        values: None,
        ..all(rows, 0)
    };
    bench.with_footer("in.parquet", "right.parquet", Footer::default());
    let ran = bench.run(["--input", "right.parquet", "--output", "right.parquet"]);
    assert!(ran.status.success(), "{:?}", complaints(&ran));
    let (read, zigzag) = (ROWS as i64, ROWS * 2);
    // The first number after the schema is that of the file's rows.
    let said = [0x16, zigzag as u8 | 0x80, (zigzag >> 7) as u8];
    bench.damage("in.parquet", "file.parquet", |bytes| {
        let footer = bytes.len() - 2_000;
        let mut places = bytes[footer..].windows(3).map(|bytes| bytes == said);
        let place = places.position(|is_there| is_there).unwrap();
        bytes[footer + place + 1] ^= 2;
    });
    bench.fails(
        &["--input", "file.parquet", "--output", "o.parquet"],
        "it says 5001 rows for the file, and 5000 for its row groups",
    );
    for (number, (from, footer)) in [
        ("in.parquet", rows(0)),
        ("in.parquet", rows(-1)),
        ("in.parquet", rows(read - 1)),
        ("in.parquet", rows(read + 1)),
        ("in.parquet", all(0, 0)),
        ("in.parquet", all(read - 1, read - 1)),
        ("lists.parquet", rows(0)),
        ("lists.parquet", rows(49)),
        ("lists.parquet", rows(51)),
        ("lists.parquet", all(0, 0)),
        ("lists.parquet", all(49, 98)),
    ]
    .into_iter()
    .enumerate()
    {
        let wrong = format!("wrong-{number}.parquet");
        bench.with_footer(from, &wrong, footer);
        let told = format!("reading {wrong} failed: ");
        bench.fails(&["--input", &wrong, "--output", "o.parquet"], &told);
    }
}

#[test]
fn values_that_do_not_fit_their_type_are_told() {
    let bench = Bench::new();
    // Types are found out from the first rows; this value comes later.
    let mut text = "a,b\n".to_owned();
    for row in 0..100_001 {
        text += &format!("{row},{row}\n");
    }
    text += "x,1\n";
    fs::write(bench.path("late.csv"), text).unwrap();
    bench.fails(
        &["--input", "late.csv", "--output", "o.parquet"],
        "'x' as type 'Int64'",
    );
}

#[test]
fn a_failed_run_leaves_the_file_of_before() {
    let bench = Bench::new();
    bench.damage("in.csv", "ragged.csv", |bytes| bytes.extend(b"1,2\n"));
    fs::write(bench.path("o.parquet"), "before").unwrap();
    bench.fails(
        &["--input", "ragged.csv", "--output", "o.parquet"],
        "ragged.csv",
    );
    assert_eq!(fs::read(bench.path("o.parquet")).unwrap(), b"before");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    use super::*;

    /// Runs where no file may be longer than `blocks` of 512 or 1,024 bytes, as a full disk would have it.
    fn run_short_of_disk(bench: &Bench, blocks: u32, arguments: &[&str]) -> Output {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.current_dir(bench.directory.path());
        command.arg("-c").arg(script).arg(program()).args(arguments);
        command.output().unwrap()
    }

    #[test]
    fn a_full_disk_is_told() {
        let bench = Bench::new();
        let before = bench.names();
        for more in [
            &[][..],
            &["--spill", "--spill-directory", "."],
            &["--memory-limit", "600KiB"],
        ] {
            let mut arguments = vec!["--input", "in.csv", "--output", "o.parquet"];
            arguments.extend(["--compression", "uncompressed"]);
            arguments.extend(more);
            let ran = run_short_of_disk(&bench, 40, &arguments);
            bench.failed(&ran, &arguments, "File too large");
            assert_eq!(bench.names(), before, "{arguments:?}: files come or go");
        }
    }

    #[test]
    fn a_pipe_is_not_replaced() {
        let bench = Bench::new();
        // A pipe stands for devices too: a test must not put the machine's own at risk.
        let made = Command::new("mkfifo").arg(bench.path("pipe")).status();
        assert!(made.unwrap().success());
        let arguments = ["--input", "in.csv", "--output", "pipe"];
        bench.fails(&arguments, "it is no regular file");
        let kind = fs::metadata(bench.path("pipe")).unwrap().file_type();
        assert!(kind.is_fifo());
    }

    #[test]
    fn a_link_leads_to_the_new_file() {
        let bench = Bench::new();
        fs::create_dir(bench.path("store")).unwrap();
        fs::write(bench.path("store/real.parquet"), "before").unwrap();
        symlink("store/real.parquet", bench.path("link.parquet")).unwrap();
        let ran = bench.run(["--input", "in.csv", "--output", "link.parquet"]);
        assert!(ran.status.success(), "{:?}", complaints(&ran));
        same_columns(&bench.read("store/real.parquet"));
        let link = fs::symlink_metadata(bench.path("link.parquet")).unwrap();
        assert!(link.is_symlink());
    }

    /// Where files can be without a name, that is, on Linux.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_run_that_is_killed_leaves_nothing() {
        use std::io::{BufRead, BufReader};
        use std::process::Stdio;

        let bench = Bench::new();
        fs::write(bench.path("there.parquet"), "before").unwrap();
        let before = bench.names();
        for (signal, output, more) in [
            ("-KILL", "new.parquet", &[][..]),
            (
                "-TERM",
                "new.parquet",
                &["--spill", "--spill-directory", "."],
            ),
            ("-TERM", "there.parquet", &["--memory-limit", "4MiB"]),
            ("-KILL", "there.parquet", &["--spill-directory", "."]),
        ] {
            let mut command = Command::new(program());
            command.current_dir(bench.directory.path());
            // Thousands of row groups take far longer than there is time for.
            command.args(["--input", "in.csv", "--output", output]);
            command.args(["--batch-rows", "1", "--row-group-rows", "1"]);
            command.args(more);
            let mut run = command.stderr(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
            let line = lines.next().unwrap().unwrap();
            assert!(line.starts_with("repacking"), "{line}");
            // It is at work from here on, and some row groups are in the file after a while.
            std::thread::sleep(std::time::Duration::from_millis(100));
            let pid = run.id().to_string();
            let killed = Command::new("kill").arg(signal).arg(pid).status().unwrap();
            assert!(killed.success());
            let ended = run.wait().unwrap();
            assert_eq!(ended.code(), None, "{signal} does not end the run");
            assert_eq!(bench.names(), before, "{signal}, {output}, {more:?}");
        }
        assert_eq!(fs::read(bench.path("there.parquet")).unwrap(), b"before");
    }

    #[test]
    fn the_output_has_the_rights_of_any_new_file() {
        let bench = Bench::new();
        let ran = bench.run(["--input", "in.csv", "--output", "o.parquet"]);
        assert!(ran.status.success(), "{:?}", complaints(&ran));
        let mode = |name| fs::metadata(bench.path(name)).unwrap().permissions().mode();
        assert_eq!(mode("o.parquet"), mode("in.csv"));
    }
}
