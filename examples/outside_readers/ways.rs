//! Every type in every pair of ways to write it.

use crate::sample::Sample;
use crate::support::types::{batch_of_all_types, pieces};
use crate::support::ways::ways;

/// Enough for several pages and row groups.
const ROWS: usize = 400;

pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    ways(ROWS).into_iter().enumerate().map(|(i, way)| {
        let name = format!("ways-{i:03}-{:?}-{:?}", way.nesting, way.nulls).to_lowercase();
        let batch = batch_of_all_types(way.nesting, way.nulls, ROWS);
        let batches = pieces(&batch, way.case.batch);
        Sample::new(name, batches, way.case)
    })
}
