//! Writers keep to their limit, on every shape of table.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{Compression, ZstdLevel};
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;

use super::watch::{Seen, scratch_file, watch};
use crate::heap::{self, counted};
use crate::tables::Table;

const MIB: usize = 1 << 20;
const PAGE: usize = 128 << 10;

fn properties(compression: Compression) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(None)
        .set_data_page_size_limit(PAGE)
        .set_dictionary_page_size_limit(PAGE)
        .build()
}

fn limited(
    name: &str,
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch>,
    limit: usize,
    compression: Compression,
) -> Seen {
    let budget = MemoryBudget::new(limit);
    let options = || {
        ArrowWriterOptions::new()
            .with_properties(properties(compression))
            .with_memory_budget(budget.clone())
    };
    let start = Instant::now();
    let seen = watch(schema, batches, options, Some(&budget), scratch_file());
    println!(
        "{name:<24} limit {limit:>9} peak {:>9} ({:.3}) budget {:>9} fixed {:>8} left {:>8} used {} groups {} bytes {} in {:.1} s {:?}",
        seen.peak,
        seen.peak as f64 / limit as f64,
        budget.peak(),
        seen.fixed,
        seen.finished,
        budget.used(),
        seen.metadata.num_row_groups(),
        seen.bytes,
        start.elapsed().as_secs_f64(),
        seen.pressure,
    );
    seen
}

fn codecs() -> [(&'static str, Compression); 2] {
    [
        ("uncompressed", Compression::UNCOMPRESSED),
        ("zstd", Compression::ZSTD(ZstdLevel::try_new(1).unwrap())),
    ]
}

#[test]
fn wide_tables_keep_the_limit() {
    for (codec, compression) in codecs() {
        let table = Table {
            batch_rows: 2048,
            ..Table::wide(40, 16_384)
        };
        let seen = limited(codec, table.schema(), table.batches(), 6 * MIB, compression);
        assert_eq!(seen.metadata.num_row_groups(), 1);
    }
}

#[test]
fn tables_of_many_columns_keep_the_limit() {
    for (codec, compression) in codecs() {
        let table = Table {
            batch_rows: 1024,
            ..Table::small(500, 16_384)
        };
        limited(
            codec,
            table.schema(),
            table.batches(),
            16 * MIB,
            compression,
        );
        let table = Table {
            batch_rows: 1024,
            ..Table::small(2_000, 1_024)
        };
        limited(
            codec,
            table.schema(),
            table.batches(),
            32 * MIB,
            compression,
        );
    }
}

#[test]
fn lineitem_keeps_the_limit() {
    for (codec, compression) in codecs() {
        let batches = LineItemArrow::new(LineItemGenerator::new(0.05, 1, 1)).with_batch_size(8192);
        limited(
            codec,
            LineItemArrow::schema_ref(),
            batches.map(|b| b.unwrap()),
            8 * MIB,
            compression,
        );
    }
}

#[test]
fn writers_that_share_a_budget_keep_its_limit() {
    for (codec, compression) in codecs() {
        let limit = 12 * MIB;
        let table = Table {
            batch_rows: 2048,
            ..Table::small(20, 32_768)
        };
        heap::reset();
        let budget = MemoryBudget::new(limit);
        let mut writers: Vec<_> = (0..10)
            .map(|_| {
                counted(|| {
                    let options = ArrowWriterOptions::new()
                        .with_properties(properties(compression))
                        .with_memory_budget(budget.clone());
                    ArrowWriter::try_new_with_options(scratch_file(), table.schema(), options)
                        .unwrap()
                })
            })
            .collect();
        let start = Instant::now();
        for batch in table.batches() {
            for writer in &mut writers {
                counted(|| writer.write(&batch)).unwrap();
            }
        }
        let mut pressure = Vec::new();
        let mut groups = 0;
        for mut writer in writers {
            counted(|| {
                let metadata = writer.finish().unwrap();
                groups = groups.max(metadata.num_row_groups());
                pressure.push(writer.memory_pressure());
                drop((writer, metadata));
            });
        }
        println!(
            "shared {codec} peak {} ({:.3}) budget {} used {} groups {groups} in {:.1} {:?}",
            heap::peak(),
            heap::peak() as f64 / limit as f64,
            budget.peak(),
            budget.used(),
            start.elapsed().as_secs_f64(),
            pressure[0]
        );
    }
}
