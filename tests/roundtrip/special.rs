//! Data that is large, lopsided, or changes on the way.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, Decimal128Array, DictionaryArray, FixedSizeBinaryArray,
    Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions, StringArray,
    StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int8Type, Int32Type, Schema, UnionFields, UnionMode};
use herringbone::arrow::ArrowWriter;
use herringbone::basic::{Compression, Encoding};
use herringbone::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use herringbone::schema::types::ColumnPath;

use crate::support::cases::{Case, Dictionary, codecs};
use crate::support::check::{check, read};
use crate::support::stores::Store;
use crate::support::walker::Layout;

fn scattered(row: usize) -> u64 {
    let mixed = (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 31)
}

fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

#[test]
fn a_hundred_thousand_rows_read_back_with_default_properties() {
    let rows = || 0..100_000;
    let few = rows().map(|row| (scattered(row) % 1000) as i64);
    let unique = rows().map(|row| scattered(row) as i64);
    let doubles = rows().map(|row| (row % 3 != 0).then(|| scattered(row) as f64));
    let text = rows().map(|row| (row % 5 != 2).then(|| format!("{:x}", scattered(row))));
    let batch = batch([
        ("few", Arc::new(Int64Array::from_iter_values(few))),
        // Outgrows its dictionary of a mebibyte.
        ("unique", Arc::new(Int64Array::from_iter_values(unique))),
        ("doubles", Arc::new(Float64Array::from_iter(doubles))),
        ("text", Arc::new(StringArray::from_iter(text))),
    ]);
    for (version, compression, store) in [
        (WriterVersion::PARQUET_1_0, codecs()[0], Store::Memory),
        (WriterVersion::PARQUET_2_0, codecs()[6], Store::TempFile),
        (WriterVersion::PARQUET_2_0, codecs()[1], Store::Limited),
    ] {
        let case = Case {
            version,
            compression,
            store,
            batch: 8192,
            ..Case::default()
        };
        let layout = check(&case, &batch, &case.write(&batch));
        if store.keeps_layout() {
            let unique = &layout.row_groups[0].chunks[1];
            assert!(unique.dictionary.is_some());
            assert!(unique.meta.opt_ints(2).unwrap().len() >= 3, "no fallback");
        }
    }
}

#[test]
fn values_larger_than_pages_and_buffers_read_back() {
    let sizes = [0, 3_000_000, 1, 70_000, 0, 1_048_576, 5];
    let values = sizes.map(|len| (0..len).map(|i| scattered(i) as u8).collect::<Vec<u8>>());
    let batch = batch([(
        "c",
        Arc::new(BinaryArray::from_iter_values(
            values.iter().cycle().take(14),
        )),
    )]);
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for dictionary in [Dictionary::On, Dictionary::Off] {
            for store in [Store::Memory, Store::TempFile, Store::Limited] {
                let case = Case {
                    version,
                    dictionary,
                    store,
                    compression: Compression::SNAPPY,
                    batch: 3,
                    ..Case::default()
                };
                check(&case, &batch, &case.write(&batch));
            }
        }
    }
}

#[test]
fn a_row_of_very_many_elements_stays_on_one_page() {
    let lens = [3, 200_000, 0, 1, 50_000];
    let total = lens.iter().sum::<usize>();
    let values = Int32Array::from_iter((0..total).map(|i| (i % 7 != 0).then_some(i as i32)));
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let list = ListArray::new(
        item,
        OffsetBuffer::from_lengths(lens),
        Arc::new(values),
        None,
    );
    let batch = batch([("c", Arc::new(list))]);
    for dictionary in [Dictionary::On, Dictionary::Off, Dictionary::Fallback] {
        let case = Case {
            dictionary,
            version: WriterVersion::PARQUET_2_0,
            ..Case::default()
        };
        check(&case, &batch, &case.write(&batch));
    }
}

