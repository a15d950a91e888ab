use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayData;
use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, i256};
use arrow_schema::{DataType, Field, IntervalUnit, TimeUnit};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::basic::Type as PhysicalType;
use crate::data_type::values::{ByteVisitor, Picks, Values};
use crate::errors::ParquetError;
use crate::schema::types::{ColumnDescriptor, ColumnPath, Type};

/// A physical value, comparable bit by bit.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Bool(bool),
    Int(i32),
    Long(i64),
    Float(u32),
    Double(u64),
    Bytes(Vec<u8>),
}

struct Collect;

impl ByteVisitor for Collect {
    type Out = Vec<Cell>;
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Vec<Cell> {
        values.map(|value| Cell::Bytes(value.to_vec())).collect()
    }
}

fn cells(values: Values<'_>) -> Vec<Cell> {
    match values {
        Values::Boolean(bits) => (0..bits.len()).map(|i| Cell::Bool(bits.get(i))).collect(),
        Values::Int32(values) => values.iter().map(|v| Cell::Int(*v)).collect(),
        Values::Int64(values) => values.iter().map(|v| Cell::Long(*v)).collect(),
        Values::Float(values) => values.iter().map(|v| Cell::Float(v.to_bits())).collect(),
        Values::Double(values) => values.iter().map(|v| Cell::Double(v.to_bits())).collect(),
        Values::Bytes(values) => values.visit(Collect),
        Values::Fixed(values) => values
            .data()
            .chunks(values.width())
            .map(|v| Cell::Bytes(v.to_vec()))
            .collect(),
        Values::Int96(_) => unreachable!(),
    }
}

fn column(physical: PhysicalType, length: i32) -> ColumnDescriptor {
    let node = Type::primitive_type_builder("c", physical)
        .with_length(length)
        .build()
        .unwrap();
    ColumnDescriptor::new(Arc::new(node), 0, 0, ColumnPath::from("c"))
}

