//! The order that a column index states is the order of the bounds that stand in it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, Float64Array, RecordBatch, StringArray,
};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::data_type::{Int96, Int96Type};
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};
use herringbone::file::writer::SerializedFileWriter;
use herringbone::schema::parser::parse_message_type;
use parquet::basic::BoundaryOrder;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use proptest::collection::vec;
use proptest::prelude::*;

/// What the index says, and what follows from the bounds in it when each is seen as `key`.
fn stated_and_found(file: Vec<u8>) -> (BoundaryOrder, BoundaryOrder) {
    let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    let metadata = reader.parse_and_finish(&Bytes::from(file)).unwrap();
    let indexes = metadata.page_index_for_row_group(0);
    let index = indexes.column_index(0).unwrap();
    let found = match index {
        ColumnIndexMetaData::BYTE_ARRAY(index) => {
            order_of(index.min_values_iter(), index.max_values_iter(), |text| {
                text.to_vec()
            })
        }
        ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) => {
            order_of(index.min_values_iter(), index.max_values_iter(), |number| {
                let number: [u8; 16] = number.try_into().unwrap();
                i128::from_be_bytes(number)
            })
        }
        ColumnIndexMetaData::DOUBLE(index) => {
            // What `f64::total_cmp` is defined by.
            order_of(index.min_values_iter(), index.max_values_iter(), |number| {
                let bits = number.to_bits().cast_signed();
                bits ^ (bits >> 63).cast_unsigned().wrapping_shr(1).cast_signed()
            })
        }
        ColumnIndexMetaData::INT96(index) => {
            order_of(index.min_values_iter(), index.max_values_iter(), |time| {
                let [low, high, day] = time.data().try_into().unwrap();
                (day, high, low)
            })
        }
        other => panic!("no key for {other:?}"),
    };
    (index.get_boundary_order().unwrap(), found)
}

fn order_of<B, K: Ord>(
    min: impl Iterator<Item = Option<B>>,
    max: impl Iterator<Item = Option<B>>,
    key: impl Fn(B) -> K,
) -> BoundaryOrder {
    let min: Vec<K> = min.flatten().map(&key).collect();
    let max: Vec<K> = max.flatten().map(&key).collect();
    if min.is_sorted() && max.is_sorted() {
        return BoundaryOrder::ASCENDING;
    }
    let descends = |bounds: &[K]| bounds.is_sorted_by(|a, b| a >= b);
    match descends(&min) && descends(&max) {
        true => BoundaryOrder::DESCENDING,
        false => BoundaryOrder::UNORDERED,
    }
}

/// Pages of `rows` rows, bounds cut to `cut`.
fn pages(rows: usize, cut: Option<usize>) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_data_page_row_count_limit(rows)
        .set_write_batch_size(rows)
        .set_column_index_truncate_length(cut)
}

