//! The house rules that a compiler does not hold: imports run downward only and never in circles, and files stay small.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic, and its numbers are small"
)]

mod source;

use std::fs;

use source::{SourceTree, code, source_files, top, use_paths};

/// Modules and their layers, the most specific first. A module may import from lower layers and from its
/// own top-level module.
const LAYERS: [(&str, u32); 18] = [
    ("errors", 0),
    ("utf8", 0),
    ("budget", 0),
    ("latch", 0),
    ("basic", 10),
    ("wire::compact", 10),
    ("schema", 20),
    ("data_type", 20),
    ("encodings", 30),
    ("compression", 30),
    ("bloom_filter", 30),
    ("meta", 40),
    ("wire", 45),
    ("column", 50),
    ("file", 60),
    ("record", 60),
    ("arrow", 70),
    ("object_store", 80),
];

/// Lines of code that a file may have; tests and comments do not count.
const MOST_LINES: usize = 600;

/// Characters of a line, comments included.
const LONGEST_LINE: usize = 120;

#[test]
fn imports_run_downward_only() {
    let (tree, mut wrong) = (SourceTree::read(), Vec::new());
    for module in tree.modules().filter(|module| *module != "lib") {
        for needed in tree.needs(module) {
            let (from, to) = (layer(module), layer(&needed));
            // Encodings, codecs and filters know nothing of one another.
            let is_sideways = to == from && from == 30 && top(module) != top(&needed);
            if to > from || is_sideways {
                wrong.push(format!(
                    "{module} (layer {from}) needs {needed} (layer {to})"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that do not run downward:\n{}",
        wrong.join("\n")
    );
}

/// Only a type and its builder may need one another.
#[test]
fn files_do_not_run_in_circles() {
    let is_builder =
        |circle: &[String]| matches!(circle, [of, builder] if *builder == format!("{of}_builder"));
    let circles = SourceTree::read().circles();
    let wrong: Vec<_> = circles
        .iter()
        .filter(|circle| !is_builder(circle))
        .collect();
    assert!(wrong.is_empty(), "files that need one another: {wrong:#?}");
}

#[test]
fn top_level_modules_do_not_run_in_circles() {
    let circles = SourceTree::read().top_level_circles();
    assert!(
        circles.is_empty(),
        "modules that need one another: {circles:#?}"
    );
}

#[test]
fn the_rules_see_what_a_file_needs() {
    let tree = SourceTree::read();
    assert!(tree.modules().count() > 50);
    let needs = tree.needs("column::writer::chunk_writer");
    // Named directly, and through what another module re-exports.
    assert!(needs.contains("column::writer::encoder"), "{needs:?}");
    assert!(needs.contains("column::chunk::pages"), "{needs:?}");
    assert!(!needs.contains("column::chunk"), "{needs:?}");
}

#[test]
fn files_stay_small() {
    let mut large = Vec::new();
    for file in source_files() {
        let lines = code(&fs::read_to_string(&file).unwrap()).count();
        if lines > MOST_LINES {
            large.push(format!("{}: {lines}", file.display()));
        }
    }
    assert!(
        large.is_empty(),
        "files with more than {MOST_LINES} lines of code:\n{}",
        large.join("\n")
    );
}

#[test]
fn lines_can_be_read_side_by_side() {
    let mut long = Vec::new();
    for file in source_files() {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().zip(1..);
        let found = lines.filter(|(line, _)| line.chars().count() > LONGEST_LINE);
        long.extend(found.map(|(_, number)| format!("{}:{number}", file.display())));
    }
    assert!(
        long.is_empty(),
        "lines of more than {LONGEST_LINE} characters:\n{}",
        long.join("\n")
    );
}

#[test]
fn the_rules_see_an_upward_import() {
    assert!(layer("arrow::arrow_writer") > layer("file::writer"));
    assert!(layer("column::writer") > layer("encodings::plain"));
    let text = "use crate::arrow::leaves::Leaf;\nuse crate::{\n    basic::Type,\n    file::{self, writer::TrackedWrite},\n};\n#[cfg(test)]\nmod tests { use crate::x; }";
    assert_eq!(
        use_paths(text),
        [
            "crate::arrow::leaves::Leaf",
            "crate::basic::Type",
            "crate::file::self",
            "crate::file::writer::TrackedWrite"
        ]
    );
}

fn layer(path: &str) -> u32 {
    let inside = |prefix: &str| path == prefix || path.starts_with(&format!("{prefix}::"));
    match LAYERS.iter().find(|(prefix, _)| inside(prefix)) {
        Some((_, layer)) => *layer,
        None => panic!("{path} stands in no layer: add it to LAYERS"),
    }
}
