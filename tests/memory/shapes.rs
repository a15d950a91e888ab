//! Columns of every kind that takes a way of its own through the writer, made batch by batch.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanArray, Decimal128Array, DictionaryArray,
    FixedSizeBinaryBuilder, Float64Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch,
    StringArray, StringBuilder, StringViewBuilder, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Schema, SchemaRef};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::watch::MIB;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// 16 values of 32 bits.
    FewInts,
    Int64,
    Float64,
    Boolean,
    /// Text of 8 to 40 letters.
    Short,
    /// Text of 256 to 4,095 letters.
    Text,
    /// As `Text`, in views.
    Views,
    /// Strings of so many bytes.
    Binary(usize),
    /// Every hundredth string of so many bytes, the others short.
    Uneven(usize),
    /// Of 38 digits.
    Decimal,
    /// Strings of this one length.
    Fixed(i32),
    /// Lists of up to eight 64-bit integers.
    List,
    /// Lists of up to eight pairs of short text and a 64-bit integer.
    Structs,
    /// Up to eight pairs a row.
    Map,
    /// An Arrow dictionary of 1,000 words.
    Words,
    /// An Arrow dictionary of 500 strings of 4 KiB.
    LongWords,
}

/// Which slots are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// The field is required.
    Never,
    /// About one in three.
    Third,
}

/// Columns, all of so many rows.
#[derive(Debug, Clone)]
pub(crate) struct Shapes {
    pub(crate) columns: Vec<Shape>,
    pub(crate) nulls: Nulls,
    pub(crate) batch_rows: usize,
    pub(crate) batches: usize,
}

/// What strings are cut from: making them anew would take most of a test's time.
static LETTERS: LazyLock<String> = LazyLock::new(|| {
    let mut random = StdRng::seed_from_u64(5);
    (0..2 * MIB)
        .map(|_| char::from(random.random_range(b' '..=b'~')))
        .collect()
});

/// The values of dictionaries, the same in all batches.
static WORDS: LazyLock<ArrayRef> = LazyLock::new(|| {
    let words = (0..1_000).map(|word| format!("a rather long word, number {word}"));
    Arc::new(StringArray::from_iter_values(words))
});
static LONG_WORDS: LazyLock<ArrayRef> = LazyLock::new(|| {
    let mut random = StdRng::seed_from_u64(9);
    Arc::new(text(500, (4_095, 4_095), None, &mut random))
});

impl Shape {
    /// Bytes of a row of it, about.
    pub(crate) fn row_bytes(self) -> usize {
        match self {
            Shape::Boolean => 1,
            Shape::FewInts | Shape::Words => 4,
            Shape::Int64 | Shape::Float64 => 8,
            Shape::Decimal => 16,
            Shape::Short => 28,
            Shape::Text | Shape::Views => 2_180,
            Shape::Binary(bytes) => bytes,
            Shape::Uneven(bytes) => bytes / 100 + 20,
            Shape::Fixed(bytes) => bytes as usize,
            Shape::List => 28,
            Shape::Structs | Shape::Map => 128,
            Shape::LongWords => 4_096,
        }
    }

    /// Bytes of the largest value.
    pub(crate) fn largest_value(self) -> usize {
        match self {
            Shape::Short | Shape::Structs | Shape::Map | Shape::Words => 40,
            Shape::Text | Shape::Views | Shape::LongWords => 4_096,
            Shape::Uneven(bytes) => bytes,
            other => other.row_bytes(),
        }
    }

    /// Bytes of the next value, of at most `bytes`.
    fn len(self, bytes: usize, random: &mut StdRng) -> usize {
        match self {
            Shape::Uneven(_) if !random.random_ratio(1, 100) => random.random_range(8..=40),
            _ => bytes,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Shape::FewInts => DataType::Int32,
            Shape::Int64 => DataType::Int64,
            Shape::Float64 => DataType::Float64,
            Shape::Boolean => DataType::Boolean,
            Shape::Short | Shape::Text => DataType::Utf8,
            Shape::Views => DataType::Utf8View,
            Shape::Binary(_) | Shape::Uneven(_) => DataType::Binary,
            Shape::Decimal => DataType::Decimal128(38, 4),
            Shape::Fixed(width) => DataType::FixedSizeBinary(width),
            Shape::List => DataType::new_list(DataType::Int64, true),
            Shape::Structs => DataType::new_list(DataType::Struct(pair("a", "b")), false),
            Shape::Map => DataType::Map(entries(), false),
            Shape::Words | Shape::LongWords => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
        }
    }