fn written(column: ArrayRef, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable([("c", column, true)]).unwrap();
    let properties = Some(properties.build());
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn assert_states_its_order(column: ArrayRef, rows: usize, cut: Option<usize>) {
    let (stated, found) = stated_and_found(written(column, pages(rows, cut)));
    assert_eq!(stated, found);
}

/// Sorted or not: most orders come from sorted columns.
fn arranged<T: Clone + PartialOrd>(values: &[T], way: u8) -> Vec<T> {
    let mut values = values.to_vec();
    let compare = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
    match way {
        0 => values.sort_by(compare),
        1 => values.sort_by(|a, b| compare(b, a)),
        _ => {}
    }
    values
}

/// Text in which characters of all lengths, and those without a successor of their length, stand at a cut.
fn text() -> impl Strategy<Value = String> {
    let characters = [
        "a",
        "b",
        "\u{7f}",
        "é",
        "\u{7ff}",
        "\u{800}",
        "\u{ffff}",
        "\u{10ffff}",
    ];
    vec(prop::sample::select(characters.to_vec()), 0..6).prop_map(|characters| characters.concat())
}

/// A cut that keeps whole bounds, one shorter than a character, and others.
fn cut() -> impl Strategy<Value = Option<usize>> {
    prop::option::of(1_usize..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn of_text(values in vec(prop::option::weighted(0.8, text()), 1..7), way in 0_u8..3, rows in 1_usize..3, cut in cut()) {
        assert_states_its_order(Arc::new(StringArray::from(arranged(&values, way))), rows, cut);
    }

    #[test]
    fn of_bytes(
        values in vec(prop::option::weighted(0.8, vec(prop::sample::select(vec![0_u8, 1, 0x7f, 0xff]), 0..6)), 1..7),
        way in 0_u8..3, rows in 1_usize..3, cut in cut(),
    ) {
        let values = arranged(&values, way);
        assert_states_its_order(Arc::new(BinaryArray::from_iter(values)), rows, cut);
    }

    #[test]
    fn of_decimals(values in vec(prop::option::weighted(0.8, -300_i128..300), 1..7), way in 0_u8..3, rows in 1_usize..3, cut in cut()) {
        let values = Decimal128Array::from(arranged(&values, way));
        let values = values.with_precision_and_scale(38, 2).unwrap();
        assert_states_its_order(Arc::new(values), rows, cut);
    }

    #[test]
    fn of_floats(
        values in vec(prop::sample::select(vec![None, Some(f64::NAN), Some(-f64::NAN), Some(-0.0), Some(0.0), Some(1.5), Some(f64::NEG_INFINITY)]), 1..7),
        way in 0_u8..3, rows in 1_usize..3,
    ) {
        assert_states_its_order(Arc::new(Float64Array::from(arranged(&values, way))), rows, None);
    }

    #[test]
    fn of_int96(values in vec((0_u32..3, 0_u32..3, 0_u32..3), 1..7), way in 0_u8..3, rows in 1_usize..3) {
        let schema = parse_message_type("message m { required int96 c; }").unwrap();
        let properties = Arc::new(pages(rows, None).build());
        let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).unwrap();
        let mut row_group = file.next_row_group().unwrap();
        let mut column = row_group.next_column().unwrap().unwrap();
        let values: Vec<Int96> = arranged(&values, way)
            .into_iter()
            .map(|(day, high, low)| Int96::from(vec![low, high, day]))
            .collect();
        column.typed::<Int96Type>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
        row_group.close().unwrap();
        let (stated, found) = stated_and_found(file.into_inner().unwrap());
        prop_assert_eq!(stated, found);
    }
}

/// The second minimum is cut before the character that does not fit, and becomes less than the first.
#[test]
fn cutting_may_turn_minima_round() {
    let a = "a".repeat(63);
    let texts = StringArray::from(vec![format!("{a}z"), format!("{a}é")]);
    let (stated, found) = stated_and_found(written(Arc::new(texts), pages(1, Some(64))));
    assert_eq!(
        (stated, found),
        (BoundaryOrder::UNORDERED, BoundaryOrder::UNORDERED)
    );
}

/// The second maximum is cut behind a character without a successor of its length: the one in front is made larger.
#[test]
fn cutting_may_turn_maxima_round() {
    let a = "a".repeat(61);
    let texts = StringArray::from(vec![format!("{a}\u{800}"), format!("{a}\u{7ff}é")]);
    let (stated, found) = stated_and_found(written(Arc::new(texts), pages(1, Some(64))));
    assert_eq!(
        (stated, found),
        (BoundaryOrder::UNORDERED, BoundaryOrder::UNORDERED)
    );
}

/// What is out of order may be in order as far as it is stored.
#[test]
fn cutting_may_bring_order() {
    let texts = StringArray::from(vec!["ab", "aa"]);
    let (stated, found) = stated_and_found(written(Arc::new(texts), pages(1, Some(1))));
    assert_eq!(
        (stated, found),
        (BoundaryOrder::ASCENDING, BoundaryOrder::ASCENDING)
    );
}
