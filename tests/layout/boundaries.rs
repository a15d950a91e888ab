//! Pages and row groups end where they do in files that `parquet` writes from the same batches.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray,
    Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, RunArray, StringArray,
    StringViewArray, StructArray, UInt32Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};

use crate::support::covering::pairs;
use crate::support::walker::{Chunk, Layout};

const ROWS: usize = 12_000;

/// The settings that decide where pages end, for either crate.
#[derive(Debug, Clone, Copy)]
struct Settings {
    version: i32,
    dictionary: bool,
    dictionary_limit: usize,
    page_limit: usize,
    row_limit: usize,
    write_batch: usize,
    /// Rows of the batches that come in.
    batch: usize,
    row_group_rows: Option<usize>,
    row_group_bytes: Option<usize>,
}

impl Settings {
    const DEFAULT: Self = Self {
        version: 1,
        dictionary: true,
        dictionary_limit: 1 << 20,
        page_limit: 1 << 20,
        row_limit: 20_000,
        write_batch: 1024,
        batch: 4096,
        row_group_rows: None,
        row_group_bytes: None,
    };
}

macro_rules! writer {
    ($name:ident, $writer:path, $properties:path, $version:path) => {
        fn $name(settings: Settings, batch: &RecordBatch) -> Vec<u8> {
            use $properties as Properties;
            use $version as Version;
            use $writer as Writer;
            let version = match settings.version {
                1 => Version::PARQUET_1_0,
                _ => Version::PARQUET_2_0,
            };
            let properties = Properties::builder()
                .set_writer_version(version)
                .set_dictionary_enabled(settings.dictionary)
                .set_dictionary_page_size_limit(settings.dictionary_limit)
                .set_data_page_size_limit(settings.page_limit)
                .set_data_page_row_count_limit(settings.row_limit)
                .set_write_batch_size(settings.write_batch)
                .set_max_row_group_row_count(settings.row_group_rows)
                .set_max_row_group_bytes(settings.row_group_bytes)
                .build();
            let mut file = Vec::new();
            let mut writer = Writer::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
            for from in (0..batch.num_rows()).step_by(settings.batch) {
                let rows = settings.batch.min(batch.num_rows() - from);
                writer.write(&batch.slice(from, rows)).unwrap();
            }
            writer.close().unwrap();
            file
        }
    };
}

writer!(
    ours,
    herringbone::arrow::ArrowWriter,
    herringbone::file::properties::WriterProperties,
    herringbone::file::properties::WriterVersion
);
writer!(
    theirs,
    parquet::arrow::ArrowWriter,
    parquet::file::properties::WriterProperties,
    parquet::file::properties::WriterVersion
);

/// What is compared of a chunk: rows, slots and encoding of each page, and the dictionary's entries.
#[derive(Debug, PartialEq)]
struct Pages {
    dictionary: Option<i64>,
    data: Vec<(i64, i64, i64)>,
}

fn pages(chunk: &Chunk, rows: i64) -> Pages {
    let firsts = chunk.page_rows(rows).unwrap();
    let data = chunk.pages.iter().zip(firsts.windows(2));
    Pages {
        dictionary: chunk.dictionary.as_ref().map(|page| page.num_values()),
        data: data
            .map(|(page, rows)| (rows[1] - rows[0], page.num_values(), page.encoding()))
            .collect(),
    }
}

fn rows_of_groups(layout: &Layout) -> Vec<i64> {
    let groups = layout.row_groups.iter();
    groups.map(|group| group.record.int(3)).collect()
}

