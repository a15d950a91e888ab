//! Every Arrow type that can be written, with awkward values, in every nesting, at a chosen density of nulls.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray,
    FixedSizeListArray, Float16Array, Float32Array, Float64Array, GenericListArray,
    GenericListViewArray, Int32Array, LargeBinaryArray, LargeStringArray, MapArray, NullArray,
    OffsetSizeTrait, PrimitiveArray, RecordBatch, RunArray, StringArray, StringViewArray,
    StructArray, UInt32Array, make_array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowNativeType, DataType, Field, FieldRef, Fields, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalUnit, RunEndIndexType, Schema, TimeUnit, UInt16Type,
    UInt32Type, i256,
};
use half::f16;

/// How many slots are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// The field is required.
    Required,
    None,
    Few,
    Half,
    All,
}

impl Nulls {
    pub const ALL: [Nulls; 5] = [
        Nulls::Required,
        Nulls::None,
        Nulls::Few,
        Nulls::Half,
        Nulls::All,
    ];

    fn is_null(self, slot: usize) -> bool {
        match self {
            Nulls::Required | Nulls::None => false,
            Nulls::Few => slot % 37 == 5,
            // Runs of either kind, and single slots.
            Nulls::Half => (slot / 11).is_multiple_of(2) || slot % 7 == 3,
            Nulls::All => true,
        }
    }

    fn is_nullable(self) -> bool {
        self != Nulls::Required
    }

    /// Nulls of what stands around leaves: never all, or no leaf would be reached.
    fn outside(self) -> Nulls {
        match self {
            Nulls::All => Nulls::Few,
            other => other,
        }
    }

    fn buffer(self, len: usize) -> Option<NullBuffer> {
        self.is_nullable()
            .then(|| (0..len).map(|slot| !self.is_null(slot)).collect())
    }
}

/// What stands around a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    Flat,
    List,
    LargeList,
    FixedSizeList,
    ListView,
    LargeListView,
    Map,
    Struct,
    ListOfStructOfList,
}

impl Nesting {
    pub const ALL: [Nesting; 9] = [
        Nesting::Flat,
        Nesting::List,
        Nesting::LargeList,
        Nesting::FixedSizeList,
        Nesting::ListView,
        Nesting::LargeListView,
        Nesting::Map,
        Nesting::Struct,
        Nesting::ListOfStructOfList,
    ];
}

/// One type of each kind that section 2 of the format's mapping tells apart.
pub fn leaf_types() -> Vec<DataType> {
    use DataType::*;
    let mut types = vec![
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Date32,
        Date64,
        Time32(TimeUnit::Second),
        Time32(TimeUnit::Millisecond),
        Time64(TimeUnit::Microsecond),
        Time64(TimeUnit::Nanosecond),
        Interval(IntervalUnit::YearMonth),
        Interval(IntervalUnit::DayTime),
        Decimal32(5, 0),
        Decimal32(9, 2),
        Decimal64(7, 2),
        Decimal64(18, 3),
        Decimal128(9, 1),
        Decimal128(18, 0),
        Decimal128(21, 4),
        Decimal128(38, 6),
        Decimal256(8, 0),
        Decimal256(17, 2),
        Decimal256(50, 4),
        Decimal256(76, 10),
        Utf8,
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
        FixedSizeBinary(1),
        FixedSizeBinary(16),
        Null,
    ];
    for unit in [
        TimeUnit::Second,
        TimeUnit::Millisecond,
        TimeUnit::Microsecond,
        TimeUnit::Nanosecond,
    ] {
        types.push(Timestamp(unit, None));
        types.push(Timestamp(unit, Some("+02:00".into())));
        types.push(Duration(unit));
    }
    let dictionary = |keys, values| Dictionary(Box::new(keys), Box::new(values));
    types.extend([
        dictionary(Int8, Utf8),
        dictionary(UInt32, Binary),
        dictionary(Int32, Int64),
        dictionary(Int16, Float64),
        dictionary(UInt16, FixedSizeBinary(3)),
    ]);
    let runs = |ends, values| {
        RunEndEncoded(
            Arc::new(Field::new("run_ends", ends, false)),
            Arc::new(Field::new("values", values, true)),
        )
    };
    types.extend([runs(Int32, Utf8), runs(Int16, Int64), runs(Int64, Float32)]);
    types
}

/// A batch with a column of every leaf type, each in `nesting`.
pub fn batch_of_all_types(nesting: Nesting, nulls: Nulls, rows: usize) -> RecordBatch {
    batch_of(&leaf_types(), nesting, nulls, rows)
}

/// A batch with a column of each of `types`, each in `nesting`.
pub fn batch_of(types: &[DataType], nesting: Nesting, nulls: Nulls, rows: usize) -> RecordBatch {
    let columns: Vec<(FieldRef, ArrayRef)> = types
        .iter()
        .enumerate()
        .map(|(i, data_type)| column(&format!("c{i}"), data_type, nesting, nulls, rows))
        .collect();
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(Fields::from(fields))), arrays).unwrap()
}