#[test]
fn twenty_lists_in_one_another_read_back() {
    let mut array: ArrayRef = Arc::new(Int32Array::from_iter((0..64).map(|i| match i % 5 {
        0 => None,
        _ => Some(i),
    })));
    for depth in 0..20 {
        let rows = array.len() / 2 + 2;
        let lens = (0..rows).map(|row| if row + 1 < rows { row % 3 } else { 0 });
        let mut left = array.len();
        let lens: Vec<usize> = lens
            .map(|len| {
                left -= len.min(left);
                len.min(left + len)
            })
            .collect();
        let offsets = OffsetBuffer::from_lengths(lens.iter().scan(array.len(), |left, len| {
            let len = (*len).min(*left);
            *left -= len;
            Some(len)
        }));
        let item = Arc::new(Field::new(
            "item",
            array.data_type().clone(),
            depth % 2 == 0,
        ));
        let nulls = (depth % 2 == 1).then(|| (0..rows).map(|row| row % 4 != 3).collect());
        array = Arc::new(ListArray::new(item, offsets, array, nulls));
    }
    let batch = batch([("c", array)]);
    let case = Case::default();
    check(&case, &batch, &case.write(&batch));
}

#[test]
fn dictionaries_that_change_between_batches_read_back() {
    let one = |words: [&'static str; 3], shift: usize| {
        let keys = Int32Array::from_iter((0..60).map(|row| match (row + shift) % 7 {
            0 => None,
            n => Some((n % 3) as i32),
        }));
        let words = Arc::new(StringArray::from(words.to_vec()));
        batch([(
            "c",
            Arc::new(DictionaryArray::<Int32Type>::new(keys, words)),
        )])
    };
    let words = [["a", "b", "c"], ["c", "b", "a"], ["x", "", "b"]];
    for dictionary in [Dictionary::On, Dictionary::Off, Dictionary::Fallback] {
        let case = Case {
            dictionary,
            ..Case::default()
        };
        let mut file = Vec::new();
        let schema = one(words[0], 0).schema();
        let mut writer =
            ArrowWriter::try_new_with_options(&mut file, schema, case.options()).unwrap();
        let mut expected: Vec<Option<String>> = Vec::new();
        for turn in 0..30 {
            // Each dictionary is gone before the next is made, so addresses come again.
            let batch = one(words[turn * turn % 3], turn);
            writer.write(&batch).unwrap();
            let text = arrow::compute::cast(batch.column(0), &DataType::Utf8).unwrap();
            let text = text.as_any().downcast_ref::<StringArray>().unwrap();
            expected.extend(text.iter().map(|value| value.map(str::to_owned)));
        }
        writer.close().unwrap();
        Layout::read(&file);
        let found = read(&file);
        let found = arrow::compute::cast(found.column(0), &DataType::Utf8).unwrap();
        assert_eq!(found.as_ref(), &StringArray::from(expected) as &dyn Array);
    }
}

#[test]
fn only_the_used_values_of_a_dictionary_bound_a_page() {
    let keys = arrow::array::Int8Array::from(vec![1, 2, 1, 2]);
    let words = StringArray::from(vec!["aaa", "k", "m", "zzz"]);
    let array = DictionaryArray::<Int8Type>::new(keys, Arc::new(words));
    let batch = batch([("c", Arc::new(array))]);
    let case = Case::default();
    let layout = check(&case, &batch, &case.write(&batch));
    let statistics = layout.row_groups[0].chunks[0].meta.opt_struct(12).unwrap();
    assert_eq!(statistics.opt_bytes(6), Some(&b"k"[..]));
    assert_eq!(statistics.opt_bytes(5), Some(&b"m"[..]));
}

