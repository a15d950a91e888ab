//! Bounds of text and bytes are cut where they may be, and still bound.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, StringArray};

use crate::support::cases::{Case, Statistics};
use crate::support::check::check;
use crate::support::thrift::Fields;

/// The chunk's statistics of a column that holds `value` only.
fn statistics(value: ArrayRef, truncation: Option<usize>) -> Fields {
    let batch = RecordBatch::try_from_iter([("c", value)]).unwrap();
    let case = Case {
        truncation,
        statistics: Statistics::PageHeaders,
        ..Case::default()
    };
    let layout = check(&case, &batch, &case.write(&batch));
    let chunk = &layout.row_groups[0].chunks[0];
    chunk.meta.opt_struct(12).unwrap().clone()
}

/// The value has to become (minimum, its exactness, maximum, its exactness).
fn assert_bounds(found: &Fields, (min, min_exact): (&[u8], bool), (max, max_exact): (&[u8], bool)) {
    assert_eq!(found.opt_bytes(6), Some(min), "minimum");
    assert_eq!(found.opt_bytes(5), Some(max), "maximum");
    assert_eq!(found.opt_bool(8), Some(min_exact), "minimum exact");
    assert_eq!(found.opt_bool(7), Some(max_exact), "maximum exact");
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn bytes(value: &[u8]) -> ArrayRef {
    Arc::new(BinaryArray::from(vec![value]))
}

#[test]
fn short_bounds_stay_whole() {
    let found = statistics(text("abc"), Some(3));
    assert_bounds(&found, (b"abc", true), (b"abc", true));
}

#[test]
fn no_limit_keeps_bounds_whole() {
    let long = "long ".repeat(200);
    let found = statistics(text(&long), None);
    assert_bounds(&found, (long.as_bytes(), true), (long.as_bytes(), true));
}

#[test]
fn the_default_limit_is_sixty_four_bytes() {
    let found = statistics(text(&"m".repeat(65)), Some(64));
    let (min, max) = ("m".repeat(64), format!("{}n", "m".repeat(63)));
    assert_bounds(&found, (min.as_bytes(), false), (max.as_bytes(), false));
}

#[test]
fn text_is_cut_between_characters() {
    let found = statistics(text("aéé"), Some(4));
    assert_bounds(&found, ("aé".as_bytes(), false), ("aê".as_bytes(), false));
}

#[test]
fn a_last_character_without_successor_passes_the_increment_on() {
    let found = statistics(text("ab\u{10ffff}\u{10ffff}"), Some(6));
    assert_bounds(&found, ("ab\u{10ffff}".as_bytes(), false), (b"ac", false));
}

#[test]
fn a_maximum_without_larger_prefix_stays_whole() {
    let highest = "\u{10ffff}".repeat(4);
    let found = statistics(text(&highest), Some(8));
    assert_bounds(
        &found,
        ("\u{10ffff}\u{10ffff}".as_bytes(), false),
        (highest.as_bytes(), true),
    );
    let found = statistics(bytes(&[0xff; 9]), Some(8));
    assert_bounds(&found, (&[0xff; 8], false), (&[0xff; 9], true));
}

#[test]
fn bytes_are_incremented_with_carry() {
    let found = statistics(bytes(&[1, 2, 0xff, 0xff, 7]), Some(4));
    assert_bounds(&found, (&[1, 2, 0xff, 0xff], false), (&[1, 3], false));
}
