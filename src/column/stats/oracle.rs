//! The same values through `parquet` and through ours: bounds, exactness and counts of a chunk.
//!
//! Two differences are meant, and ours is the closer bound in both. Where the last byte of a cut
//! maximum carries over, `parquet` writes the zeros that it leaves, and ours ends before them. And
//! `parquet` knows no successor of U+D7FF, the last character before the surrogates.

use std::sync::Arc;

use bytes::Bytes;
use parquet::data_type as peer;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use proptest::prelude::*;

use super::{Counts, StatsCollector, Truncation, chunk_statistics};
use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Picks, Values};
use crate::data_type::{ByteArray, Int96};
use crate::schema::parser::parse_message_type;
use crate::schema::types::SchemaDescriptor;

/// What both are compared by.
#[derive(Debug, PartialEq)]
struct Summary {
    min: Option<Vec<u8>>,
    max: Option<Vec<u8>>,
    is_exact: (bool, bool),
    nans: Option<u64>,
}

macro_rules! summary {
    ($statistics:expr) => {{
        let statistics = $statistics;
        Summary {
            min: statistics.min_bytes_opt().map(<[u8]>::to_vec),
            max: statistics.max_bytes_opt().map(<[u8]>::to_vec),
            is_exact: (statistics.min_is_exact(), statistics.max_is_exact()),
            nans: statistics.nan_count_opt(),
        }
    }};
}

fn message(column: &str) -> String {
    format!("message m {{ required {column}; }}")
}

fn peers<T: peer::DataType>(column: &str, values: &[T::T], cut: Option<usize>) -> Summary {
    let schema = parquet::schema::parser::parse_message_type(&message(column)).unwrap();
    let properties = WriterProperties::builder()
        .set_statistics_truncate_length(cut)
        .set_data_page_row_count_limit(5)
        .set_write_batch_size(5)
        .build();
    let mut file = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut chunk = group.next_column().unwrap().unwrap();
    chunk.typed::<T>().write_batch(values, None, None).unwrap();
    chunk.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let mut summary = summary!(
        reader
            .metadata()
            .row_group(0)
            .column(0)
            .statistics()
            .unwrap()
    );
    if let (Some(max), (_, false)) = (&mut summary.max, summary.is_exact) {
        let carried = max.iter().rev().take_while(|byte| **byte == 0).count();
        max.truncate(max.len() - carried);
    }
    summary
}

fn ours(column: &str, mut values: Values<'_>, cut: Option<usize>) -> Summary {
    let schema = parse_message_type(&message(column)).unwrap();
    let schema = SchemaDescriptor::new(Arc::new(schema));
    let descr = schema.column(0);
    let mut stats = StatsCollector::new(&descr);
    while values.len() > 0 {
        stats.update(&values.take_front(5));
        let page = stats.finish_page();
        stats.recycle(page);
    }
    let counts = Counts {
        nulls: 0,
        distinct: None,
    };
    let truncation = Truncation::new(&descr, cut);
    summary!(chunk_statistics(
        &descr,
        &stats.chunk(),
        &truncation,
        counts
    ))
}

fn check_strings(column: &str, values: &[Vec<u8>], cut: Option<usize>) {
    let arrays: Vec<ByteArray> = values.iter().cloned().map(ByteArray::from).collect();
    let picks = Picks::Range {
        from: 0,
        len: arrays.len(),
    };
    let ours = ours(
        column,
        Values::Bytes(ByteValues::new(ByteSource::Arrays(&arrays), picks)),
        cut,
    );
    let values: Vec<peer::ByteArray> = values.iter().cloned().map(peer::ByteArray::from).collect();
    assert_eq!(
        ours,
        peers::<peer::ByteArrayType>(column, &values, cut),
        "{column}, cut {cut:?}"
    );
}

fn check_fixed(column: &str, values: &[Vec<u8>], cut: Option<usize>) {
    let data = values.concat();
    let width = values.first().map_or(1, Vec::len);
    let ours = ours(column, Values::Fixed(FixedValues::new(&data, width)), cut);
    let values: Vec<peer::FixedLenByteArray> = values
        .iter()
        .cloned()
        .map(peer::FixedLenByteArray::from)
        .collect();
    assert_eq!(
        ours,
        peers::<peer::FixedLenByteArrayType>(column, &values, cut),
        "{column}, cut {cut:?}"
    );
}

macro_rules! check_numbers {
    ($column:expr, $peer:ident, $variant:ident, $values:expr) => {{
        let values = $values;
        let ours = ours($column, Values::$variant(values), None);
        assert_eq!(
            ours,
            peers::<peer::$peer>($column, values, None),
            "{}",
            $column
        );
    }};
}

