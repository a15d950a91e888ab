//! Runs the files of statements in `tests/sql`, each in a folder of its own.
//!
//! Records are separated by empty lines, and begin with a line that says what they are; lines that begin with `#` are
//! comments. `$DIR` stands for the folder.
//!
//! - `session herringbone`, `session stock`: from here on statements run in a new session, with this sink or the other;
//!   `session unregistered` has this one, and does not know its settings
//! - `statement ok`: the statement goes well
//! - `statement error TEXT`: it fails, and the error has this text in it
//! - `plan TEXT`, `plan without TEXT`: the text stands in the statement's plan, or does not
//! - `query`: the rows of the statement stand below `----`, one a line, with a space between values
//! - `files FOLDER`: below `----` stand the folders under `FOLDER` that have files in them, and how many

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use tempfile::TempDir;

use crate::session::{Sink, run, session};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_do_what_the_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        run_file(&file).await;
    }
}

async fn run_file(file: &Path) {
    let folder = TempDir::new().unwrap();
    let text = fs::read_to_string(file).unwrap();
    let text = text.replace("$DIR", &folder.path().display().to_string());
    let mut context = session(Sink::Ours);
    for (line, record) in records(&text) {
        let place = format!("{}:{line}", file.display());
        let (head, body) = record.split_once('\n').unwrap_or((&record, ""));
        let (statement, expected) = body.split_once("----\n").unwrap_or((body, ""));
        match head.split_once(' ').unwrap_or((head, "")) {
            ("session", "herringbone") => context = session(Sink::Ours),
            ("session", "stock") => context = session(Sink::Stock),
            ("session", "unregistered") => context = session(Sink::OursByDefaults),
            ("statement", "ok") => {
                let done = run(&context, statement).await;
                done.unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            ("statement", rest) => {
                let text = rest
                    .strip_prefix("error ")
                    .expect("ok, or the text of an error");
                let error = run(&context, statement)
                    .await
                    .expect_err(&place)
                    .to_string();
                assert!(error.contains(text), "{place}: {error}");
            }
            ("plan", text) => {
                let plan = rows(&context, &format!("EXPLAIN {statement}")).await;
                let plan = plan
                    .unwrap_or_else(|error| panic!("{place}: {error}"))
                    .join("\n");
                match text.strip_prefix("without ") {
                    Some(text) => assert!(!plan.contains(text), "{place}: {plan}"),
                    None => assert!(plan.contains(text), "{place}: {plan}"),
                }
            }
            ("query", "") => {
                let rows = rows(&context, statement).await;
                let rows = rows.unwrap_or_else(|error| panic!("{place}: {error}"));
                assert_eq!(rows, lines(expected), "{place}");
            }
            ("files", below) => {
                assert_eq!(files(folder.path(), below), lines(expected), "{place}");
            }
            _ => panic!("{place}: there are no records of this kind"),
        }
    }
}

/// The records of a text, each with the line that it begins at.
fn records(text: &str) -> Vec<(usize, String)> {
    let mut records = Vec::new();
    let mut open = None;
    for (number, line) in text.lines().chain([""]).enumerate() {
        if line.is_empty() {
            records.extend(open.take());
        } else if !line.starts_with('#') {
            let (_, record): &mut (usize, String) = open.get_or_insert((number + 1, String::new()));
            record.push_str(line);
            record.push('\n');
        }
    }
    records
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// The rows of a statement, as text.
async fn rows(context: &SessionContext, statement: &str) -> Result<Vec<String>> {
    let batches = run(context, statement).await?;
    Ok(batches.iter().flat_map(rows_of_batch).collect())
}

fn rows_of_batch(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns = batch.columns().iter();
    let columns: Vec<_> = columns
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let row = |row| {
        let values: Vec<_> = columns
            .iter()
            .map(|column| column.value(row).to_string())
            .collect();
        values.join(" ")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// The folders below `root` that have files in them, by their paths from there, and how many.
fn files(root: &Path, below: &str) -> Vec<String> {
    let mut counts = BTreeMap::new();
    let mut folders = vec![root.join(below.trim_start_matches('.'))];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = folder.strip_prefix(root).unwrap().display().to_string();
                let name = if name.is_empty() {
                    ".".to_owned()
                } else {
                    name
                };
                *counts.entry(name).or_insert(0) += 1;
            }
        }
    }
    counts
        .into_iter()
        .map(|(folder, count)| format!("{folder} {count}"))
        .collect()
}
