//! What a reader is told. Nothing in this crate reads; the type is here so that code which passes
//! it on compiles unchanged.

use std::sync::Arc;

/// Shared [`ReaderProperties`].
pub type ReaderPropertiesPtr = Arc<ReaderProperties>;

/// Options of a reader of Parquet files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderProperties {
    backward_compatible_lz4: bool,
    read_bloom_filter: bool,
    read_page_statistics: bool,
}

impl ReaderProperties {
    /// A builder with the defaults.
    pub fn builder() -> ReaderPropertiesBuilder {
        ReaderPropertiesBuilder {
            properties: ReaderProperties {
                backward_compatible_lz4: true,
                read_bloom_filter: false,
                read_page_statistics: false,
            },
        }
    }

    /// Whether pages marked `LZ4` may be in any of the forms that old writers gave them.
    pub fn backward_compatible_lz4(&self) -> bool {
        self.backward_compatible_lz4
    }

    /// Whether Bloom filters are read with the footer.
    pub fn read_bloom_filter(&self) -> bool {
        self.read_bloom_filter
    }

    /// Whether the statistics in page headers are decoded.
    pub fn read_page_statistics(&self) -> bool {
        self.read_page_statistics
    }
}

/// Puts [`ReaderProperties`] together.
#[derive(Debug, Clone)]
pub struct ReaderPropertiesBuilder {
    properties: ReaderProperties,
}

impl ReaderPropertiesBuilder {
    /// The properties.
    pub fn build(self) -> ReaderProperties {
        self.properties
    }

    /// Sets whether pages marked `LZ4` may be in any form found in old files; default true.
    pub fn set_backward_compatible_lz4(mut self, value: bool) -> Self {
        self.properties.backward_compatible_lz4 = value;
        self
    }

    /// Sets whether Bloom filters are read with the footer; default false.
    pub fn set_read_bloom_filter(mut self, value: bool) -> Self {
        self.properties.read_bloom_filter = value;
        self
    }

    /// Sets whether the statistics in page headers are decoded; default false.
    pub fn set_read_page_statistics(mut self, value: bool) -> Self {
        self.properties.read_page_statistics = value;
        self
    }
}
