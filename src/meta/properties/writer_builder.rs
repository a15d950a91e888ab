//! [`WriterPropertiesBuilder`]: the options of the whole file, and the last step.

use std::collections::HashMap;

use super::cdc::CdcOptions;
use super::column::ColumnOverrides;
use super::constants::*;
use super::kinds::{BloomFilterPosition, EnabledStatistics, WriterVersion};
use super::writer::{OffsetIndex, WriterProperties};
use crate::meta::metadata::{KeyValue, SortingColumn};

/// Puts [`WriterProperties`] together.
///
/// `set_x` is for the file or for all of its columns, `set_column_x` for the one column at a path,
/// where it comes before `set_x` whatever the order of the calls. A path must have the parts of the
/// leaf's path in the schema: `ColumnPath::from("a.b")` is a field named `a.b` at the top, while
/// `b` inside of `a` is `ColumnPath::from(vec!["a".into(), "b".into()])`.
///
/// Values that no file can be written with make a setter panic, as its documentation says.
#[derive(Debug, Clone)]
pub struct WriterPropertiesBuilder {
    /// The options so far; sizes of Bloom filters and the offset index are settled by `build`.
    pub(super) properties: WriterProperties,
}

impl Default for WriterPropertiesBuilder {
    /// Every option at its default.
    fn default() -> Self {
        let properties = WriterProperties {
            writer_version: DEFAULT_WRITER_VERSION,
            created_by: DEFAULT_CREATED_BY.to_string(),
            key_value_metadata: None,
            sorting_columns: None,
            write_batch_size: DEFAULT_WRITE_BATCH_SIZE,
            max_row_group_row_count: Some(DEFAULT_MAX_ROW_GROUP_ROW_COUNT),
            max_row_group_bytes: None,
            column_index_truncate_length: DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH,
            statistics_truncate_length: DEFAULT_STATISTICS_TRUNCATE_LENGTH,
            offset_index: OffsetIndex::of(DEFAULT_OFFSET_INDEX_DISABLED),
            bloom_filter_position: DEFAULT_BLOOM_FILTER_POSITION,
            bloom_filter_for_dictionary_encoded_chunks:
                DEFAULT_BLOOM_FILTER_FOR_DICTIONARY_ENCODED_CHUNKS,
            coerce_types: DEFAULT_COERCE_TYPES,
            count_distinct: DEFAULT_WRITE_ROW_GROUP_NUMBER_DISTINCT_VALUES,
            write_path_in_schema: DEFAULT_WRITE_PATH_IN_SCHEMA,
            content_defined_chunking: None,
            defaults: ColumnOverrides::default(),
            columns: HashMap::new(),
        };
        Self { properties }
    }
}

impl From<WriterProperties> for WriterPropertiesBuilder {
    /// A builder that starts from these options.
    fn from(properties: WriterProperties) -> Self {
        Self { properties }
    }
}

impl WriterPropertiesBuilder {
    /// The properties.
    pub fn build(self) -> WriterProperties {
        let mut properties = self.properties;
        let row_group_rows = match properties.max_row_group_row_count {
            Some(rows) => rows as u64,
            None => DEFAULT_BLOOM_FILTER_NDV,
        };
        let mut page_statistics_named = false;
        for column in properties
            .columns
            .values_mut()
            .chain([&mut properties.defaults])
        {
            if let Some(bloom) = &mut column.bloom {
                bloom.resolve(row_group_rows);
            }
            page_statistics_named |= column.statistics == Some(EnabledStatistics::Page);
        }
        properties.offset_index = match properties.offset_index {
            OffsetIndex::Written => OffsetIndex::Written,
            _ if page_statistics_named => OffsetIndex::KeptForPageStatistics,
            _ => OffsetIndex::Omitted,
        };
        properties
    }

    /// Sets the version of the format; default [`DEFAULT_WRITER_VERSION`].
    ///
    /// Version 2 means data pages of version 2 and delta encodings for columns that give up their
    /// dictionary. Some readers know version 1 only.
    pub fn set_writer_version(mut self, value: WriterVersion) -> Self {
        self.properties.writer_version = value;
        self
    }

    /// Sets what the footer names as the writer; default [`DEFAULT_CREATED_BY`].
    pub fn set_created_by(mut self, value: String) -> Self {
        self.properties.created_by = value;
        self
    }

    /// Sets pairs for the footer, in place of any set before; default none.
    pub fn set_key_value_metadata(mut self, value: Option<Vec<KeyValue>>) -> Self {
        self.properties.key_value_metadata = value;
        self
    }

    /// Sets how the rows of every row group are sorted; default unknown.
    ///
    /// This is a promise to readers. Rows are neither sorted nor checked.
    pub fn set_sorting_columns(mut self, value: Option<Vec<SortingColumn>>) -> Self {
        self.properties.sorting_columns = value;
        self
    }

    /// Sets how many slots, values and nulls, are encoded between two looks at the limits of pages and dictionaries;
    /// default [`DEFAULT_WRITE_BATCH_SIZE`]. A page may pass its limits by as much as one such step holds. A step ends
    /// where a row ends, and earlier than after so many slots where their values could have more bytes than the limit
    /// leaves: fixed-width values count at their width, a boolean at a byte although eight fit into one.
    ///
    /// Two kinds of columns go by [`Self::set_data_page_row_count_limit`] instead, in slots: those with levels that are
    /// all the same in what is written at once, as in an optional column without nulls or with nothing but nulls; and
    /// Arrow dictionaries without nulls. Their pages may pass the limits by as much.
    ///
    /// # Panics
    /// If `value` is 0.
    pub fn set_write_batch_size(mut self, value: usize) -> Self {
        assert!(value != 0, "Cannot have a 0 write batch size");
        self.properties.write_batch_size = value;
        self
    }