/// One value at a time, as slowly as it takes.
fn naive(array: &dyn Array, slot: usize, physical: PhysicalType, length: i32) -> Cell {
    use PhysicalType::{BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, INT32, INT64};
    let number = |value: i256| {
        let bytes = value.to_be_bytes();
        match physical {
            INT32 => Cell::Int(i32::from_be_bytes(bytes[28..].try_into().unwrap())),
            INT64 => Cell::Long(i64::from_be_bytes(bytes[24..].try_into().unwrap())),
            FIXED_LEN_BYTE_ARRAY => {
                let sign = if value.is_negative() { 0xff } else { 0 };
                let long = [vec![sign; 40], bytes.to_vec()].concat();
                Cell::Bytes(long[long.len() - length as usize..].to_vec())
            }
            BYTE_ARRAY => {
                let shortest = (1..=32)
                    .map(|len| &bytes[32 - len..])
                    .find(|short| {
                        let sign = if short[0] >= 0x80 { 0xff } else { 0 };
                        [vec![sign; 32 - short.len()], short.to_vec()].concat() == bytes
                    })
                    .unwrap();
                Cell::Bytes(shortest.to_vec())
            }
            _ => unreachable!(),
        }
    };
    let long = |value: i64| number(i256::from_i128(i128::from(value)));
    macro_rules! at {
        ($t:ty) => {
            array.as_primitive::<$t>().value(slot)
        };
    }
    match array.data_type() {
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            naive(
                dictionary.values(),
                dictionary.normalized_keys()[slot],
                physical,
                length,
            )
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => {
                let runs = array.as_run::<Int16Type>();
                naive(
                    runs.values(),
                    runs.get_physical_index(slot),
                    physical,
                    length,
                )
            }
            DataType::Int32 => {
                let runs = array.as_run::<Int32Type>();
                naive(
                    runs.values(),
                    runs.get_physical_index(slot),
                    physical,
                    length,
                )
            }
            _ => {
                let runs = array.as_run::<Int64Type>();
                naive(
                    runs.values(),
                    runs.get_physical_index(slot),
                    physical,
                    length,
                )
            }
        },
        DataType::Boolean => Cell::Bool(array.as_boolean().value(slot)),
        DataType::Int8 => long(at!(Int8Type).into()),
        DataType::Int16 => long(at!(Int16Type).into()),
        DataType::Int32 => long(at!(Int32Type).into()),
        DataType::Int64 => long(at!(Int64Type)),
        DataType::UInt8 => long(at!(UInt8Type).into()),
        DataType::UInt16 => long(at!(UInt16Type).into()),
        DataType::UInt32 => long(at!(UInt32Type).into()),
        DataType::UInt64 => number(i256::from_i128(at!(UInt64Type).into())),
        DataType::Float16 => Cell::Bytes(at!(Float16Type).to_le_bytes().to_vec()),
        DataType::Float32 => Cell::Float(at!(Float32Type).to_bits()),
        DataType::Float64 => Cell::Double(at!(Float64Type).to_bits()),
        DataType::Date32 => long(at!(Date32Type).into()),
        DataType::Date64 if physical == INT32 => long(at!(Date64Type).div_euclid(86_400_000)),
        DataType::Date64 => long(at!(Date64Type)),
        DataType::Time32(TimeUnit::Second) => long(at!(Time32SecondType).into()),
        DataType::Time32(_) => long(at!(Time32MillisecondType).into()),
        DataType::Time64(TimeUnit::Microsecond) => long(at!(Time64MicrosecondType)),
        DataType::Time64(_) => long(at!(Time64NanosecondType)),
        DataType::Timestamp(TimeUnit::Second, _) => long(at!(TimestampSecondType)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => long(at!(TimestampMillisecondType)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => long(at!(TimestampMicrosecondType)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => long(at!(TimestampNanosecondType)),
        DataType::Duration(TimeUnit::Second) => long(at!(DurationSecondType)),
        DataType::Duration(_) => long(at!(DurationNanosecondType)),
        DataType::Decimal32(_, _) => long(at!(Decimal32Type).into()),
        DataType::Decimal64(_, _) => long(at!(Decimal64Type)),
        DataType::Decimal128(_, _) => number(i256::from_i128(at!(Decimal128Type))),
        DataType::Decimal256(_, _) => number(at!(Decimal256Type)),
        DataType::Interval(IntervalUnit::YearMonth) => {
            Cell::Bytes([at!(IntervalYearMonthType).to_le_bytes(), [0; 4], [0; 4]].concat())
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let interval = at!(IntervalDayTimeType);
            Cell::Bytes(
                [
                    [0; 4],
                    interval.days.to_le_bytes(),
                    interval.milliseconds.to_le_bytes(),
                ]
                .concat(),
            )
        }
        DataType::Utf8 => Cell::Bytes(array.as_string::<i32>().value(slot).into()),
        DataType::LargeUtf8 => Cell::Bytes(array.as_string::<i64>().value(slot).into()),
        DataType::Utf8View => Cell::Bytes(array.as_string_view().value(slot).into()),
        DataType::Binary => Cell::Bytes(array.as_binary::<i32>().value(slot).into()),
        DataType::LargeBinary => Cell::Bytes(array.as_binary::<i64>().value(slot).into()),
        DataType::BinaryView => Cell::Bytes(array.as_binary_view().value(slot).into()),
        DataType::FixedSizeBinary(_) => {
            Cell::Bytes(array.as_fixed_size_binary().value(slot).into())
        }
        other => unreachable!("{other}"),
    }
}

/// The number that a reader is to find, where conversions may cut it.
fn exact(array: &dyn Array, slot: usize, physical: PhysicalType) -> Option<i256> {
    let wide = |value: i128| Some(i256::from_i128(value));
    match array.data_type() {
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            exact(
                dictionary.values(),
                dictionary.normalized_keys()[slot],
                physical,
            )
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => {
                let runs = array.as_run::<Int16Type>();
                exact(runs.values(), runs.get_physical_index(slot), physical)
            }
            DataType::Int32 => {
                let runs = array.as_run::<Int32Type>();
                exact(runs.values(), runs.get_physical_index(slot), physical)
            }
            _ => {
                let runs = array.as_run::<Int64Type>();
                exact(runs.values(), runs.get_physical_index(slot), physical)
            }
        },
        DataType::Date64 if physical == PhysicalType::INT32 => {
            let millis: i128 = array.as_primitive::<Date64Type>().value(slot).into();
            wide(millis.div_euclid(86_400_000))
        }
        DataType::UInt32 => wide(array.as_primitive::<UInt32Type>().value(slot).into()),
        DataType::UInt64 => wide(array.as_primitive::<UInt64Type>().value(slot).into()),
        DataType::Decimal32(_, _) => wide(array.as_primitive::<Decimal32Type>().value(slot).into()),
        DataType::Decimal64(_, _) => wide(array.as_primitive::<Decimal64Type>().value(slot).into()),
        DataType::Decimal128(_, _) => wide(array.as_primitive::<Decimal128Type>().value(slot)),
        DataType::Decimal256(_, _) => Some(array.as_primitive::<Decimal256Type>().value(slot)),
        _ => None,
    }
}

/// The number that a cell holds.
fn number(cell: &Cell) -> i256 {
    match cell {
        Cell::Int(value) => i256::from_i128((*value).into()),
        Cell::Long(value) => i256::from_i128((*value).into()),
        Cell::Bytes(bytes) => {
            let sign = if bytes[0] >= 0x80 { 0xff } else { 0 };
            let long = [vec![sign; 32], bytes.clone()].concat();
            i256::from_be_bytes(long[long.len() - 32..].try_into().unwrap())
        }
        other => unreachable!("{other:?}"),
    }
}

/// Every pair of a leaf type and a physical type that it can be written as.
fn pairs() -> Vec<(DataType, PhysicalType, i32)> {
    use DataType::*;
    use PhysicalType::{BOOLEAN, BYTE_ARRAY, DOUBLE, FIXED_LEN_BYTE_ARRAY, FLOAT, INT32, INT64};
    let mut pairs = vec![
        (Boolean, BOOLEAN, -1),
        (Float16, FIXED_LEN_BYTE_ARRAY, 2),
        (Float32, FLOAT, -1),
        (Float64, DOUBLE, -1),
        (Date64, INT32, -1),
        (FixedSizeBinary(16), FIXED_LEN_BYTE_ARRAY, 16),
        (FixedSizeBinary(3), FIXED_LEN_BYTE_ARRAY, 3),
        (FixedSizeBinary(5), BYTE_ARRAY, -1),
        (Interval(IntervalUnit::YearMonth), FIXED_LEN_BYTE_ARRAY, 12),
        (Interval(IntervalUnit::DayTime), FIXED_LEN_BYTE_ARRAY, 12),
    ];
    pairs.extend(
        [
            Int8,
            Int16,
            Int32,
            UInt8,
            UInt16,
            UInt32,
            Date32,
            Time32(TimeUnit::Second),
            Time32(TimeUnit::Millisecond),
        ]
        .map(|data_type| (data_type, INT32, -1)),
    );
    pairs.extend(
        [
            Int64,
            UInt64,
            Date64,
            Time64(TimeUnit::Microsecond),
            Time64(TimeUnit::Nanosecond),
            Timestamp(TimeUnit::Second, None),
            Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Timestamp(TimeUnit::Microsecond, None),
            Timestamp(TimeUnit::Nanosecond, None),
            Duration(TimeUnit::Second),
            Duration(TimeUnit::Nanosecond),
        ]
        .map(|data_type| (data_type, INT64, -1)),
    );
    pairs.extend(
        [Utf8, LargeUtf8, Utf8View, Binary, LargeBinary, BinaryView]
            .map(|data_type| (data_type, BYTE_ARRAY, -1)),
    );
    for decimal in [
        Decimal32(9, 2),
        Decimal64(18, 2),
        Decimal128(38, 2),
        Decimal256(76, 2),
    ] {
        pairs.extend([INT32, INT64, BYTE_ARRAY].map(|physical| (decimal.clone(), physical, -1)));
        pairs.extend(
            [1, 4, 5, 8, 9, 15, 16, 17, 31, 32, 35]
                .map(|length| (decimal.clone(), FIXED_LEN_BYTE_ARRAY, length)),
        );
    }
    pairs
}

fn nulls(rng: &mut StdRng, len: usize) -> Option<NullBuffer> {
    let share = [0.0, 0.01, 0.3, 0.7, 0.99][rng.random_range(0..5)];
    (share > 0.0).then(|| {
        (0..len)
            .map(|_| !rng.random_bool(share))
            .collect::<Vec<_>>()
            .into()
    })
}

fn plain(rng: &mut StdRng, data_type: &DataType, len: usize) -> ArrayRef {
    let nulls = nulls(rng, len);
    let valid = |slot: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(slot));
    let mut text = |slot: usize| {
        let letters = rng.random_range(0..18);
        valid(slot).then(|| {
            (0..letters)
                .map(|_| ['a', 'Z', 'é', '0'][rng.random_range(0..4)])
                .collect::<String>()
        })
    };
    let bytes = |text: Option<String>| text.map(String::into_bytes);
    match data_type {
        DataType::Utf8 => Arc::new((0..len).map(text).collect::<StringArray>()),
        DataType::LargeUtf8 => Arc::new((0..len).map(text).collect::<LargeStringArray>()),
        DataType::Utf8View => Arc::new((0..len).map(text).collect::<StringViewArray>()),
        DataType::Binary => Arc::new(
            (0..len)
                .map(|slot| bytes(text(slot)))
                .collect::<BinaryArray>(),
        ),
        DataType::LargeBinary => Arc::new(
            (0..len)
                .map(|slot| bytes(text(slot)))
                .collect::<LargeBinaryArray>(),
        ),
        DataType::BinaryView => Arc::new(
            (0..len)
                .map(|slot| bytes(text(slot)))
                .collect::<BinaryViewArray>(),
        ),
        DataType::Boolean => {
            let values = BooleanBuffer::from_iter((0..len).map(|_| rng.random::<bool>()));
            Arc::new(BooleanArray::new(values, nulls))
        }
        DataType::FixedSizeBinary(width) => {
            let mut builder = FixedSizeBinaryBuilder::new(*width);
            for slot in 0..len {
                let value: Vec<u8> = (0..*width).map(|_| rng.random()).collect();
                if valid(slot) {
                    builder.append_value(value).unwrap()
                } else {
                    builder.append_null()
                }
            }
            Arc::new(builder.finish())
        }
        number => {
            let width = number.primitive_width().unwrap();
            let mut bytes: Vec<u8> = (0..len * width).map(|_| rng.random()).collect();
            // Small numbers of either sign are as likely as large ones.
            for value in bytes.chunks_mut(width) {
                let keep = rng.random_range(1..=width);
                let sign = if value[keep - 1] >= 0x80 { 0xff } else { 0 };
                value[keep..].fill(sign);
            }
            let data = ArrayData::builder(number.clone())
                .len(len)
                .add_buffer(Buffer::from_vec(
                    bytes.chunks(width).flatten().copied().collect::<Vec<u8>>(),
                ))
                .nulls(nulls)
                .align_buffers(true)
                .build()
                .unwrap();
            make_array(data)
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Wrap {
    Dictionary(u8),
    Runs(u8),
}

fn wrapped(rng: &mut StdRng, data_type: &DataType, wraps: &[Wrap], len: usize) -> ArrayRef {
    let Some((outer, inner)) = wraps.split_first() else {
        return sliced(rng, data_type, len);
    };
    match outer {
        Wrap::Dictionary(key) => {
            let size = rng.random_range(1..20);
            let values = wrapped(rng, data_type, inner, size);
            let nulls = nulls(rng, len);
            macro_rules! dictionary {
                ($t:ty) => {{
                    let keys = (0..len)
                        .map(|_| rng.random_range(0..size) as <$t as ArrowPrimitiveType>::Native);
                    let keys = PrimitiveArray::<$t>::new(keys.collect(), nulls);
                    Arc::new(DictionaryArray::<$t>::try_new(keys, values).unwrap())
                }};
            }
            match key % 8 {
                0 => dictionary!(Int8Type),
                1 => dictionary!(Int16Type),
                2 => dictionary!(Int32Type),
                3 => dictionary!(Int64Type),
                4 => dictionary!(UInt8Type),
                5 => dictionary!(UInt16Type),
                6 => dictionary!(UInt32Type),
                _ => dictionary!(UInt64Type),
            }
        }
        Wrap::Runs(end) => {
            let skip = rng.random_range(0..9);
            let mut ends = vec![];
            let mut at = 0;
            while at < len + skip + 3 {
                at += if rng.random_bool(0.3) {
                    rng.random_range(1..90)
                } else {
                    rng.random_range(1..4)
                };
                ends.push(at);
            }
            let values = wrapped(rng, data_type, inner, ends.len());
            macro_rules! runs {
                ($t:ty) => {{
                    let ends = ends
                        .iter()
                        .map(|end| *end as <$t as ArrowPrimitiveType>::Native);
                    let ends = PrimitiveArray::<$t>::from_iter_values(ends);
                    Arc::new(
                        RunArray::<$t>::try_new(&ends, &values)
                            .unwrap()
                            .slice(skip, len),
                    )
                }};
            }
            match end % 3 {
                0 => runs!(Int16Type),
                1 => runs!(Int32Type),
                _ => runs!(Int64Type),
            }
        }
    }
}

fn sliced(rng: &mut StdRng, data_type: &DataType, len: usize) -> ArrayRef {
    let (before, after) = (rng.random_range(0..70), rng.random_range(0..5));
    plain(rng, data_type, before + len + after).slice(before, len)
}

/// A selection of present slots in a random form, and the same slots one by one.
fn selection(rng: &mut StdRng, array: &dyn Array) -> (Selection, Vec<usize>) {
    let nulls = array.logical_nulls();
    let present = |slot: &usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*slot));
    let from = rng.random_range(0..=array.len() / 2);
    let share = [0.2, 0.95, 1.0][rng.random_range(0..3)];
    match rng.random_range(0..4) {
        0 => {
            let bits = BooleanBuffer::from_iter(
                (from..array.len()).map(|slot| present(&slot) && rng.random_bool(share)),
            );
            let slots = bits.set_indices().map(|bit| from + bit).collect();
            (Selection::from_bits(bits, from), slots)
        }
        1 => {
            let len = (from..array.len()).take_while(present).count();
            (Selection::Range { from, len }, (from..from + len).collect())
        }
        2 => {
            let mut ranges: Vec<Range<usize>> = vec![];
            for _ in 0..rng.random_range(0..9) {
                let start = rng.random_range(0..=array.len());
                let len = (start..array.len()).take_while(present).count();
                ranges.push(start..start + rng.random_range(0..=len));
            }
            let slots = ranges.iter().cloned().flatten().collect();
            (Selection::Ranges(Arc::new(ranges)), slots)
        }
        _ => {
            let slots: Vec<usize> = (0..array.len())
                .filter(present)
                .filter(|_| rng.random_bool(share))
                .collect();
            (
                Selection::Indices(Arc::new(slots.iter().map(|slot| *slot as u32).collect())),
                slots,
            )
        }
    }
}

fn conversion(data_type: &DataType, physical: PhysicalType, length: i32) -> Result<Conversion> {
    let precision = DecimalPrecision::default();
    Conversion::try_new(data_type, &column(physical, length), precision)
}

fn adapter_of(data_type: &DataType, physical: PhysicalType) -> Adapter {
    Adapter::new(&conversion(data_type, physical, -1).unwrap())
}

fn open_values<'a>(
    adapter: &'a mut Adapter,
    array: &'a dyn Array,
    selection: &'a Selection,
) -> LeafValues<'a, 'a> {
    adapter
        .open_at(array, start(array, selection).unwrap())
        .unwrap()
}