/// A column of `rows` rows.
pub fn column(
    name: &str,
    leaf: &DataType,
    nesting: Nesting,
    nulls: Nulls,
    rows: usize,
) -> (FieldRef, ArrayRef) {
    let array = nested(leaf, nesting, nulls, rows);
    let nullable = match nesting {
        Nesting::Flat => is_nullable(leaf, nulls),
        _ => nulls.is_nullable(),
    };
    let field = Field::new(name, array.data_type().clone(), nullable);
    (Arc::new(field), array)
}

/// An array of `len` slots of `data_type` with awkward values.
pub fn leaf_array(data_type: &DataType, nulls: Nulls, len: usize) -> ArrayRef {
    match data_type {
        DataType::Null => Arc::new(NullArray::new(len)),
        DataType::Dictionary(keys, values) => match keys.as_ref() {
            DataType::Int8 => dictionary::<Int8Type>(values, nulls, len),
            DataType::Int16 => dictionary::<Int16Type>(values, nulls, len),
            DataType::Int32 => dictionary::<Int32Type>(values, nulls, len),
            DataType::Int64 => dictionary::<Int64Type>(values, nulls, len),
            DataType::UInt16 => dictionary::<UInt16Type>(values, nulls, len),
            DataType::UInt32 => dictionary::<UInt32Type>(values, nulls, len),
            other => unreachable!("no test has keys of type {other}"),
        },
        DataType::RunEndEncoded(ends, values) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(values.data_type(), nulls, len),
            DataType::Int32 => runs::<Int32Type>(values.data_type(), nulls, len),
            DataType::Int64 => runs::<Int64Type>(values.data_type(), nulls, len),
            other => unreachable!("no run ends have type {other}"),
        },
        plain => {
            let pool = pool(plain);
            let picks: UInt32Array = (0..len)
                .map(|slot| (!nulls.is_null(slot)).then(|| pick(slot, pool.len())))
                .collect();
            take(&pool, &picks, None).unwrap()
        }
    }
}

/// Which value of a pool stands in a slot: runs at first, then no pattern.
fn pick(slot: usize, pool: usize) -> u32 {
    let spread = match slot % 100 {
        0..=29 => slot / 10,
        _ => slot.wrapping_mul(2_654_435_761) >> 7,
    };
    (spread % pool) as u32
}

fn is_nullable(leaf: &DataType, nulls: Nulls) -> bool {
    nulls.is_nullable() || *leaf == DataType::Null
}

fn item(leaf: &DataType, nulls: Nulls) -> FieldRef {
    Arc::new(Field::new("item", leaf.clone(), is_nullable(leaf, nulls)))
}

fn nested(leaf: &DataType, nesting: Nesting, nulls: Nulls, rows: usize) -> ArrayRef {
    let outside = nulls.outside();
    match nesting {
        Nesting::Flat => leaf_array(leaf, nulls, rows),
        Nesting::List => list::<i32>(leaf, nulls, rows),
        Nesting::LargeList => list::<i64>(leaf, nulls, rows),
        Nesting::FixedSizeList => {
            let elements = leaf_array(leaf, nulls, rows * 3);
            let validity = outside.buffer(rows);
            Arc::new(FixedSizeListArray::new(
                item(leaf, nulls),
                3,
                elements,
                validity,
            ))
        }
        Nesting::ListView => list_view::<i32>(leaf, nulls, rows),
        Nesting::LargeListView => list_view::<i64>(leaf, nulls, rows),
        Nesting::Map => {
            let offsets = offsets::<i32>(rows);
            let count = end(&offsets);
            let entries = StructArray::from(vec![
                (
                    Arc::new(Field::new("key", DataType::Utf8, false)),
                    leaf_array(&DataType::Utf8, Nulls::Required, count),
                ),
                (
                    Arc::new(Field::new("value", leaf.clone(), is_nullable(leaf, nulls))),
                    leaf_array(leaf, nulls, count),
                ),
            ]);
            let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
            Arc::new(MapArray::new(
                field,
                offsets,
                entries,
                outside.buffer(rows),
                false,
            ))
        }
        Nesting::Struct => structs(leaf, nulls, rows, leaf_array(leaf, nulls, rows)),
        Nesting::ListOfStructOfList => {
            let offsets = offsets::<i32>(rows);
            let count = end(&offsets);
            let inner = list::<i32>(leaf, nulls, count);
            let structs = structs(inner.data_type(), nulls, count, inner.clone());
            let field = Field::new("item", structs.data_type().clone(), nulls.is_nullable());
            Arc::new(GenericListArray::new(
                Arc::new(field),
                offsets,
                structs,
                outside.buffer(rows),
            ))
        }
    }
}

