//! What the session's settings for Parquet mean to the writer.
//!
//! A setting means here what it means to DataFusion's own sink, with these exceptions, where that sink does what nobody
//! can have asked for:
//!
//! - A value that no file can be written with, such as no rows in a row group or a dictionary encoding as the fallback of
//!   dictionaries, is an error that names the setting. There it is a panic, or, as for an unknown kind of statistics, it
//!   silently stands for the default.
//! - `bloom_filter_enabled::column` of `false` holds where `bloom_filter_on_write` is `true`. There the column gets its
//!   filter all the same.
//! - `max_row_group_bytes` holds always. There it does only without `allow_single_file_parallelism`, and each row group
//!   begins with a batch that is taken whole, however large.
//! - Settings reach columns that have dots or capital letters in their names, see [`columns`].

mod columns;
mod values;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::parquet_config::DFParquetWriterVersion;
use datafusion::config::{ParquetOptions, TableParquetOptions};
use datafusion::error::{DataFusionError, Result};
use herringbone::file::metadata::{KeyValue, SortingColumn};
use herringbone::file::properties::{
    DEFAULT_STATISTICS_ENABLED, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};

use values::Setting;

/// The properties of a file of `schema`, as `options` ask for.
///
/// The pairs of the footer come without the Arrow schema. The writer adds that of the file, unless the setting
/// `skip_arrow_metadata` keeps it from doing so, in place of any pair of this name.
///
/// # Errors
/// If a value is none that its setting can have, or if the options ask for encryption or content-defined chunking,
/// which the writer has not.
pub(crate) fn writer_properties(
    options: &TableParquetOptions,
    schema: &Schema,
    sorting: Option<Vec<SortingColumn>>,
) -> Result<WriterProperties> {
    refuse_what_is_missing(options)?;
    let builder = of_the_file(&options.global)?
        .set_key_value_metadata(pairs(options))
        .set_sorting_columns(sorting);
    let builder = of_all_columns(builder, &options.global)?;
    columns::of_single_columns(builder, &options.column_specific_options, schema)
        .map(WriterPropertiesBuilder::build)
}

/// Refuses what would otherwise be missing from the file without a word.
fn refuse_what_is_missing(options: &TableParquetOptions) -> Result<()> {
    let missing = if options.crypto.file_encryption.is_some() || options.crypto.factory_id.is_some()
    {
        "encrypted files"
    } else if options.global.content_defined_chunking.enabled {
        "content-defined chunking"
    } else {
        return Ok(());
    };
    Err(DataFusionError::NotImplemented(format!(
        "Herringbone does not write {missing}, which the settings for Parquet ask for"
    )))
}

/// What holds for the file as a whole.
fn of_the_file(options: &ParquetOptions) -> Result<WriterPropertiesBuilder> {
    let rows = Setting::of_all("max_row_group_size").positive(options.max_row_group_size)?;
    let step = Setting::of_all("write_batch_size").positive(options.write_batch_size)?;
    let index_bounds = Setting::of_all("column_index_truncate_length")
        .positive_if_any(options.column_index_truncate_length)?;
    let bounds = Setting::of_all("statistics_truncate_length")
        .positive_if_any(options.statistics_truncate_length)?;
    let version = match options.writer_version {
        DFParquetWriterVersion::V1_0 => WriterVersion::PARQUET_1_0,
        DFParquetWriterVersion::V2_0 => WriterVersion::PARQUET_2_0,
    };
    Ok(WriterProperties::builder()
        .set_writer_version(version)
        .set_created_by(options.created_by.clone())
        .set_write_batch_size(step)
        .set_max_row_group_row_count(Some(rows))
        .set_max_row_group_bytes(options.max_row_group_bytes.map(|bytes| bytes.get()))
        .set_column_index_truncate_length(index_bounds)
        .set_statistics_truncate_length(bounds))
}

/// What holds for every column that has no setting of its own.
fn of_all_columns(
    builder: WriterPropertiesBuilder,
    options: &ParquetOptions,
) -> Result<WriterPropertiesBuilder> {
    let page_rows =
        Setting::of_all("data_page_row_count_limit").positive(options.data_page_row_count_limit)?;
    let statistics = match &options.statistics_enabled {
        Some(text) => Setting::of_all("statistics_enabled").statistics(text)?,
        None => DEFAULT_STATISTICS_ENABLED,
    };
    let mut builder = builder
        .set_data_page_size_limit(options.data_pagesize_limit)
        .set_data_page_row_count_limit(page_rows)
        .set_dictionary_page_size_limit(options.dictionary_page_size_limit)
        .set_statistics_enabled(statistics)
        .set_bloom_filter_enabled(options.bloom_filter_on_write);
    if let Some(text) = &options.compression {
        builder = builder.set_compression(Setting::of_all("compression").codec(text)?);
    }
    if let Some(text) = &options.encoding {
        builder = builder.set_encoding(Setting::of_all("encoding").encoding(text)?);
    }
    if let Some(enabled) = options.dictionary_enabled {
        builder = builder.set_dictionary_enabled(enabled);
    }
    // Either of the two turns filters on, whatever `bloom_filter_on_write` says.
    if let Some(fpp) = options.bloom_filter_fpp {
        let fpp = Setting::of_all("bloom_filter_fpp").probability(fpp)?;
        builder = builder.set_bloom_filter_fpp(fpp);
    }
    if let Some(ndv) = options.bloom_filter_ndv {
        builder = builder.set_bloom_filter_max_ndv(ndv);
    }
    Ok(builder)
}

/// The pairs that the caller has for the footer, by their keys: the map that they come in has no order, and the same
/// options should make the same file.
fn pairs(options: &TableParquetOptions) -> Option<Vec<KeyValue>> {
    let mut pairs: Vec<_> = options
        .key_value_metadata
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect();
    pairs.sort_by(|one, other| one.key.cmp(&other.key));
    (!pairs.is_empty()).then_some(pairs)
}

#[cfg(test)]
mod tests;
