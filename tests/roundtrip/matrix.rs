//! Every Arrow type in files written in every pair of ways.

use crate::support::check::check;
use crate::support::covering::pairs;
use crate::support::types::batch_of_all_types;
use crate::support::ways::{levels, ways};

const ROWS: usize = 400;

/// Every `of`-th way from `part` on: the parts run side by side.
fn run(part: usize, of: usize) {
    for way in ways(ROWS).iter().skip(part).step_by(of) {
        let batch = batch_of_all_types(way.nesting, way.nulls, ROWS);
        let written = way.case.write(&batch);
        check(&way.case, &batch, &written);
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
