//! The table, file by file.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use datafusion::config::{ConfigField, ConfigOptions, TableParquetOptions};
use datafusion::prelude::SessionContext;
use parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::TempDir;

use crate::portrait::{self, Portrait};
use crate::rows::{ROWS, Row, Shows};
use crate::session::{Sink, copy, run, session};

/// How a statement learns of the settings of all columns. Those of single columns are always options.
#[derive(Debug, Clone, Copy)]
enum Way {
    Set,
    Options,
}

const OF_SESSION: &str = "datafusion.execution.parquet";

/// Writes a row's query with its settings.
async fn write(row: &Row, way: Way, sink: Sink, file: &Path) {
    let context = session(sink);
    let mut options = Vec::new();
    for (name, value) in row.settings {
        match way {
            Way::Set if !name.contains("::") => {
                let statement = format!("SET {OF_SESSION}.{name} = '{value}'");
                run(&context, &statement).await.unwrap();
            }
            _ => options.push((format!("format.{name}"), (*value).to_owned())),
        }
    }
    written(&context, row.query, file, &options).await;
}

async fn written(context: &SessionContext, query: &str, file: &Path, options: &[(String, String)]) {
    let done = copy(context, query, file, options).await;
    done.unwrap_or_else(|error| panic!("{options:?}: {error}"));
}