fn assert_same_boundaries(settings: Settings, batch: &RecordBatch) {
    let ours = Layout::read(&ours(settings, batch));
    let theirs = Layout::read(&theirs(settings, batch));
    assert_eq!(
        rows_of_groups(&ours),
        rows_of_groups(&theirs),
        "{settings:?}: row groups"
    );
    for (our_group, their_group) in ours.row_groups.iter().zip(&theirs.row_groups) {
        let rows = our_group.record.int(3);
        for (our_chunk, their_chunk) in our_group.chunks.iter().zip(&their_group.chunks) {
            // Runs of booleans are found otherwise here, and so are estimated otherwise by a few bytes.
            let is_rle_boolean = our_chunk.meta.int(1) == 0 && settings.version == 2;
            if is_rle_boolean && settings.page_limit < 1000 {
                continue;
            }
            assert_eq!(
                pages(our_chunk, rows),
                pages(their_chunk, rows),
                "{settings:?}: {}",
                our_chunk.path()
            );
        }
    }
}

fn scattered(row: usize) -> usize {
    row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20
}

type Columns = Vec<(&'static str, ArrayRef)>;

/// Columns of fixed width and of strings, without nulls.
fn flat() -> Columns {
    let text = |row: usize| format!("{:0width$}", scattered(row), width = 1 + row % 23);
    let int32 = |value: fn(usize) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values((0..ROWS).map(value)))
    };
    let int64 = |value: fn(usize) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values((0..ROWS).map(value)))
    };
    let strings = |value: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..ROWS).map(value)))
    };
    let double = (0..ROWS).map(|row| (scattered(row) % 5000) as f64);
    let boolean = (0..ROWS).map(|row| Some(scattered(row).is_multiple_of(3)));
    let fixed = (0..ROWS).map(|row| (scattered(row) as u128).to_le_bytes());
    let binary = (0..ROWS).map(|row| vec![row as u8; scattered(row) % 40]);
    let keys = int32(|row| (scattered(row) % 90) as i32);
    let keys = keys.as_any().downcast_ref::<Int32Array>().unwrap().clone();
    let words = StringArray::from_iter_values((0..90).map(|i| format!("word {i}")));
    vec![
        ("int32 few", int32(|row| (scattered(row) % 16) as i32)),
        ("int32 ascending", int32(|row| row as i32)),
        ("int64 random", int64(|row| scattered(row) as i64)),
        ("int64 one value", int64(|_| 7)),
        ("double", Arc::new(Float64Array::from_iter_values(double))),
        ("boolean", Arc::new(BooleanArray::from_iter(boolean))),
        (
            "fixed",
            Arc::new(FixedSizeBinaryArray::try_from_iter(fixed).unwrap()),
        ),
        ("text unique", strings(&text)),
        (
            "text few",
            strings(&|row| format!("value {}", scattered(row) % 100)),
        ),
        (
            "text shared prefix",
            strings(&|row| format!("{}{row:06}", "prefix ".repeat(10))),
        ),
        (
            "view",
            Arc::new(StringViewArray::from_iter_values((0..ROWS).map(text))),
        ),
        ("binary", Arc::new(BinaryArray::from_iter_values(binary))),
        (
            "arrow dictionary",
            Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(words))),
        ),
    ]
}

/// `columns` with nulls where `is_null` says so.
fn with_nulls(columns: Columns, is_null: fn(usize) -> bool) -> Columns {
    let picks: UInt32Array = (0..ROWS)
        .map(|row| (!is_null(row)).then_some(row as u32))
        .collect();
    columns
        .into_iter()
        .map(|(name, array)| (name, take(&array, &picks, None).unwrap()))
        .collect()
}

fn required(columns: Columns) -> RecordBatch {
    batch(columns, false)
}

fn optional(columns: Columns) -> RecordBatch {
    batch(columns, true)
}

fn batch(columns: Columns, nullable: bool) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), nullable))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn flat_batches() -> Vec<RecordBatch> {
    vec![
        required(flat()),
        optional(flat()),
        optional(with_nulls(flat(), |row| {
            row % 9 == 2 || scattered(row).is_multiple_of(2)
        })),
        optional(with_nulls(flat(), |row| row % 50 == 7)),
        optional(with_nulls(flat(), |row| (row / 100).is_multiple_of(2))),
        optional(with_nulls(flat(), |_| true)),
    ]
}

