//! The small records of the footer: key-value pairs, sorting columns, counts of encodings.

use crate::basic::{Encoding, PageType};

/// A pair of text that a program keeps with the file.
///
/// SPEC: parquet.thrift, `KeyValue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// The name.
    pub key: String,
    /// The content, if any.
    pub value: Option<String>,
}

impl KeyValue {
    /// A pair.
    pub fn new<V: Into<Option<String>>>(key: String, value: V) -> Self {
        Self {
            key,
            value: value.into(),
        }
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.key.capacity() + self.value.as_ref().map_or(0, String::capacity)
    }
}

/// One column by which the rows of a row group are sorted. The writer records it and does not check.
///
/// SPEC: parquet.thrift, `SortingColumn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortingColumn {
    /// Which leaf of the schema, counted from 0.
    pub column_idx: i32,
    /// Whether values fall.
    pub descending: bool,
    /// Whether nulls come before values.
    pub nulls_first: bool,
}

/// How many pages of one type have one encoding.
///
/// SPEC: parquet.thrift, `PageEncodingStats`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageEncodingStats {
    /// The type of the pages.
    pub page_type: PageType,
    /// The encoding of their values.
    pub encoding: Encoding,
    /// How many there are.
    pub count: i32,
}
