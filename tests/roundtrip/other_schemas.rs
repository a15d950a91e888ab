//! The Parquet schema may differ from the Arrow schema in what is nullable, and in how lists are laid out: what can be
//! written reads back as it was, and all else is refused.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, ListArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Int32Type, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use herringbone::arrow::arrow_writer::{
    ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use herringbone::arrow::{ArrowSchemaConverter, ArrowWriter};
use herringbone::basic::Repetition;
use herringbone::errors::Result;
use herringbone::file::writer::SerializedFileWriter;
use herringbone::schema::parser::parse_message_type;
use herringbone::schema::types::{SchemaDescriptor, Type, TypePtr};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use crate::support::arrays::{Options, columns};

/// Bits that decide something, one after the other.
struct Coins(u64);

impl Coins {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// The field with other nodes nullable. What has to be required, or cannot be, stays as it is.
fn others_nullable(field: &Field, coins: &mut Coins) -> Field {
    let mut inner = |field: &FieldRef| Arc::new(others_nullable(field, coins));
    let data_type = match field.data_type() {
        DataType::List(element) => DataType::List(inner(element)),
        DataType::LargeList(element) => DataType::LargeList(inner(element)),
        DataType::ListView(element) => DataType::ListView(inner(element)),
        DataType::LargeListView(element) => DataType::LargeListView(inner(element)),
        DataType::FixedSizeList(element, size) => DataType::FixedSizeList(inner(element), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    };
    let is_fixed = matches!(
        field.data_type(),
        DataType::RunEndEncoded(..) | DataType::Null | DataType::Dictionary(..)
    );
    let nullable = if is_fixed || coins.roll(3) > 0 {
        field.is_nullable()
    } else {
        !field.is_nullable()
    };
    Field::new(field.name(), data_type, nullable)
}

fn schema_of(field: &Field) -> SchemaRef {
    Arc::new(Schema::new(vec![field.clone()]))
}

/// Writes `batch` with the Arrow schema in the metadata or without.
fn write(
    schema: SchemaRef,
    descr: Option<SchemaDescriptor>,
    batch: &RecordBatch,
    skip_arrow: bool,
) -> Result<Vec<u8>> {
    let mut options = ArrowWriterOptions::new().with_skip_arrow_metadata(skip_arrow);
    if let Some(descr) = descr {
        options = options.with_parquet_schema(descr);
    }
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options)?;
    writer.write(batch)?;
    writer.into_inner()
}

/// Writes `array` twice, through column writers of a file for `file_schema`.
fn write_columns(field: &Field, file_schema: SchemaRef, array: &ArrayRef) -> Result<Vec<u8>> {
    let writer = ArrowWriter::try_new(Vec::new(), file_schema, None)?;
    let (mut file, factory) = writer.into_serialized_writer()?;
    let mut columns = factory.create_column_writers(0)?;
    for _ in 0..2 {
        for (column, leaf) in columns.iter_mut().zip(&compute_leaves(field, array)?) {
            column.write(leaf)?;
        }
    }
    let mut group = file.next_row_group()?;
    for column in columns {
        column.close()?.append_to_row_group(&mut group)?;
    }
    group.close()?;
    file.into_inner()
}

/// The rows as text, in which nulls and empty lists differ, and layouts and encodings do not.
fn rows(array: &dyn Array) -> Vec<String> {
    let options = FormatOptions::new().with_null("NULL");
    let formatter = ArrayFormatter::try_new(array, &options).unwrap();
    (0..array.len())
        .map(|row| formatter.value(row).to_string())
        .collect()
}

/// Whether the other reader restores the type: it has no dictionaries of all types.
fn is_restored(data_type: &DataType) -> bool {
    !data_type.to_string().contains("Dictionary")
}

/// Whether the other reader knows a way from the file's schema to the Arrow schema in its metadata: it has none from a
/// repeated field without annotation to a list view, only to a list.
fn can_be_read(file: &[u8]) -> bool {
    match ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file)) {
        Ok(_) => true,
        Err(error) => {
            let said = error.to_string();
            assert!(
                said.contains("ListView") && said.contains("for repeated"),
                "{said}"
            );
            false
        }
    }
}

