//! Every type in every pair of ways to write it.

use arrow::datatypes::DataType;

use crate::sample::{Sample, is_wide_in_time, tame_types};
use crate::support::types::{batch_of, leaf_types, pieces};
use crate::support::ways::{Way, ways};

/// Enough for several pages and row groups.
const ROWS: usize = 400;

/// Two files a way: a reader that refuses the wide timestamps reads all else.
pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    let mut wide = leaf_types();
    wide.retain(is_wide_in_time);
    let tame = tame_types();
    ways(ROWS)
        .into_iter()
        .enumerate()
        .flat_map(move |(i, way)| {
            [
                sample(&format!("ways-{i:03}"), &way, &tame),
                sample(&format!("ways-{i:03}-timestamps"), &way, &wide),
            ]
        })
}

fn sample(name: &str, way: &Way, types: &[DataType]) -> Sample {
    let name = format!("{name}-{:?}-{:?}", way.nesting, way.nulls).to_lowercase();
    let batch = batch_of(types, way.nesting, way.nulls, ROWS);
    Sample::new(name, pieces(&batch, way.case.batch), way.case.clone())
}