fn structs(child: &DataType, nulls: Nulls, rows: usize, values: ArrayRef) -> ArrayRef {
    let fields = vec![
        Field::new("a", child.clone(), is_nullable(child, nulls)),
        Field::new("b", DataType::Int32, true),
    ];
    let beside = leaf_array(&DataType::Int32, Nulls::Few, rows);
    Arc::new(StructArray::new(
        fields.into(),
        vec![values, beside],
        nulls.outside().buffer(rows),
    ))
}

fn lens(rows: usize) -> impl Iterator<Item = usize> {
    (0..rows).map(|row| [0, 1, 3, 2, 0, 0, 4, 1][row * 5 / 3 % 8])
}

fn offsets<O: OffsetSizeTrait>(rows: usize) -> OffsetBuffer<O> {
    OffsetBuffer::from_lengths(lens(rows))
}

fn list<O: OffsetSizeTrait>(leaf: &DataType, nulls: Nulls, rows: usize) -> ArrayRef {
    let offsets = offsets::<O>(rows);
    let elements = leaf_array(leaf, nulls, end(&offsets));
    // Lists that are null here still span elements, which must not be written.
    let validity = nulls.outside().buffer(rows);
    Arc::new(GenericListArray::new(
        item(leaf, nulls),
        offsets,
        elements,
        validity,
    ))
}

fn list_view<O: OffsetSizeTrait>(leaf: &DataType, nulls: Nulls, rows: usize) -> ArrayRef {
    let total: usize = lens(rows).sum();
    let elements = leaf_array(leaf, nulls, total + 10);
    // Back to front, with overlaps.
    let mut end = total + 5;
    let places = lens(rows).map(|len| {
        end -= len.min(end);
        (O::usize_as(end), O::usize_as(len))
    });
    let (offsets, sizes): (Vec<O>, Vec<O>) = places.unzip();
    Arc::new(GenericListViewArray::new(
        item(leaf, nulls),
        offsets.into(),
        sizes.into(),
        elements,
        nulls.outside().buffer(rows),
    ))
}

/// Nulls stand in the keys and, if there are any, in the values too.
fn dictionary<K: ArrowDictionaryKeyType>(values: &DataType, nulls: Nulls, len: usize) -> ArrayRef {
    let pool = pool(values);
    let mut count = pool.len().min(50);
    let mut pool = pool.slice(0, count);
    if nulls.is_nullable() && nulls != Nulls::None {
        let with_null: UInt32Array = (0..=count as u32)
            .map(|i| (i as usize != count).then_some(i))
            .collect();
        pool = take(&pool, &with_null, None).unwrap();
        count += 1;
    }
    let keys: PrimitiveArray<K> = (0..len)
        .map(|slot| (!nulls.is_null(slot)).then(|| K::Native::usize_as(pick(slot, count) as usize)))
        .collect();
    Arc::new(DictionaryArray::new(keys, pool))
}

fn runs<R: RunEndIndexType>(values: &DataType, nulls: Nulls, len: usize) -> ArrayRef {
    let mut ends = Vec::new();
    let mut end = 0;
    while end < len {
        end = (end + 1 + ends.len() % 4).min(len);
        ends.push(R::Native::usize_as(end));
    }
    let values = leaf_array(values, nulls, ends.len());
    let ends = PrimitiveArray::<R>::new(ends.into(), None);
    Arc::new(RunArray::<R>::try_new(&ends, &values).unwrap())
}

/// The values that an array of `data_type` is drawn from: the ends of its range among them.
fn pool(data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::Boolean => Arc::new(BooleanArray::from(vec![true, false, true])),
        DataType::Float16 => Arc::new(Float16Array::from_iter_values(floats().map(f16::from_f64))),
        DataType::Float32 => Arc::new(Float32Array::from_iter_values(floats().map(|v| v as f32))),
        DataType::Float64 => Arc::new(Float64Array::from_iter_values(floats())),
        DataType::Utf8 => Arc::new(StringArray::from_iter_values(texts())),
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from_iter_values(texts())),
        DataType::Utf8View => Arc::new(StringViewArray::from_iter_values(texts())),
        DataType::Binary => Arc::new(BinaryArray::from_iter_values(blobs())),
        DataType::LargeBinary => Arc::new(LargeBinaryArray::from_iter_values(blobs())),
        DataType::BinaryView => {
            let blobs: ArrayRef = Arc::new(BinaryArray::from_iter_values(blobs()));
            cast(&blobs, data_type).unwrap()
        }
        DataType::FixedSizeBinary(width) => {
            let width = *width as usize;
            let values = (0..60u32).map(|i| -> Vec<u8> {
                (0..width as u32)
                    .map(|at| (i * 41).wrapping_sub(at * 7) as u8)
                    .collect()
            });
            Arc::new(FixedSizeBinaryArray::try_from_iter(values).unwrap())
        }
        number => numbers(number),
    }
}