fn read_rows(file: &[u8]) -> Vec<String> {
    let batches = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file)).unwrap();
    let batches = batches.build().unwrap().map(|batch| batch.unwrap());
    batches.flat_map(|batch| rows(batch.column(0))).collect()
}

fn batch_of(field: &Field, array: &ArrayRef) -> RecordBatch {
    RecordBatch::try_new(schema_of(field), vec![array.clone()]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// A Parquet schema with other nodes nullable takes a batch exactly if an Arrow schema like it does, and gives the
    /// same file.
    #[test]
    fn a_schema_with_other_nulls_is_as_good_as_an_arrow_schema_like_it(
        (field, array) in columns(Options { rows: 12, depth: 4, ..Options::everything() }),
        seed: u64,
    ) {
        let like = schema_of(&others_nullable(&field, &mut Coins(seed)));
        let batch = batch_of(&field, &array);
        let descr = ArrowSchemaConverter::new().convert(&like).unwrap();
        let expected = write(like.clone(), None, &batch, true);
        let found = write(batch.schema(), Some(descr.clone()), &batch, true);
        let can_read = is_restored(field.data_type());
        match (&found, &expected) {
            (Ok(found), Ok(expected)) => {
                prop_assert_eq!(found, expected);
                let file = write(batch.schema(), Some(descr), &batch, false).unwrap();
                if can_read {
                    prop_assert_eq!(read_rows(&file), rows(&array));
                }
            }
            (Err(found), Err(_)) => {
                let said = found.to_string();
                prop_assert!(said.contains("Column 'column") && said.contains("has a null"), "{}", said);
            }
            _ => prop_assert!(false, "{found:?} instead of {expected:?}"),
        }
        let found = write_columns(&field, like.clone(), &array);
        prop_assert_eq!(found.is_ok(), expected.is_ok(), "{:?}", found);
        if let Ok(file) = found && can_read {
            let twice = [rows(&array), rows(&array)].concat();
            prop_assert_eq!(read_rows(&file), twice);
        }
    }

    /// A schema that is changed in any way either takes a batch, which then reads back, or refuses it.
    #[test]
    fn a_schema_of_any_shape_keeps_the_values_or_refuses_them(
        (field, array) in columns(Options { rows: 8, depth: 4, ..Options::plain() }),
        seed: u64,
    ) {
        let coins = &mut Coins(seed);
        let descr = ArrowSchemaConverter::new().convert(&schema_of(&field)).unwrap();
        let fields = descr.root_schema().get_fields().iter().map(|field| changed(field, coins));
        let root = Type::group_type_builder("m").with_fields(fields.collect()).build().unwrap();
        let descr = SchemaDescriptor::new(Arc::new(root));
        let batch = batch_of(&field, &array);
        if let Ok(file) = write(batch.schema(), Some(descr), &batch, false) && can_be_read(&file) {
            let nameless = |rows: Vec<String>| {
                let strip = |row: &String| (0..9).fold(row.replace("array: ", ""), |row, nth| row.replace(&format!("f{nth}: "), ""));
                rows.iter().map(strip).collect::<Vec<_>>()
            };
            prop_assert_eq!(nameless(read_rows(&file)), nameless(rows(&array)));
        }
    }
}

/// The node with a change here or there: of repetition, of layers, of annotations, of names.
fn changed(node: &TypePtr, coins: &mut Coins) -> TypePtr {
    let info = node.get_basic_info();
    let repetition = match coins.roll(12) {
        0 => Repetition::OPTIONAL,
        1 => Repetition::REQUIRED,
        2 => Repetition::REPEATED,
        _ => info.repetition(),
    };
    let Type::GroupType { fields, .. } = &**node else {
        let leaf = with_repetition(node, repetition);
        return match coins.roll(15) {
            0 => group("wrapped", Repetition::OPTIONAL, vec![leaf]),
            _ => leaf,
        };
    };
    if coins.roll(15) == 0 {
        return changed(&fields[0], coins);
    }
    let fields: Vec<TypePtr> = fields.iter().map(|field| changed(field, coins)).collect();
    let name = match coins.roll(15) {
        0 => "array",
        _ => info.name(),
    };
    let mut builder = Type::group_type_builder(name)
        .with_repetition(repetition)
        .with_fields(fields);
    if coins.roll(15) > 0 {
        builder = builder.with_logical_type(info.logical_type_ref().cloned());
    }
    match builder.build() {
        Ok(group) => Arc::new(group),
        Err(_) => node.clone(),
    }
}

fn group(name: &str, repetition: Repetition, fields: Vec<TypePtr>) -> TypePtr {
    let group = Type::group_type_builder(name)
        .with_repetition(repetition)
        .with_fields(fields);
    Arc::new(group.build().unwrap())
}

fn with_repetition(leaf: &TypePtr, repetition: Repetition) -> TypePtr {
    let info = leaf.get_basic_info();
    let Type::PrimitiveType {
        physical_type,
        type_length,
        scale,
        precision,
        ..
    } = &**leaf
    else {
        unreachable!()
    };
    let built = Type::primitive_type_builder(info.name(), *physical_type)
        .with_repetition(repetition)
        .with_logical_type(info.logical_type_ref().cloned())
        .with_converted_type(info.converted_type())
        .with_length(*type_length)
        .with_scale(*scale)
        .with_precision(*precision)
        .build();
    Arc::new(built.unwrap())
}

fn descr(text: &str) -> SchemaDescriptor {
    SchemaDescriptor::new(Arc::new(parse_message_type(text).unwrap()))
}

fn lists() -> ArrayRef {
    let rows = [
        Some(vec![Some(1), Some(2)]),
        Some(vec![]),
        Some(vec![Some(3)]),
    ];
    Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows))
}

