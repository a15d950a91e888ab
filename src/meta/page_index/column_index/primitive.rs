//! `PrimitiveColumnIndex`: bounds of fixed-width values, one vector each.

use std::ops::Deref;

use super::base::{ColumnIndex, PageBounds};
use crate::data_type::ParquetValueType;
use crate::errors::{ParquetError, Result};

/// The column index of a column whose values are `T`.
#[derive(Clone, Debug, PartialEq)]
pub struct PrimitiveColumnIndex<T> {
    column_index: ColumnIndex,
    min_values: Vec<T>,
    max_values: Vec<T>,
}

impl<T: ParquetValueType> PrimitiveColumnIndex<T> {
    /// Reads the bounds of all pages but null pages.
    ///
    /// # Errors
    /// If a bound has not the width of a `T`.
    pub(crate) fn try_new(column_index: ColumnIndex, bounds: &PageBounds) -> Result<Self> {
        let mut min_values = Vec::with_capacity(column_index.null_pages.len());
        let mut max_values = Vec::with_capacity(column_index.null_pages.len());
        for (idx, is_null_page) in column_index.null_pages.iter().enumerate() {
            if *is_null_page {
                min_values.push(T::default());
                max_values.push(T::default());
            } else {
                min_values.push(value_of(bounds.min(idx))?);
                max_values.push(value_of(bounds.max(idx))?);
            }
        }
        Ok(Self {
            column_index,
            min_values,
            max_values,
        })
    }
}

impl<T> PrimitiveColumnIndex<T> {
    /// Minima of all pages; those of null pages mean nothing.
    pub fn min_values(&self) -> &[T] {
        &self.min_values
    }

    /// Maxima of all pages; those of null pages mean nothing.
    pub fn max_values(&self) -> &[T] {
        &self.max_values
    }

    /// Minima of all pages, `None` for null pages.
    pub fn min_values_iter(&self) -> impl Iterator<Item = Option<&T>> {
        self.unless_null(&self.min_values)
    }

    /// Maxima of all pages, `None` for null pages.
    pub fn max_values_iter(&self) -> impl Iterator<Item = Option<&T>> {
        self.unless_null(&self.max_values)
    }

    /// The minimum of a page; `None` for a null page.
    pub fn min_value(&self, idx: usize) -> Option<&T> {
        self.min_values.get(idx).filter(|_| !self.is_null_page(idx))
    }

    /// The maximum of a page; `None` for a null page.
    pub fn max_value(&self, idx: usize) -> Option<&T> {
        self.max_values.get(idx).filter(|_| !self.is_null_page(idx))
    }

    pub(super) fn bounds_memory_size(&self) -> usize {
        (self.min_values.capacity() + self.max_values.capacity()) * size_of::<T>()
    }

    fn unless_null<'a>(&'a self, values: &'a [T]) -> impl Iterator<Item = Option<&'a T>> {
        let pages = values.iter().zip(&self.column_index.null_pages);
        pages.map(|(value, is_null_page)| (!is_null_page).then_some(value))
    }
}

impl<T> Deref for PrimitiveColumnIndex<T> {
    type Target = ColumnIndex;

    fn deref(&self) -> &ColumnIndex {
        &self.column_index
    }
}

fn value_of<T: ParquetValueType>(bytes: Option<&[u8]>) -> Result<T> {
    let bytes = bytes.unwrap_or_default();
    T::from_bytes(bytes).ok_or_else(|| {
        ParquetError::General(format!(
            "error converting value, expected {} bytes got {}",
            size_of::<T>(),
            bytes.len()
        ))
    })
}
