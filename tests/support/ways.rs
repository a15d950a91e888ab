//! Kinds of rows and ways to write them, in so few combinations that every pair of choices stands in one.

use herringbone::file::properties::WriterVersion;

use super::cases::{Case, Dictionary, Paging, Statistics, codecs};
use super::covering::pairs;
use super::stores::Store;
use super::types::{Nesting, Nulls};

const DICTIONARIES: [Dictionary; 3] = [Dictionary::On, Dictionary::Off, Dictionary::Fallback];
const VERSIONS: [WriterVersion; 2] = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];
const ROW_GROUPS: [Option<usize>; 2] = [None, Some(150)];
const STATISTICS: [Statistics; 5] = [
    Statistics::Page,
    Statistics::PageHeaders,
    Statistics::Chunk,
    Statistics::None,
    Statistics::ChunkWithoutOffsets,
];
const PAGINGS: [Paging; 4] = [
    Paging::Default,
    Paging::Bytes,
    Paging::Rows,
    Paging::Batches,
];
const TRUNCATIONS: [Option<usize>; 2] = [Some(64), Some(5)];
const CHECKSUMS: [bool; 2] = [false, true];

/// Rows of one kind, and a way to write them.
#[derive(Debug, Clone)]
pub struct Way {
    pub nulls: Nulls,
    pub nesting: Nesting,
    pub case: Case,
}

/// Ways to write `rows` rows.
pub fn ways(rows: usize) -> Vec<Way> {
    let batches = [rows, 33];
    let choices = pairs(&levels());
    choices.iter().map(|row| way(row, batches)).collect()
}

/// The number of choices of each factor, in the order of [`way`].
pub fn levels() -> [usize; 12] {
    [
        Nulls::ALL.len(),
        Nesting::ALL.len(),
        DICTIONARIES.len(),
        VERSIONS.len(),
        codecs().len(),
        ROW_GROUPS.len(),
        Store::ALL.len(),
        STATISTICS.len(),
        PAGINGS.len(),
        2,
        CHECKSUMS.len(),
        TRUNCATIONS.len(),
    ]
}

fn way(row: &[usize], batches: [usize; 2]) -> Way {
    let case = Case {
        dictionary: DICTIONARIES[row[2]],
        version: VERSIONS[row[3]],
        compression: codecs()[row[4]],
        row_group: ROW_GROUPS[row[5]],
        store: Store::ALL[row[6]],
        statistics: STATISTICS[row[7]],
        paging: PAGINGS[row[8]],
        batch: batches[row[9]],
        checksums: CHECKSUMS[row[10]],
        truncation: TRUNCATIONS[row[11]],
        ..Case::default()
    };
    Way {
        nulls: Nulls::ALL[row[0]],
        nesting: Nesting::ALL[row[1]],
        case,
    }
}
