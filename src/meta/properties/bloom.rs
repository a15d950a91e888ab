//! How Bloom filters are sized.

use super::constants::{DEFAULT_BLOOM_FILTER_FPP, DEFAULT_BLOOM_FILTER_NDV};
use crate::errors::{ParquetError, Result};

/// The size of a column's Bloom filters, as the two numbers that it follows from.
///
/// A filter is made for [`ndv`](Self::ndv) distinct values and folded when its column chunk ends, as
/// far as [`fpp`](Self::fpp) allows for the values it then holds; too large an `ndv` therefore costs
/// memory while writing, but no space in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BloomFilterProperties {
    fpp: f64,
    ndv: u64,
}

impl BloomFilterProperties {
    /// A builder with nothing set.
    pub fn builder() -> BloomFilterPropertiesBuilder {
        BloomFilterPropertiesBuilder::new()
    }

    /// How probably a value that was not written is taken for one that was; between 0 and 1.
    pub fn fpp(&self) -> f64 {
        self.fpp
    }

    /// Distinct values that a filter has room for, in one column chunk.
    pub fn ndv(&self) -> u64 {
        self.ndv
    }
}

impl Default for BloomFilterProperties {
    /// [`DEFAULT_BLOOM_FILTER_FPP`] and [`DEFAULT_BLOOM_FILTER_NDV`].
    fn default() -> Self {
        BloomFilterProperties {
            fpp: DEFAULT_BLOOM_FILTER_FPP,
            ndv: DEFAULT_BLOOM_FILTER_NDV,
        }
    }
}

/// Puts [`BloomFilterProperties`] together.
#[derive(Debug, Clone, Default)]
pub struct BloomFilterPropertiesBuilder {
    fpp: Option<f64>,
    ndv: Option<u64>,
}

impl BloomFilterPropertiesBuilder {
    /// A builder with nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the false-positive probability; default [`DEFAULT_BLOOM_FILTER_FPP`].
    pub fn with_fpp(mut self, fpp: f64) -> Self {
        self.fpp = Some(fpp);
        self
    }

    /// Sets the number of distinct values; default [`DEFAULT_BLOOM_FILTER_NDV`].
    pub fn with_max_ndv(mut self, ndv: u64) -> Self {
        self.ndv = Some(ndv);
        self
    }

    /// The properties.
    ///
    /// # Panics
    /// If the probability is not between 0 and 1, both excluded.
    pub fn build(self) -> BloomFilterProperties {
        let properties = self.unchecked();
        assert_fpp(properties.fpp);
        properties
    }

    /// The properties.
    ///
    /// # Errors
    /// If the probability is not between 0 and 1, both excluded.
    pub fn try_build(self) -> Result<BloomFilterProperties> {
        let properties = self.unchecked();
        if is_probability(properties.fpp) {
            Ok(properties)
        } else {
            Err(ParquetError::General(bad_fpp(properties.fpp)))
        }
    }

    fn unchecked(self) -> BloomFilterProperties {
        BloomFilterProperties {
            fpp: self.fpp.unwrap_or(DEFAULT_BLOOM_FILTER_FPP),
            ndv: self.ndv.unwrap_or(DEFAULT_BLOOM_FILTER_NDV),
        }
    }
}

/// Whether a column gets Bloom filters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BloomSetting {
    Off,
    On(BloomSize),
}

impl BloomSetting {
    /// The size that further calls start from: the one set before, or else one for the row group.
    pub(super) fn size_or_default(setting: Option<Self>) -> BloomSize {
        match setting {
            Some(BloomSetting::On(size)) => size,
            Some(BloomSetting::Off) | None => BloomSize {
                properties: BloomFilterProperties::default(),
                capacity: Capacity::RowGroup,
            },
        }
    }

    pub(super) fn properties(&self) -> Option<&BloomFilterProperties> {
        match self {
            BloomSetting::On(size) => Some(&size.properties),
            BloomSetting::Off => None,
        }
    }

    /// Puts in the rows of a row group where the caller named no number of distinct values.
    pub(super) fn resolve(&mut self, row_group_rows: u64) {
        if let BloomSetting::On(BloomSize {
            properties,
            capacity: Capacity::RowGroup,
        }) = self
        {
            properties.ndv = row_group_rows;
        }
    }
}

/// The properties of a filter, and where its number of distinct values comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BloomSize {
    properties: BloomFilterProperties,
    capacity: Capacity,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Capacity {
    /// The caller named it.
    Given,
    /// As many as a row group has rows, which is known when the properties are built.
    RowGroup,
}

impl BloomSize {
    /// What the caller gave as a whole.
    pub(super) fn given(properties: BloomFilterProperties) -> Self {
        BloomSize {
            properties,
            capacity: Capacity::Given,
        }
    }

    pub(super) fn with_fpp(mut self, fpp: f64) -> Self {
        assert_fpp(fpp);
        self.properties.fpp = fpp;
        self
    }

    pub(super) fn with_ndv(mut self, ndv: u64) -> Self {
        self.properties.ndv = ndv;
        self.capacity = Capacity::Given;
        self
    }
}

fn is_probability(fpp: f64) -> bool {
    fpp > 0.0 && fpp < 1.0
}

fn assert_fpp(fpp: f64) {
    assert!(is_probability(fpp), "{}", bad_fpp(fpp));
}

fn bad_fpp(fpp: f64) -> String {
    format!("fpp must be between 0.0 and 1.0 exclusive, got {fpp}")
}
