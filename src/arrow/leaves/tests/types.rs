//! Which batches a plan takes, by their types.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field, Schema};

use super::super::{BatchPlan, LeafPlan};
use crate::arrow::adapt::DecimalPrecision;
use crate::arrow::schema::ArrowSchemaConverter;
use crate::arrow::schema::tests::leaves;
use crate::column::writer::ColumnPlan;
use crate::meta::properties::WriterProperties;

/// What `parquet` says of a batch with one column of `array` under a schema that promises `field`.
fn their_verdict(field: &Field, array: ArrayRef) -> Option<String> {
    let schema = Arc::new(Schema::new(vec![field.clone()]));
    let column = Field::new(field.name(), array.data_type().clone(), true);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![column])), vec![array]).unwrap();
    let written = catch_unwind(AssertUnwindSafe(|| {
        parquet::arrow::ArrowWriter::try_new(vec![], schema, None)?.write(&batch)
    }));
    match written {
        Ok(Err(error)) if error.to_string().contains("Incompatible") => Some(error.to_string()),
        _ => None,
    }
}

fn compare_verdicts(expected: &DataType, found: &DataType) {
    let field = Field::new("f", expected.clone(), true);
    let schema = Schema::new(vec![field.clone()]);
    if parquet::arrow::ArrowSchemaConverter::new()
        .convert(&schema)
        .is_err()
    {
        return;
    }
    let plan = LeafPlan::try_new(&field).unwrap();
    let ours = plan.check_type(found).err().map(|error| error.to_string());
    assert_eq!(
        ours,
        their_verdict(&field, new_null_array(found, 1)),
        "{expected} <- {found}"
    );
}

#[test]
fn batches_fit_where_they_do_in_parquet() {
    let mut types = leaves();
    let strings = [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
    ];
    for text in strings {
        let item = Arc::new(Field::new("item", text.clone(), true));
        let other = Arc::new(Field::new("other", text.clone(), false));
        types.extend([
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(text.clone())),
            DataType::RunEndEncoded(
                Arc::new(Field::new("run_ends", DataType::Int16, false)),
                item.clone(),
            ),
            DataType::List(item.clone()),
            DataType::List(other),
            DataType::LargeList(item.clone()),
            DataType::FixedSizeList(item.clone(), 2),
            DataType::FixedSizeList(item.clone(), 3),
            DataType::Struct(vec![item.clone()].into()),
            DataType::Struct(vec![item.clone(), item.clone()].into()),
        ]);
        for sorted in [false, true] {
            let pair = DataType::Struct(
                vec![
                    Field::new("k", text.clone(), false),
                    Field::new("v", DataType::Int8, true),
                ]
                .into(),
            );
            types.push(DataType::Map(
                Arc::new(Field::new("entries", pair, false)),
                sorted,
            ));
        }
    }
    for expected in &types {
        for found in &types {
            compare_verdicts(expected, found);
        }
    }
}

#[test]
fn a_batch_with_other_columns_is_refused() {
    let schema = Schema::new(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
    ]);
    let batch = |types: &[DataType]| {
        let arrays: Vec<_> = types
            .iter()
            .map(|data_type| new_null_array(data_type, 2))
            .collect();
        let fields = types
            .iter()
            .map(|data_type| Field::new("x", data_type.clone(), true));
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), arrays).unwrap()
    };
    let descr = ArrowSchemaConverter::new().convert(&schema).unwrap();
    let (properties, precision) = (WriterProperties::default(), DecimalPrecision::default());
    let plans = ColumnPlan::of_all(&descr, &properties).unwrap();
    let plan = BatchPlan::try_new(&schema, &descr, &plans, precision).unwrap();
    let check = |types: &[DataType]| plan.check_types(&batch(types));
    assert!(check(&[DataType::Int32, DataType::Utf8View]).is_ok());
    let few = check(&[DataType::Int32]).unwrap_err();
    assert_eq!(
        few.to_string(),
        "Parquet error: the batch has 1 columns, the writer's schema has 2"
    );
    let wrong = check(&[DataType::Int32, DataType::Int64]).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "Arrow: Incompatible type. Field 'b' has type Utf8, array has type Int64"
    );
}