fn list_field(nullable: bool, item_nullable: bool) -> Field {
    let item = Field::new("item", DataType::Int32, item_nullable);
    Field::new("a", DataType::List(Arc::new(item)), nullable)
}

/// An array without nulls, and the field it is written as.
fn columns_without_nulls() -> [(Field, ArrayRef); 3] {
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let child = Arc::new(Field::new("x", DataType::Int32, true));
    let structs = StructArray::from(vec![(child, numbers.clone())]);
    [
        (Field::new("a", DataType::Int32, true), numbers),
        (list_field(true, true), lists()),
        (
            Field::new("a", structs.data_type().clone(), true),
            Arc::new(structs),
        ),
    ]
}

#[test]
fn required_values_fill_optional_columns_and_nullable_ones_without_nulls_required_columns() {
    let cases = [
        (0, "message m { optional int32 a; }"),
        (0, "message m { required int32 a; }"),
        (
            1,
            "message m { optional group a (LIST) { repeated group list { required int32 item; } } }",
        ),
        (
            1,
            "message m { required group a (LIST) { repeated group list { optional int32 item; } } }",
        ),
        (
            1,
            "message m { required group a (LIST) { repeated int32 item; } }",
        ),
        (
            1,
            "message m { optional group a (LIST) { repeated int32 item; } }",
        ),
        (1, "message m { repeated int32 a; }"),
        (2, "message m { optional group a { optional int32 x; } }"),
        (2, "message m { optional group a { required int32 x; } }"),
        (2, "message m { required group a { required int32 x; } }"),
    ];
    for (case, text) in cases {
        let (field, array) = &columns_without_nulls()[case];
        for nullable in [true, false] {
            let field = Field::clone(field).with_nullable(nullable);
            let schema = schema_of(&field);
            let batch = RecordBatch::try_new(schema.clone(), vec![array.clone()]).unwrap();
            for skip in [true, false] {
                let file = write(schema.clone(), Some(descr(text)), &batch, skip).unwrap();
                assert_eq!(read_rows(&file), rows(array), "{text}");
            }
        }
    }
}

