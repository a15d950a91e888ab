//! Settings of single columns.
//!
//! A column is named by the path of its leaf in the Parquet schema, with dots between the parts: the numbers in a column
//! `readings` of lists are `readings.list.item` or whatever the list's field is called. A name that no leaf has does
//! nothing, since the settings of a table are also for its partition columns, which no file has, and for the columns
//! that a later file will have.
//!
//! Dots also stand in names. `a.b` means the field `b` of a column `a` and a column `a.b` alike; DataFusion's sink knows
//! the first meaning alone.

use std::collections::HashMap;

use datafusion::arrow::datatypes::Schema;
use datafusion::config::ParquetColumnOptions;
use datafusion::error::Result;
use herringbone::arrow::ArrowSchemaConverter;
use herringbone::basic::{Compression, Encoding};
use herringbone::file::properties::{EnabledStatistics, WriterPropertiesBuilder};
use herringbone::schema::types::ColumnPath;

use super::values::Setting;
use crate::bridge::Bridge;
use crate::errors::engine_error;

/// Adds the settings of single columns.
pub(super) fn of_single_columns(
    mut builder: WriterPropertiesBuilder,
    columns: &HashMap<String, ParquetColumnOptions>,
    schema: &Schema,
) -> Result<WriterPropertiesBuilder> {
    if columns.is_empty() {
        return Ok(builder);
    }
    let leaves = leaves_by_name(schema)?;
    for (name, options) in columns {
        let set = ColumnSettings::of(name, options)?;
        for leaf in leaves.get(name).into_iter().flatten() {
            builder = set.add(builder, leaf);
        }
    }
    Ok(builder)
}

/// The leaves of the file's schema, by what a caller calls them.
fn leaves_by_name(schema: &Schema) -> Result<HashMap<String, Vec<ColumnPath>>> {
    let bridge = Bridge::new(schema)?;
    let converted = ArrowSchemaConverter::new().convert(bridge.schema());
    let mut leaves: HashMap<_, Vec<_>> = HashMap::new();
    for column in converted.map_err(engine_error)?.columns() {
        let path = column.path();
        leaves.entry(path.string()).or_default().push(path.clone());
    }
    Ok(leaves)
}

/// What a column's settings say.
struct ColumnSettings {
    compression: Option<Compression>,
    encoding: Option<Encoding>,
    dictionary: Option<bool>,
    statistics: Option<EnabledStatistics>,
    bloom_filter: Option<bool>,
    bloom_filter_fpp: Option<f64>,
    bloom_filter_ndv: Option<u64>,
}

impl ColumnSettings {
    /// The settings `options` of the column that the caller calls `column`. They are checked whether a leaf of this name
    /// is there or not.
    fn of(column: &str, options: &ParquetColumnOptions) -> Result<Self> {
        let setting = |name| Setting::of_column(name, column);
        let compression = options.compression.as_deref();
        let encoding = options.encoding.as_deref();
        let statistics = options.statistics_enabled.as_deref();
        let fpp = options.bloom_filter_fpp;
        Ok(Self {
            compression: compression
                .map(|text| setting("compression").codec(text))
                .transpose()?,
            encoding: encoding
                .map(|text| setting("encoding").encoding(text))
                .transpose()?,
            dictionary: options.dictionary_enabled,
            statistics: statistics
                .map(|text| setting("statistics_enabled").statistics(text))
                .transpose()?,
            bloom_filter: options.bloom_filter_enabled,
            bloom_filter_fpp: fpp
                .map(|fpp| setting("bloom_filter_fpp").probability(fpp))
                .transpose()?,
            bloom_filter_ndv: options.bloom_filter_ndv,
        })
    }

    /// Adds them for the leaf at `path`.
    fn add(
        &self,
        mut builder: WriterPropertiesBuilder,
        path: &ColumnPath,
    ) -> WriterPropertiesBuilder {
        let path = || path.clone();
        if let Some(codec) = self.compression {
            builder = builder.set_column_compression(path(), codec);
        }
        if let Some(encoding) = self.encoding {
            builder = builder.set_column_encoding(path(), encoding);
        }
        if let Some(enabled) = self.dictionary {
            builder = builder.set_column_dictionary_enabled(path(), enabled);
        }
        if let Some(statistics) = self.statistics {
            builder = builder.set_column_statistics_enabled(path(), statistics);
        }
        // In this order: either of the latter two turns a filter on.
        if let Some(enabled) = self.bloom_filter {
            builder = builder.set_column_bloom_filter_enabled(path(), enabled);
        }
        if let Some(fpp) = self.bloom_filter_fpp {
            builder = builder.set_column_bloom_filter_fpp(path(), fpp);
        }
        if let Some(ndv) = self.bloom_filter_ndv {
            builder = builder.set_column_bloom_filter_max_ndv(path(), ndv);
        }
        builder
    }
}