fn floats() -> impl Iterator<Item = f64> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        65504.0,
        -1e30,
    ];
    special
        .into_iter()
        .chain((0..60).map(|i| f64::from(i * i) / 8.0 - 70.0))
}

fn texts() -> impl Iterator<Item = String> {
    let special = [
        "",
        "a",
        "ab",
        "b",
        "é",
        "zebra",
        "\u{10ffff}",
        "日本語",
        "twelve bytes",
        "thirteen byte",
    ];
    let long = [
        "z".repeat(100),
        "\u{10ffff}".repeat(30),
        format!("{}ab", "é".repeat(31)),
        "m".repeat(64),
        "m".repeat(65),
    ];
    special
        .map(str::to_owned)
        .into_iter()
        .chain(long)
        .chain((0..60).map(|i| format!("value {}", i * 37 % 61)))
}

fn blobs() -> impl Iterator<Item = Vec<u8>> {
    let special = [
        vec![],
        vec![0],
        vec![0xff],
        vec![0xff; 80],
        vec![0; 80],
        vec![0x7f, 0x80],
        [vec![0x80; 63], vec![0xff; 9]].concat(),
    ];
    special
        .into_iter()
        .chain((0..60u8).map(|i| vec![i.wrapping_mul(37); usize::from(i % 20)]))
}

/// Numbers at both ends of the type's range, around zero, and between.
fn numbers(data_type: &DataType) -> ArrayRef {
    let (low, high) = range(data_type);
    let small = (-20..40).map(i256::from_i128);
    let steps = (1..30).map(|i| {
        let step = high.wrapping_div(i256::from_i128(31));
        step.wrapping_mul(i256::from_i128(i))
    });
    let values = [
        low,
        high,
        low.wrapping_add(i256::ONE),
        high.wrapping_sub(i256::ONE),
    ]
    .into_iter()
    .chain(small)
    .chain(steps)
    .filter(|value| (low..=high).contains(value));
    let width = data_type.primitive_width().unwrap();
    let bytes: Vec<Vec<u8>> = values
        .map(|value| value.to_le_bytes()[..width].to_vec())
        .collect();
    // Vectors of bytes are not aligned to wider values; buffers are.
    let buffer = Buffer::from(bytes.concat().as_slice());
    let data = ArrayData::builder(data_type.clone()).len(bytes.len());
    make_array(data.add_buffer(buffer).build().unwrap())
}

fn range(data_type: &DataType) -> (i256, i256) {
    use DataType::*;
    let of = |low: i128, high: i128| (i256::from_i128(low), i256::from_i128(high));
    match data_type {
        Int8 => of(i8::MIN.into(), i8::MAX.into()),
        Int16 => of(i16::MIN.into(), i16::MAX.into()),
        UInt8 => of(0, u8::MAX.into()),
        UInt16 => of(0, u16::MAX.into()),
        UInt32 => of(0, u32::MAX.into()),
        UInt64 => of(0, u64::MAX.into()),
        Int32 | Date32 | Interval(IntervalUnit::YearMonth) => of(i32::MIN.into(), i32::MAX.into()),
        Time32(TimeUnit::Second) => of(0, 86_399),
        Time32(_) => of(0, 86_399_999),
        Time64(TimeUnit::Microsecond) => of(0, 86_399_999_999),
        Time64(_) => of(0, 86_399_999_999_999),
        Decimal32(precision, _)
        | Decimal64(precision, _)
        | Decimal128(precision, _)
        | Decimal256(precision, _) => {
            let end = i256::from_i128(10).wrapping_pow(u32::from(*precision));
            let high = end.wrapping_sub(i256::ONE);
            (high.wrapping_neg(), high)
        }
        _ => of(i64::MIN.into(), i64::MAX.into()),
    }
}

/// `batch` cut into pieces of about `rows` rows, of which one is empty.
pub fn pieces(batch: &RecordBatch, rows: usize) -> Vec<RecordBatch> {
    let mut pieces = vec![batch.slice(0, 0)];
    let mut from = 0;
    while from < batch.num_rows() {
        let len = (rows + pieces.len() % 3).min(batch.num_rows() - from);
        pieces.push(batch.slice(from, len));
        from += len;
    }
    pieces
}

/// Ascending numbers as a batch of one required column.
pub fn int32_batch(values: std::ops::Range<i32>) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int32Array::from_iter_values(values));
    let field = Field::new("id", DataType::Int32, false);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap()
}

/// Where the last list ends. A slice has the same methods in every version of arrow.
fn end<O: OffsetSizeTrait>(offsets: &[O]) -> usize {
    offsets.last().map_or(0, |end| end.as_usize())
}
