//! `memory_size` says what the allocator would say, within a tenth, at any time.

use std::sync::Arc;

use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{Compression, Encoding, ZstdLevel};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{TempFilePageStoreFactory, TieredPageStoreFactory};
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};

use super::data::{Column, batches_of, schema_of};
use super::watch::{Nowhere, Seen, watch};

/// Where finished pages wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Memory,
    TempFile,
    Tiered(usize),
    Limited(usize),
}

const STORES: [Store; 4] = [
    Store::Memory,
    Store::TempFile,
    Store::Tiered(1 << 20),
    Store::Limited(2 << 20),
];

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
    let most = seen.largest().expect("a sample");
    let worst = seen.worst_report(0);
    println!(
        "{name:<28} {:<18} most {:>9} said {:>9} used {:>9} | worst {:>9} said {:>9} | peak {:>9} budget {:>9} fixed {:>7} left {:>7}",
        format!("{store:?}"),
        most.live,
        most.reported.unwrap_or(0),
        most.used.unwrap_or(0),
        worst.map_or(0, |s| s.live),
        worst.and_then(|s| s.reported).unwrap_or(0),
        seen.peak,
        budget.as_ref().map_or(0, MemoryBudget::peak),
        seen.fixed,
        seen.finished
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
        if let Ok(only) = std::env::var("ONLY")
            && !format!("{kind:?}").starts_with(&only)
        {
            continue;
        }
        let batches = if let Binary(_) = kind { 4 } else { 12 };
        for store in STORES {
            if let Ok(only) = std::env::var("STORE")
                && !format!("{store:?}").starts_with(&only)
            {
                continue;
            }
            look(
                &format!("{kind:?}"),
                &[kind],
                (batches, 8_192),
                plain(),
                store,
            );
        }
    }
}

#[test]
fn memory_size_is_true_for_many_columns() {
    use Column::*;
    let kinds = [Int64HalfNull, Int32Of16, Float64, Utf8Of100];
    let columns: Vec<_> = kinds.into_iter().cycle().take(400).collect();
    for store in [Store::Memory, Store::TempFile, Store::Limited(16 << 20)] {
        look("400 columns", &columns, (4, 2_048), plain(), store);
    }
}

#[test]
fn memory_size_is_true_for_every_layout() {
    use Column::*;
    let columns = [Int64HalfNull, Int64Of10k, Utf8, List, Boolean];
    let zstd = Compression::ZSTD(ZstdLevel::try_new(1).unwrap());
    let ways = [
        ("v2", plain().set_writer_version(WriterVersion::PARQUET_2_0)),
        ("zstd", plain().set_compression(zstd)),
        ("snappy", plain().set_compression(Compression::SNAPPY)),
        ("no dictionary", plain().set_dictionary_enabled(false)),
        ("many pages", plain().set_data_page_row_count_limit(100)),
        (
            "many row groups",
            plain()
                .set_max_row_group_row_count(Some(10_000))
                .set_data_page_row_count_limit(200),
        ),
    ];
    for (name, properties) in ways {
        for store in STORES {
            look(name, &columns, (12, 4_096), properties.clone(), store);
        }
    }
}