/// The ways that make a difference to a row.
fn ways(row: &Row) -> &'static [Way] {
    if row.settings.iter().all(|(name, _)| name.contains("::")) {
        &[Way::Options]
    } else {
        &[Way::Set, Way::Options]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_makes_the_file_that_the_stock_sink_makes() {
    let folder = TempDir::new().unwrap();
    let mut wrong = Vec::new();
    for (number, row) in ROWS.iter().enumerate() {
        let file = |name: &str| folder.path().join(format!("{number}_{name}.parquet"));
        write(row, Way::Options, Sink::Stock, &file("stock")).await;
        let expected = portrait::of(&file("stock"));
        for way in ways(row) {
            write(row, *way, Sink::Ours, &file("ours")).await;
            let differences = portrait::differences(&expected, &portrait::of(&file("ours")));
            if !differences.is_empty() {
                wrong.push(format!(
                    "{row:?} by {way:?}\n  {}",
                    differences.join("\n  ")
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_shows_in_the_file_if_it_says_so() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(format!("{name}.parquet"));
    let mut plain: HashMap<&str, (Portrait, u64)> = HashMap::new();
    for row in ROWS {
        if !plain.contains_key(row.query) {
            let row = Row {
                settings: &[],
                ..*row
            };
            write(&row, Way::Set, Sink::Ours, &file("plain")).await;
            plain.insert(
                row.query,
                (portrait::of(&file("plain")), size(&file("plain"))),
            );
        }
        let (portrait, bytes) = &plain[row.query];
        write(row, Way::Options, Sink::Ours, &file("set")).await;
        let is_other = !portrait::differences(portrait, &portrait::of(&file("set"))).is_empty();
        let has_other_size = *bytes != size(&file("set"));
        let shows = match row.shows {
            Shows::InTheFile => is_other,
            Shows::InSizes => !is_other && has_other_size,
            Shows::Nowhere => !is_other,
        };
        let differences = portrait::differences(portrait, &portrait::of(&file("set")));
        assert!(shows, "{row:?}\n{}", differences.join("\n"));
    }
}

fn size(file: &Path) -> u64 {
    file.metadata().unwrap().len()
}

#[test]
fn every_setting_about_writing_is_in_the_table() {
    let tested = |name: &str| {
        ROWS.iter()
            .flat_map(|row| row.settings)
            .any(|(key, _)| *key == name)
    };
    let of_file = ConfigOptions::new()
        .entries()
        .into_iter()
        .filter_map(|entry| {
            let name = entry.key.strip_prefix(OF_SESSION)?.strip_prefix('.')?;
            entry
                .description
                .starts_with("(writing)")
                .then(|| name.to_owned())
        });
    let of_file: Vec<_> = of_file.collect();
    // The lower bound shows that the settings are found at all.
    assert!(of_file.len() > 20, "{of_file:?}");
    for name in of_file {
        assert!(tested(&name), "{name} has no row");
    }

    let mut options = TableParquetOptions::new();
    options.set("bloom_filter_enabled::port", "true").unwrap();
    let of_columns = options.entries().into_iter().filter_map(|entry| {
        let (name, column) = entry.key.split_once("::")?;
        assert_eq!(column, "port");
        Some(name.to_owned())
    });
    let of_columns: Vec<_> = of_columns.collect();
    assert!(of_columns.len() > 5, "{of_columns:?}");
    for name in of_columns {
        let of_any_column = format!("{name}::");
        let mut rows = ROWS.iter().flat_map(|row| row.settings);
        assert!(
            rows.any(|(key, _)| key.starts_with(&of_any_column)),
            "{name} of columns has no row"
        );
    }
}

#[tokio::test]
async fn a_limit_of_bytes_for_row_groups_holds_beside_parallelism_and_for_wide_rows() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("small_groups.parquet");
    // A batch has 93,000 bytes.
    for limit in [150_000, 20_000, 1000] {
        let context = session(Sink::Ours);
        for (name, value) in [
            ("max_row_group_bytes", limit.to_string()),
            ("compression", "uncompressed".to_owned()),
            ("dictionary_enabled", "false".to_owned()),
        ] {
            let statement = format!("SET {OF_SESSION}.{name} = '{value}'");
            run(&context, &statement).await.unwrap();
        }
        written(&context, "SELECT id, log FROM boats", &file, &[]).await;

        let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
        let groups = reader.metadata().row_groups();
        let sizes: Vec<_> = groups.iter().map(|group| group.total_byte_size()).collect();
        // The sizes of rows are known once there are some; by far too small a limit is met in some steps.
        let known = &sizes[if limit > 10_000 { 0 } else { 4 }..];
        // The limit is for encoded values; headers of pages come on top.
        assert!(
            known.iter().all(|size| *size < limit + limit / 10 + 100),
            "{sizes:?}"
        );
        let full = &known[..known.len() - 1];
        assert!(full.iter().all(|size| *size > limit / 2), "{sizes:?}");
        assert!(full.len() > 1, "{sizes:?}");
    }
}

#[tokio::test]
async fn one_column_goes_without_a_filter_where_all_others_have_one() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("filters.parquet");
    let option = |key: &str, value: &str| (format!("format.{key}"), value.to_owned());
    let options = [
        option("bloom_filter_on_write", "true"),
        option("bloom_filter_enabled::log", "false"),
    ];
    written(
        &session(Sink::Ours),
        "SELECT id, log FROM boats",
        &file,
        &options,
    )
    .await;
    let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
    let columns = reader.metadata().row_group(0).columns();
    let filters: Vec<_> = columns
        .iter()
        .map(|column| column.bloom_filter_length().is_some())
        .collect();
    assert_eq!(filters, [true, false]);
}

#[tokio::test]
async fn an_order_behind_a_nested_column_is_stated_by_its_leaf() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("sorted.parquet");
    let query = "SELECT place, id FROM boats ORDER BY id DESC NULLS LAST";
    written(&session(Sink::Ours), query, &file, &[]).await;
    let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
    let group = reader.metadata().row_group(0);
    let sorting = group.sorting_columns().unwrap();
    let by = &sorting[0];
    assert_eq!(
        (sorting.len(), by.descending, by.nulls_first),
        (1, true, false)
    );
    let named = group
        .column(usize::try_from(by.column_idx).unwrap())
        .column_path()
        .string();
    assert_eq!(named, "id");
}

#[tokio::test]
async fn the_options_of_a_table_are_those_of_its_files() {
    let folder = TempDir::new().unwrap();
    let mut portraits = Vec::new();
    for sink in [Sink::Stock, Sink::Ours] {
        let context = session(sink);
        let of_table = folder.path().join(format!("{sink:?}"));
        let statement = format!(
            "CREATE EXTERNAL TABLE logs (id BIGINT, log VARCHAR) STORED AS PARQUET LOCATION '{}/'
             OPTIONS ('format.created_by' 'the harbour master', 'format.compression::log' 'snappy',
                      'format.max_row_group_size' '700', 'format.bloom_filter_enabled::id' 'true')",
            of_table.display()
        );
        run(&context, &statement).await.unwrap();
        let insert = "INSERT INTO logs SELECT id, log FROM boats WHERE id < 1000";
        run(&context, insert).await.unwrap();
        let mut files = std::fs::read_dir(&of_table).unwrap();
        portraits.push(portrait::of(&files.next().unwrap().unwrap().path()));
    }
    let differences = portrait::differences(&portraits[0], &portraits[1]);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(portraits[1]["created by"], "Some(\"the harbour master\")");
    assert_eq!(portraits[1]["rows of row groups"], "[700, 300]");
}
