//! Bounds against comparison one by one, and cut bounds against what they have to bound.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::StringViewArray;
use arrow_buffer::Buffer;
use proptest::prelude::*;

use super::bytes::prefix;
use super::order::compare_signed;
use super::truncate::Exactness;
use super::*;
use crate::basic::{BoundaryOrder, LogicalType, Type};
use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Picks, Values};
use crate::data_type::{AsBytes, ByteArray, Int96};
use crate::schema::types::{ColumnDescriptor, ColumnPath, Type as SchemaType};

fn column(physical: Type, logical: Option<LogicalType>, len: i32) -> ColumnDescriptor {
    let mut builder =
        SchemaType::primitive_type_builder("c", physical).with_logical_type(logical.clone());
    if physical == Type::FIXED_LEN_BYTE_ARRAY {
        builder = builder.with_length(len);
    }
    if let Some(LogicalType::Decimal(decimal)) = logical {
        builder = builder
            .with_precision(decimal.precision)
            .with_scale(decimal.scale);
    }
    ColumnDescriptor::new(
        Arc::new(builder.build().unwrap()),
        0,
        0,
        ColumnPath::from("c"),
    )
}

/// A minimum and a maximum, in PLAIN.
type MinMax = (Vec<u8>, Vec<u8>);

/// Bounds of `values`, fed in pieces of `step` with a page cut after every third.
fn collected(
    descr: &ColumnDescriptor,
    mut values: Values<'_>,
    step: usize,
) -> (Option<MinMax>, Option<u64>) {
    let mut stats = StatsCollector::new(descr);
    let mut pieces = 0;
    while values.len() > 0 {
        stats.update(&values.take_front(step));
        pieces += 1;
        if pieces % 3 == 0 {
            let page = stats.finish_page();
            assert!(page.as_bounds().min_max.is_some());
            stats.recycle(page);
        }
    }
    let page = stats.finish_page();
    stats.recycle(page);
    let chunk = stats.chunk();
    (
        chunk.min_max.map(|(min, max)| (min.to_vec(), max.to_vec())),
        chunk.nan_count,
    )
}

fn naive<T: Copy>(
    values: &[T],
    compare: impl Fn(&T, &T) -> Ordering + Copy,
    bytes: impl Fn(T) -> Vec<u8>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let min = values.iter().copied().min_by(compare)?;
    let max = values.iter().copied().max_by(compare)?;
    Some((bytes(min), bytes(max)))
}

fn bytes_of(values: &[ByteArray]) -> Values<'_> {
    Values::Bytes(ByteValues::new(
        ByteSource::Arrays(values),
        Picks::Range {
            from: 0,
            len: values.len(),
        },
    ))
}

/// Floats among which not-a-numbers, zeros and infinities of both signs are common.
fn odd_f64() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, -f64::NAN, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1.0]),
    ]
}

