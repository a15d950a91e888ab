//! Where pages wait does not show in the file.

use std::sync::Arc;

use arrow::array::RecordBatch;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, OnMemoryLimit};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::errors::ParquetError;
use herringbone::file::properties::{WriterProperties, WriterVersion};

use crate::support::cases::{Case, Dictionary, Paging, Statistics, codecs};
use crate::support::check::{check, read};
use crate::support::covering::pairs;
use crate::support::stores::Store;
use crate::support::types::{Nesting, Nulls, batch_of_all_types, pieces};

#[test]
fn every_store_gives_the_same_bytes() {
    let batches: Vec<RecordBatch> = [
        (Nesting::Flat, Nulls::Half),
        (Nesting::Flat, Nulls::Required),
        (Nesting::ListOfStructOfList, Nulls::Few),
        (Nesting::Map, Nulls::All),
    ]
    .map(|(nesting, nulls)| batch_of_all_types(nesting, nulls, 500))
    .to_vec();
    let rows = pairs(&[batches.len(), codecs().len(), 2, 3, 2, 3, 3, 2]);
    for row in rows {
        let case = Case {
            compression: codecs()[row[1]],
            version: [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0][row[2]],
            dictionary: [Dictionary::On, Dictionary::Off, Dictionary::Fallback][row[3]],
            row_group: [None, Some(110)][row[4]],
            paging: [Paging::Default, Paging::Bytes, Paging::Rows][row[5]],
            statistics: [
                Statistics::Page,
                Statistics::PageHeaders,
                Statistics::ChunkWithoutOffsets,
            ][row[6]],
            batch: [500, 77][row[7]],
            ..Case::default()
        };
        let batch = &batches[row[0]];
        let expected = case.write(batch).file;
        for store in Store::ALL {
            let case = Case {
                store,
                ..case.clone()
            };
            if store.keeps_layout() {
                let found = case.write(batch).file;
                assert!(found == expected, "{case:?}: other bytes");
            }
        }
    }
}

/// As long as memory is not short, that is, and the limit leaves room for pages of the sizes that were asked for.
#[test]
fn a_roomy_memory_limit_gives_the_same_bytes() {
    for (nesting, nulls) in [
        (Nesting::Flat, Nulls::Required),
        (Nesting::ListOfStructOfList, Nulls::Half),
    ] {
        let batch = batch_of_all_types(nesting, nulls, 900);
        for dictionary in [Dictionary::On, Dictionary::Off, Dictionary::Fallback] {
            for paging in [
                Paging::Default,
                Paging::Bytes,
                Paging::Rows,
                Paging::Batches,
            ] {
                let case = Case {
                    dictionary,
                    paging,
                    row_group: Some(700),
                    batch: 300,
                    ..Case::default()
                };
                let options = case.options().with_memory_limit(64 << 20);
                let mut found = Vec::new();
                let mut writer =
                    ArrowWriter::try_new_with_options(&mut found, batch.schema(), options).unwrap();
                for piece in pieces(&batch, case.batch) {
                    writer.write(&piece).unwrap();
                }
                writer.close().unwrap();
                let expected = case.write(&batch).file;
                assert!(found == expected, "{case:?}, {nesting:?}, {nulls:?}");
            }
        }
    }
}

#[test]
fn pages_that_went_to_a_file_come_back_from_it() {
    let stores = TempFilePageStoreFactory::new();
    let metrics = stores.metrics();
    let batch = batch_of_all_types(Nesting::List, Nulls::Few, 500);
    let options = ArrowWriterOptions::new().with_page_store_factory(Arc::new(stores));
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    let metadata = writer.close().unwrap();
    let chunks = metadata.row_groups()[0].columns();
    let pages: i64 = chunks.iter().map(|chunk| chunk.compressed_size()).sum();
    assert_eq!(metrics.bytes_spilled(), pages as u64);
    assert_eq!(metrics.bytes_taken(), pages as u64);
    assert!(metrics.blobs_spilled() >= chunks.len() as u64);
}

