//! Where a leaf stands in a schema: [`ColumnPath`].

use std::fmt;

/// The names from below the root down to a field.
///
/// A name may hold a dot itself, so the text form does not always lead back to the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnPath {
    parts: Vec<String>,
}

impl ColumnPath {
    /// A path of these names, the outermost first.
    pub fn new(parts: Vec<String>) -> Self {
        ColumnPath { parts }
    }

    /// The names joined by dots: `a.b.c`.
    pub fn string(&self) -> String {
        self.parts.join(".")
    }

    /// Adds names below the last one.
    pub fn append(&mut self, mut tail: Vec<String>) {
        self.parts.append(&mut tail);
    }

    /// The names, the outermost first.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.parts.capacity() * size_of::<String>()
            + self.parts.iter().map(String::capacity).sum::<usize>()
    }
}

impl fmt::Display for ColumnPath {
    /// The text form in quotes; [`string`](Self::string) gives it without.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.string(), f)
    }
}

impl From<Vec<String>> for ColumnPath {
    fn from(parts: Vec<String>) -> Self {
        ColumnPath { parts }
    }
}

impl From<&str> for ColumnPath {
    /// A path of this one name; a dot in it does not split it.
    fn from(single: &str) -> Self {
        ColumnPath::from(single.to_string())
    }
}

impl From<String> for ColumnPath {
    /// A path of this one name; a dot in it does not split it.
    fn from(single: String) -> Self {
        ColumnPath {
            parts: vec![single],
        }
    }
}

impl AsRef<[String]> for ColumnPath {
    fn as_ref(&self) -> &[String] {
        &self.parts
    }
}
