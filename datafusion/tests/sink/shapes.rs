//! Rows of any shape come to the file as DataFusion's own sink would have brought them.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, DictionaryArray, FixedSizeListArray, Int32Array,
    Int64Array, ListArray, MapBuilder, NullArray, RecordBatch, StringArray, StringBuilder,
    StringViewArray, StructArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{
    DataType, Field, Fields, Int32Type, IntervalUnit, Schema, TimeUnit, UInt8Type,
};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::tempdir;

use crate::support::{Made, files, number, run, session};

const ROWS: i64 = 300;

/// Numbers with some missing, from `first` on.
fn numbers(first: i64) -> Int64Array {
    let number = |row: i64| (row % 7 != 3).then_some((first + row) % 100);
    (0..ROWS).map(number).collect()
}

/// Arrays of `numbers` in the types that numbers can be cast to.
fn flat(first: i64) -> Vec<ArrayRef> {
    let numbers: ArrayRef = Arc::new(numbers(first));
    let text = cast(&numbers, &DataType::Utf8).unwrap();
    let to = |array: &ArrayRef, data_type: &DataType| {
        let cast = cast(array, data_type);
        cast.unwrap_or_else(|error| panic!("{data_type}: {error}"))
    };
    let dictionary =
        |key: DataType, value: DataType| DataType::Dictionary(key.into(), value.into());
    let of_numbers = [
        DataType::UInt64,
        DataType::Int8,
        DataType::Float64,
        DataType::UInt16,
        DataType::Boolean,
        DataType::Float16,
        DataType::UInt32,
        DataType::Float32,
        DataType::Decimal32(9, 2),
        DataType::Decimal64(18, 3),
        DataType::Decimal128(30, 5),
        DataType::Decimal256(60, 5),
        DataType::Date64,
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Timestamp(TimeUnit::Second, None),
        DataType::Timestamp(TimeUnit::Nanosecond, Some("+01:00".into())),
        DataType::Duration(TimeUnit::Millisecond),
        dictionary(DataType::UInt16, DataType::Int64),
    ];
    let of_text = [
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
        dictionary(DataType::Int8, DataType::Utf8),
        dictionary(DataType::UInt32, DataType::LargeUtf8),
    ];
    let mut arrays = vec![numbers.clone(), text.clone()];
    arrays.extend(of_numbers.iter().map(|data_type| to(&numbers, data_type)));
    arrays.extend(of_text.iter().map(|data_type| to(&text, data_type)));
    let days = to(&(to(&numbers, &DataType::Int32)), &DataType::Date32);
    arrays.push(days);
    arrays
}

/// Nested arrays, a dictionary that has values twice and some that nobody uses, texts that are views, and nothing at all.
fn other(first: i64) -> Vec<ArrayRef> {
    let lists = (0..ROWS).map(|row| {
        let items =
            (0..row % 5).map(move |item| (item != 2).then_some((first + row + item) as i32));
        (row % 11 != 5).then(|| items.collect::<Vec<_>>())
    });
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
    let fixed = (0..ROWS).map(|row| (row % 3 != 0).then(|| vec![Some(row as i32), None]));
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(fixed, 2);
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in 0..ROWS {
        for item in 0..row % 4 {
            maps.keys().append_value(format!("key {item}"));
            maps.values()
                .append_option((item != 1).then(|| format!("{row}")));
        }
        maps.append(row % 6 != 1).unwrap();
    }
    let keys = (0..ROWS).map(|row| (row % 5 != 4).then_some((row % 3) as u8));
    let values = Arc::new(StringArray::from(vec![
        Some("a"),
        None,
        Some("a"),
        Some("unused"),
    ]));
    let dictionary = DictionaryArray::<UInt8Type>::new(keys.collect(), values);
    let views =
        (0..ROWS).map(|row| (row % 9 != 8).then(|| format!("{row}{}", "x".repeat(row as usize))));
    let views: ArrayRef = Arc::new(views.collect::<StringViewArray>());
    let blobs = (0..ROWS).map(|row| (row % 2 == 0).then(|| vec![row as u8; row as usize % 20]));
    let blobs: BinaryArray = blobs.collect();
    let inner = StructArray::new(
        Fields::from(vec![
            Field::new("lists", lists.data_type().clone(), true),
            Field::new("views", DataType::Utf8View, true),
        ]),
        vec![Arc::clone(&lists), Arc::clone(&views)],
        Some(NullBuffer::from_iter((0..ROWS).map(|row| row % 4 != 0))),
    );
    let structs = ListArray::new(
        Arc::new(Field::new("item", inner.data_type().clone(), true)),
        datafusion::arrow::buffer::OffsetBuffer::from_lengths(
            (0..ROWS).map(|row| usize::from(row % 2 == 0) * 2),
        ),
        Arc::new(inner.clone()),
        Some(NullBuffer::from_iter((0..ROWS).map(|row| row % 8 != 2))),
    );
    let large = cast(
        &lists,
        &DataType::LargeList(Arc::new(Field::new("item", DataType::Int32, true))),
    );
    vec![
        lists,
        large.unwrap(),
        Arc::new(fixed),
        Arc::new(maps.finish()),
        Arc::new(dictionary),
        views,
        Arc::new(blobs),
        Arc::new(inner),
        Arc::new(structs),
        Arc::new(NullArray::new(ROWS as usize)),
    ]
}

