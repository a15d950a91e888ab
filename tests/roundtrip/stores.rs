//! Where pages wait does not show in the file.

use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, OnMemoryLimit, OnSpillLimit};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    BackgroundPageStoreFactory, GuardedPageStoreFactory, InMemoryPageStoreFactory,
    PageStoreFactory, TempFilePageStoreFactory,
};
use herringbone::errors::ParquetError;
use herringbone::file::metadata::{KeyValue, ParquetMetaData};
use herringbone::file::properties::{
    BloomFilterPosition, EnabledStatistics, WriterProperties, WriterVersion,
};
use parquet::file::metadata::PageIndexPolicy;

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

/// What a writer gives back under a limit depends on the file and the limit: not on what memory happens to be free.
#[test]
fn a_memory_limit_hands_back_what_is_little_beside_it() {
    let batch = batch_of_all_types(Nesting::List, Nulls::Few, 1500);
    let write = |budget: Option<&MemoryBudget>| {
        let properties = WriterProperties::builder()
            .set_data_page_row_count_limit(10)
            .set_write_batch_size(10)
            .set_max_row_group_row_count(Some(500));
        let mut options = ArrowWriterOptions::new().with_properties(properties.build());
        if let Some(budget) = budget {
            options = options.with_memory_budget(budget.clone());
        }
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        let text = "x".repeat(1000);
        for key in 0..20 {
            writer.append_key_value_metadata(KeyValue::new(format!("{key}"), text.clone()));
        }
        let metadata = writer.finish().unwrap();
        let flushed = writer.row_groups_flushed();
        (metadata, flushed, writer.into_inner().unwrap())
    };
    let (free, _, file) = write(None);
    assert!(free.page_index().unwrap().has_column_indexes());
    let places_of = |metadata: &ParquetMetaData| {
        let chunks = metadata.row_groups().iter().flat_map(|it| it.columns());
        let places = chunks.map(|it| (it.column_index_range(), it.offset_index_range()));
        places.collect::<Vec<_>>()
    };

    let roomy = MemoryBudget::new(64 << 20);
    let (little, flushed, same_file) = write(Some(&roomy));
    assert!(same_file == file);
    assert_eq!(flushed, 3);
    assert_eq!(little.row_groups(), free.row_groups());
    assert_eq!(places_of(&little), places_of(&free));
    assert_eq!(little.file_metadata(), free.file_metadata());
    assert!(little.page_index().is_none());

    // An unlimited budget only counts.
    let (all, ..) = write(Some(&MemoryBudget::unlimited()));
    assert_eq!(all, free);

    let tight = MemoryBudget::new(256 << 10);
    let (much, flushed, file) = write(Some(&tight));
    assert!(flushed >= 3);
    assert!(much.row_groups().is_empty() && much.page_index().is_none());
    assert_eq!(much.file_metadata().num_rows(), 1500);
    assert_eq!(much.file_metadata().key_value_metadata(), None);
    let read = parquet::file::metadata::ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&Bytes::from(file))
        .unwrap();
    assert_eq!(read.num_row_groups(), flushed);
    let pairs = read.file_metadata().key_value_metadata().unwrap();
    assert_eq!(pairs.len(), 21);
    assert!((0..20).all(|key| pairs[key + 1].key == key.to_string()));
    assert_eq!((roomy.used(), tight.used()), (0, 0));
}

/// Stores of a writer; `None` for its own choice.
type MakeStores = fn() -> Option<Arc<dyn PageStoreFactory>>;

/// Statistics on and off, Bloom filters behind row groups and at the end: what waits as bytes gives the bytes that it
/// gives as it is.
#[test]
fn a_footer_that_waited_in_stores_has_the_same_bytes() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 400);
    let stores: [MakeStores; 5] = [
        || None,
        || Some(Arc::new(InMemoryPageStoreFactory)),
        || Some(Arc::new(TempFilePageStoreFactory::new())),
        || {
            let files = Arc::new(TempFilePageStoreFactory::new());
            Some(Arc::new(GuardedPageStoreFactory::new(files)))
        },
        || {
            let files = Arc::new(TempFilePageStoreFactory::new());
            Some(Arc::new(BackgroundPageStoreFactory::new(files)))
        },
    ];
    for statistics in [
        EnabledStatistics::Page,
        EnabledStatistics::Chunk,
        EnabledStatistics::None,
    ] {
        for position in [BloomFilterPosition::AfterRowGroup, BloomFilterPosition::End] {
            let write = |stores: Option<Option<Arc<dyn PageStoreFactory>>>, when_full| {
                let properties = WriterProperties::builder()
                    .set_statistics_enabled(statistics)
                    .set_bloom_filter_enabled(true)
                    .set_bloom_filter_max_ndv(200)
                    .set_bloom_filter_position(position)
                    .set_max_row_group_row_count(Some(20))
                    .set_key_value_metadata(Some(vec![KeyValue::new("a".to_owned(), None)]));
                let mut options = ArrowWriterOptions::new().with_properties(properties.build());
                if let Some(stores) = stores {
                    options = options
                        .with_memory_limit(2 << 20)
                        .with_on_spill_limit(when_full);
                    if let Some(stores) = stores {
                        options = options.with_page_store_factory(stores);
                    }
                }
                let schema = batch.schema();
                let mut writer =
                    ArrowWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
                for (ordinal, piece) in pieces(&batch, 50).into_iter().enumerate() {
                    writer.write(&piece).unwrap();
                    let value = "v".repeat(ordinal * 30_000);
                    let pair = KeyValue::new(format!("{ordinal}"), value);
                    writer.append_key_value_metadata(pair);
                }
                writer.into_inner().unwrap()
            };
            let expected = write(None, OnSpillLimit::Fail);
            for stores in stores {
                for when_full in [OnSpillLimit::Fail, OnSpillLimit::FlushRowGroup] {
                    let found = write(Some(stores()), when_full);
                    assert!(
                        found == expected,
                        "{statistics:?}, {position:?}, {:?}",
                        stores()
                    );
                }
            }
            assert_eq!(read(&expected).num_rows(), batch.num_rows());
        }
    }
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
