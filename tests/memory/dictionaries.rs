//! Dictionaries that the options let grow past their part of the limit: kept while there is room for them, and for
//! writing them out.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, RecordBatch, StringArray, StringBuilder};
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::watch::{KIB, MIB, Nowhere, Seen, assert_holds, scratch_file, watch};

/// Batches of 100 rows, row after row from `texts`, again and again.
fn batches(texts: &[String], rows: usize) -> impl Iterator<Item = RecordBatch> {
    (0..rows).step_by(100).map(|from| {
        let texts = (from..from + 100).map(|row| texts[row % texts.len()].as_str());
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_from_iter([("text", texts)]).unwrap()
    })
}

fn texts(count: usize, bytes: usize) -> Vec<String> {
    let text = |at: usize| format!("{at:07} ").chars().cycle().take(bytes).collect();
    (0..count).map(text).collect()
}

fn write(
    batches: impl Iterator<Item = RecordBatch>,
    properties: impl Fn() -> WriterPropertiesBuilder,
    limit: Option<usize>,
) -> (Vec<u8>, Seen) {
    let mut batches = batches.peekable();
    let schema = batches.peek().unwrap().schema();
    let budget = limit.map(MemoryBudget::new);
    let options = || {
        let options = ArrowWriterOptions::new().with_properties(properties().build());
        match &budget {
            Some(budget) => options.with_memory_budget(budget.clone()),
            None => options,
        }
    };
    let mut file = Vec::with_capacity(8 * MIB);
    let seen = watch(schema, batches, options, budget.as_ref(), &mut file);
    (file, seen)
}

/// Twenty long texts, of which the first batch shows all: nothing says yet that they come again.
#[test]
fn a_dictionary_is_kept_while_there_is_room() {
    const LIMIT: usize = 4 * MIB;
    let texts = texts(20, 40_000);
    let properties = || WriterProperties::builder().set_dictionary_page_size_limit(2 * MIB);
    let batches = || batches(&texts, 1_000);
    let (unlimited, _) = write(batches(), properties, None);
    let (file, seen) = write(batches(), properties, Some(LIMIT));
    println!(
        "peak {}, {} bytes, {:?}",
        seen.peak, seen.bytes, seen.pressure
    );
    assert!(
        file == unlimited,
        "{} bytes, not {}",
        file.len(),
        unlimited.len()
    );
    assert!(seen.peak <= LIMIT, "{}", seen.peak);
    assert_eq!(seen.pressure.dictionaries_given_up, 0);
}

/// The options would let it take sixteen times the limit.
#[test]
fn a_dictionary_that_finds_no_room_is_written_out_within_the_limit() {
    const LIMIT: usize = 4 * MIB;
    let properties = || WriterProperties::builder().set_dictionary_page_size_limit(64 * MIB);
    for (count, bytes) in [(30_000, 200), (150, 40_000)] {
        let texts = texts(count, bytes);
        let (schema, budget) = (
            batches(&texts, 100).next().unwrap().schema(),
            MemoryBudget::new(LIMIT),
        );
        let options = || {
            ArrowWriterOptions::new()
                .with_properties(properties().build())
                .with_memory_budget(budget.clone())
        };
        let (file, reader) = scratch_file();
        let seen = watch(schema, batches(&texts, count), options, Some(&budget), file);
        println!("{bytes} bytes: peak {}, {:?}", seen.peak, seen.pressure);
        assert!(seen.peak <= LIMIT, "{}", seen.peak);
        assert_eq!(seen.pressure.dictionaries_given_up, 1);
        assert_eq!(seen.metadata.num_row_groups(), 1);
        assert_holds(reader, batches(&texts, count));
    }
}

/// Where pages are small by the options, that a dictionary is looked at more often moves no page, nor the place where
/// it is full by the options.
#[test]
fn looking_after_a_dictionary_moves_no_page() {
    let lists = |from: usize| {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in from..from + 700 {
            for item in 0..row % 4 {
                let number = row * 4 + item;
                lists
                    .values()
                    .append_option((number % 5 > 0).then(|| format!("{number:07} ").repeat(12)));
            }
            lists.append(row % 7 > 0);
        }
        let lists: ArrayRef = Arc::new(lists.finish());
        let texts = (from..from + 700).map(|row| format!("{row:09} ").repeat(9));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_from_iter([("lists", lists), ("texts", texts)]).unwrap()
    };
    let batches = || (0..14).map(|batch| lists(batch * 700));
    let properties = || {
        WriterProperties::builder()
            .set_data_page_size_limit(24 * KIB)
            .set_data_page_row_count_limit(900)
            .set_dictionary_page_size_limit(600 * KIB)
    };
    let (unlimited, _) = write(batches(), properties, None);
    // A tenth of it is less than the dictionaries may have, and a 32nd more than pages.
    let (file, seen) = write(batches(), properties, Some(5 * MIB));
    assert!(
        file == unlimited,
        "{} bytes, not {}",
        file.len(),
        unlimited.len()
    );
    assert_eq!(seen.pressure.pages_cut_early, 0);
}

/// What does not pay goes before pages become tiny; what pays stays.
#[test]
fn the_dictionary_that_pays_is_given_up_last() {
    const LIMIT: usize = 4 * MIB;
    let often = texts(20, 40_000);
    let once = texts(20_000, 200);
    let batches = (0..20_000).step_by(100).map(|from| {
        let rows = from..from + 100;
        let often = rows.clone().map(|row| often[row % often.len()].as_str());
        let once = rows.map(|row| once[row].as_str());
        let columns: [(&str, ArrayRef); 2] = [
            ("often", Arc::new(StringArray::from_iter_values(often))),
            ("once", Arc::new(StringArray::from_iter_values(once))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    });
    let properties = || WriterProperties::builder().set_dictionary_page_size_limit(2 * MIB);
    let budget = MemoryBudget::new(LIMIT);
    let options = || {
        ArrowWriterOptions::new()
            .with_properties(properties().build())
            .with_memory_budget(budget.clone())
    };
    let mut batches = batches.take(100).peekable();
    let schema = batches.peek().unwrap().schema();
    let seen = watch(schema, batches, options, Some(&budget), Nowhere);
    println!(
        "peak {}, {} bytes, {:?}",
        seen.peak, seen.bytes, seen.pressure
    );
    assert!(seen.peak <= LIMIT, "{}", seen.peak);
    assert!(seen.bytes < 8 * MIB, "{}", seen.bytes);
    assert_eq!(seen.pressure.dictionaries_given_up, 1);
}