#[test]
fn each_column_keeps_its_own_properties() {
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values((0..5000).map(|i| i % 50)));
    let nested = Field::new("x.y", DataType::Int64, true);
    let structs: ArrayRef = Arc::new(StructArray::from(vec![(Arc::new(nested), values.clone())]));
    let batch = batch([("a", values.clone()), ("b", values), ("s", structs)]);
    let inner = ColumnPath::new(vec!["s".to_owned(), "x.y".to_owned()]);
    let b = || ColumnPath::from("b");
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_compression(b(), Compression::UNCOMPRESSED)
        .set_column_dictionary_enabled(b(), false)
        .set_column_encoding(b(), Encoding::DELTA_BINARY_PACKED)
        .set_column_statistics_enabled(b(), EnabledStatistics::None)
        .set_column_data_page_size_limit(b(), 100)
        .set_column_page_checksum_enabled(inner.clone(), true)
        .set_column_data_page_row_count_limit(inner.clone(), 1024)
        .set_column_write_page_header_statistics(inner, true)
        .build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let layout = Layout::read(&file);
    let [a, b, inner] = &layout.row_groups[0].chunks[..] else {
        panic!("not three columns");
    };
    assert_eq!([a.meta.int(4), b.meta.int(4), inner.meta.int(4)], [1, 0, 1]);
    assert_eq!((a.pages.len(), a.dictionary.is_some()), (1, true));
    assert!(b.pages.len() > 3 && b.dictionary.is_none());
    assert!(b.pages.iter().all(|page| page.encoding() == 5));
    assert!(b.meta.opt_struct(12).is_none() && b.column_index.is_none());
    assert_eq!(inner.pages.len(), 5);
    for page in &inner.pages {
        assert!(page.header.opt_int(4).is_some() && page.statistics().is_some());
    }
    assert!(a.pages[0].header.opt_int(4).is_none() && a.pages[0].statistics().is_none());
    assert!(read(&file) == batch);
}

#[test]
fn the_offset_index_stays_where_page_statistics_are_asked_for() {
    let batch = batch([("c", Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef)]);
    let has_index = |properties: WriterProperties| {
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let layout = Layout::read(&file);
        layout.row_groups[0].chunks[0].offset_index.is_some()
    };
    let disabled = || WriterProperties::builder().set_offset_index_disabled(true);
    assert!(!has_index(disabled().build()));
    let page = EnabledStatistics::Page;
    assert!(has_index(disabled().set_statistics_enabled(page).build()));
    let column = ColumnPath::from("c");
    let asked = disabled().set_column_statistics_enabled(column, page);
    assert!(has_index(asked.build()));
}

#[test]
fn a_second_layout_page_is_kept_compressed_only_if_that_pays() {
    let noise = (0..4000).map(|row| scattered(row).to_le_bytes());
    let noise = FixedSizeBinaryArray::try_from_iter(noise).unwrap();
    let zeros = FixedSizeBinaryArray::try_from_iter((0..4000).map(|_| [0u8; 8])).unwrap();
    let batch = batch([("noise", Arc::new(noise)), ("zeros", Arc::new(zeros))]);
    for compression in [codecs()[1], codecs()[5], codecs()[6]] {
        for (threshold, expected) in [(1.0, [false, true]), (0.000_001, [false, false])] {
            let properties = WriterProperties::builder()
                .set_writer_version(WriterVersion::PARQUET_2_0)
                .set_compression(compression)
                .set_dictionary_enabled(false)
                .set_encoding(Encoding::PLAIN)
                .set_data_page_v2_compression_ratio_threshold(threshold);
            let mut file = Vec::new();
            let mut writer =
                ArrowWriter::try_new(&mut file, batch.schema(), Some(properties.build())).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let layout = Layout::read(&file);
            let found = [0, 1].map(|column| {
                let page = &layout.row_groups[0].chunks[column].pages[0];
                page.details().opt_bool(7).unwrap_or(true)
            });
            assert_eq!(found, expected, "{compression:?} {threshold}");
            assert!(read(&file) == batch);
        }
    }
}

