//! Column and offset indexes, built page by page, beside the independent implementation's.

use parquet::file::metadata as oracle;
use parquet::file::page_index::column_index as oracle_index;

use super::*;
use crate::basic::{BoundaryOrder, Type};
use crate::data_type::{ByteArray, FixedLenByteArray, Int96};
use crate::meta::page_index::column_index::{ColumnIndexIterators, ColumnIndexMetaData};

#[test]
fn integer_bounds_come_back_and_null_pages_have_none() {
    let mut builder = ColumnIndexBuilder::new(Type::INT32);
    builder.append(
        false,
        (-5_i32).to_le_bytes().to_vec(),
        7_i32.to_le_bytes().to_vec(),
        1,
        None,
    );
    builder.append(true, vec![9], Vec::new(), 4, None);
    builder.set_boundary_order(BoundaryOrder::ASCENDING);
    let index = builder.build().unwrap();
    let ColumnIndexMetaData::INT32(typed) = &index else {
        panic!("{index:?}");
    };
    assert_eq!(typed.min_values(), [-5, 0]);
    assert_eq!(typed.min_value(0), Some(&-5));
    assert_eq!(typed.max_value(1), None);
    assert_eq!(typed.max_value(2), None);
    assert_eq!(
        typed.max_values_iter().collect::<Vec<_>>(),
        [Some(&7), None]
    );
    assert!(index.is_sorted());
    assert_eq!(index.num_pages(), 2);
    assert_eq!(index.null_counts(), Some(&vec![1, 4]));
    assert_eq!((index.null_count(1), index.null_count(2)), (Some(4), None));
    assert_eq!(
        (index.is_null_page(1), index.is_null_page(2)),
        (true, false)
    );
    assert_eq!(index.nan_counts(), None);
    assert_eq!(index.definition_level_histogram(0), None);
}

#[test]
fn byte_array_bounds_share_one_buffer() {
    let mut builder = ColumnIndexBuilder::new(Type::BYTE_ARRAY);
    builder.append(true, b"dropped".to_vec(), Vec::new(), 2, None);
    builder.append(false, Vec::new(), b"zz".to_vec(), 0, None);
    builder.append(false, b"a".to_vec(), b"b".to_vec(), 0, None);
    let index = builder.build().unwrap();
    let ColumnIndexMetaData::BYTE_ARRAY(typed) = &index else {
        panic!("{index:?}");
    };
    let none: Option<&[u8]> = None;
    let min: Vec<_> = typed.min_values_iter().collect();
    let max: Vec<_> = typed.max_values_iter().collect();
    assert_eq!(min, [none, Some(b""), Some(b"a")]);
    assert_eq!(max, [none, Some(b"zz"), Some(b"b")]);
    assert!(!index.is_sorted());
}

#[test]
fn bounds_can_be_read_as_values_of_their_type_and_of_no_other() {
    fn bounds_of<T: ColumnIndexIterators>(index: &ColumnIndexMetaData) -> Vec<Option<T::Item>> {
        T::min_values_iter(index)
            .chain(T::max_values_iter(index))
            .collect()
    }
    fn index_of(physical_type: Type, min: &[u8], max: &[u8]) -> ColumnIndexMetaData {
        let mut builder = ColumnIndexBuilder::new(physical_type);
        builder.append(false, min.to_vec(), max.to_vec(), 0, None);
        builder.append(true, Vec::new(), Vec::new(), 0, None);
        builder.build().unwrap()
    }
    let index = index_of(Type::BOOLEAN, &[0], &[1]);
    assert_eq!(
        bounds_of::<bool>(&index),
        [Some(false), None, Some(true), None]
    );
    assert_eq!(bounds_of::<i32>(&index), []);
    let index = index_of(Type::INT64, &1_i64.to_le_bytes(), &2_i64.to_le_bytes());
    assert_eq!(bounds_of::<i64>(&index), [Some(1), None, Some(2), None]);
    let index = index_of(Type::INT96, &[0; 12], &[1; 12]);
    let ones = Int96::from([0x0101_0101; 3]);
    assert_eq!(
        bounds_of::<Int96>(&index),
        [Some(Int96::new()), None, Some(ones), None]
    );
    let index = index_of(Type::FLOAT, &1_f32.to_le_bytes(), &2_f32.to_le_bytes());
    assert_eq!(bounds_of::<f32>(&index), [Some(1.0), None, Some(2.0), None]);
    let index = index_of(Type::DOUBLE, &1_f64.to_le_bytes(), &2_f64.to_le_bytes());
    assert_eq!(bounds_of::<f64>(&index), [Some(1.0), None, Some(2.0), None]);
    let index = index_of(Type::BYTE_ARRAY, b"a", b"bc");
    let text = |text: &str| Some(ByteArray::from(text));
    assert_eq!(
        bounds_of::<ByteArray>(&index),
        [text("a"), None, text("bc"), None]
    );
    let index = index_of(Type::FIXED_LEN_BYTE_ARRAY, b"a", b"b");
    let fixed = |text: &str| Some(FixedLenByteArray::from(ByteArray::from(text)));
    assert_eq!(
        bounds_of::<FixedLenByteArray>(&index),
        [fixed("a"), None, fixed("b"), None]
    );
    assert_eq!(bounds_of::<ByteArray>(&index), []);
}