fn check(
    rng: &mut StdRng,
    conversion: &Conversion,
    array: &dyn Array,
    physical: PhysicalType,
    length: i32,
) {
    let (selection, slots) = selection(rng, array);
    let expected: Vec<Cell> = slots
        .iter()
        .map(|slot| naive(array, *slot, physical, length))
        .collect();
    assert_eq!(selection.len(), slots.len());
    let lengths = expected.iter().map(|cell| match cell {
        Cell::Bool(_) => 1,
        Cell::Int(_) | Cell::Float(_) => 4,
        Cell::Long(_) | Cell::Double(_) => 8,
        Cell::Bytes(bytes) => bytes.len(),
    });
    let open = conversion.open(array, &selection).unwrap();
    let bound = open.size_bound();
    assert!(
        bound.longest >= lengths.clone().max().unwrap_or(0)
            && bound.total >= lengths.clone().sum::<usize>(),
        "{} as {physical}({length}) by {selection:?}: {bound:?}",
        array.data_type()
    );
    let seen = open.lengths(&mut Scratch::default()).unwrap();
    let longest = lengths.clone().max().unwrap_or(0);
    let is_exact = slots.len() == selection.hull().map_or(slots.len(), |hull| hull.len());
    let text = matches!(
        value_type(array.data_type()),
        DataType::Utf8View | DataType::BinaryView
    );
    if text && is_exact {
        let sum = lengths.clone().sum::<usize>();
        assert_eq!((seen.longest, seen.sum), (longest, sum));
    } else if physical == PhysicalType::BYTE_ARRAY {
        assert!(seen.longest >= longest && seen.sum >= lengths.sum::<usize>());
    }
    let invalid = slots.iter().zip(&expected).position(|(slot, cell)| {
        exact(array, *slot, physical).is_some_and(|value| value != number(cell))
    });
    let found = open.first_invalid().unwrap();
    if conversion.accepts(array.data_type()).unwrap() == Accepted::Planned {
        let fitting = conversion.longest_of_fitting(array, &selection).unwrap();
        let most = fitting.or(conversion.takes_all().then_some(WIDEST_NUMBER));
        assert!(
            most.is_none_or(|most| found.is_none() && longest <= most),
            "{found:?}, {bound:?}, {most:?}"
        );
    }
    assert_eq!(
        found.map(|invalid| invalid.nth),
        invalid,
        "{} as {physical}({length}) by {selection:?}",
        array.data_type()
    );
    let mut adapter = Adapter::new(conversion);
    if let Some(values) = adapter.all_at_once(array, &selection).unwrap() {
        assert_eq!(cells(values), expected, "{} at once", array.data_type());
    }
    let mut found = vec![];
    let mut values = open_values(&mut adapter, array, &selection);
    while values.remaining() > 0 {
        let count = [1, 7, 64, 100, 1000][rng.random_range(0..5)];
        let expected = values.remaining().min(count);
        let step = values.next(count).unwrap();
        assert_eq!(step.len(), expected);
        found.extend(cells(step));
    }
    assert_eq!(values.next(5).unwrap().len(), 0);
    assert_eq!(
        found,
        expected,
        "{} as {physical}({length}) by {selection:?}",
        array.data_type()
    );
}

