//! One file to write.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use herringbone::arrow::ArrowSchemaConverter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{CompressionCodec, Encoding};
use herringbone::file::properties::WriterProperties;
use herringbone::schema::types::{ColumnPath, SchemaDescriptor};

use crate::support::cases::Case;
use crate::support::types::leaf_types;

/// Rows, and the way to write them.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    /// At least one.
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) case: Case,
    /// Encodings of columns, in place of the default.
    pub(crate) encodings: Vec<(ColumnPath, Encoding)>,
    pub(crate) extras: Extras,
}

/// What only few samples ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extras {
    /// Distinct values are counted.
    pub(crate) distinct: bool,
    /// Every chunk has a Bloom filter.
    pub(crate) bloom_filters: bool,
    /// Types are turned into what Parquet can name.
    pub(crate) coerced: bool,
    /// The Arrow schema is not kept.
    pub(crate) without_arrow_schema: bool,
}

impl Sample {
    pub(crate) fn new(name: String, batches: Vec<RecordBatch>, case: Case) -> Self {
        Self {
            name,
            batches,
            case,
            encodings: Vec::new(),
            extras: Extras::default(),
        }
    }

    pub(crate) fn options(&self) -> ArrowWriterOptions {
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties())
            .with_skip_arrow_metadata(self.extras.without_arrow_schema);
        self.case.store.add_to(options)
    }

    fn properties(&self) -> WriterProperties {
        let mut builder = self.case.properties().into_builder();
        builder = builder
            .set_coerce_types(self.extras.coerced)
            .set_bloom_filter_enabled(self.extras.bloom_filters)
            .set_write_row_group_number_distinct_values(self.extras.distinct);
        for (path, encoding) in &self.encodings {
            builder = builder.set_column_encoding(path.clone(), *encoding);
        }
        builder.build()
    }

    /// All rows in one batch, whose schema's metadata say how the file is written.
    pub(crate) fn described_rows(&self) -> RecordBatch {
        let schema = self.batches[0].schema();
        let all = concat_batches(&schema, &self.batches).unwrap();
        let schema = Schema::clone(&schema).with_metadata(self.description());
        all.with_schema(Arc::new(schema)).unwrap()
    }

    fn description(&self) -> HashMap<String, String> {
        let case = &self.case;
        let encodings = self.encodings.iter();
        let encodings: Vec<String> = encodings
            .map(|(path, encoding)| format!("{}={encoding}", path.string()))
            .collect();
        let pairs = [
            ("way", format!("{case:?} {:?}", self.extras)),
            (
                "codec",
                format!("{:?}", CompressionCodec::from(case.compression)),
            ),
            ("version", case.version.as_num().to_string()),
            ("statistics", format!("{:?}", case.statistics)),
            ("dictionary", format!("{:?}", case.dictionary)),
            ("store", format!("{:?}", case.store)),
            ("row_group_rows", text_of(case.row_group)),
            ("truncation", text_of(case.truncation)),
            ("encodings", encodings.join("\n")),
            ("checksums", case.checksums.to_string()),
            ("distinct", self.extras.distinct.to_string()),
            ("bloom_filters", self.extras.bloom_filters.to_string()),
            ("coerced", self.extras.coerced.to_string()),
            (
                "without_arrow_schema",
                self.extras.without_arrow_schema.to_string(),
            ),
        ];
        let pairs = pairs.into_iter();
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// Whether some reader refuses the ends of the type's range.
pub(crate) fn is_wide_in_time(data_type: &DataType) -> bool {
    use TimeUnit::{Microsecond, Millisecond};
    matches!(data_type, DataType::Timestamp(Millisecond | Microsecond, _))
}

/// Leaf types whose whole range every reader takes.
pub(crate) fn tame_types() -> Vec<DataType> {
    let mut types = leaf_types();
    types.retain(|data_type| !is_wide_in_time(data_type));
    types
}

/// The Parquet schema that `schema` is written with.
pub(crate) fn parquet_schema(schema: &Schema) -> SchemaDescriptor {
    ArrowSchemaConverter::new().convert(schema).unwrap()
}

fn text_of(number: Option<usize>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}