proptest! {
    #[test]
    fn integers_compare_as_their_type_says(values in prop::collection::vec(any::<i64>(), 0..200), step in 1usize..70) {
        let narrow: Vec<i32> = values.iter().map(|value| *value as i32).collect();
        let signed = column(Type::INT64, None, 0);
        let unsigned = column(Type::INT64, Some(LogicalType::integer(64, false)), 0);
        let expected = naive(&values, Ord::cmp, |v| v.to_le_bytes().to_vec());
        prop_assert_eq!(collected(&signed, Values::Int64(&values), step).0, expected);
        let expected = naive(&values, |a, b| (*a as u64).cmp(&(*b as u64)), |v| v.to_le_bytes().to_vec());
        prop_assert_eq!(collected(&unsigned, Values::Int64(&values), step).0, expected);
        let expected = naive(&narrow, Ord::cmp, |v| v.to_le_bytes().to_vec());
        prop_assert_eq!(collected(&column(Type::INT32, None, 0), Values::Int32(&narrow), step).0, expected);
        let unsigned = column(Type::INT32, Some(LogicalType::integer(32, false)), 0);
        let expected = naive(&narrow, |a, b| (*a as u32).cmp(&(*b as u32)), |v| v.to_le_bytes().to_vec());
        prop_assert_eq!(collected(&unsigned, Values::Int32(&narrow), step).0, expected);
    }

    #[test]
    fn not_a_numbers_count_only_without_numbers(values in prop::collection::vec(odd_f64(), 0..60), step in 1usize..30) {
        let numbers: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        let relevant = if numbers.is_empty() { &values } else { &numbers };
        let expected = naive(relevant, f64::total_cmp, |v| v.to_le_bytes().to_vec());
        let nans = (values.len() - numbers.len()) as u64;
        prop_assert_eq!(collected(&column(Type::DOUBLE, None, 0), Values::Double(&values), step), (expected, Some(nans)));

        let narrow: Vec<f32> = values.iter().map(|v| *v as f32).collect();
        let numbers: Vec<f32> = narrow.iter().copied().filter(|v| !v.is_nan()).collect();
        let relevant = if numbers.is_empty() { &narrow } else { &numbers };
        let expected = naive(relevant, f32::total_cmp, |v| v.to_le_bytes().to_vec());
        prop_assert_eq!(collected(&column(Type::FLOAT, None, 0), Values::Float(&narrow), step).0, expected);

        let halves: Vec<half::f16> = values.iter().map(|v| half::f16::from_f64(*v)).collect();
        let data: Vec<u8> = halves.iter().flat_map(|v| v.to_le_bytes()).collect();
        let numbers: Vec<half::f16> = halves.iter().copied().filter(|v| !v.is_nan()).collect();
        let relevant = if numbers.is_empty() { &halves } else { &numbers };
        let expected = naive(relevant, half::f16::total_cmp, |v| v.to_le_bytes().to_vec());
        let descr = column(Type::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16), 2);
        let found = collected(&descr, Values::Fixed(FixedValues::new(&data, 2)), step);
        prop_assert_eq!(found, (expected, Some((halves.len() - numbers.len()) as u64)));
    }

    #[test]
    fn what_stands_behind_a_short_string_in_its_view_does_not_count(
        strings in prop::collection::vec((0u32..=12, prop::collection::vec(0u8..3, 12)), 1..40),
        longest in prop_oneof![Just(7u32), Just(12)],
        long in any::<bool>(),
    ) {
        let strings: Vec<_> = strings.iter().map(|(len, bytes)| ((*len).min(longest), bytes)).collect();
        let view = |len: u32, bytes: &[u8]| {
            let mut view = len.to_le_bytes().to_vec();
            view.extend_from_slice(bytes);
            u128::from_le_bytes(view.try_into().unwrap())
        };
        let mut views: Vec<u128> = strings.iter().map(|(len, bytes)| view(*len, bytes)).collect();
        let mut values: Vec<&[u8]> =
            strings.iter().map(|(len, bytes)| &bytes[..*len as usize]).collect();
        let buffer = Buffer::from(vec![1u8; 20]);
        if long {
            views.push(view(20, &[1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
            values.push(&[1; 20]);
        }
        let buffers = [buffer];
        let source = ByteSource::Views { views: &views, buffers: &buffers };
        let bytes = ByteValues::new(source, Picks::Range { from: 0, len: views.len() });
        let (bounds, _) = collected(&column(Type::BYTE_ARRAY, None, -1), Values::Bytes(bytes), 11);
        let (min, max) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        prop_assert_eq!(bounds, Some((min.to_vec(), max.to_vec())));
    }

    #[test]
    fn byte_strings_that_begin_alike_compare_by_what_follows(
        front in "[a-b]{0,40}",
        ends in prop::collection::vec("[a-b\\x00]{0,20}", 1..40),
        other in "[a-b]{0,20}",
    ) {
        let mut values: Vec<String> = ends.iter().map(|end| format!("{front}{end}")).collect();
        for with_other in [false, true] {
            if with_other {
                values.insert(values.len() / 2, other.clone());
            }
            let arrays: Vec<ByteArray> = values.iter().map(|value| value.as_str().into()).collect();
            let bytes = ByteValues::new(
                ByteSource::Arrays(&arrays),
                Picks::Range { from: 0, len: arrays.len() },
            );
            let column = column(Type::BYTE_ARRAY, None, -1);
            let (min, max) = (values.iter().min().unwrap(), values.iter().max().unwrap());
            let expected = Some((min.clone().into_bytes(), max.clone().into_bytes()));
            let (bounds, _) = collected(&column, Values::Bytes(bytes), arrays.len());
            prop_assert_eq!(&bounds, &expected);

            let viewed = StringViewArray::from_iter_values(&values);
            let source = ByteSource::Views {
                views: viewed.views(),
                buffers: viewed.data_buffers(),
            };
            let picks: Vec<u32> = (0..).take(values.len()).collect();
            let range = Picks::Range { from: 0, len: picks.len() };
            for picks in [range, Picks::Indices(&picks)] {
                let bytes = Values::Bytes(ByteValues::new(source, picks));
                prop_assert_eq!(&collected(&column, bytes, 7).0, &expected);
            }
        }
    }

    #[test]
    fn byte_strings_compare_byte_by_byte(
        values in prop::collection::vec(prop::collection::vec(prop::sample::select(vec![0u8, 1, 65, 255]), 0..12), 0..50),
        step in 1usize..20,
    ) {
        let arrays: Vec<ByteArray> = values.iter().cloned().map(ByteArray::from).collect();
        let refs: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let expected = naive(&refs, |a, b| a.cmp(b), <[u8]>::to_vec);
        prop_assert_eq!(collected(&column(Type::BYTE_ARRAY, None, 0), bytes_of(&arrays), step).0, expected);
        for pair in refs.windows(2) {
            if prefix(pair[0]) < prefix(pair[1]) {
                prop_assert!(pair[0] < pair[1]);
            }
        }
    }

    #[test]
    fn decimals_compare_as_signed_numbers(values in prop::collection::vec(any::<i128>(), 0..50), width in 1usize..17, step in 1usize..20) {
        let cut: Vec<i128> = values.iter().map(|v| v >> (128 - 8 * width)).collect();
        let data: Vec<u8> = cut.iter().flat_map(|v| v.to_be_bytes()[16 - width..].to_vec()).collect();
        let bytes = |v: i128| v.to_be_bytes()[16 - width..].to_vec();
        let descr = column(Type::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(0, 1)), width as i32);
        let found = collected(&descr, Values::Fixed(FixedValues::new(&data, width)), step).0;
        prop_assert_eq!(found, naive(&cut, Ord::cmp, bytes));
        // Unequal lengths: sign bytes in front are dropped.
        let short: Vec<Vec<u8>> = cut.iter().map(|v| shortest(*v)).collect();
        for pair in short.windows(2).zip(cut.windows(2)) {
            prop_assert_eq!(compare_signed(&pair.0[0], &pair.0[1]), pair.1[0].cmp(&pair.1[1]));
        }
    }

    #[test]
    fn cut_bounds_still_bound(text in "\\PC{0,30}", len in 1usize..20, raw in prop::collection::vec(any::<u8>(), 0..30)) {
        let text_column = column(Type::BYTE_ARRAY, Some(LogicalType::String), 0);
        for (descr, value) in [(text_column, text.as_bytes()), (column(Type::BYTE_ARRAY, None, 0), &raw[..])] {
            let truncation = Truncation::new(&descr, Some(len));
            let (min, min_exact) = truncation.min(value);
            let (max, max_exact) = truncation.max(value);
            prop_assert!(*min <= *value && *value <= *max);
            prop_assert_eq!(min_exact == Exactness::Exact, *min == *value);
            prop_assert_eq!(max_exact == Exactness::Exact, *max == *value);
            prop_assert!(min_exact == Exactness::Exact || (min.len() <= len && value.starts_with(&min)));
            if max_exact == Exactness::Bound {
                prop_assert!(max.len() <= len);
                // Not only this value but everything with the same prefix is bounded.
                let mut longer = value[..len.min(value.len())].to_vec();
                if std::str::from_utf8(&max).is_ok() && std::str::from_utf8(value).is_ok() {
                    longer = value.to_vec();
                }
                prop_assert!(longer <= max.to_vec());
            }
            if descr.logical_type_ref().is_some() {
                prop_assert!(std::str::from_utf8(&min).is_ok() && std::str::from_utf8(&max).is_ok());
            }
        }
    }

    #[test]
    fn bounds_that_are_kept_in_part_are_cut_as_whole_ones(
        texts in prop::collection::vec("[aé中\u{7FF}\u{10FFFF}]{0,12}", 1..20),
        raw in prop::collection::vec(prop::collection::vec(prop::sample::select(vec![1u8, 127, 128, 200, 255]), 0..14), 1..20),
        lens in (4usize..9, 4usize..9),
        wholes in prop::sample::select(vec![(usize::MAX, usize::MAX), (9, 9), (20, 12), (9, usize::MAX)]),
    ) {
        let texts = texts.into_iter().map(String::into_bytes).collect();
        let text_column = column(Type::BYTE_ARRAY, Some(LogicalType::String), 0);
        for (descr, values) in [(text_column, texts), (column(Type::BYTE_ARRAY, None, 0), raw)] {
            let values: Vec<Vec<u8>> = values;
            let arrays: Vec<ByteArray> = values.into_iter().map(ByteArray::from).collect();
            let cut = |(len, whole)| Truncation::new(&descr, Some(len)).whole_up_to(whole);
            let cuts = [(lens.0, wholes.0), (lens.1, wholes.1)].map(cut);
            let [mut whole, mut kept] = [0; 2].map(|_| StatsCollector::new(&descr));
            kept.keep_for(&cuts);
            for pages in arrays.chunks(5) {
                for values in pages.chunks(2) {
                    whole.update(&bytes_of(values));
                    kept.update(&bytes_of(values));
                }
                let (whole, kept) = (whole.finish_page(), kept.finish_page());
                let bounds = (whole.as_bounds().min_max.unwrap(), kept.as_bounds().min_max.unwrap());
                for cut in cuts {
                    prop_assert_eq!(cut.min(bounds.0.0), cut.min(bounds.1.0));
                    prop_assert_eq!(cut.max_within(bounds.0.1), cut.max_within(bounds.1.1));
                }
            }
            let bounds = (whole.chunk().min_max.unwrap(), kept.chunk().min_max.unwrap());
            for cut in cuts {
                prop_assert_eq!(cut.min(bounds.0.0), cut.min(bounds.1.0));
                prop_assert_eq!(cut.max_within(bounds.0.1), cut.max_within(bounds.1.1));
            }
        }
    }

    #[test]
    fn boundary_order_is_that_of_the_pages(pages in prop::collection::vec((0i32..6, 0i32..3), 0..6)) {
        let pages: Vec<(i32, i32)> = pages.into_iter().map(|(min, more)| (min, min + more)).collect();
        let plain: Vec<_> = pages.iter().map(|(min, max)| (min.to_le_bytes(), max.to_le_bytes())).collect();
        let stored = plain.iter().map(|(min, max)| (&min[..], &max[..]));
        let found = boundary_order(BoundsOrder::Int32, stored);
        let up = pages.windows(2).all(|p| p[0].0 <= p[1].0 && p[0].1 <= p[1].1);
        let down = pages.windows(2).all(|p| p[0].0 >= p[1].0 && p[0].1 >= p[1].1);
        let expected = match (up, down) {
            (true, _) => BoundaryOrder::ASCENDING,
            (_, true) => BoundaryOrder::DESCENDING,
            _ => BoundaryOrder::UNORDERED,
        };
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn an_unbumpable_maximum_is_kept_whole() {
    let truncation = Truncation::new(&column(Type::BYTE_ARRAY, None, 0), Some(2));
    let (max, exact) = truncation.max(&[0xFF, 0xFF, 1]);
    assert_eq!((&*max, exact), (&[0xFF, 0xFF, 1][..], Exactness::Exact));
    let (max, exact) = truncation.max(&[1, 0xFF, 0xFF]);
    assert_eq!((&*max, exact), (&[2][..], Exactness::Bound));
}

#[test]
fn a_character_is_bumped_only_to_one_of_its_length() {
    let text = Truncation::new(
        &column(Type::BYTE_ARRAY, Some(LogicalType::String), 0),
        Some(2),
    );
    let (max, _) = text.max("a\u{7F}b".as_bytes());
    assert_eq!(&*max, b"b");
    let (max, exact) = text.max("\u{7FF}\u{7FF}".as_bytes());
    assert_eq!(
        (&*max, exact),
        ("\u{7FF}\u{7FF}".as_bytes(), Exactness::Exact)
    );
}

#[test]
fn intervals_have_no_bounds_and_numbers_are_never_cut() {
    let interval = SchemaType::primitive_type_builder("c", Type::FIXED_LEN_BYTE_ARRAY)
        .with_converted_type(crate::basic::ConvertedType::INTERVAL)
        .with_length(12)
        .build()
        .unwrap();
    let interval = ColumnDescriptor::new(Arc::new(interval), 0, 0, ColumnPath::from("c"));
    let data = [7u8; 24];
    assert_eq!(
        collected(&interval, Values::Fixed(FixedValues::new(&data, 12)), 100).0,
        None
    );
    let decimal = column(
        Type::FIXED_LEN_BYTE_ARRAY,
        Some(LogicalType::decimal(0, 3)),
        16,
    );
    assert_eq!(
        Truncation::new(&decimal, Some(1)).max(&[1; 16]).1,
        Exactness::Exact
    );
}

#[test]
fn not_a_numbers_are_counted_where_the_caller_gives_the_bounds() {
    let given = |values: &[f64], min: f64, max: f64| {
        let mut stats = StatsCollector::new(&column(Type::DOUBLE, None, -1));
        let (min, max) = (min.to_le_bytes(), max.to_le_bytes());
        stats.update_given(&min, &max, &Values::Double(values));
        let page = stats.finish_page();
        stats.recycle(page);
        let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().unwrap()).to_bits();
        let bounds = stats.chunk();
        let (min, max) = bounds.min_max.unwrap();
        (number(min), number(max), bounds.nan_count)
    };
    let nan = f64::NAN;
    let (one, nine) = (1f64.to_bits(), 9f64.to_bits());
    assert_eq!(given(&[2.0, nan], 1.0, 9.0), (one, nine, Some(1)));
    assert_eq!(given(&[1.0, nan, 9.0], nan, nan), (one, nine, Some(1)));
    assert_eq!(
        given(&[nan], 1.0, 9.0),
        (nan.to_bits(), nan.to_bits(), Some(1))
    );
}

#[test]
fn columns_that_count_not_a_numbers_need_every_value() {
    let half = column(Type::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16), 2);
    assert!(!StatsCollector::new(&half).takes_distinct());
    assert!(StatsCollector::new(&column(Type::FIXED_LEN_BYTE_ARRAY, None, 2)).takes_distinct());
}

#[test]
fn int96_compares_by_time() {
    let values = [
        Int96::from([9, 0, 5]),
        Int96::from([1, 0, 6]),
        Int96::from([8, 0, 5]),
    ];
    let found = collected(&column(Type::INT96, None, 0), Values::Int96(&values), 2)
        .0
        .unwrap();
    assert_eq!(
        found,
        (values[2].as_bytes().to_vec(), values[1].as_bytes().to_vec())
    );
}

#[test]
fn distinct_values_are_counted_once() {
    let mut counter = DistinctCounter::default();
    assert_eq!(counter.count(), None);
    counter.update(&Values::Int32(&[1, 2, 2, 3]));
    counter.update(&Values::Int32(&[3, 4]));
    assert_eq!(counter.count(), Some(4));
    assert!(counter.memory_size() >= 32);
}

fn shortest(value: i128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let from = (0..15)
        .find(|i| i128::from_be_bytes(bytes) != i128::from(i64::MAX) && !redundant(&bytes, *i))
        .unwrap_or(15);
    bytes[from..].to_vec()
}

/// Whether byte `i` only repeats the sign of the next.
fn redundant(bytes: &[u8; 16], i: usize) -> bool {
    let fill = if bytes[0] & 0x80 != 0 { 0xFF } else { 0 };
    bytes[i] == fill && (bytes[i + 1] & 0x80) == (fill & 0x80)
}

/// A script without a character of one byte needs no more.
#[test]
fn text_of_any_script_is_kept_in_part() {
    for character in ["a", "é", "中", "\u{1F33E}"] {
        let text = column(Type::BYTE_ARRAY, Some(LogicalType::String), 0);
        let mut stats = StatsCollector::new(&text);
        stats.keep_for(&[Truncation::new(&text, Some(64))]);
        stats.update(&bytes_of(&[ByteArray::from(
            character.repeat(10_000).into_bytes(),
        )]));
        assert!(stats.memory_size() <= 2 * 80, "{character}");
    }
}
