//! What a page store saves.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::WriterProperties;

use super::data::{Column, batches_of, schema_of};
use super::watch::{Nowhere, Seen, watch};

fn write(schema: SchemaRef, batches: impl Iterator<Item = RecordBatch>, spills: bool) -> Seen {
    let options = || {
        let properties = WriterProperties::builder().set_max_row_group_row_count(None);
        let options = ArrowWriterOptions::new().with_properties(properties.build());
        match spills {
            true => options.with_page_store_factory(Arc::new(TempFilePageStoreFactory::new())),
            false => options,
        }
    };
    watch(schema, batches, options, None, Nowhere)
}

#[test]
fn page_store_bounds_write_memory() {
    let mut columns = vec![Column::Binary(4096)];
    columns.extend([Column::Int64; 8]);
    for spills in [true, false] {
        for (batches, rows) in [(32, 128), (4, 1024), (1, 4096)] {
            let seen = write(
                schema_of(&columns),
                batches_of(&columns, batches, rows),
                spills,
            );
            println!(
                "skewed, {rows} rows a batch, spills {spills}: peak {:.3} MiB",
                seen.peak as f64 / 1048576.0
            );
        }
    }
}

#[test]
fn page_store_holds_one_page_of_a_long_dictionary_column() {
    let columns = [Column::Int32Of16];
    for spills in [true, false] {
        let seen = write(schema_of(&columns), batches_of(&columns, 512, 8192), spills);
        println!(
            "dictionary, spills {spills}: peak {:.3} MiB",
            seen.peak as f64 / 1048576.0
        );
    }
}