/// Text that is hard to cut: the first and last characters of each length.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let character = prop::sample::select(vec![
        'a',
        'b',
        '\u{7e}',
        '\u{7f}',
        '\u{80}',
        '\u{7ff}',
        '\u{800}',
        '\u{e000}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10ffff}',
    ]);
    prop::collection::vec(character, 0..12)
        .prop_map(|text| text.into_iter().collect::<String>().into_bytes())
}

fn raw() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop::sample::select(vec![0u8, 1, 0x7f, 0x80, 0xfe, 0xff]),
        0..12,
    )
}

fn cut() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![Just(None), (1usize..10).prop_map(Some)]
}

fn odd_bits() -> impl Strategy<Value = u64> {
    let special = [
        0.0,
        -0.0,
        1.5,
        -1.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        -f64::NAN,
    ];
    prop_oneof![
        prop::sample::select(special.map(f64::to_bits).to_vec()),
        any::<u64>(),
        Just(f64::NAN.to_bits() | 1),
    ]
}

fn float16() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        0u16, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0xfe01,
    ])
    .prop_map(|bits| bits.to_le_bytes().to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn cut_text_is_that_of_the_peer(values in prop::collection::vec(text(), 1..12), cut in cut()) {
        for annotation in ["", "(STRING)", "(UTF8)", "(JSON)", "(ENUM)", "(BSON)"] {
            check_strings(&format!("binary a {annotation}"), &values, cut);
        }
    }

    #[test]
    fn cut_bytes_are_those_of_the_peer(values in prop::collection::vec(raw(), 1..12), cut in cut()) {
        for annotation in ["", "(STRING)"] {
            check_strings(&format!("binary a {annotation}"), &values, cut);
        }
        let widened = values.iter().map(|value| [value, &vec![0xff; 12 - value.len()][..]].concat());
        let wide: Vec<Vec<u8>> = widened.collect();
        check_fixed("fixed_len_byte_array(12) a", &wide, cut);
        check_fixed("fixed_len_byte_array(12) a (DECIMAL(20, 2))", &wide, cut);
        let filled = values.into_iter().map(|value| if value.is_empty() { vec![0] } else { value });
        let numbers: Vec<Vec<u8>> = filled.collect();
        check_strings("binary a (DECIMAL(9, 2))", &numbers, cut);
    }

    #[test]
    fn bounds_of_numbers_are_those_of_the_peer(bits in prop::collection::vec(odd_bits(), 1..40)) {
        let (wide, narrow): (Vec<i64>, Vec<i32>) = bits.iter().map(|bits| (*bits as i64, (bits >> 32) as i32)).unzip();
        check_numbers!("int64 a", Int64Type, Int64, &wide);
        check_numbers!("int64 a (INTEGER(64, false))", Int64Type, Int64, &wide);
        check_numbers!("int64 a (DECIMAL(18, 2))", Int64Type, Int64, &wide);
        check_numbers!("int32 a", Int32Type, Int32, &narrow);
        check_numbers!("int32 a (INTEGER(8, false))", Int32Type, Int32, &narrow);
        check_numbers!("int32 a (DATE)", Int32Type, Int32, &narrow);
        let doubles: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
        let floats: Vec<f32> = bits.iter().map(|bits| f32::from_bits((bits >> 32) as u32)).collect();
        check_numbers!("double a", DoubleType, Double, &doubles);
        check_numbers!("float a", FloatType, Float, &floats);
        let days: Vec<[u32; 3]> = bits.iter().map(|bits| [*bits as u32, 7, (bits >> 32) as u32 % 3]).collect();
        let times: Vec<Int96> = days.iter().copied().map(Int96::from).collect();
        let peers_times: Vec<peer::Int96> = days.iter().map(|words| peer::Int96::from(words.to_vec())).collect();
        prop_assert_eq!(
            ours("int96 a", Values::Int96(&times), None),
            peers::<peer::Int96Type>("int96 a", &peers_times, None)
        );
    }

    #[test]
    fn bounds_of_half_floats_are_those_of_the_peer(values in prop::collection::vec(float16(), 1..30)) {
        check_fixed("fixed_len_byte_array(2) a (FLOAT16)", &values, Some(1));
    }

    #[test]
    fn columns_without_an_order_have_no_bounds_with_the_peer_either(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 12), 1..5),
    ) {
        check_fixed("fixed_len_byte_array(12) a (INTERVAL)", &values, None);
    }
}
