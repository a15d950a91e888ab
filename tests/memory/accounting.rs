//! `memory_size` and the budget say what the allocator says, within a tenth, whatever is written and
//! wherever pages wait.

use std::sync::Arc;

use herringbone::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use herringbone::basic::{Compression, Encoding};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    GuardedPageStoreFactory, TempFilePageStoreFactory, TieredPageStoreFactory,
};
use herringbone::data_type::Int64Type;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use herringbone::file::writer::SerializedFileWriter;
use herringbone::schema::parser::parse_message_type;

use super::data::{Column, batches_of, schema_of};
use super::watch::{KIB, MIB, Nowhere, Seen, assert_near, watch};
use crate::heap::{self, counted};

/// Where finished pages wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Memory,
    TempFile,
    /// So many bytes of heap, then a file.
    Tiered(usize),
    /// Under a limit.
    Limited(usize),
    /// Checked, in a file.
    Guarded,
    /// Encrypted, in a file.
    #[cfg(feature = "encryption")]
    Encrypted,
}

const STORES: [Store; 4] = [
    Store::Memory,
    Store::TempFile,
    Store::Tiered(MIB),
    Store::Limited(2 * MIB),
];

/// What the context of ZSTD holds at most for the pages here; it has an allocator of its own.
#[cfg(feature = "zstd")]
fn zstd_context() -> usize {
    use zstd::zstd_safe::{CCtx, CParameter};

    let mut context = CCtx::create();
    let level = CParameter::CompressionLevel(1);
    context.set_parameter(level).expect("a level");
    let page = vec![0; 2 * MIB];
    let mut out = Vec::with_capacity(zstd::zstd_safe::compress_bound(page.len()));
    context.compress2(&mut out, &page).expect("a frame");
    context.sizeof()
}

fn look(
    name: &str,
    columns: &[Column],
    (batches, rows): (usize, usize),
    properties: WriterPropertiesBuilder,
    store: Store,
) -> Seen {
    let budget = match store {
        Store::Limited(limit) => Some(MemoryBudget::new(limit)),
        _ => None,
    };
    let options = || {
        let options = ArrowWriterOptions::new().with_properties(properties.build());
        match store {
            Store::Memory => options,
            Store::TempFile => {
                options.with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()))
            }
            Store::Tiered(hot) => {
                let cold = Arc::new(TempFilePageStoreFactory::new());
                let tiers = TieredPageStoreFactory::new(MemoryBudget::new(hot), cold);
                options.with_page_store_factory(Arc::new(tiers))
            }
            Store::Guarded => {
                let file = Arc::new(TempFilePageStoreFactory::new());
                options.with_page_store_factory(Arc::new(GuardedPageStoreFactory::new(file)))
            }
            #[cfg(feature = "encryption")]
            Store::Encrypted => {
                use herringbone::column::page_store::EncryptedPageStoreFactory;

                let file = Arc::new(TempFilePageStoreFactory::new());
                let sealed = EncryptedPageStoreFactory::try_new(file).expect("a key");
                options.with_page_store_factory(Arc::new(sealed))
            }
            Store::Limited(_) => options.with_memory_budget(budget.clone().expect("a budget")),
        }
    };
    let seen = watch(
        schema_of(columns),
        batches_of(columns, batches, rows),
        options,
        budget.as_ref(),
        Nowhere,
    );
    println!(
        "{name}, {store:?}: {} bytes between batches, {} at the most, budget {:?}",
        seen.most_open(),
        seen.peak,
        budget.map(|budget| budget.peak()),
    );
    seen
}

fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_max_row_group_row_count(None)
}

#[test]
fn memory_size_is_true_for_every_kind_of_column() {
    use Column::*;
    let kinds = [
        Int64,
        Int64HalfNull,
        Int32Of16,
        Int64Of10k,
        Float64,
        Boolean,
        Utf8Of100,
        Utf8,
        Binary(4096),
        Decimal,
        SmallDecimal,
        List,
        Dictionary,
    ];
    for kind in kinds {
        let size = if let Binary(_) = kind {
            (8, 512)
        } else {
            (12, 8_192)
        };
        for store in STORES {
            let name = format!("{kind:?}");
            let seen = look(&name, &[kind], size, plain(), store);
            seen.assert_true(0, &format!("{name}, {store:?}"));
        }
    }
}

#[test]
fn memory_size_is_true_for_many_columns() {
    use Column::*;
    let kinds = [Int64HalfNull, Int32Of16, Float64, Utf8Of100];
    let columns: Vec<_> = kinds.into_iter().cycle().take(400).collect();
    for store in [Store::Memory, Store::TempFile, Store::Limited(8 * MIB)] {
        let seen = look("400 columns", &columns, (4, 1_024), plain(), store);
        seen.assert_true(0, &format!("400 columns, {store:?}"));
    }
}

#[test]
fn memory_size_is_true_for_every_layout() {
    use Column::*;
    let columns = [Int64HalfNull, Int64Of10k, Utf8, List, Boolean];
    let ways = [
        ("v2", plain().set_writer_version(WriterVersion::PARQUET_2_0)),
        ("no dictionary", plain().set_dictionary_enabled(false)),
        ("many pages", plain().set_data_page_row_count_limit(100)),
        (
            "many row groups",
            plain()
                .set_max_row_group_row_count(Some(2_500))
                .set_data_page_row_count_limit(50),
        ),
    ];
    for (name, properties) in ways {
        for store in STORES {
            let seen = look(name, &columns, (8, 4_096), properties.clone(), store);
            seen.assert_true(0, &format!("{name}, {store:?}"));
        }
    }
}