fn wraps() -> impl Strategy<Value = Vec<Wrap>> {
    let wrap = prop_oneof![
        any::<u8>().prop_map(Wrap::Dictionary),
        any::<u8>().prop_map(Wrap::Runs)
    ];
    prop_oneof![3 => Just(vec![]), 4 => prop::collection::vec(wrap, 1..4)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_type_converts_as_value_by_value(seed: u64, wraps in wraps(), len in 0usize..400) {
        let rng = &mut StdRng::seed_from_u64(seed);
        for (data_type, physical, length) in pairs() {
            let conversion = conversion(&data_type, physical, length).unwrap();
            for wraps in [&[][..], &wraps] {
                let array = wrapped(rng, &data_type, wraps, len);
                check(rng, &conversion, &array, physical, length);
            }
        }
    }
}

#[test]
fn values_that_lie_side_by_side_are_lent() {
    let longs: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
    let whole = Selection::Range { from: 10, len: 50 };
    let mut adapter = adapter_of(&DataType::Int64, PhysicalType::INT64);
    let mut values = open_values(&mut adapter, &longs, &whole);
    let Values::Int64(first) = values.next(20).unwrap() else {
        unreachable!()
    };
    assert_eq!(
        first.as_ptr(),
        longs.as_primitive::<Int64Type>().values()[10..].as_ptr()
    );
    assert_eq!(adapter.memory_size(), 0);

    let unsigned: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..100));
    let mut adapter = adapter_of(&DataType::UInt32, PhysicalType::INT32);
    open_values(&mut adapter, &unsigned, &whole)
        .next(50)
        .unwrap();
    assert_eq!(adapter.memory_size(), 0);

    let text: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..100).map(|i| i.to_string()),
    ));
    let mut adapter = adapter_of(&DataType::Utf8, PhysicalType::BYTE_ARRAY);
    let ranges = Selection::Ranges(Arc::new(vec![3..3, 5..60]));
    let mut values = open_values(&mut adapter, &text, &ranges);
    let Values::Bytes(first) = values.next(20).unwrap() else {
        unreachable!()
    };
    assert!(matches!(first.picks(), Picks::Range { from: 5, len: 20 }));
}

