//! Columns to write, made batch by batch.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, DictionaryArray, Float64Array,
    Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// A kind of column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Random 64-bit integers.
    Int64,
    /// As `Int64`, every second slot null.
    Int64HalfNull,
    /// 16 values.
    Int32Of16,
    /// 10,000 values.
    Int64Of10k,
    /// So many 64-bit integers over and over.
    Sequence(usize),
    /// Random floats.
    Float64,
    Boolean,
    /// 100 values.
    Utf8Of100,
    /// Random text of 8 to 40 letters.
    Utf8,
    /// Random strings of this many bytes.
    Binary(usize),
    /// Of 38 digits.
    Decimal,
    /// Of nine digits: INT32 in the file.
    SmallDecimal,
    /// Lists of up to eight 64-bit integers, some of them null.
    List,
    /// Arrow dictionaries of 1,000 strings.
    Dictionary,
}

impl Column {
    fn field(self, index: usize) -> Field {
        let is_nullable = !matches!(self, Column::Int64 | Column::Utf8);
        Field::new(format!("c{index}"), self.data_type(), is_nullable)
    }

    fn data_type(self) -> DataType {
        match self {
            Column::Int64 | Column::Int64HalfNull | Column::Int64Of10k | Column::Sequence(_) => {
                DataType::Int64
            }
            Column::Int32Of16 => DataType::Int32,
            Column::Float64 => DataType::Float64,
            Column::Boolean => DataType::Boolean,
            Column::Utf8Of100 | Column::Utf8 => DataType::Utf8,
            Column::Binary(_) => DataType::Binary,
            Column::Decimal => DataType::Decimal128(38, 4),
            Column::SmallDecimal => DataType::Decimal128(9, 2),
            Column::List => DataType::new_list(DataType::Int64, true),
            Column::Dictionary => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
        }
    }

    /// Slots `from` to `from + rows` of the column.
    fn array(self, from: usize, rows: usize, random: &mut StdRng) -> ArrayRef {
        match self {
            Column::Int64 => Arc::new(Int64Array::from_iter_values(
                (0..rows).map(|_| random.random::<i64>()),
            )),
            Column::Int64HalfNull => {
                Arc::new(Int64Array::from_iter((0..rows).map(|_| {
                    random.random::<bool>().then(|| random.random::<i64>())
                })))
            }
            Column::Int32Of16 => Arc::new(Int32Array::from_iter_values(
                (0..rows).map(|_| random.random_range(0..16)),
            )),
            Column::Int64Of10k => Arc::new(Int64Array::from_iter_values(
                (0..rows).map(|_| random.random_range(0..10_000) * 77_777),
            )),
            Column::Sequence(length) => Arc::new(Int64Array::from_iter_values(
                (from..from + rows).map(|row| (row % length * 1_000) as i64),
            )),
            Column::Float64 => Arc::new(Float64Array::from_iter_values(
                (0..rows).map(|_| random.random::<f64>()),
            )),
            Column::Boolean => Arc::new(BooleanArray::from_iter(
                (0..rows).map(|_| Some(random.random::<bool>())),
            )),
            Column::Utf8Of100 => Arc::new(StringArray::from_iter_values(
                (0..rows).map(|_| format!("word number {}", random.random_range(0..100))),
            )),
            Column::Utf8 => Arc::new(StringArray::from_iter_values((0..rows).map(|_| {
                let letters = random.random_range(8..=40);
                (0..letters)
                    .map(|_| char::from(random.random_range(b'a'..=b'z')))
                    .collect::<String>()
            }))),
            Column::Binary(bytes) => {
                let mut value = vec![0; bytes];
                Arc::new(BinaryArray::from_iter_values((0..rows).map(|_| {
                    random.fill_bytes(&mut value);
                    value.clone()
                })))
            }
            Column::Decimal => {
                let values = (0..rows).map(|_| i128::from(random.random::<i64>()) << 40);
                let array = Decimal128Array::from_iter_values(values);
                Arc::new(array.with_data_type(self.data_type()))
            }
            Column::SmallDecimal => {
                let values = (0..rows).map(|_| random.random_range(0..999_999_999_i128));
                let array = Decimal128Array::from_iter_values(values);
                Arc::new(array.with_data_type(self.data_type()))
            }
            Column::List => {
                let lists = (0..rows).map(|_| {
                    random.random_ratio(9, 10).then(|| {
                        let items = random.random_range(0..=8);
                        (0..items)
                            .map(|_| random.random_ratio(7, 8).then(|| random.random::<i64>()))
                            .collect::<Vec<_>>()
                    })
                });
                let lists: Vec<_> = lists.collect();
                Arc::new(ListArray::from_iter_primitive::<
                    arrow::datatypes::Int64Type,
                    _,
                    _,
                >(lists))
            }
            Column::Dictionary => {
                let words = StringArray::from_iter_values(
                    (0..1_000).map(|word| format!("a rather long word, number {word}")),
                );
                let keys =
                    Int32Array::from_iter_values((0..rows).map(|_| random.random_range(0..1_000)));
                Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(words)))
            }
        }
    }
}

/// The schema of these columns.
pub(crate) fn schema_of(columns: &[Column]) -> SchemaRef {
    let fields = columns.iter().enumerate();
    Arc::new(Schema::new(
        fields
            .map(|(index, column)| column.field(index))
            .collect::<Vec<_>>(),
    ))
}

/// Batches of these columns, the same for the same arguments.
pub(crate) fn batches_of(
    columns: &[Column],
    batches: usize,
    rows: usize,
) -> impl Iterator<Item = RecordBatch> {
    let schema = schema_of(columns);
    let mut random = StdRng::seed_from_u64(17);
    (0..batches).map(move |batch| {
        let arrays = columns.iter();
        let arrays = arrays.map(|column| column.array(batch * rows, rows, &mut random));
        RecordBatch::try_new(schema.clone(), arrays.collect()).expect("columns fit the schema")
    })
}