    fn array(self, rows: usize, nulls: Option<NullBuffer>, random: &mut StdRng) -> ArrayRef {
        match self {
            Shape::FewInts => Arc::new(Int32Array::new(
                (0..rows).map(|_| random.random_range(0..16)).collect(),
                nulls,
            )),
            Shape::Int64 => Arc::new(int64s(rows, nulls, random)),
            Shape::Float64 => Arc::new(Float64Array::new(
                (0..rows).map(|_| random.random::<f64>()).collect(),
                nulls,
            )),
            Shape::Boolean => {
                let bits = (0..rows).map(|_| random.random::<bool>());
                Arc::new(BooleanArray::new(bits.collect::<Vec<_>>().into(), nulls))
            }
            Shape::Short => Arc::new(text(rows, (8, 40), nulls, random)),
            Shape::Text => Arc::new(text(rows, (256, 4_095), nulls, random)),
            Shape::Views => {
                let mut views = StringViewBuilder::new();
                for row in 0..rows {
                    match is_valid(&nulls, row) {
                        true => {
                            views.append_value(letters(random.random_range(256..=4_095), random))
                        }
                        false => views.append_null(),
                    }
                }
                Arc::new(views.finish())
            }
            Shape::Binary(bytes) | Shape::Uneven(bytes) => {
                let mut strings = BinaryBuilder::new();
                for row in 0..rows {
                    match is_valid(&nulls, row) {
                        true => strings.append_value(letters(self.len(bytes, random), random)),
                        false => strings.append_null(),
                    }
                }
                Arc::new(strings.finish())
            }
            Shape::Decimal => {
                let values = (0..rows).map(|_| i128::from(random.random::<i64>()) << 40);
                let array = Decimal128Array::new(values.collect(), nulls);
                Arc::new(array.with_data_type(self.data_type()))
            }
            Shape::Fixed(width) => {
                let mut strings = FixedSizeBinaryBuilder::new(width);
                let mut value = vec![0; width as usize];
                for row in 0..rows {
                    random.fill_bytes(&mut value);
                    match is_valid(&nulls, row) {
                        true => strings.append_value(&value).expect("the width"),
                        false => strings.append_null(),
                    }
                }
                Arc::new(strings.finish())
            }
            Shape::List => {
                let offsets = offsets(rows, random);
                let items = int64s(offsets.last() as usize, None, random);
                let field = Arc::new(Field::new_list_field(DataType::Int64, true));
                Arc::new(ListArray::new(field, offsets, Arc::new(items), nulls))
            }
            Shape::Structs => {
                let offsets = offsets(rows, random);
                let items = pairs(offsets.last() as usize, pair("a", "b"), random);
                let field = Arc::new(Field::new_list_field(
                    DataType::Struct(pair("a", "b")),
                    false,
                ));
                Arc::new(ListArray::new(field, offsets, Arc::new(items), nulls))
            }
            Shape::Map => {
                let offsets = offsets(rows, random);
                let items = pairs(offsets.last() as usize, pair("keys", "values"), random);
                Arc::new(MapArray::new(entries(), offsets, items, nulls, false))
            }
            Shape::Words => dictionary(&WORDS, rows, nulls, random),
            Shape::LongWords => dictionary(&LONG_WORDS, rows, nulls, random),
        }
    }
}

impl Shapes {
    /// `columns` of about `bytes` in batches of about `batch_bytes`.
    pub(crate) fn new(columns: Vec<Shape>, bytes: usize, batch_bytes: usize) -> Self {
        let row: usize = columns.iter().map(|shape| shape.row_bytes()).sum();
        let batch_rows = (batch_bytes / row).max(1);
        Self {
            columns,
            nulls: Nulls::Never,
            batch_rows,
            batches: bytes.div_ceil(batch_rows * row),
        }
    }

    pub(crate) fn with_nulls(self, nulls: Nulls) -> Self {
        Self { nulls, ..self }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        let is_nullable = self.nulls != Nulls::Never;
        let fields = self.columns.iter().enumerate();
        let fields = fields
            .map(|(index, shape)| Field::new(format!("c{index}"), shape.data_type(), is_nullable));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The batches, the same each time.
    pub(crate) fn batches(&self) -> impl Iterator<Item = RecordBatch> + use<> {
        let (shapes, schema) = (self.clone(), self.schema());
        let mut random = StdRng::seed_from_u64(17);
        (0..self.batches).map(move |_| {
            let arrays = shapes.columns.iter().map(|shape| {
                let rows = shapes.batch_rows;
                let nulls = match shapes.nulls {
                    Nulls::Never => None,
                    Nulls::Third => Some((0..rows).map(|_| random.random_ratio(2, 3)).collect()),
                };
                shape.array(rows, nulls, &mut random)
            });
            RecordBatch::try_new(schema.clone(), arrays.collect()).expect("columns fit the schema")
        })
    }
}

fn is_valid(nulls: &Option<NullBuffer>, row: usize) -> bool {
    nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
}

fn letters(len: usize, random: &mut StdRng) -> &'static str {
    let from = random.random_range(0..=LETTERS.len() - len);
    &LETTERS[from..from + len]
}

fn int64s(rows: usize, nulls: Option<NullBuffer>, random: &mut StdRng) -> Int64Array {
    Int64Array::new((0..rows).map(|_| random.random::<i64>()).collect(), nulls)
}

fn text(
    rows: usize,
    (least, most): (usize, usize),
    nulls: Option<NullBuffer>,
    random: &mut StdRng,
) -> StringArray {
    let mut text = StringBuilder::new();
    for row in 0..rows {
        match is_valid(&nulls, row) {
            true => text.append_value(letters(random.random_range(least..=most), random)),
            false => text.append_null(),
        }
    }
    text.finish()
}

fn dictionary(
    words: &ArrayRef,
    rows: usize,
    nulls: Option<NullBuffer>,
    random: &mut StdRng,
) -> ArrayRef {
    let count = words.len() as i32;
    let keys = (0..rows).map(|_| random.random_range(0..count));
    let keys = Int32Array::new(keys.collect(), nulls);
    Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::clone(words)))
}

fn offsets(rows: usize, random: &mut StdRng) -> OffsetBuffer<i32> {
    OffsetBuffer::from_lengths((0..rows).map(|_| random.random_range(0..=7)))
}

fn pair(text: &str, number: &str) -> Fields {
    Fields::from(vec![
        Field::new(text, DataType::Utf8, false),
        Field::new(number, DataType::Int64, false),
    ])
}

fn entries() -> Arc<Field> {
    let pair = DataType::Struct(pair("keys", "values"));
    Arc::new(Field::new("entries", pair, false))
}

fn pairs(rows: usize, fields: Fields, random: &mut StdRng) -> StructArray {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(text(rows, (8, 40), None, random)),
        Arc::new(int64s(rows, None, random)),
    ];
    StructArray::new(fields, columns, None)
}
