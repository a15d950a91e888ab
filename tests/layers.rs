//! The house rules that a compiler does not hold: imports run downward only, and files stay small.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic, and its numbers are small"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules and their layers, the most specific first. A module may import from lower layers and from its
/// own top-level module.
const LAYERS: [(&str, u32); 25] = [
    ("errors", 0),
    ("utf8", 0),
    ("budget", 0),
    ("latch", 0),
    ("basic", 10),
    ("wire::compact", 10),
    ("schema::printer", 46),
    // The compatible interface hangs the typed writers on the trait of physical types.
    ("data_type::physical", 50),
    ("schema", 20),
    ("data_type", 20),
    ("encodings", 30),
    ("compression", 30),
    // Reading a filter takes the metadata of its chunk and the file.
    ("bloom_filter::chunk", 61),
    ("bloom_filter", 30),
    ("file::metadata::writer", 61),
    ("file::reader", 60),
    ("file::writer", 60),
    ("file::statistics", 40),
    // Indexes are decoded by the code that knows the bytes.
    ("file::page_index::index_reader", 46),
    ("file::page_index", 40),
    ("file::properties", 40),
    ("file::metadata", 40),
    ("wire", 45),
    ("column", 50),
    ("record", 60),
];
const ARROW_LAYER: u32 = 70;

/// Lines of code that a file may have; tests and comments do not count.
const MOST_LINES: usize = 600;

#[test]
fn imports_run_downward_only() {
    let mut wrong = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            let (from, to) = (layer(&module), layer(&import));
            let same_room = room(&module) == room(&import);
            if to > from || (to == from && !same_room && from == 30) {
                wrong.push(format!(
                    "{module} (layer {from}) imports {import} (layer {to})"
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
fn the_rules_see_an_upward_import() {
    assert!(layer("arrow::arrow_writer") > layer("file::writer"));
    assert!(layer("column::writer") > layer("encodings::plain"));
    let text = "use crate::arrow::leaves::Leaf;\nuse crate::{\n    basic::Type,\n    file::writer::TrackedWrite,\n};\n#[cfg(test)]\nmod tests { use crate::x; }";
    assert_eq!(
        imports(text),
        [
            "arrow::leaves::Leaf",
            "basic::Type",
            "file::writer::TrackedWrite"
        ]
    );
}

fn source_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 50, "the source tree was not found");
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}

/// `src/file/writer/mod.rs` is `file::writer`.
fn module_of(file: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let parts: Vec<_> = relative
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    parts
        .into_iter()
        .filter(|part| part != "mod")
        .collect::<Vec<_>>()
        .join("::")
}

fn layer(path: &str) -> u32 {
    let inside = |prefix: &str| path == prefix || path.starts_with(&format!("{prefix}::"));
    if path == "lib" {
        return u32::MAX;
    }
    match LAYERS.iter().find(|(prefix, _)| inside(prefix)) {
        Some((_, layer)) => *layer,
        None if inside("arrow") => ARROW_LAYER,
        // What `file` itself defines are constants of the format.
        None if path.starts_with("file") => 0,
        None => panic!("{path} stands in no layer: add it to LAYERS"),
    }
}

fn room(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

/// The paths of `use crate::` lines, one level of braces opened.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let joined = code(text).collect::<Vec<_>>().join(" ");
    for statement in joined.split("use crate::").skip(1) {
        let path = statement.split(';').next().unwrap_or_default();
        match path.strip_prefix('{') {
            None => found.push(
                path.split('{')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches("::")
                    .to_owned(),
            ),
            Some(group) => {
                let mut depth = 0;
                for part in group.split(',') {
                    let head = part
                        .trim()
                        .trim_end_matches('}')
                        .split("::{")
                        .next()
                        .unwrap_or_default();
                    if depth == 0 && !head.is_empty() {
                        found.push(head.to_owned());
                    }
                    depth += part.matches('{').count() as i32 - part.matches('}').count() as i32;
                }
            }
        }
    }
    found
}

/// Lines of code before the file's unit tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
}
