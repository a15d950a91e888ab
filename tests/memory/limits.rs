//! Writers keep to their limit, on every shape of table: the large cases of `examples/memory.rs`, made small
//! in rows, columns, pages and limit alike.

use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::Compression;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;

use super::watch::{
    Auditor, KIB, MIB, Nowhere, Seen, assert_holds, assert_near, scratch_file, watch,
};
use crate::heap::{self, counted};
use crate::tables::Table;

/// A tenth of the default, as the limits here are a tenth of those of the large cases.
const PAGE: usize = 104 * KIB;

/// The context of ZSTD has an allocator of its own.
const HIDDEN: usize = MIB;

fn options(compression: Compression) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(None)
        .set_data_page_size_limit(PAGE)
        .set_dictionary_page_size_limit(PAGE);
    ArrowWriterOptions::new().with_properties(properties.build())
}

fn codecs() -> Vec<Compression> {
    vec![
        Compression::UNCOMPRESSED,
        #[cfg(feature = "zstd")]
        Compression::ZSTD(Default::default()),
    ]
}

/// Writes what `batches` gives under `limit`, holds the writer to it, and reads the file back. Returns what was
/// seen, and the bytes of the file that is written without a limit.
fn keep<B: Iterator<Item = RecordBatch>>(
    name: &str,
    (schema, batches): (SchemaRef, impl Fn() -> B),
    limit: usize,
    compression: Compression,
) -> (Seen, usize) {
    let options = || options(compression);
    let unlimited = watch(schema.clone(), batches(), options, None, Nowhere);
    let budget = MemoryBudget::new(limit);
    let limited = || options().with_memory_budget(budget.clone());
    let (file, reader) = scratch_file();
    let (file, audit) = Auditor::new(file, &budget);
    let start = Instant::now();
    let seen = watch(schema, batches(), limited, Some(&budget), file);
    let (said, counted) = audit.worst();
    println!(
        "{name}, {compression}, limit {limit}: peak {} ({:.3}), budget {}, unlimited {}, file {:+.2} %, \
         {} row groups, {:.2} s, {:?}",
        seen.peak,
        seen.peak as f64 / limit as f64,
        budget.peak(),
        unlimited.peak,
        seen.bytes as f64 / unlimited.bytes as f64 * 100.0 - 100.0,
        seen.row_groups,
        start.elapsed().as_secs_f64(),
        seen.pressure,
    );
    let hidden = if compression == Compression::UNCOMPRESSED {
        0
    } else {
        HIDDEN
    };
    assert!(unlimited.peak > limit, "{} is no test", unlimited.peak);
    assert!(seen.peak <= limit + limit * 3 / 100, "{}", seen.peak);
    assert_near(budget.peak(), seen.peak, hidden, "the budget's peak");
    seen.assert_true(hidden, name);
    let what = format!("{name}, budget at the sink");
    assert_near(said, counted, hidden, &what);
    assert_eq!(seen.row_groups, 1);
    assert_holds(reader, batches());
    (seen, unlimited.bytes)
}

#[test]
fn wide_tables_keep_the_limit_and_their_size() {
    for compression in codecs() {
        let table = Table {
            batch_rows: 2_048,
            ..Table::wide(40, 16_384)
        };
        let case = (table.schema(), || table.batches());
        let (seen, unlimited) = keep("wide", case, 64 * MIB / 10, compression);
        assert!(seen.bytes <= unlimited + unlimited / 50);
    }
}

#[test]
fn tables_of_many_columns_keep_the_limit() {
    for compression in codecs() {
        let table = Table {
            batch_rows: 1_024,
            ..Table::small(500, 16_384)
        };
        let case = (table.schema(), || table.batches());
        keep("500 columns", case, 16 * MIB, compression);
    }
}

#[test]
fn tables_of_very_many_columns_keep_the_limit() {
    let table = Table {
        batch_rows: 512,
        ..Table::small(2_000, 2_048)
    };
    let case = (table.schema(), || table.batches());
    keep("2,000 columns", case, 24 * MIB, Compression::UNCOMPRESSED);
}

#[test]
fn lineitem_keeps_the_limit() {
    for compression in codecs() {
        let batches = || {
            LineItemArrow::new(LineItemGenerator::new(0.05, 1, 1))
                .with_batch_size(8_192)
                .map(|batch| batch.expect("a batch"))
        };
        let case = (LineItemArrow::schema_ref(), batches);
        keep("lineitem", case, 2 * MIB, compression);
    }
}

#[test]
fn writers_that_share_a_budget_keep_its_limit() {
    const WRITERS: usize = 10;
    const LIMIT: usize = 128 * MIB / 10;
    let table = Table {
        batch_rows: 2_048,
        ..Table::small(20, 32_768)
    };
    for compression in codecs() {
        heap::reset();
        let budget = MemoryBudget::new(LIMIT);
        let new_writer = |file| {
            let options = options(compression).with_memory_budget(budget.clone());
            ArrowWriter::try_new_with_options(file, table.schema(), options).unwrap()
        };
        let (mut writers, mut readers) = (Vec::new(), Vec::new());
        for _ in 0..WRITERS {
            let (file, reader) = scratch_file();
            writers.push(counted(|| new_writer(file)));
            readers.push(reader);
        }
        for batch in table.batches() {
            for writer in &mut writers {
                counted(|| writer.write(&batch)).unwrap();
            }
        }
        let mut cut_early = 0;
        for mut writer in writers {
            let metadata = counted(|| writer.finish()).unwrap();
            assert_eq!(writer.row_groups_flushed(), 1);
            cut_early += writer.memory_pressure().pages_cut_early;
            counted(|| drop((writer, metadata)));
        }
        println!(
            "{WRITERS} writers, {compression}, limit {LIMIT}: peak {} ({:.3}), budget {}, {cut_early} pages cut early",
            heap::peak(),
            heap::peak() as f64 / LIMIT as f64,
            budget.peak()
        );
        assert!(heap::peak() <= LIMIT + LIMIT * 3 / 100);
        assert_near(
            budget.peak(),
            heap::peak(),
            WRITERS * HIDDEN,
            "the budget's peak",
        );
        assert_eq!((budget.used(), budget.members()), (0, 0));
        for reader in readers {
            assert_holds(reader, table.batches());
        }
    }
}
