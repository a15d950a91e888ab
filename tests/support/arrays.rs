//! Random Arrow arrays of random nested types, as strategies for property tests.
//!
//! Types shrink towards a flat required column, row counts towards zero. Contents come from a seed:
//! null slots hold leftovers, lists leave parts of their elements unused, arrays are slices of longer
//! ones, and nulls come in every density and in long runs.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary takes what it needs"
)]
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "test data are made to fit"
)]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray,
    FixedSizeBinaryArray, FixedSizeListArray, GenericListArray, GenericListViewArray,
    LargeBinaryArray, LargeStringArray, MapArray, NullArray, OffsetSizeTrait, PrimitiveArray,
    RecordBatch, RunArray, StringArray, StringViewArray, StructArray, make_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowNativeType, DataType, Field, FieldRef, Fields, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalUnit, RunEndIndexType, Schema, TimeUnit, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use proptest::prelude::*;

/// Which types and how much data to make.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Nested types inside one another, at most.
    pub depth: u32,
    /// Rows, at most.
    pub rows: usize,
    /// Dictionaries and run-end encoding, around leaves.
    pub encoded: bool,
    /// Dictionaries and run-end encoding around nested types and around each other.
    pub encoded_nested: bool,
    /// List views, narrow and wide.
    pub list_views: bool,
    /// Columns of type Null.
    pub null_type: bool,
}

impl Options {
    /// Everything that can be written.
    pub fn everything() -> Self {
        Self {
            depth: 5,
            rows: 60,
            encoded: true,
            encoded_nested: true,
            list_views: true,
            null_type: true,
        }
    }

    /// What a reader that is told the Arrow schema gives back as equal arrays: no encodings, in
    /// which one content has many forms.
    pub fn plain() -> Self {
        Self {
            encoded: false,
            encoded_nested: false,
            ..Self::everything()
        }
    }
}

/// A field and an array that fits it.
pub fn columns(options: Options) -> impl Strategy<Value = (FieldRef, ArrayRef)> {
    (fields(options), 0..=options.rows, any::<u64>()).prop_map(|(field, rows, seed)| {
        let array = array_of(&field, rows, seed);
        (field, array)
    })
}

/// A batch of one to four columns.
pub fn batches(options: Options) -> impl Strategy<Value = RecordBatch> {
    let fields = prop::collection::vec(fields(options), 1..=4);
    (fields, 0..=options.rows, any::<u64>()).prop_map(|(fields, rows, seed)| {
        let named = fields.iter().enumerate().map(|(i, field)| {
            Arc::new(Field::clone(field).with_name(format!("column{i}"))) as FieldRef
        });
        let fields: Fields = named.collect();
        let columns = fields
            .iter()
            .zip(0..)
            .map(|(field, i)| array_of(field, rows, seed.wrapping_add(i)))
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    })
}

/// A field of any type that `options` allow.
pub fn fields(options: Options) -> impl Strategy<Value = FieldRef> {
    (data_types(options), any::<bool>())
        .prop_map(|(data_type, nullable)| field("column", data_type, nullable))
}

/// `rows` random rows for `field`; the same seed gives the same rows.
pub fn array_of(field: &Field, rows: usize, seed: u64) -> ArrayRef {
    Maker { state: seed }.array(field.data_type(), rows, field.is_nullable())
}

fn field(name: &str, data_type: DataType, nullable: bool) -> FieldRef {
    let nullable = nullable || is_null_type(&data_type);
    Arc::new(Field::new(name, data_type, nullable))
}

/// Nulls fit nullable fields only, in whatever encoding.
fn is_null_type(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_null_type(values),
        DataType::RunEndEncoded(_, values) => is_null_type(values.data_type()),
        other => *other == DataType::Null,
    }
}

fn data_types(options: Options) -> impl Strategy<Value = DataType> {
    let leaf = leaf_types(options);
    leaf.prop_recursive(options.depth, 16, 3, move |inner| {
        nested_types(inner, options)
    })
}

