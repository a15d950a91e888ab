//! Files that stand for themselves: no rows, large values, counted distinct values, and real tables.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use herringbone::basic::{Compression, ZstdLevel};
use herringbone::file::properties::WriterVersion;
use tpchgen::generators::{LineItemGenerator, OrderGenerator};
use tpchgen_arrow::{LineItemArrow, OrderArrow};

use crate::sample::{Extras, Sample, tame_types};
use crate::support::cases::{Case, Dictionary, Paging, codecs};
use crate::support::stores::Store;
use crate::support::types::{Nesting, Nulls, batch_of, int32_batch};

pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    no_rows()
        .chain(extras())
        .chain(large_values())
        .chain(tables())
        .chain([many_pages()])
        .chain(bloom_filters())
}

fn no_rows() -> impl Iterator<Item = Sample> {
    Nesting::ALL.into_iter().map(|nesting| {
        let batch = batch_of(&tame_types(), nesting, Nulls::Few, 0);
        let name = format!("no-rows-{nesting:?}").to_lowercase();
        Sample::new(name, vec![batch], Case::default())
    })
}

fn extras() -> impl Iterator<Item = Sample> {
    let none = Extras::default();
    let kinds = [
        (
            "distinct",
            Extras {
                distinct: true,
                ..none
            },
        ),
        (
            "coerced",
            Extras {
                coerced: true,
                ..none
            },
        ),
        (
            "without-arrow-schema",
            Extras {
                without_arrow_schema: true,
                ..none
            },
        ),
    ];
    kinds.into_iter().flat_map(|(kind, extras)| {
        [Nesting::Flat, Nesting::List, Nesting::Map]
            .into_iter()
            .map(move |nesting| {
                let mut types = tame_types();
                // Days as 32 bits do not reach the ends of its range.
                types.retain(|data_type| !extras.coerced || *data_type != DataType::Date64);
                let batch = batch_of(&types, nesting, Nulls::Few, 300);
                let name = format!("{kind}-{nesting:?}").to_lowercase();
                let case = Case {
                    row_group: Some(120),
                    ..Case::default()
                };
                let mut sample = Sample::new(name, vec![batch], case);
                sample.extras = extras;
                sample
            })
    })
}

/// Values beyond the size of a page, among small ones.
fn large_values() -> impl Iterator<Item = Sample> {
    let ways = [
        (Dictionary::On, WriterVersion::PARQUET_1_0, Store::Memory),
        (Dictionary::Off, WriterVersion::PARQUET_2_0, Store::TempFile),
        (Dictionary::Off, WriterVersion::PARQUET_1_0, Store::Limited),
    ];
    ways.into_iter().map(|(dictionary, version, store)| {
        let text = |row: usize| match row % 10 {
            3 => "long ".repeat(row * 1_000),
            7 => String::new(),
            _ => format!("row {row}"),
        };
        let texts = StringArray::from_iter_values((0..80).map(text));
        let blobs = BinaryArray::from_iter_values((0..80).map(|row| text(79 - row)));
        let batch = batch(vec![("text", Arc::new(texts)), ("blob", Arc::new(blobs))]);
        let case = Case {
            dictionary,
            version,
            store,
            compression: Compression::ZSTD(ZstdLevel::default()),
            ..Case::default()
        };
        let name = format!("large-values-{dictionary:?}-{store:?}").to_lowercase();
        Sample::new(name, vec![batch], case)
    })
}

/// TPC-H, in batches.
fn tables() -> impl Iterator<Item = Sample> {
    let stores = [
        Store::Memory,
        Store::TempFile,
        Store::Tiered,
        Store::Limited,
    ];
    stores
        .into_iter()
        .zip(codecs())
        .flat_map(|(store, compression)| {
            let lines = LineItemArrow::new(LineItemGenerator::new(0.003, 1, 1));
            let orders = OrderArrow::new(OrderGenerator::new(0.003, 1, 1));
            let lines: Vec<RecordBatch> =
                lines.with_batch_size(4_096).map(Result::unwrap).collect();
            let orders: Vec<RecordBatch> =
                orders.with_batch_size(4_096).map(Result::unwrap).collect();
            let case = Case {
                compression,
                store,
                row_group: Some(10_000),
                ..Case::default()
            };
            [("lineitem", lines), ("orders", orders)].map(|(table, batches)| {
                let name = format!("{table}-{store:?}").to_lowercase();
                Sample::new(name, batches, case.clone())
            })
        })
}

/// Hundreds of pages in a chunk, spilled.
fn many_pages() -> Sample {
    let ids = int32_batch(0..60_000);
    let squares = Int64Array::from_iter((0..60_000i64).map(|i| (i % 3 != 0).then_some(i * i)));
    let batch = batch(vec![
        ("id", ids.column(0).clone()),
        ("square", Arc::new(squares)),
    ]);
    let case = Case {
        dictionary: Dictionary::Off,
        paging: Paging::Rows,
        store: Store::TempFile,
        ..Case::default()
    };
    Sample::new("many-pages".to_owned(), vec![batch], case)
}

/// Every chunk has a filter, made from a dictionary or not, in memory or out of it.
fn bloom_filters() -> impl Iterator<Item = Sample> {
    let dictionaries = [Dictionary::On, Dictionary::Off, Dictionary::Fallback];
    dictionaries.into_iter().flat_map(|dictionary| {
        [Store::Memory, Store::Limited].map(|store| {
            let batch = batch_of(&tame_types(), Nesting::Flat, Nulls::Few, 500);
            let case = Case {
                dictionary,
                store,
                row_group: Some(200),
                ..Case::default()
            };
            let name = format!("bloom-filters-{dictionary:?}-{store:?}").to_lowercase();
            let mut sample = Sample::new(name, vec![batch], case);
            sample.extras.bloom_filters = true;
            sample
        })
    })
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let field = |(name, array): &(&str, ArrayRef)| -> Field {
        let data_type: &DataType = array.data_type();
        Field::new(*name, data_type.clone(), true)
    };
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(schema), arrays).unwrap()
}
