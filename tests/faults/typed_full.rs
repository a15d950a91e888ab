//! Columns of physical values whose store or memory has no room, and those that are left before they end.

use std::sync::Arc;

use bytes::Bytes;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    PageStoreFactory, SpillMetrics, TempFilePageStoreFactory, TieredPageStoreFactory,
};
use herringbone::column::writer::ColumnWriter;
use herringbone::data_type::{ByteArray, ByteArrayType, Int64Type};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::{
    WriterProperties, WriterPropertiesBuilder, WriterPropertiesPtr,
};
use herringbone::file::writer::{
    MemoryPressure, OnMemoryLimit, OnSpillLimit, SerializedFileWriter, SerializedFileWriterOptions,
};
use herringbone::schema::parser::parse_message_type;
use herringbone::schema::types::TypePtr;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::RowAccessor;

const ROWS: usize = 30_000;

fn schema() -> TypePtr {
    let message = "message rows { required int64 number; required int64 other; }";
    Arc::new(parse_message_type(message).unwrap())
}

/// Pages of a thousand values.
fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_data_page_row_count_limit(1000)
        .set_write_batch_size(100)
}

/// Ten thousand values, each several times.
fn number(row: usize) -> i64 {
    (row % 10_000) as i64
}

fn with_quota(bytes: u64, metrics: &SpillMetrics) -> Arc<dyn PageStoreFactory> {
    let stores = TempFilePageStoreFactory::builder()
        .with_max_disk_bytes(bytes)
        .with_metrics(metrics.clone());
    Arc::new(stores.build())
}

/// Writes both columns in batches of so many values.
fn write(
    properties: WriterPropertiesPtr,
    options: SerializedFileWriterOptions,
    batch: usize,
) -> Result<(Vec<u8>, MemoryPressure)> {
    let mut file =
        SerializedFileWriter::new_with_options(Vec::new(), schema(), properties, options)?;
    let mut group = file.next_row_group()?;
    let values: Vec<i64> = (0..ROWS).map(number).collect();
    while let Some(mut column) = group.next_column()? {
        for values in values.chunks(batch) {
            column
                .typed::<Int64Type>()
                .write_batch(values, None, None)?;
        }
        column.close()?;
    }
    group.close()?;
    file.finish()?;
    let pressure = file.memory_pressure();
    Ok((file.into_inner()?, pressure))
}

fn assert_whole(file: Vec<u8>) -> SerializedFileReader<Bytes> {
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    let mut count = 0;
    for (at, row) in rows.enumerate() {
        let row = row.unwrap();
        let found = (row.get_long(0).unwrap(), row.get_long(1).unwrap());
        assert_eq!(found, (number(at), number(at)));
        count += 1;
    }
    assert_eq!(count, ROWS);
    reader
}

/// However large the batches are, and whether there is a limit or not: pages do not gather on the heap instead.
#[test]
fn a_dictionary_ends_where_its_pages_have_no_room_to_wait() {
    for limit in [None, Some(256 << 10)] {
        for batch in [500, ROWS] {
            let metrics = SpillMetrics::new();
            let budget = limit.map_or_else(MemoryBudget::unlimited, MemoryBudget::new);
            let options = SerializedFileWriterOptions::new()
                .with_page_store_factory(with_quota(8192, &metrics))
                .with_memory_budget(budget.clone())
                .with_on_spill_limit(OnSpillLimit::FlushRowGroup);
            let (file, pressure) = write(Arc::new(properties().build()), options, batch).unwrap();
            assert_eq!(pressure.dictionaries_given_up, 2, "{limit:?}, {batch}");
            assert_eq!(pressure.row_groups_flushed_early, 0);
            // Both dictionaries would take 10,000 values, and their pages 1,700 bytes each.
            let peak = budget.peak();
            assert!(peak < 256 << 10, "{limit:?}, {batch}: {peak}");
            let reader = assert_whole(file);
            for column in reader.metadata().row_group(0).columns() {
                assert!(column.dictionary_page_offset().is_some());
            }
            assert_eq!((budget.used(), metrics.disk_used()), (0, 0));
        }
    }
}