#[test]
fn histograms_are_cut_by_page() {
    let mut builder = ColumnIndexBuilder::new(Type::DOUBLE);
    for page in 0..3_i64 {
        builder.append(true, Vec::new(), Vec::new(), page, Some(page));
        builder.append_histograms(&Some(vec![page, page + 1].into()), &None);
    }
    let index = builder.build().unwrap();
    assert_eq!(index.repetition_level_histogram(1), Some(&[1, 2][..]));
    assert_eq!(index.repetition_level_histogram(3), None);
    assert_eq!(index.definition_level_histogram(1), None);
    assert_eq!(index.nan_counts(), Some(&vec![0, 1, 2]));
    assert_eq!((index.nan_count(2), index.nan_count(3)), (Some(2), None));
}

#[test]
fn an_index_that_was_given_up_cannot_be_built() {
    let mut builder = ColumnIndexBuilder::new(Type::INT32);
    builder.append(false, vec![0; 4], vec![0; 4], 0, None);
    assert!(builder.valid());
    builder.to_invalid();
    builder.append(false, vec![0; 4], vec![0; 4], 0, None);
    assert!(!builder.valid());
    assert!(builder.build().is_err());
}

#[test]
fn bounds_of_a_wrong_width_and_partial_nan_counts_are_errors() {
    let mut builder = ColumnIndexBuilder::new(Type::INT32);
    builder.append(false, vec![0; 3], vec![0; 4], 0, None);
    let mut theirs = oracle::ColumnIndexBuilder::new(parquet::basic::Type::INT32);
    theirs.append(false, vec![0; 3], vec![0; 4], 0, None);
    assert_eq!(
        builder.build().unwrap_err().to_string(),
        theirs.build().unwrap_err().to_string()
    );
    let mut builder = ColumnIndexBuilder::new(Type::FLOAT);
    builder.append(true, Vec::new(), Vec::new(), 0, Some(1));
    builder.append(true, Vec::new(), Vec::new(), 0, None);
    let error = builder.build().unwrap_err().to_string();
    assert!(
        error.contains("NaN counts are known for 1 of 2 pages"),
        "{error}"
    );
}

#[test]
fn an_index_without_pages_equals_the_oracles() {
    let ours = ColumnIndexBuilder::new(Type::INT32).build().unwrap();
    let theirs = oracle::ColumnIndexBuilder::new(parquet::basic::Type::INT32)
        .build()
        .unwrap();
    assert!(matches!(
        theirs,
        oracle_index::ColumnIndexMetaData::INT32(_)
    ));
    assert_eq!(ours.num_pages(), theirs.num_pages());
    assert_eq!(ours.null_counts(), theirs.null_counts());
    assert_eq!(ours.nan_counts(), theirs.nan_counts());
}

#[test]
fn first_rows_add_up_the_rows_before() {
    let mut builder = OffsetIndexBuilder::new();
    let mut theirs = oracle::OffsetIndexBuilder::new();
    for (rows, offset, unencoded) in [(5, 4, None), (7, 14, Some(9)), (0, 24, Some(0))] {
        builder.append_row_count(rows);
        builder.append_offset_and_size(offset, 10);
        builder.append_unencoded_byte_array_data_bytes(unencoded);
        theirs.append_row_count(rows);
        theirs.append_offset_and_size(offset, 10);
        theirs.append_unencoded_byte_array_data_bytes(unencoded);
    }
    assert_eq!(
        format!("{:?}", builder.build()),
        format!("{:?}", theirs.build())
    );
    let empty = OffsetIndexBuilder::new().build();
    assert_eq!(
        format!("{empty:?}"),
        format!("{:?}", oracle::OffsetIndexBuilder::new().build())
    );
}

#[test]
fn heap_sizes_count_all_vectors() {
    let mut builder = ColumnIndexBuilder::new(Type::INT64);
    builder.append(false, vec![0; 8], vec![0; 8], 0, None);
    let index = builder.build().unwrap();
    // At least one null flag, one null count and two bounds.
    assert!(index.memory_size() >= 1 + 8 + 16);
    assert!(index.memory_size() <= 8 * (1 + 8 + 16));
}
