//! Rows to write: numbers that no codec makes smaller.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::ArrowError;

const COLUMNS: u32 = 16;
const ROWS: i64 = 8192;

/// Batch `number` of a file: 1 MiB.
pub(crate) fn batch(number: usize) -> Result<RecordBatch, ArrowError> {
    let seed = i64::try_from(number).unwrap_or_default() * ROWS;
    let column = |column: u32| -> (String, ArrayRef) {
        let mixed = |row: i64| {
            (row + seed)
                .wrapping_mul(-0x61C8_8646_80B5_83EB)
                .rotate_left(column)
        };
        let array = Int64Array::from_iter_values((0..ROWS).map(mixed));
        (format!("c{column}"), Arc::new(array))
    };
    RecordBatch::try_from_iter((0..COLUMNS).map(column))
}