/// Without a limit the metadata has all page indexes; with one it has all or none.
#[test]
fn a_memory_limit_hands_back_page_indexes_if_it_has_room_for_them() {
    let batch = batch_of_all_types(Nesting::List, Nulls::Few, 1500);
    let write = |options: ArrowWriterOptions| {
        let properties = WriterProperties::builder()
            .set_data_page_row_count_limit(10)
            .set_write_batch_size(10)
            .set_max_row_group_row_count(Some(500));
        let options = options.with_properties(properties.build());
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap()
    };
    let free = write(ArrowWriterOptions::new());
    let expected = free.page_index().unwrap();
    let budget = MemoryBudget::new(64 << 20);
    let roomy = write(ArrowWriterOptions::new().with_memory_budget(budget.clone()));
    assert_eq!(budget.used(), 0);
    let found = roomy.page_index().unwrap();
    assert!(expected.has_column_indexes() && found.has_column_indexes());
    assert_eq!(roomy.num_row_groups(), 3);
    for row_group in 0..3 {
        for column in 0..roomy.row_group(row_group).num_columns() {
            let what = format!("row group {row_group}, column {column}");
            let (found, expected) = (
                (
                    found.column_index(row_group, column),
                    found.offset_index(row_group, column),
                ),
                (
                    expected.column_index(row_group, column),
                    expected.offset_index(row_group, column),
                ),
            );
            assert_eq!(found, expected, "{what}");
        }
    }
    let budget = MemoryBudget::new(1 << 20);
    let tight = write(ArrowWriterOptions::new().with_memory_budget(budget.clone()));
    assert!(tight.page_index().is_none());
    assert_eq!(budget.used(), 0);
    assert!(budget.peak() <= 2 << 20, "{}", budget.peak());
}

#[test]
fn files_written_under_a_memory_limit_read_back() {
    // A limit far below what there is makes all columns give way again and again.
    for (limit, rows) in [(1, 300), (50_000, 900), (400_000, 3000), (2_000_000, 3000)] {
        let batch = batch_of_all_types(Nesting::List, Nulls::Few, rows);
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let case = Case {
                version,
                // Read back and checked, but not for where row groups end.
                store: Store::Limited,
                batch: 150,
                ..Case::default()
            };
            let options = case.options().with_memory_limit(limit);
            let mut file = Vec::new();
            let mut writer =
                ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).unwrap();
            for piece in pieces(&batch, case.batch) {
                writer.write(&piece).unwrap();
            }
            let metadata = writer.close().unwrap();
            let written = crate::support::cases::Written { file, metadata };
            check(&case, &batch, &written);
        }
    }
}

#[test]
fn writers_that_share_a_budget_write_whole_files() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Half, 1000);
    let budget = MemoryBudget::new(500_000);
    let mut files = vec![Vec::new(); 4];
    let mut writers: Vec<_> = files
        .iter_mut()
        .map(|file| {
            let options = ArrowWriterOptions::new().with_memory_budget(budget.clone());
            ArrowWriter::try_new_with_options(file, batch.schema(), options).unwrap()
        })
        .collect();
    for from in (0..1000).step_by(250) {
        for writer in &mut writers {
            writer.write(&batch.slice(from, 250)).unwrap();
        }
    }
    for writer in writers {
        writer.close().unwrap();
    }
    assert_eq!(budget.used(), 0, "all memory is given back");
    let expected = read(&Case::default().write(&batch).file);
    for file in files {
        assert!(read(&file) == expected);
    }
}

#[test]
fn a_limit_that_may_not_end_row_groups_fails_with_a_typed_error() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Half, 1000);
    let options = ArrowWriterOptions::new()
        .with_memory_limit(1000)
        .with_on_memory_limit(OnMemoryLimit::Fail);
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    let error = writer.write(&batch).unwrap_err();
    assert!(
        matches!(error, ParquetError::MemoryLimitExceeded { limit: 1000, .. }),
        "{error:?}"
    );
    let later = writer.write(&batch).unwrap_err();
    assert!(matches!(later, ParquetError::Latched(_)), "{later:?}");
}