#[test]
fn or_the_want_of_room_is_an_error_with_its_numbers() {
    for limit in [None, Some(256 << 10)] {
        let metrics = SpillMetrics::new();
        let budget = limit.map_or_else(MemoryBudget::unlimited, MemoryBudget::new);
        let options = SerializedFileWriterOptions::new()
            .with_page_store_factory(with_quota(8192, &metrics))
            .with_memory_budget(budget.clone());
        let error = write(Arc::new(properties().build()), options, ROWS).unwrap_err();
        let ParquetError::PageStore {
            step: "put",
            column,
            ..
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!(column, "number");
        let cause = error.root_cause();
        assert!(
            matches!(cause, ParquetError::SpillLimitExceeded { limit: 8192, .. }),
            "{error}"
        );
        assert_eq!((budget.used(), metrics.disk_used()), (0, 0));
    }
}

/// Nothing else would ever free what it holds.
#[test]
fn a_bloom_filter_whose_store_is_full_is_given_up() {
    const LIMIT: usize = 48 << 10;
    for batch in [500, ROWS] {
        let metrics = SpillMetrics::new();
        let budget = MemoryBudget::new(LIMIT);
        let properties = properties()
            .set_dictionary_enabled(false)
            .set_bloom_filter_max_ndv(20_000_000);
        let options = SerializedFileWriterOptions::new()
            .with_page_store_factory(with_quota(16_384, &metrics))
            .with_memory_budget(budget.clone())
            .with_on_spill_limit(OnSpillLimit::FlushRowGroup);
        let (file, pressure) = write(Arc::new(properties.build()), options, batch).unwrap();
        println!("peak {}, {pressure:?}", budget.peak());
        assert_eq!(pressure.bloom_filters_given_up, 2, "{batch}");
        assert_eq!(pressure.dictionaries_given_up, 0, "{batch}");
        assert!(budget.peak() < 2 * LIMIT, "{batch}: {}", budget.peak());
        let reader = assert_whole(file);
        for column in reader.metadata().row_group(0).columns() {
            assert_eq!(column.bloom_filter_offset(), None);
        }
        assert_eq!((budget.used(), metrics.disk_used()), (0, 0));
    }
}

/// One text that is larger than the limit, in a writer that may not go beyond it.
#[test]
fn what_cannot_be_kept_within_the_limit_is_a_typed_error() {
    let budget = MemoryBudget::new(2000);
    let options = SerializedFileWriterOptions::new()
        .with_memory_budget(budget.clone())
        .with_on_memory_limit(OnMemoryLimit::Fail);
    let message = "message rows { required binary text; }";
    let schema = Arc::new(parse_message_type(message).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file =
        SerializedFileWriter::new_with_options(Vec::new(), schema, properties, options).unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let texts: Vec<ByteArray> = (0..400)
        .map(|row| ByteArray::from(format!("{row:0100}").into_bytes()))
        .collect();
    let writer = column.typed::<ByteArrayType>();
    let error = writer.write_batch(&texts, None, None).unwrap_err();
    assert!(
        matches!(error, ParquetError::MemoryLimitExceeded { limit: 2000, .. }),
        "{error:?}"
    );
    for later in [
        writer.write_batch(&texts, None, None).unwrap_err(),
        column.close().unwrap_err(),
        group.next_column().map(drop).unwrap_err(),
        group.close().unwrap_err(),
        file.next_row_group().map(drop).unwrap_err(),
        file.finish().unwrap_err(),
    ] {
        let cause = later.root_cause();
        assert!(
            matches!(cause, ParquetError::MemoryLimitExceeded { limit: 2000, .. }),
            "{later}"
        );
    }
    drop(file);
    assert_eq!((budget.used(), budget.members()), (0, 0));
}

/// In the middle of its dictionary, with pages that wait and without.
#[test]
fn a_column_that_is_left_before_it_ends_ends_the_file() {
    for rows in [0, 10, ROWS] {
        for is_row_group_closed in [false, true] {
            let metrics = SpillMetrics::new();
            let budget = MemoryBudget::new(1 << 20);
            let cold = with_quota(1 << 30, &metrics);
            let options = SerializedFileWriterOptions::new()
                .with_page_store_factory(Arc::new(TieredPageStoreFactory::new(
                    budget.clone(),
                    cold,
                )))
                .with_memory_budget(budget.clone());
            let properties = Arc::new(properties().build());
            let mut file =
                SerializedFileWriter::new_with_options(Vec::new(), schema(), properties, options)
                    .unwrap();
            let mut group = file.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let values: Vec<i64> = (0..rows).map(number).collect();
            let ColumnWriter::Int64ColumnWriter(writer) = column.untyped() else {
                panic!("{column:?}")
            };
            writer.write_batch(&values, None, None).unwrap();
            drop(column);
            assert_names(group.next_column().map(drop), "column");
            let what = match is_row_group_closed {
                true => {
                    assert_names(group.close().map(drop), "column");
                    "column"
                }
                false => {
                    drop(group);
                    "row group"
                }
            };
            assert_names(file.next_row_group().map(drop), what);
            assert_names(file.finish().map(drop), what);
            assert_names(file.into_inner().map(drop), what);
            assert_eq!((budget.used(), budget.members()), (0, 0));
            assert_eq!((metrics.disk_used(), metrics.open_files()), (0, 0));
        }
    }
}

fn assert_names(refused: Result<()>, what: &str) {
    let error = refused.unwrap_err().to_string();
    assert!(
        error.contains(&format!("Previous {what} writer was not closed")),
        "{error}"
    );
}