fn token(adapter: &mut Adapter, array: &dyn Array) -> u64 {
    let selection = Selection::Range {
        from: 0,
        len: array.len(),
    };
    let mut values = open_values(adapter, array, &selection);
    let Values::Bytes(values) = values.next(10).unwrap() else {
        unreachable!()
    };
    let Picks::Keys { token, .. } = values.picks() else {
        unreachable!()
    };
    token
}

/// Or every batch would be looked at value by value.
#[test]
fn the_size_bound_of_values_side_by_side_is_what_they_have() {
    let array = StringArray::from(vec!["four", "seventy", "", "a"]);
    let conversion = conversion(&DataType::Utf8, PhysicalType::BYTE_ARRAY, -1).unwrap();
    let all = Selection::Range { from: 0, len: 4 };
    let bound = conversion.open(&array, &all).unwrap().size_bound();
    assert_eq!((bound.longest, bound.total), (12, 12));
    let part = array.slice(1, 1);
    let one = Selection::Range { from: 0, len: 1 };
    let bound = conversion.open(&part, &one).unwrap().size_bound();
    assert_eq!((bound.longest, bound.total), (7, 7));
    let again = Selection::Indices(Arc::new(vec![1, 1]));
    assert_eq!(
        conversion.open(&array, &again).unwrap().size_bound().total,
        24
    );
    // Nothing of an array that is too long for the encoder is looked at.
    let many = NullArray::new(1 << 33);
    let all = Selection::Range {
        from: 0,
        len: many.len(),
    };
    assert!(conversion.open(&many, &all).is_err());
}