/// Lists in structs of the flat columns.
fn nested_batch() -> RecordBatch {
    let columns = flat().into_iter().map(|(name, array)| {
        let mut left = ROWS;
        let lens = (0..ROWS / 3).map(move |row| {
            let len = match row % 5 {
                0 => 0,
                _ => scattered(row) % 5,
            };
            let len = len.min(left);
            left -= len;
            len
        });
        let nulls: NullBuffer = (0..ROWS / 3).map(|row| row % 17 != 3).collect();
        let item = Arc::new(Field::new("item", array.data_type().clone(), true));
        let list = ListArray::new(item, OffsetBuffer::from_lengths(lens), array, Some(nulls));
        let field = Arc::new(Field::new("list", list.data_type().clone(), true));
        let list: ArrayRef = Arc::new(list);
        let structs: ArrayRef = Arc::new(StructArray::from(vec![(field, list)]));
        (name, structs)
    });
    required(columns.collect())
}

/// All pairs of settings.
fn all_settings() -> Vec<Settings> {
    let dictionaries = [(true, 1 << 20), (true, 1500), (true, 0), (false, 1 << 20)];
    pairs(&[2, dictionaries.len(), 3, 2, 3, 3])
        .into_iter()
        .map(|row| Settings {
            version: [1, 2][row[0]],
            dictionary: dictionaries[row[1]].0,
            dictionary_limit: dictionaries[row[1]].1,
            page_limit: [1 << 20, 3000, 100][row[2]],
            row_limit: [20_000, 700][row[3]],
            write_batch: [1024, 50, 1][row[4]],
            batch: [ROWS, 4096, 333][row[5]],
            ..Settings::DEFAULT
        })
        .collect()
}

#[test]
fn pages_of_flat_columns_end_where_they_do_elsewhere() {
    let batches = flat_batches();
    for (i, settings) in all_settings().into_iter().enumerate() {
        for batch in batches.iter().skip(i % 2).step_by(2) {
            assert_same_boundaries(settings, batch);
        }
    }
}

#[test]
fn pages_of_nested_columns_end_where_they_do_elsewhere() {
    let batch = nested_batch();
    for settings in all_settings() {
        assert_same_boundaries(settings, &batch);
    }
}

/// Arrow dictionaries, runs and lists whose slots are all present, in all the ways an array can say so.
fn present_in_every_way() -> Columns {
    let keys = || Int32Array::from_iter_values((0..ROWS).map(|row| (scattered(row) % 90) as i32));
    let place_for_nulls = |keys: Int32Array| {
        Int32Array::new(keys.values().clone(), Some(NullBuffer::new_valid(ROWS)))
    };
    let words = |len: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            (0..90).map(|i| format!("{i:0len$}")),
        ))
    };
    let growing: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..90).map(|i| "word ".repeat(i * i / 9)),
    ));
    let with_null: ArrayRef = Arc::new(StringArray::from_iter(
        (0..91).map(|i| (i < 90).then(|| format!("word {i}"))),
    ));
    let dictionary = |keys: Int32Array, values: ArrayRef| -> ArrayRef {
        Arc::new(DictionaryArray::<Int32Type>::new(keys, values))
    };
    let some_null =
        Int32Array::from_iter(keys().iter().enumerate().map(|(row, key)| {
            key.filter(|_| row >= ROWS / 2 || !scattered(row).is_multiple_of(5))
        }));
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let one_each = OffsetBuffer::from_lengths((0..ROWS).map(|_| 1));
    let runs = Int32Array::from_iter_values((1..=ROWS / 6).map(|run| run as i32 * 6));
    let run_words = StringArray::from_iter(
        (0..ROWS / 6).map(|run| (run > 0).then(|| format!("run {}", run / 2))),
    );
    let runs = RunArray::<Int32Type>::try_new(&runs, &run_words).unwrap();
    vec![
        ("none null", dictionary(keys(), words(4))),
        ("long words", dictionary(keys(), words(300))),
        ("words of many sizes", dictionary(keys(), growing)),
        (
            "keys with a place for nulls",
            dictionary(place_for_nulls(keys()), words(4)),
        ),
        ("a null that no key names", dictionary(keys(), with_null)),
        ("nulls in the first half", dictionary(some_null, words(4))),
        (
            "numbers with a place for nulls",
            Arc::new(place_for_nulls(keys())),
        ),
        (
            "lists of one",
            Arc::new(ListArray::new(item, one_each, Arc::new(keys()), None)),
        ),
        ("runs, the first null", Arc::new(runs)),
    ]
}