#[test]
fn memory_size_is_true_for_every_encoding() {
    use Column::*;
    let cases = [
        (Int64HalfNull, Encoding::DELTA_BINARY_PACKED),
        (Float64, Encoding::BYTE_STREAM_SPLIT),
        (Utf8, Encoding::DELTA_LENGTH_BYTE_ARRAY),
        (Utf8, Encoding::DELTA_BYTE_ARRAY),
        (Boolean, Encoding::RLE),
    ];
    for (column, encoding) in cases {
        let properties = plain().set_dictionary_enabled(false).set_encoding(encoding);
        for store in STORES {
            let name = format!("{encoding}");
            let seen = look(&name, &[column], (12, 8_192), properties.clone(), store);
            seen.assert_true(0, &format!("{name}, {store:?}"));
        }
    }
}

#[test]
fn memory_size_is_true_for_every_codec() {
    use Column::*;
    let columns = [Int64HalfNull, Utf8];
    // Each with the bytes that its own allocator may hold, or that it takes only while it works.
    let codecs: Vec<(Compression, usize)> = vec![
        #[cfg(feature = "snap")]
        (Compression::SNAPPY, 0),
        #[cfg(feature = "lz4")]
        (Compression::LZ4_RAW, 0),
        #[cfg(any(feature = "flate2-zlib-rs", feature = "flate2-rust_backend"))]
        (Compression::GZIP(Default::default()), 0),
        #[cfg(feature = "brotli")]
        (Compression::BROTLI(Default::default()), 4 * MIB),
        #[cfg(feature = "zstd")]
        (Compression::ZSTD(Default::default()), zstd_context()),
    ];
    for (codec, hidden) in codecs {
        for store in STORES {
            let name = format!("{codec}");
            let properties = plain().set_compression(codec);
            let seen = look(&name, &columns, (6, 8_192), properties, store);
            seen.assert_true(hidden, &format!("{name}, {store:?}"));
        }
    }
}

#[test]
fn memory_size_counts_the_pending_indexes_of_row_groups_that_are_written() {
    let properties = plain()
        .set_max_row_group_row_count(Some(1_000))
        .set_data_page_row_count_limit(10);
    let columns = [Column::Int32Of16; 4];
    let seen = look("indexes", &columns, (40, 900), properties, Store::Memory);
    seen.assert_true(0, "indexes");
    let pending = seen.samples.iter().filter_map(|sample| sample.reported);
    assert!(pending.max().unwrap() > 500 * KIB);
}

/// Every page costs a place in each store that it goes through.
#[test]
fn memory_size_is_true_for_stores_around_stores() {
    let properties = plain().set_data_page_row_count_limit(16);
    let stores = [
        Store::Guarded,
        #[cfg(feature = "encryption")]
        Store::Encrypted,
    ];
    for store in stores {
        let columns = [Column::Int32Of16; 3];
        let seen = look(
            "small pages",
            &columns,
            (12, 2_048),
            properties.clone(),
            store,
        );
        seen.assert_true(0, &format!("small pages, {store:?}"));
    }
}

#[test]
fn memory_size_counts_hashes_of_distinct_values() {
    let properties = plain().set_write_row_group_number_distinct_values(true);
    let size = (12, 8_192);
    for column in [Column::Int64, Column::Utf8] {
        let seen = look(
            "distinct",
            &[column],
            size,
            properties.clone(),
            Store::TempFile,
        );
        seen.assert_true(0, "distinct values");
    }
}

/// Bounds of long values are long.
/// Small batches take a shorter way, and what they make grow is paid for all the same.
#[test]
fn rows_that_come_one_by_one_are_paid_for_as_they_come() {
    let columns = [Column::Int64, Column::Utf8, Column::Boolean];
    let all = batches_of(&columns, 1, 3_000).next().expect("a batch");
    let budget = MemoryBudget::unlimited();
    let options = ArrowWriterOptions::new().with_memory_budget(budget.clone());
    let mut writer =
        ArrowWriter::try_new_with_options(Nowhere, schema_of(&columns), options).expect("a writer");
    for row in 0..3_000 {
        writer.write(&all.slice(row, 1)).expect("a row");
        let (paid, held) = (budget.used(), writer.memory_size());
        assert!(paid >= held, "{paid} bytes paid for {held} at row {row}");
    }
}

#[test]
fn memory_size_counts_bounds() {
    let properties = plain().set_dictionary_enabled(false);
    let columns = [Column::Binary(100 * KIB)];
    for store in STORES {
        let seen = look("long values", &columns, (12, 10), properties.clone(), store);
        seen.assert_true(0, &format!("long values, {store:?}"));
    }
}

/// The typed path: no Arrow, no store, pages that wait for their dictionary.
#[test]
fn memory_size_of_typed_writers_is_true() {
    for (name, distinct) in [("dictionary", 100), ("plain", i64::MAX)] {
        heap::reset();
        let schema = parse_message_type("message m { required int64 a; }").unwrap();
        let properties = plain().set_data_page_row_count_limit(500).build();
        let properties = Arc::new(properties);
        let mut file = SerializedFileWriter::new(Nowhere, Arc::new(schema), properties).unwrap();
        let mut row_group = file.next_row_group().unwrap();
        let mut column = row_group.next_column().unwrap().unwrap();
        let typed = column.typed::<Int64Type>();
        let mut state = 1_i64;
        for batch in 0..64 {
            let values: Vec<i64> = (0..1_024)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    (state >> 1).rem_euclid(distinct)
                })
                .collect();
            counted(|| typed.write_batch(&values, None, None)).unwrap();
            let what = format!("{name}, batch {batch}");
            assert_near(typed.memory_size(), heap::live(), 0, &what);
        }
        println!("typed, {name}: {} bytes", heap::live());
        column.close().unwrap();
    }
}
