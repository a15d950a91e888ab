//! Every Arrow type in files written in every pair of ways.

use herringbone::basic::Compression;
use herringbone::file::properties::WriterVersion;

use crate::support::cases::{Case, Dictionary, Paging, Statistics, codecs};
use crate::support::check::check;
use crate::support::covering::pairs;
use crate::support::stores::Store;
use crate::support::types::{Nesting, Nulls, batch_of_all_types};

const ROWS: usize = 400;
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
const BATCHES: [usize; 2] = [ROWS, 33];

/// The choices of each factor, in the order of [`case`].
fn levels() -> [usize; 12] {
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
        BATCHES.len(),
        2,
        2,
    ]
}

fn case(row: &[usize]) -> (Nulls, Nesting, Case) {
    let codecs: [Compression; 7] = codecs();
    let case = Case {
        dictionary: DICTIONARIES[row[2]],
        version: VERSIONS[row[3]],
        compression: codecs[row[4]],
        row_group: ROW_GROUPS[row[5]],
        store: Store::ALL[row[6]],
        statistics: STATISTICS[row[7]],
        paging: PAGINGS[row[8]],
        batch: BATCHES[row[9]],
        checksums: row[10] == 1,
        truncation: [Some(64), Some(5)][row[11]],
        ..Case::default()
    };
    (Nulls::ALL[row[0]], Nesting::ALL[row[1]], case)
}

/// Every `of`-th case from `part` on: the parts run side by side.
fn run(part: usize, of: usize) {
    for row in pairs(&levels()).iter().skip(part).step_by(of) {
        let (nulls, nesting, case) = case(row);
        let batch = batch_of_all_types(nesting, nulls, ROWS);
        let written = case.write(&batch);
        check(&case, &batch, &written);
    }
}

#[test]
fn every_type_reads_back_in_every_pair_of_ways_part_one() {
    run(0, 2);
}

#[test]
fn every_type_reads_back_in_every_pair_of_ways_part_two() {
    run(1, 2);
}

#[test]
fn the_ways_cover_every_pair() {
    let levels = levels();
    let rows = pairs(&levels);
    assert!(rows.len() < 120, "{} ways are too many", rows.len());
    for one in 0..levels.len() {
        for other in one + 1..levels.len() {
            for a in 0..levels[one] {
                for b in 0..levels[other] {
                    assert!(rows.iter().any(|row| row[one] == a && row[other] == b));
                }
            }
        }
    }
}