#[test]
fn pages_of_columns_without_nulls_end_where_they_do_elsewhere() {
    let batches = [optional(present_in_every_way()), {
        let mut columns = present_in_every_way();
        columns.retain(|(_, array)| array.logical_null_count() == 0);
        required(columns)
    }];
    let dictionaries = [(true, 1 << 20), (true, 900), (false, 0)];
    for row in pairs(&[3, dictionaries.len(), 2, 2]) {
        let settings = Settings {
            dictionary: dictionaries[row[1]].0,
            dictionary_limit: dictionaries[row[1]].1,
            row_limit: [20_000, 700, 30][row[0]],
            page_limit: [600, 100][row[2]],
            batch: [ROWS, 333][row[3]],
            ..Settings::DEFAULT
        };
        for batch in &batches {
            assert_same_boundaries(settings, &batch.slice(ROWS / 4, 1500));
            assert_same_boundaries(settings, &batch.slice(ROWS / 2, 1500));
        }
    }
}

#[test]
fn large_values_do_not_swell_pages() {
    let large = |row: usize| vec![row as u8; 1000 + scattered(row) % 9000];
    let some = (0..2000).map(|row| (row % 3 != 0).then(|| large(row)));
    let now_and_then = (0..2000).map(|row| vec![1; if row % 100 == 99 { 50_000 } else { 5 }]);
    let all = BinaryArray::from_iter_values((0..2000).map(large));
    let batch = optional(vec![
        ("large", Arc::new(all)),
        ("large, some null", Arc::new(BinaryArray::from_iter(some))),
        (
            "large now and then",
            Arc::new(BinaryArray::from_iter_values(now_and_then)),
        ),
    ]);
    for version in [1, 2] {
        for (dictionary, dictionary_limit) in [(true, 1 << 20), (true, 20_000), (false, 0)] {
            for page_limit in [1 << 20, 40_000] {
                let settings = Settings {
                    version,
                    dictionary,
                    dictionary_limit,
                    page_limit,
                    ..Settings::DEFAULT
                };
                assert_same_boundaries(settings, &batch);
            }
        }
    }
}

#[test]
fn row_groups_end_where_they_do_elsewhere() {
    let batches = flat_batches();
    for batch in [&batches[0], &batches[2]] {
        for (row_group_rows, row_group_bytes) in [
            (Some(1000), None),
            (Some(4096), None),
            (None, Some(100_000)),
            (Some(3000), Some(200_000)),
        ] {
            for size in [ROWS, 1024, 100] {
                let settings = Settings {
                    row_group_rows,
                    row_group_bytes,
                    batch: size,
                    ..Settings::DEFAULT
                };
                assert_same_boundaries(settings, batch);
            }
        }
    }
}

#[test]
fn a_byte_limit_counts_the_rows_that_fit() {
    let text = StringArray::from_iter_values((0..10).map(|i| format!("{i:0100}")));
    let field = Field::new("text", DataType::Utf8, false);
    let schema = Arc::new(Schema::new(vec![field]));
    let ten = RecordBatch::try_new(schema, vec![Arc::new(text)]).unwrap();
    let twenty = concat_batches(&ten.schema(), [&ten, &ten]).unwrap();
    let settings = Settings {
        dictionary: false,
        batch: 10,
        row_group_rows: Some(15),
        row_group_bytes: Some(1500),
        ..Settings::DEFAULT
    };
    let layout = Layout::read(&ours(settings, &twenty));
    assert_eq!(rows_of_groups(&layout), [14, 6]);
    assert_same_boundaries(settings, &twenty);
}
