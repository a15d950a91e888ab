//! Statistics as the record that page headers and chunk metadata share.

use super::compact::Fields;
use crate::meta::statistics::Statistics;

/// Writes the fields of `statistics`.
///
/// SPEC: parquet.thrift, `Statistics`. The deprecated bounds precede the counts, the bounds that follow
/// the column's order come after them.
pub(super) fn write_statistics(statistics: &Statistics, record: &mut Fields<'_>) {
    let min = statistics.min_bytes_opt();
    let max = statistics.max_bytes_opt();
    let is_deprecated = statistics.is_min_max_deprecated();
    if is_deprecated || statistics.is_min_max_backwards_compatible() {
        write_bound(record, 1, max);
        write_bound(record, 2, min);
    }
    write_count(record, 3, statistics.null_count_opt());
    write_count(record, 4, statistics.distinct_count_opt());
    if !is_deprecated {
        write_bound(record, 5, max);
        write_bound(record, 6, min);
        if max.is_some() {
            record.bool(7, statistics.max_is_exact());
        }
        if min.is_some() {
            record.bool(8, statistics.min_is_exact());
        }
    }
    write_count(record, 9, statistics.nan_count_opt());
}

fn write_bound(record: &mut Fields<'_>, id: i16, bound: Option<&[u8]>) {
    if let Some(bytes) = bound {
        record.binary(id, bytes);
    }
}

/// A count that the format's signed integers cannot hold is left out, which says "not known".
fn write_count(record: &mut Fields<'_>, id: i16, count: Option<u64>) {
    if let Some(count) = count.and_then(|count| i64::try_from(count).ok()) {
        record.i64(id, count);
    }
}
