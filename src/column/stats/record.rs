//! From bounds as bytes to the statistics record of the metadata.

use super::bounds::Bounds;
use super::truncate::{Exactness, Truncation};
use crate::basic::{ColumnOrder, SortOrder, Type};
use crate::data_type::{ByteArray, FixedLenByteArray, Int96, ParquetValueType};
use crate::meta::statistics::{Statistics, ValueStatistics};
use crate::schema::types::ColumnDescriptor;

/// Counts that statistics carry beside bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) nulls: u64,
    pub(crate) distinct: Option<u64>,
}

/// Which of the record's fields bounds go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BoundFields {
    /// Those that follow the column's order.
    Current,
    /// The deprecated ones too, which compare as signed values.
    CurrentAndDeprecated,
}

/// The record for the metadata of a chunk of column `descr`.
///
/// SPEC: parquet.thrift, `Statistics`: the deprecated bounds compare as signed values, and are written
/// only where that is the column's order.
pub(crate) fn chunk_statistics(
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
    let fields = match order.sort_order() {
        SortOrder::SIGNED => BoundFields::CurrentAndDeprecated,
        _ => BoundFields::Current,
    };
    statistics(descr, Record::new(bounds, truncation, counts, fields))
}

/// The record for a page header of column `descr`. There is one a page, and readers that look at it know the current
/// fields.
pub(crate) fn page_statistics(
    descr: &ColumnDescriptor,
    bounds: &Bounds<'_>,
    truncation: &Truncation,
    nulls: u64,
) -> Statistics {
    let counts = Counts {
        nulls,
        distinct: None,
    };
    let record = Record::new(bounds, truncation, counts, BoundFields::Current);
    statistics(descr, record)
}

fn statistics(descr: &ColumnDescriptor, record: Record<'_>) -> Statistics {
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
    fields: BoundFields,
}

impl<'a> Record<'a> {
    fn new(
        bounds: &'a Bounds<'a>,
        truncation: &'a Truncation,
        counts: Counts,
        fields: BoundFields,
    ) -> Self {
        Self {
            bounds,
            truncation,
            counts,
            fields,
        }
    }

    fn typed<T: ParquetValueType>(&self) -> Statistics
    where
        Statistics: From<ValueStatistics<T>>,
    {
        let cut = self
            .bounds
            .min_max
            .map(|(min, max)| (self.truncation.min(min), self.truncation.max_within(max)));
        let (min, max) = match &cut {
            Some(((min, _), max)) => (
                T::from_bytes(min),
                max.as_ref().and_then(|(max, _)| T::from_bytes(max)),
            ),
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
        .with_backwards_compatible_min_max(self.fields == BoundFields::CurrentAndDeprecated)
        .with_min_is_exact(is_exact(cut.as_ref().map(|(min, _)| min.1)))
        .with_max_is_exact(is_exact(
            cut.as_ref()
                .and_then(|(_, max)| max.as_ref())
                .map(|max| max.1),
        ))
        .with_nan_count(self.bounds.nan_count);
        Statistics::from(statistics)
    }
}