#[test]
fn types_that_cannot_be_written_are_errors_and_no_panics() {
    let union = UnionFields::from_fields(vec![Field::new("a", DataType::Int32, true)]);
    for data_type in [
        DataType::Union(union, UnionMode::Dense),
        DataType::FixedSizeBinary(0),
    ] {
        let schema = Arc::new(Schema::new(vec![Field::new("c", data_type.clone(), true)]));
        let Ok(mut writer) = ArrowWriter::try_new(Vec::new(), schema.clone(), None) else {
            continue;
        };
        let array = arrow::array::new_null_array(&data_type, 3);
        let batch = RecordBatch::try_new(schema, vec![array]).unwrap();
        assert!(writer.write(&batch).is_err(), "{data_type}");
    }
}

#[test]
fn batches_of_many_sizes_make_one_file() {
    let all = batch([(
        "c",
        Arc::new(Int32Array::from_iter_values(0..10_000)) as ArrayRef,
    )]);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, all.schema(), None).unwrap();
    let mut from = 0;
    for size in [1, 0, 2, 1023, 1024, 1025, 7, 4096].into_iter().cycle() {
        let size = size.min(10_000 - from);
        writer.write(&all.slice(from, size)).unwrap();
        from += size;
        if from == 10_000 {
            break;
        }
    }
    writer.close().unwrap();
    Layout::read(&file);
    assert!(read(&file) == all);
}

#[test]
fn schemas_without_columns_keep_their_rows_across_row_groups() {
    let options = RecordBatchOptions::new().with_row_count(Some(25));
    let empty = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options);
    let empty = empty.unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(10));
    let mut file = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut file, empty.schema(), Some(properties.build())).unwrap();
    writer.write(&empty).unwrap();
    let metadata = writer.close().unwrap();
    let rows: Vec<i64> = metadata.row_groups().iter().map(|g| g.num_rows()).collect();
    assert_eq!(rows, [10, 10, 5]);
    assert_eq!(Layout::read(&file).footer.int(3), 25);
}

#[test]
fn a_file_appended_to_in_pieces_equals_one_of_whole_batches() {
    let all = batch([(
        "c",
        Arc::new(StringArray::from_iter_values(
            (0..5000).map(|i| format!("{}", i % 77)),
        )) as ArrayRef,
    )]);
    let case = Case::default();
    let whole = case.write(&all).file;
    let pieces: Vec<RecordBatch> = (0..5).map(|i| all.slice(i * 1000, 1000)).collect();
    let rejoined = concat_batches(&all.schema(), &pieces).unwrap();
    assert!(
        case.write(&rejoined).file == whole,
        "offsets of slices show in the file"
    );
}

/// Decimals of a large batch are converted while they are checked, those of small ones when they are encoded.
#[test]
fn decimals_in_large_batches_give_the_bytes_of_those_in_small_ones() {
    let decimals = |rows: usize, digits: u8| {
        let limit = 10_u64.pow(u32::from(digits.min(18)));
        let number = move |row| i128::from(scattered(row) % limit) - i128::from(limit / 2);
        let values = (0..rows).map(|row| (row % 7 != 3).then(|| number(row)));
        let array = Decimal128Array::from_iter(values).with_precision_and_scale(digits, 2);
        Arc::new(array.unwrap())
    };
    let item = Arc::new(Field::new("item", DataType::Decimal128(12, 2), true));
    let offsets = OffsetBuffer::from_lengths((0..3_000).map(|row| row % 4));
    let lists = ListArray::new(item, offsets, decimals(4_500, 12), None);
    let batch = batch([
        ("ints", decimals(3_000, 7)),
        ("longs", decimals(3_000, 15)),
        ("fixed", decimals(3_000, 25)),
        ("lists", Arc::new(lists)),
    ]);
    let written = |rows: usize| {
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        for from in (0..3_000).step_by(rows) {
            let rows = rows.min(3_000 - from);
            writer.write(&batch.slice(from, rows)).unwrap();
        }
        writer.into_inner().unwrap()
    };
    assert!(written(3_000) == written(500));
}