    /// Sets how many rows `ArrowWriter` puts into a row group at most; default
    /// [`DEFAULT_MAX_ROW_GROUP_ROW_COUNT`], `None` for no limit.
    ///
    /// # Panics
    /// If `value` is `Some(0)`.
    pub fn set_max_row_group_row_count(mut self, value: Option<usize>) -> Self {
        assert!(value != Some(0), "Cannot have a 0 max row group row count");
        self.properties.max_row_group_row_count = value;
        self
    }

    /// Sets at how many bytes, encoded, as estimated, `ArrowWriter` ends a row group; default `None`
    /// for no limit. The row count still holds: whichever is reached first.
    ///
    /// # Panics
    /// If `value` is `Some(0)`.
    pub fn set_max_row_group_bytes(mut self, value: Option<usize>) -> Self {
        assert!(value != Some(0), "Cannot have a 0 max row group bytes");
        self.properties.max_row_group_bytes = value;
        self
    }

    /// Sets to how many bytes the column index cuts the bounds of strings and binaries; default
    /// [`DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH`], `None` to keep them whole. A cut bound still bounds:
    /// a minimum becomes smaller, a maximum larger.
    ///
    /// # Panics
    /// If `max_length` is `Some(0)`.
    pub fn set_column_index_truncate_length(mut self, max_length: Option<usize>) -> Self {
        assert_truncation(max_length, "column index");
        self.properties.column_index_truncate_length = max_length;
        self
    }

    /// Sets to how many bytes the statistics of column chunks and page headers cut the bounds of
    /// strings and binaries; default [`DEFAULT_STATISTICS_TRUNCATE_LENGTH`], `None` to keep them
    /// whole. Bounds that were cut are marked as inexact.
    ///
    /// # Panics
    /// If `max_length` is `Some(0)`.
    pub fn set_statistics_truncate_length(mut self, max_length: Option<usize>) -> Self {
        assert_truncation(max_length, "statistics");
        self.properties.statistics_truncate_length = max_length;
        self
    }

    /// Sets whether the offset index is left out; default [`DEFAULT_OFFSET_INDEX_DISABLED`].
    ///
    /// Without it readers cannot use page statistics. So `true` has no effect if
    /// [`EnabledStatistics::Page`] is set explicitly, for the file or for any column.
    pub fn set_offset_index_disabled(mut self, value: bool) -> Self {
        self.properties.offset_index = OffsetIndex::of(value);
        self
    }

    /// Sets where Bloom filters stand in the file; default [`DEFAULT_BLOOM_FILTER_POSITION`].
    pub fn set_bloom_filter_position(mut self, value: BloomFilterPosition) -> Self {
        self.properties.bloom_filter_position = value;
        self
    }

    /// Sets whether a chunk that stayed dictionary-encoded throughout keeps its Bloom filter; default
    /// [`DEFAULT_BLOOM_FILTER_FOR_DICTIONARY_ENCODED_CHUNKS`]. Readers that look into dictionary
    /// pages have no use for it.
    pub fn set_bloom_filter_for_dictionary_encoded_chunks(mut self, value: bool) -> Self {
        self.properties.bloom_filter_for_dictionary_encoded_chunks = value;
        self
    }

    /// Sets whether Arrow types that Parquet lacks become their nearest Parquet type, losing what
    /// does not fit; default [`DEFAULT_COERCE_TYPES`]. Without it their values are stored in a type
    /// of the same width, and only the embedded Arrow schema tells what they are.
    pub fn set_coerce_types(mut self, value: bool) -> Self {
        self.properties.coerce_types = value;
        self
    }

    /// Sets whether `ArrowWriter` counts the distinct values of each column chunk, for its
    /// statistics; default [`DEFAULT_WRITE_ROW_GROUP_NUMBER_DISTINCT_VALUES`]. Takes memory and time
    /// for a hash of every distinct value.
    pub fn set_write_row_group_number_distinct_values(mut self, value: bool) -> Self {
        self.properties.count_distinct = value;
        self
    }

    /// Sets whether column metadata repeats the column's path; default
    /// [`DEFAULT_WRITE_PATH_IN_SCHEMA`]. Leaving it out makes the footers of wide files smaller, but the
    /// format requires it, and many readers refuse such files: pyarrow 26 and DuckDB 2.0 do.
    pub fn set_write_path_in_schema(mut self, value: bool) -> Self {
        self.properties.write_path_in_schema = value;
        self
    }

    /// Sets that `ArrowWriter` cuts pages where the content says; default `None`, only at their
    /// limits. Not done yet: a writer refuses any other choice, with
    /// [`ParquetError::NYI`](crate::errors::ParquetError::NYI).
    ///
    /// # Panics
    /// If the least size is 0, or the greatest is not above it.
    pub fn set_content_defined_chunking(mut self, options: Option<CdcOptions>) -> Self {
        if let Some(options) = &options {
            options.assert_valid();
        }
        self.properties.content_defined_chunking = options;
        self
    }
}

fn assert_truncation(max_length: Option<usize>, what: &str) {
    assert!(
        max_length != Some(0),
        "Cannot have a 0 {what} truncate length. \
         If you wish to disable min/max value truncation, set it to `None`."
    );
}
