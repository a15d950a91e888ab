//! A limit of a few mebibytes holds on every kind of column and with every layout, with pages of the default size,
//! whatever the sizes of batches and values.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{Compression, Encoding};
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use herringbone::schema::types::ColumnPath;

use super::shapes::{Nulls, Shape, Shapes};
use super::watch::{KIB, MIB, Seen, assert_holds, assert_paid, scratch_file, watch};

/// The context of ZSTD has an allocator of its own.
const HIDDEN: usize = MIB;

/// Values from this part of the limit on are larger than an open page is to be.
const LARGE_PART: usize = 32;

/// All but those whose one value is as large as the limits here.
const KINDS: [Shape; 17] = [
    Shape::FewInts,
    Shape::Int64,
    Shape::Float64,
    Shape::Boolean,
    Shape::Short,
    Shape::Text,
    Shape::Views,
    Shape::Binary(64 * KIB),
    Shape::Uneven(64 * KIB),
    Shape::Decimal,
    Shape::Fixed(16),
    Shape::Fixed(300),
    Shape::List,
    Shape::Structs,
    Shape::Map,
    Shape::Words,
    Shape::LongWords,
];

/// Batches of the rows that readers like.
const SMALL: usize = 128 * KIB;

fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_max_row_group_row_count(None)
}

fn v1() -> (&'static str, WriterPropertiesBuilder) {
    ("v1", plain())
}

fn v2() -> (&'static str, WriterPropertiesBuilder) {
    let properties = plain()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_dictionary_enabled(false);
    ("v2 without dictionaries", properties)
}

fn codecs() -> Vec<(&'static str, WriterPropertiesBuilder)> {
    vec![
        #[cfg(feature = "snap")]
        ("snappy", plain().set_compression(Compression::SNAPPY)),
        #[cfg(feature = "zstd")]
        (
            "zstd",
            v2().1
                .set_compression(Compression::ZSTD(Default::default())),
        ),
    ]
}

fn ways() -> Vec<(&'static str, WriterPropertiesBuilder)> {
    let encoded = |encoding| plain().set_dictionary_enabled(false).set_encoding(encoding);
    let mut ways = codecs();
    ways.extend([
        v1(),
        v2(),
        (
            "page header statistics",
            plain().set_write_page_header_statistics(true),
        ),
        (
            "distinct counts",
            plain().set_write_row_group_number_distinct_values(true),
        ),
        ("checksums", plain().set_page_checksum_enabled(true)),
        (
            "delta lengths",
            encoded(Encoding::PLAIN)
                .set_column_encoding(ColumnPath::from("c0"), Encoding::DELTA_LENGTH_BYTE_ARRAY),
        ),
        (
            "deltas",
            encoded(Encoding::PLAIN)
                .set_column_encoding(ColumnPath::from("c0"), Encoding::DELTA_BYTE_ARRAY)
                .set_column_encoding(ColumnPath::from("c1"), Encoding::DELTA_BINARY_PACKED)
                .set_column_encoding(ColumnPath::from("c2"), Encoding::BYTE_STREAM_SPLIT),
        ),
    ]);
    ways
}

/// Writes the table under `limit`, holds the writer to it, and reads the file back.
///
/// A value that is larger than a page is to be cannot be written without being there: in the open page, in the page's
/// body and in its blob, and as the value before where values lean on one another. So much may come on top.
fn keep(
    name: &str,
    shapes: &Shapes,
    (how, properties): &(&str, WriterPropertiesBuilder),
    limit: usize,
) -> Seen {
    let budget = MemoryBudget::new(limit);
    let options = || {
        let options = ArrowWriterOptions::new().with_properties(properties.clone().build());
        options.with_memory_budget(budget.clone())
    };
    let (file, reader) = scratch_file();
    let start = Instant::now();
    let seen = watch(
        shapes.schema(),
        shapes.batches(),
        options,
        Some(&budget),
        file,
    );
    let name = format!(
        "{name}, {} batches of {} rows, {how}, {} KiB",
        shapes.batches,
        shapes.batch_rows,
        limit / KIB
    );
    println!(
        "{name}: peak {:.3}, budget {:.3} of it, {} row groups, {:?}, {:.1} s",
        seen.peak as f64 / limit as f64,
        budget.peak() as f64 / seen.peak as f64,
        seen.row_groups,
        seen.pressure,
        start.elapsed().as_secs_f64(),
    );
    let largest = shapes.columns.iter().map(|shape| shape.largest_value());
    let largest = largest.max().unwrap_or(0);
    let large = if largest > limit / LARGE_PART {
        largest
    } else {
        0
    };
    let hidden = if *how == "zstd" { HIDDEN } else { 0 };
    let allowed = limit + limit * 3 / 100 + 4 * large;
    assert!(seen.peak <= allowed, "{name}: {} of {allowed}", seen.peak);
    assert_paid(
        budget.peak() + large / 2,
        seen.peak,
        hidden + large / 2,
        &name,
    );
    seen.assert_true(hidden, &name);
    assert_holds(reader, shapes.batches());
    seen
}