fn leaf_types(options: Options) -> BoxedStrategy<DataType> {
    use DataType::*;
    let utc = || Some("+00:00".into());
    let plain = prop::sample::select(vec![
        Int32,
        Int64,
        Utf8,
        Boolean,
        Int8,
        Int16,
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
        Timestamp(TimeUnit::Second, None),
        Timestamp(TimeUnit::Millisecond, utc()),
        Timestamp(TimeUnit::Microsecond, None),
        Timestamp(TimeUnit::Nanosecond, utc()),
        Duration(TimeUnit::Millisecond),
        Interval(IntervalUnit::YearMonth),
        Interval(IntervalUnit::DayTime),
        Decimal32(7, 2),
        Decimal64(15, 3),
        Decimal128(9, 1),
        Decimal128(18, 0),
        Decimal128(30, 6),
        Decimal256(50, 4),
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
        FixedSizeBinary(5),
    ]);
    let mut all = plain.boxed();
    if options.null_type {
        all = prop_oneof![20 => all, 1 => Just(Null)].boxed();
    }
    if options.encoded {
        let encoded = encoded_types(all.clone());
        all = prop_oneof![4 => all, 1 => encoded].boxed();
    }
    all
}

fn encoded_types(
    values: impl Strategy<Value = DataType> + Clone + 'static,
) -> BoxedStrategy<DataType> {
    use DataType::*;
    let keys = prop::sample::select(vec![
        Int32, Int8, Int16, Int64, UInt8, UInt16, UInt32, UInt64,
    ]);
    let ends = prop::sample::select(vec![Int32, Int16, Int64]);
    prop_oneof![
        (keys, values.clone())
            .prop_map(|(keys, values)| Dictionary(Box::new(keys), Box::new(values))),
        (ends, values, any::<bool>()).prop_map(|(ends, values, nullable)| {
            RunEndEncoded(
                field("run_ends", ends, false),
                field("values", values, nullable),
            )
        }),
    ]
    .boxed()
}

fn nested_types(
    inner: impl Strategy<Value = DataType> + Clone + 'static,
    options: Options,
) -> BoxedStrategy<DataType> {
    let element = || {
        (inner.clone(), any::<bool>()).prop_map(|(inner, nullable)| field("item", inner, nullable))
    };
    let lists = prop_oneof![
        3 => element().prop_map(DataType::List),
        1 => element().prop_map(DataType::LargeList),
        2 => (element(), 0..5i32).prop_map(|(element, size)| DataType::FixedSizeList(element, size)),
    ];
    let structs =
        prop::collection::vec((inner.clone(), any::<bool>()), 1..4).prop_map(|children| {
            let children = children.into_iter().enumerate();
            let children =
                children.map(|(i, (inner, nullable))| field(&format!("f{i}"), inner, nullable));
            DataType::Struct(children.collect())
        });
    let maps = (
        prop::sample::select(vec![DataType::Utf8, DataType::Int32]),
        inner.clone(),
        any::<bool>(),
    )
        .prop_map(|(key, value, nullable)| {
            let entries = vec![field("key", key, false), field("value", value, nullable)];
            DataType::Map(
                field("entries", DataType::Struct(entries.into()), false),
                false,
            )
        });
    let mut all = prop_oneof![4 => lists, 3 => structs, 1 => maps].boxed();
    if options.list_views {
        let views = prop_oneof![
            element().prop_map(DataType::ListView),
            element().prop_map(DataType::LargeListView)
        ];
        all = prop_oneof![5 => all, 1 => views].boxed();
    }
    if options.encoded_nested {
        all = prop_oneof![8 => all, 1 => encoded_types(inner)].boxed();
    }
    all
}

/// Makes arrays from a seed: the state of a SplitMix64 generator.
struct Maker {
    state: u64,
}

