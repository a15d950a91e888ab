//! What a page store saves.

use std::sync::Arc;

use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::data::{Column, batches_of, schema_of};
use super::watch::{KIB, MIB, Nowhere, mib, watch};

/// Most heap with pages on the heap, and with pages in a temporary file.
struct Peaks {
    heap: usize,
    spilling: usize,
}

fn peaks(name: &str, columns: &[Column], (batches, rows): (usize, usize)) -> Peaks {
    let peak = |options: fn(ArrowWriterOptions) -> ArrowWriterOptions| {
        let options = || options(ArrowWriterOptions::new().with_properties(plain().build()));
        let batches = batches_of(columns, batches, rows);
        watch(schema_of(columns), batches, options, None, Nowhere).peak
    };
    let peaks = Peaks {
        heap: peak(|options| options),
        spilling: peak(|options| {
            options.with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()))
        }),
    };
    println!(
        "{name}: heap {}, spilling {}",
        mib(peaks.heap),
        mib(peaks.spilling)
    );
    peaks
}

fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_max_row_group_row_count(None)
}

#[test]
fn page_store_bounds_write_memory() {
    let mut columns = vec![Column::Binary(4096)];
    columns.extend([Column::Int64; 8]);
    for size in [(32, 128), (1, 4096)] {
        let name = format!("one wide column of nine, {} rows a batch", size.1);
        let Peaks { heap, spilling } = peaks(&name, &columns, size);
        assert!(spilling <= 42 * MIB / 10, "{spilling}");
        assert!(heap > 12 * MIB, "{heap}");
    }
}

#[test]
fn page_store_leaves_a_long_dictionary_column_its_open_page() {
    let columns = [Column::Int32Of16];
    let Peaks { heap, spilling } = peaks("4.2 million rows of 16 values", &columns, (512, 8_192));
    assert!(spilling <= 48 * MIB / 100, "{spilling}");
    assert!(heap > 2 * spilling, "{heap}");
}

/// Sixteen dictionaries just below their size limit: they have to stay, nothing else does.
#[test]
fn page_store_leaves_dictionaries_alone() {
    const ENTRIES: usize = 768 * KIB / 8;
    let columns = [Column::Sequence(ENTRIES); 16];
    let Peaks { heap, spilling } = peaks("16 dictionaries of 0.75 MiB", &columns, (96, 8_192));
    let dictionaries = 16 * 768 * KIB;
    // Each has its values, with room to grow, and a table to find them by.
    assert!(2 * spilling <= 7 * dictionaries, "{spilling}");
    assert!(heap > spilling + 8 * MIB, "{heap}");
}