fn assert_one_row_group(seen: &Seen) {
    assert_eq!(seen.row_groups, 1);
    assert_eq!(seen.pressure.row_groups_flushed_early, 0);
}

#[test]
fn every_kind_of_column_keeps_the_limit() {
    for kind in KINDS {
        let name = format!("{kind:?}");
        for way in [v1(), v2()] {
            let one = Shapes::new(vec![kind], 3 * MIB, SMALL);
            assert_one_row_group(&keep(&name, &one, &way, MIB));
            // A batch of columns that take the whole limit each.
            let four = Shapes::new(vec![kind; 4], 4 * MIB, 4 * MIB).with_nulls(Nulls::Third);
            assert_one_row_group(&keep(&name, &four, &way, MIB));
        }
    }
}

#[test]
fn every_layout_keeps_the_limit() {
    let columns = vec![
        Shape::Short,
        Shape::Int64,
        Shape::Float64,
        Shape::List,
        Shape::Fixed(300),
    ];
    for way in ways() {
        for batch in [SMALL, 8 * MIB] {
            let table = Shapes::new(columns.clone(), 8 * MIB, batch).with_nulls(Nulls::Third);
            assert_one_row_group(&keep("mixed", &table, &way, 2 * MIB));
        }
    }
}

#[test]
fn tables_of_every_kind_keep_every_limit() {
    for limit in [MIB, 4 * MIB, 8 * MIB] {
        let table = Shapes::new(KINDS.to_vec(), 3 * limit, 8 * SMALL);
        assert_one_row_group(&keep("every kind", &table, &v1(), limit));
    }
}

#[test]
fn many_columns_of_a_kind_keep_the_limit() {
    for kind in [
        Shape::Int64,
        Shape::Text,
        Shape::LongWords,
        Shape::Words,
        Shape::Structs,
    ] {
        for way in codecs().into_iter().chain([v1()]) {
            let table = Shapes::new(vec![kind; 20], 4 * MIB, 2 * MIB);
            assert_one_row_group(&keep(&format!("20 of {kind:?}"), &table, &way, MIB));
        }
    }
}

#[test]
fn values_as_large_as_the_limit_take_a_few_of_them() {
    for columns in [1, 8] {
        for way in [v1(), v2()] {
            let table = Shapes::new(vec![Shape::Binary(MIB); columns], 16 * MIB, MIB);
            keep(&format!("{columns} of 1 MiB"), &table, &way, MIB);
        }
    }
}

#[test]
#[ignore = "takes minutes"]
fn the_whole_matrix_keeps_the_limit() {
    let mut failed = Vec::new();
    for limit in [MIB, 2 * MIB, 4 * MIB, 8 * MIB, 16 * MIB] {
        for (kind, columns) in KINDS.iter().flat_map(|kind| [1, 4, 20].map(|n| (*kind, n))) {
            for way in [v1(), v2()].into_iter().chain(codecs()) {
                for batch in [SMALL, 4 * limit] {
                    let table = Shapes::new(vec![kind; columns], 4 * limit, batch);
                    let table = match columns {
                        4 => table.with_nulls(Nulls::Third),
                        _ => table,
                    };
                    let name = format!("{columns} of {kind:?}");
                    let case = || keep(&name, &table, &way, limit);
                    if catch_unwind(AssertUnwindSafe(case)).is_err() {
                        failed.push(format!("{name}, {}, {limit}", way.0));
                    }
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