#[test]
fn a_token_stands_for_one_dictionary() {
    let data_type = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let mut adapter = adapter_of(&data_type, PhysicalType::BYTE_ARRAY);
    let first: DictionaryArray<Int32Type> = ["a", "b", "a"].into_iter().collect();
    let seen = token(&mut adapter, &first);
    assert_eq!(token(&mut adapter, &first.slice(1, 2)), seen);
    let same_values = first.with_values(Arc::clone(first.values()));
    assert_eq!(token(&mut adapter, &same_values), seen);
    drop((first, same_values));
    // Allocators like to give an address out again at once; the token must not be fooled.
    let mut tokens = vec![seen];
    for _ in 0..10 {
        let next: DictionaryArray<Int32Type> = ["c", "d", "c"].into_iter().collect();
        tokens.push(token(&mut adapter, &next));
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 11);
}

#[test]
fn a_date_is_the_day_that_its_time_lies_in() {
    let dates: ArrayRef = Arc::new(Date64Array::from(vec![
        -86_400_001,
        -86_400_000,
        -1,
        0,
        86_399_999,
        86_400_000,
    ]));
    let mut adapter = adapter_of(&DataType::Date64, PhysicalType::INT32);
    let selection = Selection::Range { from: 0, len: 6 };
    let mut values = open_values(&mut adapter, &dates, &selection);
    assert_eq!(
        cells(values.next(6).unwrap()),
        [-2, -1, -1, 0, 0, 1].map(Cell::Int)
    );
}

