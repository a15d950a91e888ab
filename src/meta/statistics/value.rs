//! `ValueStatistics`: the statistics of values of one physical type.

use std::fmt;

use crate::data_type::{AsBytes, ParquetValueType};
use crate::meta::slim::Slim;

/// Smallest and largest value, and counts, of a page or a column chunk.
#[derive(Clone, PartialEq, Eq)]
pub struct ValueStatistics<T> {
    min: Option<T>,
    max: Option<T>,
    distinct_count: Slim<u64>,
    null_count: Slim<u64>,
    nan_count: Slim<u64>,
    min_is_exact: bool,
    max_is_exact: bool,
    is_min_max_deprecated: bool,
    is_min_max_backwards_compatible: bool,
}

impl<T> ValueStatistics<T> {
    /// Statistics of these bounds and counts; bounds that are given are taken to be exact.
    ///
    /// With `is_min_max_deprecated` the bounds go to the fields of the format that are deprecated, and
    /// to no others.
    pub fn new(
        min: Option<T>,
        max: Option<T>,
        distinct_count: Option<u64>,
        null_count: Option<u64>,
        is_min_max_deprecated: bool,
    ) -> Self {
        Self {
            min_is_exact: min.is_some(),
            max_is_exact: max.is_some(),
            min,
            max,
            distinct_count: distinct_count.into(),
            null_count: null_count.into(),
            nan_count: Slim::NONE,
            is_min_max_deprecated,
            is_min_max_backwards_compatible: is_min_max_deprecated,
        }
    }

    /// Says whether the minimum occurs among the values, or is only a lower bound.
    pub fn with_min_is_exact(self, is_exact: bool) -> Self {
        Self {
            min_is_exact: is_exact,
            ..self
        }
    }

    /// Says whether the maximum occurs among the values, or is only an upper bound.
    pub fn with_max_is_exact(self, is_exact: bool) -> Self {
        Self {
            max_is_exact: is_exact,
            ..self
        }
    }

    /// Says whether the bounds are written to the deprecated fields too, for old readers. Right only
    /// where the column's order is that of signed values.
    pub fn with_backwards_compatible_min_max(self, is_compatible: bool) -> Self {
        Self {
            is_min_max_backwards_compatible: is_compatible,
            ..self
        }
    }

    /// Sets how many values are NaN; for floating-point columns alone.
    pub fn with_nan_count(self, nan_count: Option<u64>) -> Self {
        Self {
            nan_count: nan_count.into(),
            ..self
        }
    }

    /// The minimum, or a lower bound of it.
    pub fn min_opt(&self) -> Option<&T> {
        self.min.as_ref()
    }

    /// The maximum, or an upper bound of it.
    pub fn max_opt(&self) -> Option<&T> {
        self.max.as_ref()
    }

    /// Whether the minimum occurs among the values.
    pub fn min_is_exact(&self) -> bool {
        self.min.is_some() && self.min_is_exact
    }

    /// Whether the maximum occurs among the values.
    pub fn max_is_exact(&self) -> bool {
        self.max.is_some() && self.max_is_exact
    }

    /// Number of distinct values, if known.
    pub fn distinct_count(&self) -> Option<u64> {
        self.distinct_count.get()
    }

    /// Number of nulls, if known.
    pub fn null_count_opt(&self) -> Option<u64> {
        self.null_count.get()
    }

    /// Number of NaNs, if known.
    pub fn nan_count_opt(&self) -> Option<u64> {
        self.nan_count.get()
    }

    /// Whether the bounds are written to the deprecated fields too.
    pub fn is_min_max_backwards_compatible(&self) -> bool {
        self.is_min_max_backwards_compatible
    }

    /// Whether the bounds are written to the deprecated fields alone.
    pub(super) fn is_min_max_deprecated(&self) -> bool {
        self.is_min_max_deprecated
    }
}

impl<T: AsBytes> ValueStatistics<T> {
    /// The minimum as bytes.
    pub fn min_bytes_opt(&self) -> Option<&[u8]> {
        self.min_opt().map(AsBytes::as_bytes)
    }

    /// The maximum as bytes.
    pub fn max_bytes_opt(&self) -> Option<&[u8]> {
        self.max_opt().map(AsBytes::as_bytes)
    }
}

impl<T: ParquetValueType> ValueStatistics<T> {
    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        let bounds = [&self.min, &self.max];
        bounds.into_iter().flatten().map(T::memory_size).sum()
    }
}

/// Bounds, counts and flags in braces.
impl<T: fmt::Debug> fmt::Debug for ValueStatistics<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{min: {:?}, max: {:?}, ", self.min, self.max)?;
        let (distinct, nulls) = (self.distinct_count.get(), self.null_count.get());
        write!(f, "distinct_count: {distinct:?}, null_count: {nulls:?}, ")?;
        if let Some(nans) = self.nan_count.get() {
            write!(f, "nan_count: {nans}, ")?;
        }
        let compatible = self.is_min_max_backwards_compatible;
        write!(f, "min_max_deprecated: {}, ", self.is_min_max_deprecated)?;
        write!(f, "min_max_backwards_compatible: {compatible}, ")?;
        write!(f, "max_value_exact: {}, ", self.max_is_exact())?;
        write!(f, "min_value_exact: {}}}", self.min_is_exact())
    }
}

/// Bounds, counts and flags in braces; `N/A` for what is not known.
impl<T: fmt::Display> fmt::Display for ValueStatistics<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{")?;
        write_known(f, "min", self.min.as_ref())?;
        write_known(f, "max", self.max.as_ref())?;
        write_known(f, "distinct_count", self.distinct_count.get())?;
        write_known(f, "null_count", self.null_count.get())?;
        write!(f, "min_max_deprecated: {}, ", self.is_min_max_deprecated)?;
        write!(f, "max_value_exact: {}, ", self.max_is_exact())?;
        write!(f, "min_value_exact: {}}}", self.min_is_exact())
    }
}

fn write_known<V: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    value: Option<V>,
) -> fmt::Result {
    match value {
        Some(value) => write!(f, "{name}: {value}, "),
        None => write!(f, "{name}: N/A, "),
    }
}