impl Maker {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// An array of `len` slots, without logical nulls unless `nullable`; often a slice of a longer one.
    fn array(&mut self, data_type: &DataType, len: usize, nullable: bool) -> ArrayRef {
        if self.one_in(3) {
            let (before, after) = (self.below(10), self.below(10));
            return self
                .whole(data_type, before + len + after, nullable)
                .slice(before, len);
        }
        self.whole(data_type, len, nullable)
    }

    fn whole(&mut self, data_type: &DataType, len: usize, nullable: bool) -> ArrayRef {
        match data_type {
            DataType::Null => Arc::new(NullArray::new(len)),
            DataType::Dictionary(keys, values) => match keys.as_ref() {
                DataType::Int8 => self.dictionary::<Int8Type>(values, len, nullable),
                DataType::Int16 => self.dictionary::<Int16Type>(values, len, nullable),
                DataType::Int32 => self.dictionary::<Int32Type>(values, len, nullable),
                DataType::Int64 => self.dictionary::<Int64Type>(values, len, nullable),
                DataType::UInt8 => self.dictionary::<UInt8Type>(values, len, nullable),
                DataType::UInt16 => self.dictionary::<UInt16Type>(values, len, nullable),
                DataType::UInt32 => self.dictionary::<UInt32Type>(values, len, nullable),
                DataType::UInt64 => self.dictionary::<UInt64Type>(values, len, nullable),
                other => unreachable!("no dictionary has keys of type {other}"),
            },
            DataType::RunEndEncoded(ends, values) => match ends.data_type() {
                DataType::Int16 => self.runs::<Int16Type>(data_type, values, len, nullable),
                DataType::Int32 => self.runs::<Int32Type>(data_type, values, len, nullable),
                DataType::Int64 => self.runs::<Int64Type>(data_type, values, len, nullable),
                other => unreachable!("no run ends have type {other}"),
            },
            DataType::Struct(fields) => {
                let columns = fields
                    .iter()
                    .map(|f| self.array(f.data_type(), len, f.is_nullable()))
                    .collect();
                let nulls = self.nulls(len, nullable);
                Arc::new(
                    StructArray::try_new_with_length(fields.clone(), columns, nulls, len).unwrap(),
                )
            }
            DataType::List(element) => self.list::<i32>(element, len, nullable),
            DataType::LargeList(element) => self.list::<i64>(element, len, nullable),
            DataType::ListView(element) => self.list_view::<i32>(element, len, nullable),
            DataType::LargeListView(element) => self.list_view::<i64>(element, len, nullable),
            DataType::FixedSizeList(element, size) => {
                let elements = self.array(
                    element.data_type(),
                    len * *size as usize,
                    element.is_nullable(),
                );
                let nulls = self.nulls(len, nullable);
                let lists = FixedSizeListArray::try_new_with_length(
                    element.clone(),
                    *size,
                    elements,
                    nulls,
                    len,
                );
                Arc::new(lists.unwrap())
            }
            DataType::Map(entries, sorted) => {
                let (offsets, count) = self.offsets::<i32>(len);
                let elements = self.array(entries.data_type(), count, false);
                let elements = elements
                    .as_any()
                    .downcast_ref::<StructArray>()
                    .unwrap()
                    .clone();
                let nulls = self.nulls(len, nullable);
                Arc::new(
                    MapArray::try_new(entries.clone(), offsets, elements, nulls, *sorted).unwrap(),
                )
            }
            leaf => self.leaf(leaf, len, nullable),
        }
    }

    /// Validity of every kind: none, all, sparse, dense, in long runs.
    fn nulls(&mut self, len: usize, nullable: bool) -> Option<NullBuffer> {
        if !nullable {
            return None;
        }
        let valid: Vec<bool> = match self.below(8) {
            0 => return None,
            1 => vec![true; len],
            2 => vec![false; len],
            3 => (0..len).map(|_| self.one_in(30)).collect(),
            4 => (0..len).map(|_| !self.one_in(30)).collect(),
            5 => {
                let cut = self.below(len + 1);
                (0..len).map(|slot| slot >= cut).collect()
            }
            _ => (0..len).map(|_| self.one_in(2)).collect(),
        };
        Some(NullBuffer::new(BooleanBuffer::from(valid)))
    }