#[test]
fn nulls_have_no_values() {
    let nulls: ArrayRef = Arc::new(NullArray::new(9));
    let mut adapter = adapter_of(&DataType::Null, PhysicalType::INT32);
    let selection = Selection::Range { from: 0, len: 0 };
    let mut values = open_values(&mut adapter, &nulls, &selection);
    assert_eq!(values.remaining(), 0);
    assert!(matches!(values.next(9).unwrap(), Values::Int32([])));
}

#[test]
fn a_conversion_that_does_not_exist_names_the_column() {
    let error = conversion(&DataType::Utf8, PhysicalType::INT64, -1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Arrow: Column 'c': values of type Utf8 cannot be written as INT64"
    );
    let error = conversion(&DataType::Int64, PhysicalType::INT96, -1).unwrap_err();
    assert!(
        matches!(error, ParquetError::NYI(_)) && error.to_string().contains("'c'"),
        "{error}"
    );
}

#[test]
fn intervals_of_nanoseconds_have_no_conversion() {
    let data_type = DataType::Interval(IntervalUnit::MonthDayNano);
    let error = conversion(&data_type, PhysicalType::FIXED_LEN_BYTE_ARRAY, 12).unwrap_err();
    let text = "NYI: Column 'c': Attempting to write an Arrow interval type MonthDayNano to parquet that is not yet implemented";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_selection_past_the_array_is_refused() {
    let longs: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
    let conversion = conversion(&DataType::Int64, PhysicalType::INT64, -1).unwrap();
    for selection in [
        Selection::Range { from: 5, len: 6 },
        Selection::Bits {
            bits: BooleanBuffer::new_unset(8),
            from: 3,
            ones: 0,
        },
        Selection::Ranges(Arc::new(vec![0..1, 10..11])),
        Selection::Indices(Arc::new(vec![3, 10])),
    ] {
        let looked_at = conversion.open(&longs, &selection).unwrap_err();
        let encoded = start(&longs, &selection).unwrap_err();
        for error in [looked_at, encoded] {
            assert!(
                matches!(error, ParquetError::IndexOutOfBound(10, 10)),
                "{error}"
            );
        }
    }
}

#[test]
fn a_run_end_encoded_field_takes_plain_arrays() {
    let values = Arc::new(Field::new("values", DataType::Utf8, true));
    let data_type = DataType::RunEndEncoded(
        Arc::new(Field::new("run_ends", DataType::Int32, false)),
        values,
    );
    let mut adapter = adapter_of(&data_type, PhysicalType::BYTE_ARRAY);
    let views: ArrayRef = Arc::new(StringViewArray::from_iter_values(["x", "yy"]));
    let selection = Selection::Range { from: 0, len: 2 };
    let mut values = open_values(&mut adapter, &views, &selection);
    assert_eq!(
        cells(values.next(2).unwrap()),
        ["x", "yy"].map(|text| Cell::Bytes(text.into()))
    );
}

/// Or each batch of numbers would be opened to be checked.
#[test]
fn numbers_in_columns_made_for_them_need_no_look() {
    let numbers = [
        (DataType::Int32, PhysicalType::INT32),
        (DataType::Int64, PhysicalType::INT64),
        (DataType::Float64, PhysicalType::DOUBLE),
        (DataType::Boolean, PhysicalType::BOOLEAN),
        (
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            PhysicalType::INT64,
        ),
    ];
    for (data_type, physical) in numbers {
        let conversion = conversion(&data_type, physical, -1).unwrap();
        assert!(conversion.takes_all(), "{data_type}");
        let accepted = conversion.accepts(&data_type).unwrap();
        assert_eq!(accepted, Accepted::Planned, "{data_type}");
    }
    // Its upper half would be read as negative numbers.
    let unsigned = conversion(&DataType::UInt32, PhysicalType::INT32, -1).unwrap();
    assert!(!unsigned.takes_all());
    // Arrays of another type may hold other numbers.
    let dates = conversion(&DataType::Date64, PhysicalType::INT32, -1).unwrap();
    assert!(!dates.takes_all());
    let accepted = dates.accepts(&DataType::Int32);
    assert!(accepted.is_err() || accepted.unwrap() == Accepted::Other);
}
