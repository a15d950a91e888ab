//! The tables that memory is measured on, made batch by batch.

#![allow(dead_code)]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Rows of a batch, unless a case says otherwise.
pub(crate) const BATCH_ROWS: usize = 8_192;

/// What the columns of a table hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Every 20th column long random strings, the others numbers.
    Wide,
    /// Few distinct values in every column.
    Small,
}

/// A table of nullable columns without nulls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) kind: Kind,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) batch_rows: usize,
}

impl Table {
    pub(crate) fn wide(columns: usize, rows: usize) -> Self {
        Self {
            kind: Kind::Wide,
            columns,
            rows,
            batch_rows: BATCH_ROWS,
        }
    }

    pub(crate) fn small(columns: usize, rows: usize) -> Self {
        Self {
            kind: Kind::Small,
            columns,
            rows,
            batch_rows: BATCH_ROWS,
        }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = (0..self.columns)
            .map(|column| Field::new(format!("c{column}"), self.data_type(column), true))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// The batches, each made when it is asked for.
    pub(crate) fn batches(&self) -> impl Iterator<Item = RecordBatch> + use<> {
        let (table, schema) = (*self, self.schema());
        let words: Vec<String> = (0..100).map(|i| format!("word number {i}")).collect();
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        (0..table.rows.div_ceil(table.batch_rows)).map(move |batch| {
            let rows = table.batch_rows.min(table.rows - batch * table.batch_rows);
            let columns =
                (0..table.columns).map(|column| table.column(column, rows, &words, &mut random));
            RecordBatch::try_new(schema.clone(), columns.collect()).expect("columns fit the schema")
        })
    }

    fn data_type(&self, column: usize) -> DataType {
        match (self.kind, column) {
            (Kind::Wide, column) if column % 20 == 19 => DataType::Utf8,
            (Kind::Wide, column) => {
                [DataType::Int32, DataType::Int64, DataType::Float64][column % 3].clone()
            }
            (Kind::Small, column) => [
                DataType::Int32,
                DataType::Int64,
                DataType::Float64,
                DataType::Utf8,
            ][column % 4]
                .clone(),
        }
    }

    fn column(
        &self,
        column: usize,
        rows: usize,
        words: &[String],
        random: &mut Random,
    ) -> ArrayRef {
        match (self.kind, self.data_type(column)) {
            (Kind::Wide, DataType::Utf8) => Arc::new(random_text(rows, random)),
            (Kind::Wide, DataType::Int32) => Arc::new(Int32Array::from_iter_values(
                (0..rows).map(|_| random.below(1_000) as i32),
            )),
            (Kind::Wide, DataType::Int64) => Arc::new(Int64Array::from_iter_values(
                (0..rows).map(|_| random.next() as i64),
            )),
            (Kind::Wide, _) => Arc::new(Float64Array::from_iter_values(
                (0..rows).map(|_| random.next() as f64 / u64::MAX as f64),
            )),
            (Kind::Small, DataType::Utf8) => Arc::new(StringArray::from_iter_values(
                (0..rows).map(|_| &words[random.below(100)]),
            )),
            (Kind::Small, DataType::Int32) => Arc::new(Int32Array::from_iter_values(
                (0..rows).map(|_| random.below(100) as i32),
            )),
            (Kind::Small, DataType::Int64) => Arc::new(Int64Array::from_iter_values(
                (0..rows).map(|_| random.below(1_000) as i64),
            )),
            (Kind::Small, _) => Arc::new(Float64Array::from_iter_values(
                (0..rows).map(|_| random.below(1_000) as f64 / 8.0),
            )),
        }
    }
}

/// Strings of 256 to 4,095 random printable characters.
fn random_text(rows: usize, random: &mut Random) -> StringArray {
    let mut text = StringBuilder::with_capacity(rows, rows * 2_200);
    let mut buffer = Vec::with_capacity(4_104);
    for _ in 0..rows {
        let len = 256 + random.below(3_840);
        buffer.clear();
        while buffer.len() < len {
            // Six random bits a character, from the space on.
            let word = (random.next() & 0x3F3F_3F3F_3F3F_3F3F) + 0x2020_2020_2020_2020;
            buffer.extend_from_slice(&word.to_le_bytes());
        }
        text.append_value(std::str::from_utf8(&buffer[..len]).expect("printable characters"));
    }
    text.finish()
}

/// A small and fast generator; the tables need speed, not quality.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }
}
