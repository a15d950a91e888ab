//! From bounds as bytes to the statistics record of the metadata.

use super::bounds::Bounds;
use super::truncate::{Exactness, Truncation};
use crate::basic::{ColumnOrder, SortOrder, Type};
use crate::data_type::{ByteArray, FixedLenByteArray, Int96, ParquetValueType};
use crate::file::statistics::{Statistics, ValueStatistics};
use crate::schema::types::ColumnDescriptor;

/// Counts that statistics carry beside bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) nulls: u64,
    pub(crate) distinct: Option<u64>,
}

/// The record for a page or a chunk of column `descr`.
///
/// SPEC: parquet.thrift, `Statistics`: the deprecated bounds compare as signed values, and are written
/// only where that is the column's order.
pub(crate) fn to_statistics(
    descr: &ColumnDescriptor,
    bounds: &Bounds<'_>,
    truncation: &Truncation,
    counts: Counts,
) -> Statistics {
    let order = ColumnOrder::column_order_for_type(
        descr.logical_type_ref(),
        descr.converted_type(),
        descr.physical_type(),
    );
    let record = Record {
        bounds,
        truncation,
        counts,
        is_signed: order.sort_order() == SortOrder::SIGNED,
    };
    match descr.physical_type() {
        Type::BOOLEAN => record.typed::<bool>(),
        Type::INT32 => record.typed::<i32>(),
        Type::INT64 => record.typed::<i64>(),
        Type::INT96 => record.typed::<Int96>(),
        Type::FLOAT => record.typed::<f32>(),
        Type::DOUBLE => record.typed::<f64>(),
        Type::BYTE_ARRAY => record.typed::<ByteArray>(),
        Type::FIXED_LEN_BYTE_ARRAY => record.typed::<FixedLenByteArray>(),
    }
}

struct Record<'a> {
    bounds: &'a Bounds<'a>,
    truncation: &'a Truncation,
    counts: Counts,
    is_signed: bool,
}

impl Record<'_> {
    fn typed<T: ParquetValueType>(&self) -> Statistics
    where
        Statistics: From<ValueStatistics<T>>,
    {
        let cut = self
            .bounds
            .min_max
            .map(|(min, max)| (self.truncation.min(min), self.truncation.max(max)));
        let (min, max) = match &cut {
            Some(((min, _), (max, _))) => (T::from_bytes(min), T::from_bytes(max)),
            None => (None, None),
        };
        let is_exact = |exactness: Option<Exactness>| exactness == Some(Exactness::Exact);
        let statistics = ValueStatistics::new(
            min,
            max,
            self.counts.distinct,
            Some(self.counts.nulls),
            false,
        )
        .with_backwards_compatible_min_max(self.is_signed)
        .with_min_is_exact(is_exact(cut.as_ref().map(|(min, _)| min.1)))
        .with_max_is_exact(is_exact(cut.as_ref().map(|(_, max)| max.1)))
        .with_nan_count(self.bounds.nan_count);
        Statistics::from(statistics)
    }
}
