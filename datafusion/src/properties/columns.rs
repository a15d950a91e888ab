//! Settings of single columns.
//!
//! A column is named by the path of its leaf in the Parquet schema, with dots between the parts: the numbers in a column
//! `readings` of lists are `readings.list.item` or whatever the list's field is called. A name that no leaf has does
//! nothing, since the settings of a table are also for its partition columns, which no file has, and for the columns
//! that a later file will have.
//!
//! Dots also stand in names. `a.b` means the field `b` of a column `a` and a column `a.b` alike; DataFusion's sink knows
//! the first meaning alone. And statements make their options lower-case, names of columns included: a name that no leaf
//! has means the leaves that have it but for the case, which options of statements cannot reach in DataFusion's sink.

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
    let leaves = Leaves::of(schema)?;
    let mut columns: Vec<_> = columns.iter().collect();
    // Settings under a leaf's very name come last, so that they hold.
    columns.sort_by_key(|(name, _)| (leaves.by_name.contains_key(*name), *name));
    for (name, options) in columns {
        let set = ColumnSettings::of(name, options)?;
        for leaf in leaves.called(name) {
            builder = set.add(builder, leaf);
        }
    }
    Ok(builder)
}

/// The leaves of a file's schema, by what a caller calls them.
struct Leaves {
    by_name: HashMap<String, Vec<ColumnPath>>,
    by_lower_case: HashMap<String, Vec<ColumnPath>>,
}

impl Leaves {
    fn of(schema: &Schema) -> Result<Self> {
        let bridge = Bridge::new(schema)?;
        let converted = ArrowSchemaConverter::new().convert(bridge.schema());
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_lower_case: HashMap<_, Vec<_>> = HashMap::new();
        for column in converted.map_err(engine_error)?.columns() {
            let path = column.path();
            let name = path.string();
            let lower_case = by_lower_case.entry(name.to_lowercase()).or_default();
            lower_case.push(path.clone());
            by_name.entry(name).or_default().push(path.clone());
        }
        Ok(Self {
            by_name,
            by_lower_case,
        })
    }

    fn called(&self, name: &str) -> &[ColumnPath] {
        let by_lower_case = || self.by_lower_case.get(name);
        let leaves = self.by_name.get(name).or_else(by_lower_case);
        leaves.map_or(&[], Vec::as_slice)
    }
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