#[test]
fn a_null_that_the_parquet_schema_forbids_is_refused_and_the_writer_goes_on() {
    let good: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let bad: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let field = Field::new("a", DataType::Int32, true);
    let options =
        ArrowWriterOptions::new().with_parquet_schema(descr("message m { required int32 b; }"));
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), schema_of(&field), options).unwrap();
    writer.write(&batch_of(&field, &good)).unwrap();
    let error = writer
        .write(&batch_of(&field, &bad))
        .unwrap_err()
        .to_string();
    let said =
        "Column 'b': row 1 of the batch has a null where the Parquet schema has a required field";
    assert!(error.contains(said), "{error}");
    writer.write(&batch_of(&field, &good)).unwrap();
    let file = writer.into_inner().unwrap();
    assert_eq!(read_rows(&file), ["1", "2", "3", "1", "2", "3"]);
}

#[test]
fn the_row_of_a_null_inside_lists_is_named() {
    let rows = [
        Some(vec![Some(1), Some(2)]),
        Some(vec![]),
        Some(vec![Some(3), None]),
    ];
    let array: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows));
    let text =
        "message m { optional group a (LIST) { repeated group list { required int32 item; } } }";
    let field = list_field(true, true);
    let error = write(
        schema_of(&field),
        Some(descr(text)),
        &batch_of(&field, &array),
        true,
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("Column 'a.list.item': row 2 of the batch has a null"),
        "{error}"
    );
}

#[test]
fn what_is_nested_otherwise_is_refused_when_the_writer_is_made() {
    let (number, list) = (
        Field::new("a", DataType::Int32, true),
        list_field(true, true),
    );
    let pairs = Fields::from(vec![Field::new("x", DataType::Int32, true)]);
    let structs = Field::new("a", DataType::Struct(pairs), true);
    let cases = [
        (
            &number,
            "message m { repeated int32 a; }",
            "the Arrow schema has nullable values there, which cannot be written as the Parquet schema's repeated values",
        ),
        (
            &number,
            "message m { optional group a { optional int32 x; } }",
            "optional group (field 1 of 1) of optional values",
        ),
        (
            &list,
            "message m { optional int32 a; }",
            "nullable list of nullable values",
        ),
        (
            &list,
            "message m { optional group a { optional group b { optional int32 c; } } }",
            "Column 'a.b.c'",
        ),
        (
            &structs,
            "message m { optional int32 a; }",
            "nullable struct (field 1 of 1) of nullable values",
        ),
        (
            &structs,
            "message m { optional group a { repeated int32 x; } }",
            "Column 'a.x'",
        ),
    ];
    for (field, text, said) in cases {
        let options = ArrowWriterOptions::new().with_parquet_schema(descr(text));
        let made = ArrowWriter::try_new_with_options(Vec::new(), schema_of(field), options);
        let error = made.unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
        // The same for whoever makes column writers.
        let schema = Arc::new(parse_message_type(text).unwrap());
        let file = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
        let factory = ArrowRowGroupWriterFactory::new(&file, schema_of(field));
        let error = factory.create_column_writers(0).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn leaves_of_another_field_are_fitted_to_the_column_or_refused() {
    let file = Field::new("a", DataType::Int32, true);
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let required = Field::new("a", DataType::Int32, false);
    let written = write_columns(&required, schema_of(&file), &numbers).unwrap();
    assert_eq!(read_rows(&written), ["1", "2", "3", "1", "2", "3"]);
    let error = write_columns(&list_field(true, true), schema_of(&file), &lists());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("Column 'a': the Arrow schema has nullable list of nullable values"),
        "{error}"
    );
    let with_null: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let error = write_columns(&file, schema_of(&required), &with_null)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("Column 'a': row 1 of the batch has a null"),
        "{error}"
    );
}

#[test]
fn structs_are_read_back_under_the_names_of_the_parquet_schema() {
    let (field, array) = &columns_without_nulls()[2];
    let text = "message m { optional group renamed { optional int32 too; } }";
    let file = write(
        schema_of(field),
        Some(descr(text)),
        &batch_of(field, array),
        false,
    )
    .unwrap();
    assert_eq!(read_rows(&file), ["{too: 1}", "{too: 2}", "{too: 3}"]);
}
