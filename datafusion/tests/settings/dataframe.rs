//! Writes that begin at a `DataFrame`.

use std::fs;
use std::path::Path;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::config::TableParquetOptions;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext, col};
use tempfile::TempDir;

use crate::portrait;
use crate::session::{Sink, session};

/// The names of the entries of a folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn ids(context: &SessionContext, path: &Path) -> Vec<i64> {
    let path = path.display().to_string();
    let rows = context
        .read_parquet(path, ParquetReadOptions::default())
        .await
        .unwrap();
    let batches = rows
        .select_columns(&["id"])
        .unwrap()
        .collect()
        .await
        .unwrap();
    let ids = batches.iter().flat_map(|batch| {
        batch
            .column(0)
            .as_primitive::<Int64Type>()
            .values()
            .to_vec()
    });
    ids.collect()
}

#[tokio::test]
async fn a_single_file_is_sorted_and_says_so() {
    let folder = TempDir::new().unwrap();
    let mut portraits = Vec::new();
    for sink in [Sink::Stock, Sink::Ours] {
        let context = session(sink);
        let file = folder.path().join(format!("{sink:?}"));
        let boats = context.table("boats").await.unwrap();
        let options = DataFrameWriteOptions::new()
            .with_single_file_output(true)
            .with_sort_by(vec![col("id").sort(false, true)]);
        let mut parquet = TableParquetOptions::new();
        let pairs = &mut parquet.key_value_metadata;
        pairs.insert("no value".to_owned(), None);
        pairs.insert("ARROW:schema".to_owned(), Some("replaced".to_owned()));
        parquet.global.max_row_group_size = 3000;
        boats
            .write_parquet(&file.display().to_string(), options, Some(parquet))
            .await
            .unwrap();
        assert!(file.is_file());
        portraits.push(portrait::of(&file));
        if sink == Sink::Ours {
            let renamed = file.with_extension("parquet");
            fs::rename(&file, &renamed).unwrap();
            assert_eq!(
                ids(&context, &renamed).await,
                (0..4000).rev().collect::<Vec<_>>()
            );
        }
    }
    let differences = portrait::differences(&portraits[0], &portraits[1]);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let pairs = &portraits[1]["pairs"];
    assert!(
        pairs.contains("no value") && !pairs.contains("replaced"),
        "{pairs}"
    );
}

#[tokio::test]
async fn partitions_go_into_folders_and_lose_their_column() {
    let folder = TempDir::new().unwrap();
    let context = session(Sink::Ours);
    let boats = context.table("boats").await.unwrap();
    let boats = boats.select_columns(&["id", "port"]).unwrap();
    let path = folder.path().display().to_string();
    let options = DataFrameWriteOptions::new().with_partition_by(vec!["port".to_owned()]);
    let counted = boats.write_parquet(&path, options, None).await.unwrap();
    let rows: u64 = counted[0]
        .column(0)
        .as_primitive::<datafusion::arrow::datatypes::UInt64Type>()
        .value(0);
    assert_eq!(rows, 4000);

    let mut stock = vec![
        "port=Kyle of Lochalsh".to_owned(),
        "port=Mallaig".to_owned(),
        "port=Oban".to_owned(),
        "port=Ullapool".to_owned(),
        "port=__HIVE_DEFAULT_PARTITION__".to_owned(),
    ];
    stock.sort();
    assert_eq!(entries(folder.path()), stock);
    let of_oban = folder.path().join("port=Oban");
    let file = of_oban.join(&entries(&of_oban)[0]);
    let schema = portrait::of(&file).remove("schema").unwrap();
    assert!(
        schema.contains("id") && !schema.contains("port"),
        "{schema}"
    );
}

#[tokio::test]
async fn a_folder_gets_files_that_have_all_rows() {
    let folder = TempDir::new().unwrap();
    let context = session(Sink::Ours);
    let boats = context.table("boats").await.unwrap();
    let path = format!("{}/", folder.path().display());
    boats
        .write_parquet(&path, DataFrameWriteOptions::new(), None)
        .await
        .unwrap();
    let mut all = ids(&context, folder.path()).await;
    all.sort_unstable();
    assert_eq!(all, (0..4000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_file_of_a_partition_embeds_the_schema_that_it_has() {
    let folder = TempDir::new().unwrap();
    let mut portraits = Vec::new();
    for sink in [Sink::Stock, Sink::Ours] {
        let context = session(sink);
        let boats = context.table("boats").await.unwrap();
        let boats = boats.select_columns(&["port", "place", "id"]).unwrap();
        let path = folder.path().join(format!("{sink:?}"));
        let options = DataFrameWriteOptions::new()
            .with_partition_by(vec!["port".to_owned()])
            .with_sort_by(vec![
                col("port").sort(true, true),
                col("id").sort(true, true),
            ]);
        let text = path.display().to_string();
        boats.write_parquet(&text, options, None).await.unwrap();
        let of_oban = path.join("port=Oban");
        portraits.push(portrait::of(&of_oban.join(&entries(&of_oban)[0])));
    }
    let mut differences = portrait::differences(&portraits[0], &portraits[1]);
    // The stock sink states the number of the field, 1, where the format wants that of the leaf.
    differences.retain(|difference| !difference.starts_with("0 sorting"));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let sorting = &portraits[1]["0 sorting"];
    assert!(sorting.contains("column_idx: 2"), "{sorting}");
}