    /// Lengths of lists: short ones, mostly empty, none empty, or few long ones.
    fn lens(&mut self, lists: usize) -> Vec<usize> {
        let kind = self.below(5);
        // Deep nesting must not multiply without end.
        let mut left = 500;
        let one = |maker: &mut Self| match kind {
            0 => maker.below(4),
            1 if maker.one_in(20) => maker.below(4),
            1 => 0,
            2 => 1 + maker.below(3),
            3 if maker.one_in(8) => maker.below(400),
            3 => 1,
            _ => maker.below(9),
        };
        let lens = (0..lists).map(|_| {
            let len = one(self).min(left);
            left -= len;
            len
        });
        lens.collect()
    }

    fn offsets<O: OffsetSizeTrait>(&mut self, lists: usize) -> (OffsetBuffer<O>, usize) {
        let mut end = if self.one_in(3) { self.below(5) } else { 0 };
        let mut offsets = vec![O::from_usize(end).unwrap()];
        for len in self.lens(lists) {
            end += len;
            offsets.push(O::from_usize(end).unwrap());
        }
        let unused = if self.one_in(3) { self.below(5) } else { 0 };
        (OffsetBuffer::new(offsets.into()), end + unused)
    }

    fn list<O: OffsetSizeTrait>(
        &mut self,
        element: &FieldRef,
        len: usize,
        nullable: bool,
    ) -> ArrayRef {
        let (offsets, count) = self.offsets::<O>(len);
        let elements = self.array(element.data_type(), count, element.is_nullable());
        let nulls = self.nulls(len, nullable);
        Arc::new(GenericListArray::try_new(element.clone(), offsets, elements, nulls).unwrap())
    }

    fn list_view<O: OffsetSizeTrait>(
        &mut self,
        element: &FieldRef,
        len: usize,
        nullable: bool,
    ) -> ArrayRef {
        let lens = self.lens(len);
        let in_order = self.one_in(2);
        let count = if in_order {
            lens.iter().sum()
        } else {
            lens.iter().copied().max().unwrap_or(0) + 20
        };
        let mut end = 0;
        let places = lens.iter().map(|len| {
            let from = if in_order {
                end
            } else {
                self.below(count - len + 1)
            };
            end += len;
            O::from_usize(from).unwrap()
        });
        let offsets: ScalarBuffer<O> = places.collect::<Vec<_>>().into();
        let sizes: ScalarBuffer<O> = lens
            .iter()
            .map(|len| O::from_usize(*len).unwrap())
            .collect::<Vec<_>>()
            .into();
        let elements = self.array(element.data_type(), count, element.is_nullable());
        let nulls = self.nulls(len, nullable);
        Arc::new(
            GenericListViewArray::try_new(element.clone(), offsets, sizes, elements, nulls)
                .unwrap(),
        )
    }

    fn dictionary<K: ArrowDictionaryKeyType>(
        &mut self,
        values: &DataType,
        len: usize,
        nullable: bool,
    ) -> ArrayRef {
        let count = 1 + self.below(20);
        let values = self.array(values, count, nullable);
        let keys: Vec<K::Native> = (0..len)
            .map(|_| K::Native::usize_as(self.below(count)))
            .collect();
        let keys = PrimitiveArray::<K>::new(keys.into(), self.nulls(len, nullable));
        Arc::new(DictionaryArray::try_new(keys, values).unwrap())
    }

    fn runs<R: RunEndIndexType>(
        &mut self,
        data_type: &DataType,
        values: &Field,
        len: usize,
        nullable: bool,
    ) -> ArrayRef {
        let (mut ends, mut end) = (Vec::new(), 0);
        while end < len {
            end = (end + 1 + self.below(9)).min(len);
            ends.push(R::Native::usize_as(end));
        }
        let values = self.array(
            values.data_type(),
            ends.len(),
            nullable && values.is_nullable(),
        );
        let ends = PrimitiveArray::<R>::new(ends.into(), None);
        let runs = RunArray::<R>::try_new(&ends, values.as_ref()).unwrap();
        // The array names and types its value field by itself; the wanted type may say otherwise.
        let runs = runs.into_data().into_builder().data_type(data_type.clone());
        make_array(runs.build().unwrap())
    }

