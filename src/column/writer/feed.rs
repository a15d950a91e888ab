//! Values of a caller's slice, given to the encoder in its own form.

use super::sizes::lengths_of;
use super::slots::ValueFeed;
use crate::basic::Type;
use crate::data_type::values::Values;
use crate::data_type::{Borrowed, ParquetValueType};
use crate::errors::Result;
use crate::schema::types::ColumnDescriptor;

/// Gives the values of a slice. Those whose slices are not laid out as encoders need them are converted as they are
/// asked for.
pub(super) struct TypedFeed<'a, T> {
    values: &'a [T],
    /// Values given.
    at: usize,
    width: usize,
    scratch: &'a mut Vec<u8>,
}

impl<'a, T: ParquetValueType> TypedFeed<'a, T> {
    /// Gives `values` to column `descr`.
    ///
    /// # Errors
    /// If a fixed-length value has another length than the column.
    pub(super) fn try_new(
        values: &'a [T],
        descr: &ColumnDescriptor,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Self> {
        let width = usize::try_from(descr.type_length()).unwrap_or(0);
        T::check_values(values, width)?;
        Ok(Self {
            values,
            at: 0,
            width,
            scratch,
        })
    }

    /// Bytes of all values, without what encodings add.
    pub(super) fn total_bytes(&mut self) -> usize {
        match T::PHYSICAL_TYPE {
            Type::BYTE_ARRAY => match T::borrow_values(self.values, self.width, self.scratch) {
                // Byte arrays are lent as they are.
                Ok(Borrowed(values)) => lengths_of(&values).sum,
                Err(_) => usize::MAX,
            },
            Type::BOOLEAN => self.values.len().div_ceil(8),
            _ => self
                .values
                .len()
                .saturating_mul(size_of::<T>().max(self.width)),
        }
    }

    /// Gives all values again.
    pub(super) fn rewind(&mut self) {
        self.at = 0;
    }
}

impl<T: ParquetValueType> ValueFeed for TypedFeed<'_, T> {
    fn next(&mut self, count: usize) -> Result<Values<'_>> {
        let end = self.at.saturating_add(count).min(self.values.len());
        let values = self.values.get(self.at..end).unwrap_or_default();
        self.at = end;
        Ok(T::borrow_values(values, self.width, self.scratch)?.0)
    }

    fn give_back(&mut self, count: usize) {
        self.at = self.at.saturating_sub(count);
    }

    fn held_bytes(&self) -> usize {
        self.scratch.capacity()
    }
}
