//! What cannot be written is refused when the writer is made, not when the first batch comes.

use std::sync::Arc;

use arrow::array::{ArrayData, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, TimeUnit, UnionMode};
use arrow::datatypes::{FieldRef, UnionFields};
use herringbone::arrow::ArrowWriter;
use herringbone::errors::ParquetError;

const ROWS: usize = 3;

fn leaves() -> Vec<DataType> {
    use DataType::*;
    let units = [
        TimeUnit::Second,
        TimeUnit::Millisecond,
        TimeUnit::Microsecond,
        TimeUnit::Nanosecond,
    ];
    let mut leaves = vec![
        Null,
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Date32,
        Date64,
        Binary,
        LargeBinary,
        BinaryView,
        Utf8,
        LargeUtf8,
        Utf8View,
    ];
    leaves.extend([0, 1, 16].map(FixedSizeBinary));
    leaves.extend(units.map(|unit| Timestamp(unit, None)));
    leaves.extend(units.map(|unit| Timestamp(unit, Some("UTC".into()))));
    leaves.extend(units.map(Duration));
    leaves.extend(units[..2].iter().map(|unit| Time32(*unit)));
    leaves.extend(units[2..].iter().map(|unit| Time64(*unit)));
    use IntervalUnit::{DayTime, MonthDayNano, YearMonth};
    leaves.extend([YearMonth, DayTime, MonthDayNano].map(Interval));
    leaves.extend([(1, 0), (9, 9), (9, -2)].map(|(p, s)| Decimal32(p, s)));
    leaves.extend([(18, 3)].map(|(p, s)| Decimal64(p, s)));
    leaves.extend([(38, 38), (5, 0)].map(|(p, s)| Decimal128(p, s)));
    leaves.extend([(76, 10), (5, 0)].map(|(p, s)| Decimal256(p, s)));
    leaves
}

fn nested(inner: &DataType) -> Vec<DataType> {
    use DataType::*;
    let field =
        |name: &str, nullable| -> FieldRef { Arc::new(Field::new(name, inner.clone(), nullable)) };
    let run_ends = Arc::new(Field::new("run_ends", Int32, false));
    let entry = Fields::from(vec![field("key", false), field("value", true)]);
    let entries = Arc::new(Field::new("entries", Struct(entry), false));
    let variants = UnionFields::try_new([0], [Field::new("a", inner.clone(), true)]).unwrap();
    vec![
        List(field("item", true)),
        LargeList(field("item", false)),
        ListView(field("item", true)),
        LargeListView(field("item", true)),
        FixedSizeList(field("item", true), 2),
        FixedSizeList(field("item", true), 0),
        Struct(Fields::from(vec![field("a", true), field("b", true)])),
        Struct(Fields::empty()),
        Map(entries, false),
        Dictionary(Box::new(Int8), Box::new(inner.clone())),
        RunEndEncoded(run_ends, field("values", true)),
        Union(variants, UnionMode::Sparse),
    ]
}

/// Rows of nulls, or of zeros and empty things.
fn arrays(data_type: &DataType) -> Vec<ArrayRef> {
    let nulls = ArrayData::new_null(data_type, ROWS);
    let present = nulls.clone().into_builder().nulls(None).build();
    let present = present.ok().into_iter();
    [nulls].into_iter().chain(present).map(make_array).collect()
}

#[test]
fn a_writer_that_can_be_made_can_write() {
    let mut types = leaves();
    let once: Vec<DataType> = types.iter().flat_map(nested).collect();
    types.extend(once.iter().flat_map(nested));
    types.extend(once);
    let (mut made, mut refused) = (0, 0);
    for data_type in types {
        let schema = Arc::new(Schema::new(vec![Field::new("a", data_type.clone(), true)]));
        let mut writer = match ArrowWriter::try_new(Vec::new(), schema.clone(), None) {
            Ok(writer) => writer,
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        made += 1;
        for array in arrays(&data_type) {
            let options = RecordBatchOptions::new().with_row_count(Some(ROWS));
            let batch = RecordBatch::try_new_with_options(schema.clone(), vec![array], &options);
            let batch = batch.unwrap_or_else(|error| panic!("{data_type}: {error}"));
            let written = writer.write(&batch);
            written.unwrap_or_else(|error| panic!("{data_type}: {error}"));
        }
        writer.close().unwrap();
    }
    assert!(
        made > 1_000 && refused > 100,
        "{made} made, {refused} refused"
    );
}

#[test]
fn an_interval_of_nanoseconds_is_refused_before_any_batch() {
    let interval = DataType::Interval(IntervalUnit::MonthDayNano);
    for data_type in nested(&interval).into_iter().chain([interval]) {
        let schema = Arc::new(Schema::new(vec![Field::new("a", data_type.clone(), true)]));
        let error = ArrowWriter::try_new(Vec::new(), schema, None).unwrap_err();
        if data_type != DataType::Struct(Fields::empty()) {
            assert!(
                matches!(error, ParquetError::NYI(_)),
                "{data_type}: {error}"
            );
        }
    }
}
