//! Bounds and counts of the data pages of a column chunk.
//!
//! SPEC: parquet.thrift, `ColumnIndex`.

mod base;
mod byte_array;
mod iterators;
mod primitive;

use std::ops::Deref;

use crate::basic::{BoundaryOrder, Type};
use crate::data_type::{AsBytes, Int96};
use crate::errors::Result;

pub(crate) use base::PageBounds;

pub use base::ColumnIndex;
pub use byte_array::ByteArrayColumnIndex;
pub use iterators::ColumnIndexIterators;
pub use primitive::PrimitiveColumnIndex;

/// The column index of a column chunk, by the physical type of its column.
#[derive(Clone, Debug, PartialEq)]
#[allow(non_camel_case_types)]
pub enum ColumnIndexMetaData {
    /// Of physical type BYTE_ARRAY.
    BYTE_ARRAY(ByteArrayColumnIndex),
    /// Of physical type FIXED_LEN_BYTE_ARRAY.
    FIXED_LEN_BYTE_ARRAY(ByteArrayColumnIndex),
    /// Of physical type BOOLEAN.
    BOOLEAN(PrimitiveColumnIndex<bool>),
    /// Of physical type INT32.
    INT32(PrimitiveColumnIndex<i32>),
    /// Of physical type FLOAT.
    FLOAT(PrimitiveColumnIndex<f32>),
    /// Of physical type INT64.
    INT64(PrimitiveColumnIndex<i64>),
    /// Of physical type DOUBLE.
    DOUBLE(PrimitiveColumnIndex<f64>),
    /// Of physical type INT96.
    INT96(PrimitiveColumnIndex<Int96>),
}

/// Runs an expression on the typed index within.
macro_rules! each_type {
    ($index:expr, $typed:ident => $body:expr) => {
        match $index {
            ColumnIndexMetaData::BOOLEAN($typed) => $body,
            ColumnIndexMetaData::INT32($typed) => $body,
            ColumnIndexMetaData::INT64($typed) => $body,
            ColumnIndexMetaData::INT96($typed) => $body,
            ColumnIndexMetaData::FLOAT($typed) => $body,
            ColumnIndexMetaData::DOUBLE($typed) => $body,
            ColumnIndexMetaData::BYTE_ARRAY($typed) => $body,
            ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY($typed) => $body,
        }
    };
}

impl ColumnIndexMetaData {
    /// The index of a column of `physical_type`, its bounds read from their bytes.
    ///
    /// # Errors
    /// If a bound has not the width of the type.
    pub(crate) fn try_new(
        physical_type: Type,
        index: ColumnIndex,
        bounds: PageBounds,
    ) -> Result<Self> {
        Ok(match physical_type {
            Type::BOOLEAN => Self::BOOLEAN(PrimitiveColumnIndex::try_new(index, &bounds)?),
            Type::INT32 => Self::INT32(PrimitiveColumnIndex::try_new(index, &bounds)?),
            Type::INT64 => Self::INT64(PrimitiveColumnIndex::try_new(index, &bounds)?),
            Type::INT96 => Self::INT96(PrimitiveColumnIndex::try_new(index, &bounds)?),
            Type::FLOAT => Self::FLOAT(PrimitiveColumnIndex::try_new(index, &bounds)?),
            Type::DOUBLE => Self::DOUBLE(PrimitiveColumnIndex::try_new(index, &bounds)?),
            Type::BYTE_ARRAY => Self::BYTE_ARRAY(ByteArrayColumnIndex::new(index, bounds)),
            Type::FIXED_LEN_BYTE_ARRAY => {
                Self::FIXED_LEN_BYTE_ARRAY(ByteArrayColumnIndex::new(index, bounds))
            }
        })
    }

    /// Whether the bounds of the pages ascend or descend, so that they can be searched.
    pub fn is_sorted(&self) -> bool {
        self.base().boundary_order != BoundaryOrder::UNORDERED
    }

    /// How the bounds of the pages follow one another.
    pub fn get_boundary_order(&self) -> Option<BoundaryOrder> {
        Some(self.base().boundary_order)
    }

    /// Number of nulls on each page, if known.
    pub fn null_counts(&self) -> Option<&Vec<i64>> {
        self.base().null_counts.as_ref()
    }

    /// Number of NaNs on each page, if known.
    pub fn nan_counts(&self) -> Option<&Vec<i64>> {
        self.base().nan_counts.as_ref()
    }

    /// Number of data pages.
    pub fn num_pages(&self) -> u64 {
        self.base().num_pages()
    }

    /// Number of nulls on a page, if known.
    pub fn null_count(&self, idx: usize) -> Option<i64> {
        self.base().null_count(idx)
    }

    /// Number of NaNs on a page, if known.
    pub fn nan_count(&self, idx: usize) -> Option<i64> {
        self.base().nan_count(idx)
    }

    /// How often each repetition level occurs on a page, if known.
    pub fn repetition_level_histogram(&self, idx: usize) -> Option<&[i64]> {
        self.base().repetition_level_histogram(idx)
    }

    /// How often each definition level occurs on a page, if known.
    pub fn definition_level_histogram(&self, idx: usize) -> Option<&[i64]> {
        self.base().definition_level_histogram(idx)
    }

    /// Whether a page holds no value but nulls; false past the last page.
    pub fn is_null_page(&self, idx: usize) -> bool {
        self.base().is_null_page(idx)
    }

    /// The minimum of a page in PLAIN encoding without a length; nothing for a null page.
    pub(crate) fn min_bytes(&self, idx: usize) -> &[u8] {
        each_type!(self, typed => bytes_of(typed.min_value(idx)))
    }

    /// The maximum of a page in PLAIN encoding without a length; nothing for a null page.
    pub(crate) fn max_bytes(&self, idx: usize) -> &[u8] {
        each_type!(self, typed => bytes_of(typed.max_value(idx)))
    }

    /// The part that does not depend on the type.
    pub(crate) fn base(&self) -> &ColumnIndex {
        each_type!(self, typed => typed.deref())
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.base().memory_size() + each_type!(self, typed => typed.bounds_memory_size())
    }
}

fn bytes_of<T: AsBytes + ?Sized>(value: Option<&T>) -> &[u8] {
    value.map(T::as_bytes).unwrap_or_default()
}