/// A batch that starts within its buffers, and one without rows in between.
fn batch(number: usize, of: fn(i64) -> Vec<ArrayRef>) -> Result<RecordBatch> {
    let arrays = of(number as i64 * ROWS);
    let columns = arrays.into_iter().enumerate();
    let columns = columns.map(|(at, array)| (format!("c{at}"), array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    Ok(match number % 3 {
        0 => batch,
        1 => batch.slice(13, 200),
        _ => batch.slice(40, 0),
    })
}

/// All rows of a file, with the schema that it states.
fn rows_of(file: &Path) -> RecordBatch {
    let file = std::fs::File::open(file).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader
        .build()
        .unwrap()
        .map(|batch| batch.unwrap())
        .collect();
    concat_batches(&schema, &batches).unwrap()
}

#[tokio::test]
async fn every_type_is_written_as_datafusion_does() {
    let folder = tempdir().unwrap();
    for (name, of) in [("flat", flat as fn(i64) -> Vec<ArrayRef>), ("other", other)] {
        let columns = of(0).len();
        for column in 0..columns {
            let mut written = Vec::new();
            for (sink, session) in [("ours", session()), ("stock", SessionContext::new())] {
                Made::register(&session, "rows", 5, move |number| {
                    Ok(batch(number, of)?.project(&[column])?)
                });
                let file = folder
                    .path()
                    .join(format!("{name}-{column}-{sink}.parquet"));
                let copy = format!("COPY rows TO '{}'", file.display());
                written.push(run(&session, &copy).await.map(|_| rows_of(&file)));
            }
            let data_type = of(0)[column].data_type().clone();
            match (&written[0], &written[1]) {
                (Ok(ours), Ok(stock)) => assert_eq!(ours, stock, "{data_type}"),
                // It may write more than DataFusion does.
                (_, Err(_)) => println!("DataFusion does not write {data_type}"),
                (Err(error), Ok(_)) => panic!("{data_type}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn columns_of_every_type_go_by_partition_together() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 4, |number| batch(number, other));
    let path = folder.path().display();
    let copy = format!(
        "COPY (SELECT *, arrow_cast(coalesce(array_length(c0), 0), 'Int32') AS k FROM rows) TO '{path}/' STORED AS PARQUET PARTITIONED BY (k)"
    );
    let count = number(&session, "SELECT count(*) FROM rows").await;
    assert_eq!(number(&session, &copy).await, count);
    let read: usize = files(folder.path())
        .iter()
        .map(|file| rows_of(file).num_rows())
        .sum();
    assert_eq!(read as i64, count);
    assert_eq!(files(folder.path()).len(), 5);
}

#[tokio::test]
async fn partitions_are_in_the_folders_that_datafusion_gives_them() {
    let odd = [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a=b",
        "50%",
        "%2F",
        "ä",
        "日本",
        "a b",
        "null",
        "NULL",
        "a\\b",
        "a:b",
        "a*b",
        "a?b",
        "\"",
        "'",
        "#",
        "~",
        "a\nb",
        "\u{7f}",
        "__HIVE_DEFAULT_PARTITION__",
    ];
    let texts: ArrayRef = Arc::new(StringArray::from(odd.to_vec()));
    let rows = odd.len() as i64;
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let mut keys: Vec<ArrayRef> = vec![texts.clone()];
    for data_type in [
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into()),
        DataType::Dictionary(DataType::UInt16.into(), DataType::Utf8View.into()),
    ] {
        keys.push(cast(&texts, &data_type).unwrap());
    }
    for data_type in [
        DataType::Int8,
        DataType::UInt64,
        DataType::Float32,
        DataType::Boolean,
        DataType::Date64,
        DataType::Decimal128(20, 2),
        DataType::Timestamp(TimeUnit::Second, None),
        DataType::Dictionary(DataType::Int32.into(), DataType::Int64.into()),
        DataType::Interval(IntervalUnit::YearMonth),
    ] {
        let small = cast(&ids, &DataType::Int32).unwrap();
        keys.push(
            cast(&small, &data_type)
                .or_else(|_| cast(&ids, &data_type))
                .unwrap(),
        );
    }
    for key in keys {
        let data_type = key.data_type().clone();
        let folder = tempdir().unwrap();
        let mut made = Vec::new();
        for (sink, session) in [("ours", session()), ("stock", SessionContext::new())] {
            let columns = [("id", Arc::clone(&ids)), ("k", Arc::clone(&key))];
            let batch = RecordBatch::try_from_iter(columns).unwrap();
            session.register_batch("rows", batch).unwrap();
            let folder = folder.path().join(sink);
            std::fs::create_dir(&folder).unwrap();
            let copy = format!(
                "COPY rows TO '{}/' STORED AS PARQUET PARTITIONED BY (k)",
                folder.display()
            );
            let outcome = run(&session, &copy).await;
            let mut folders: Vec<_> = files(&folder)
                .iter()
                .map(|file| {
                    let inside = file.parent().unwrap().strip_prefix(&folder).unwrap();
                    (inside.display().to_string(), rows_of(file).num_rows())
                })
                .collect();
            folders.sort();
            made.push(outcome.map(|_| folders).map_err(|error| error.to_string()));
        }
        match (&made[0], &made[1]) {
            (Ok(ours), Ok(stock)) => assert_eq!(ours, stock, "{data_type}"),
            (Err(ours), Err(stock)) => println!("{data_type}: {ours}; DataFusion: {stock}"),
            (Ok(_), Err(stock)) => println!("{data_type} is more than DataFusion does: {stock}"),
            (Err(ours), Ok(stock)) => panic!("{data_type}: {ours}, and not {stock:?}"),
        }
    }
}

#[tokio::test]
async fn a_thousand_nested_columns_come_back() {
    let (session, folder) = (session(), tempdir().unwrap());
    let fields: Fields = (0..250)
        .map(|number| Field::new(format!("f{number}"), DataType::Int32, true))
        .collect();
    let of = move |number: usize| {
        let rows = if number % 5 == 2 { 1 } else { 20 };
        let column = |field: usize| -> ArrayRef {
            Arc::new(Int32Array::from_iter((0..rows).map(|row| {
                (row % 3 != 1).then_some((row + number + field) as i32)
            })))
        };
        let made: ArrayRef = Arc::new(StructArray::new(
            fields.clone(),
            (0..250).map(column).collect(),
            None,
        ));
        let schema = Schema::new(
            (0..4)
                .map(|n| Field::new(format!("s{n}"), made.data_type().clone(), true))
                .collect::<Vec<_>>(),
        );
        Ok(RecordBatch::try_new(Arc::new(schema), vec![made; 4])?)
    };
    let expected: Vec<RecordBatch> = (0..10).map(|number| of(number).unwrap()).collect();
    let expected = concat_batches(&expected[0].schema(), &expected).unwrap();
    Made::register(&session, "rows", 10, of);
    let file = folder.path().join("rows.parquet");
    let copy = format!("COPY rows TO '{}'", file.display());
    run(&session, &copy).await.unwrap();
    let found = rows_of(&file);
    assert_eq!(found.columns(), expected.columns());
    let sum: i64 = found
        .column(0)
        .as_struct()
        .column(3)
        .as_primitive::<Int32Type>()
        .iter()
        .flatten()
        .map(i64::from)
        .sum();
    assert!(sum > 0);
}

#[tokio::test]
async fn dictionaries_with_more_values_together_than_keys_are_written() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 6, |number| {
        let values = (0..100).map(|value| format!("{number}-{value}"));
        let values = StringArray::from_iter_values(values);
        let keys = datafusion::arrow::array::Int8Array::from_iter_values(0..100);
        let column = DictionaryArray::new(keys, Arc::new(values));
        Ok(RecordBatch::try_from_iter([(
            "d",
            Arc::new(column) as ArrayRef,
        )])?)
    });
    // Readers would want keys that small again.
    let plain = "SET datafusion.execution.parquet.skip_arrow_metadata = true";
    run(&session, plain).await.unwrap();
    let path = folder.path().display();
    for copy in [
        format!("COPY rows TO '{path}/one.parquet'"),
        format!(
            "COPY (SELECT *, 1 AS k FROM rows) TO '{path}/' STORED AS PARQUET PARTITIONED BY (k)"
        ),
    ] {
        assert_eq!(number(&session, &copy).await, 600, "{copy}");
    }
    for file in files(folder.path()) {
        let distinct = format!("SELECT count(DISTINCT d) FROM '{}'", file.display());
        assert_eq!(number(&session, &distinct).await, 600, "{}", file.display());
    }
}