    fn leaf(&mut self, data_type: &DataType, len: usize, nullable: bool) -> ArrayRef {
        let nulls = self.nulls(len, nullable);
        let few = self.one_in(2);
        let mut text = |longest: usize| -> Vec<String> {
            let one = |maker: &mut Self| {
                let len = if few {
                    maker.below(3)
                } else {
                    maker.below(longest)
                };
                (0..len)
                    .map(|_| char::from(b'a' + maker.below(if few { 2 } else { 26 }) as u8))
                    .collect()
            };
            (0..len).map(|_| one(self)).collect()
        };
        macro_rules! strings {
            ($array:ty) => {{
                let values = text(20);
                let values = values.iter().enumerate();
                let values =
                    values.map(|(i, v)| nulls.as_ref().is_none_or(|n| n.is_valid(i)).then_some(v));
                Arc::new(values.collect::<$array>())
            }};
        }
        match data_type {
            DataType::Utf8 => strings!(StringArray),
            DataType::LargeUtf8 => strings!(LargeStringArray),
            DataType::Utf8View => strings!(StringViewArray),
            DataType::Binary => strings!(BinaryArray),
            DataType::LargeBinary => strings!(LargeBinaryArray),
            DataType::BinaryView => strings!(BinaryViewArray),
            DataType::Boolean => {
                let bits = BooleanBuffer::collect_bool(len, |_| self.one_in(2));
                Arc::new(BooleanArray::new(bits, nulls))
            }
            DataType::FixedSizeBinary(size) => {
                let bytes: Vec<u8> = (0..len * *size as usize)
                    .map(|_| self.next() as u8)
                    .collect();
                Arc::new(FixedSizeBinaryArray::try_new(*size, bytes.into(), nulls).unwrap())
            }
            fixed => {
                let width = fixed.primitive_width().unwrap();
                let mut bytes = Vec::with_capacity(len * width);
                for _ in 0..len {
                    let value = if few {
                        self.below(5)
                    } else {
                        self.below(10_000)
                    } as i64;
                    // Unsigned types and times of day have no negative values.
                    let signed =
                        matches!(fixed, DataType::Timestamp(..) | DataType::Decimal128(..))
                            || fixed.is_signed_integer()
                            || fixed.is_floating();
                    let value = if signed && self.one_in(2) {
                        -value
                    } else {
                        value
                    };
                    bytes.extend(fixed_bytes(fixed, value, width));
                }
                let data = ArrayData::builder(fixed.clone()).len(len).nulls(nulls);
                // Vectors of bytes are not aligned to wider values.
                make_array(
                    data.add_buffer(Buffer::from(bytes.as_slice()))
                        .build()
                        .unwrap(),
                )
            }
        }
    }
}

fn fixed_bytes(data_type: &DataType, value: i64, width: usize) -> Vec<u8> {
    match data_type {
        // Sign, five bits of exponent from 15 on, ten bits: powers of two are enough here.
        DataType::Float16 => {
            let sign = if value < 0 { 0x8000u16 } else { 0 };
            (sign | (15 + (value.unsigned_abs() % 10) as u16) << 10)
                .to_le_bytes()
                .to_vec()
        }
        DataType::Float32 => (value as f32 / 4.0).to_le_bytes().to_vec(),
        DataType::Float64 => (value as f64 / 4.0).to_le_bytes().to_vec(),
        _ => {
            let fill = if value < 0 { 0xFF } else { 0 };
            let mut bytes = value.to_le_bytes().to_vec();
            bytes.resize(width.max(8), fill);
            bytes.truncate(width);
            bytes
        }
    }
}
