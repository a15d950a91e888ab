//! A value that the column cannot hold never becomes another: its batch is refused before anything of it is written,
//! the column and the row are named, and the writer goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Int8Type, Int32Type, Int64Type, Schema, TimeUnit, i256};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, DecimalPrecision, compute_leaves};
use herringbone::file::properties::WriterProperties;
use herringbone::schema::parser::parse_message_type;
use herringbone::schema::types::SchemaDescriptor;

use crate::support::check::read;

fn batch(array: &ArrayRef) -> RecordBatch {
    let field = Field::new("v", array.data_type().clone(), true);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array.clone()]).unwrap()
}

fn options(column: &str) -> ArrowWriterOptions {
    let options = ArrowWriterOptions::new();
    if column.is_empty() {
        return options;
    }
    let schema = parse_message_type(&format!("message m {{ {column} }}")).unwrap();
    options.with_parquet_schema(SchemaDescriptor::new(Arc::new(schema)))
}

/// `good` is written before and after `bad`, which is refused with `message`; the file has `good` twice.
fn assert_refused(options: ArrowWriterOptions, good: &ArrayRef, bad: &ArrayRef, message: &str) {
    let schema = batch(good).schema();
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
    writer.write(&batch(good)).unwrap();
    let before = (writer.in_progress_rows(), writer.in_progress_size());
    let error = writer.write(&batch(bad)).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
    assert_eq!(
        (writer.in_progress_rows(), writer.in_progress_size()),
        before
    );
    writer.write(&batch(good)).unwrap();
    let file = writer.into_inner().unwrap();
    let twice = concat(&[good.as_ref(), good.as_ref()]).unwrap();
    let found = read(&file);
    // A null entry comes back as a null key.
    let is_dictionary = matches!(good.data_type(), DataType::Dictionary(..));
    if found.column(0).data_type() == good.data_type() && !is_dictionary {
        assert_eq!(found.column(0), &twice);
    }
    assert_eq!(found.num_rows(), twice.len());
}

fn decimals(values: Vec<i128>, precision: u8) -> ArrayRef {
    let array = Decimal128Array::from(values);
    Arc::new(array.with_precision_and_scale(precision, 2).unwrap())
}

#[test]
fn a_decimal_that_its_bytes_cannot_hold_is_refused() {
    let cases = [
        (7, i128::from(i32::MAX), "-2147483648 to 2147483647"),
        (
            12,
            i128::from(i64::MAX),
            "-9223372036854775808 to 9223372036854775807",
        ),
        (
            20,
            (1 << 71) - 1,
            "-2361183241434822606848 to 2361183241434822606847",
        ),
        (30, (1 << 103) - 1, "-10141204801825835211973625643008 to"),
    ];
    for (precision, most, bounds) in cases {
        let good = decimals(vec![most, -most - 1, 0], precision);
        for bad in [most + 1, -most - 2, i128::MAX, i128::MIN, 1 << 64] {
            if bad >= -most - 1 && bad <= most {
                continue;
            }
            let message = format!(
                "Column 'v': row 2 of the batch has the Decimal128({precision}, 2) {bad}, and the column holds {bounds}"
            );
            let array = decimals(vec![1, 2, bad], precision);
            assert_refused(options(""), &good, &array, &message);
        }
    }
    // Sixteen bytes hold all of them.
    let all = decimals(vec![i128::MAX, i128::MIN], 38);
    let mut writer = ArrowWriter::try_new(Vec::new(), batch(&all).schema(), None).unwrap();
    writer.write(&batch(&all)).unwrap();
}

#[test]
fn decimals_of_all_widths_and_encodings_are_looked_at() {
    let wide = |values: Vec<i256>| -> ArrayRef {
        let array = Decimal256Array::from(values).with_precision_and_scale(50, 2);
        Arc::new(array.unwrap())
    };
    let large: i256 = i256::from_i128(1) << 160u8;
    let good = wide(vec![i256::ZERO, -large]);
    assert_refused(
        options(""),
        &good,
        &wide(vec![large << 10u8]),
        "Column 'v': row 0 of the batch has",
    );
    // Narrow ones in narrower columns.
    let longs = |values: Vec<i64>| -> ArrayRef {
        Arc::new(
            Decimal64Array::from(values)
                .with_precision_and_scale(12, 2)
                .unwrap(),
        )
    };
    let column = "optional int32 v (decimal(9, 2));";
    assert_refused(
        options(column),
        &longs(vec![5]),
        &longs(vec![0, 1 << 31]),
        "row 1 of the batch",
    );
    let column = "optional fixed_len_byte_array(2) v (decimal(4, 2));";
    let ints = |values: Vec<i32>| -> ArrayRef {
        Arc::new(
            Decimal32Array::from(values)
                .with_precision_and_scale(9, 2)
                .unwrap(),
        )
    };
    assert_refused(
        options(column),
        &ints(vec![-32768]),
        &ints(vec![32768]),
        "holds -32768 to 32767",
    );
    // A dictionary's entry counts where a key picks it, and so does a run.
    let entries = decimals(vec![1, 1 << 40, 2], 7);
    let picks = |keys: Vec<i32>| -> ArrayRef {
        Arc::new(DictionaryArray::new(
            Int32Array::from(keys),
            entries.clone(),
        ))
    };
    assert_refused(
        options(""),
        &picks(vec![0, 2, 2, 0]),
        &picks(vec![0, 2, 0, 1]),
        "row 3 of the batch",
    );
    let runs = |ends: Vec<i32>| -> ArrayRef {
        Arc::new(RunArray::<Int32Type>::try_new(&Int32Array::from(ends), &entries).unwrap())
    };
    let bad = runs(vec![5, 6, 7]);
    assert_refused(options(""), &bad.slice(0, 5), &bad, "row 5 of the batch");
}

#[test]
fn what_lies_under_a_null_is_nothing() {
    let nulls = NullBuffer::from(vec![true, false, true]);
    let array = Decimal128Array::new(vec![1, i128::MAX, 3].into(), Some(nulls.clone()));
    let hidden: ArrayRef = Arc::new(array.with_precision_and_scale(7, 2).unwrap());
    let mut writer = ArrowWriter::try_new(Vec::new(), batch(&hidden).schema(), None).unwrap();
    writer.write(&batch(&hidden)).unwrap();
    assert_eq!(read(&writer.into_inner().unwrap()).column(0), &hidden);
    let array = Decimal128Array::new(vec![1, i128::MAX, i128::MAX].into(), Some(nulls));
    let bad: ArrayRef = Arc::new(array.with_precision_and_scale(7, 2).unwrap());
    assert_refused(options(""), &hidden, &bad, "row 2 of the batch");
}

#[test]
fn the_row_of_a_value_in_a_list_is_named_in_the_whole_batch() {
    let lists = |values: Vec<i128>| -> ArrayRef {
        let item = Arc::new(Field::new("item", DataType::Decimal128(7, 2), true));
        let offsets = OffsetBuffer::from_lengths([2, 0, 1, 3]);
        Arc::new(ListArray::new(item, offsets, decimals(values, 7), None))
    };
    let good = lists(vec![1, 2, 3, 4, 5, 6]);
    let bad = lists(vec![1, 2, 3, 4, 1 << 40, 6]);
    assert_refused(
        options(""),
        &good,
        &bad,
        "Column 'v.list.item': row 3 of the batch",
    );
    // In several row groups, too.
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3));
    let options = options("").with_properties(properties.build());
    assert_refused(
        options,
        &good,
        &bad,
        "Column 'v.list.item': row 3 of the batch",
    );
}

#[test]
fn more_digits_than_declared_are_refused_if_that_is_asked_for() {
    let (good, long) = (
        decimals(vec![9_999_999, -9_999_999], 7),
        decimals(vec![1, -10_000_000], 7),
    );
    let mut writer = ArrowWriter::try_new(Vec::new(), batch(&good).schema(), None).unwrap();
    writer.write(&batch(&long)).unwrap();
    let checked = || options("").with_decimal_precision_check(DecimalPrecision::Checked);
    assert_refused(
        checked(),
        &good,
        &long,
        "row 1 of the batch has the Decimal128(7, 2) -10000000, and the column holds -9999999 to 9999999",
    );
    let ints = |values: Vec<i32>| -> ArrayRef {
        Arc::new(
            Decimal32Array::from(values)
                .with_precision_and_scale(3, 0)
                .unwrap(),
        )
    };
    assert_refused(
        checked(),
        &ints(vec![999]),
        &ints(vec![1000]),
        "holds -999 to 999",
    );
    // Column writers are told by the factory.
    let writer = ArrowWriter::try_new_with_options(Vec::new(), batch(&good).schema(), checked());
    let (_, factory) = writer.unwrap().into_serialized_writer().unwrap();
    let mut column = factory.create_column_writers(0).unwrap().remove(0);
    let field = Field::new("v", long.data_type().clone(), true);
    let error = column
        .write(&compute_leaves(&field, &long).unwrap()[0])
        .unwrap_err();
    assert!(error.to_string().contains("row 1 of the batch"), "{error}");
    column
        .write(&compute_leaves(&field, &good).unwrap()[0])
        .unwrap();
}

#[test]
fn coerced_dates_are_the_day_that_their_time_lies_in_or_refused() {
    let day = 86_400_000;
    let dates = |values: Vec<i64>| -> ArrayRef { Arc::new(Date64Array::from(values)) };
    let coerced = || {
        let properties = WriterProperties::builder().set_coerce_types(true);
        options("")
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true)
    };
    let good = dates(vec![-day / 2, -day, -day - 1, -1, 0, day - 1, day]);
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batch(&good).schema(), coerced()).unwrap();
    writer.write(&batch(&good)).unwrap();
    let days: ArrayRef = Arc::new(Date32Array::from(vec![-1, -1, -2, -1, 0, 0, 1]));
    assert_eq!(read(&writer.into_inner().unwrap()).column(0), &days);
    let most = i64::from(i32::MAX) * day + day - 1;
    let least = i64::from(i32::MIN) * day;
    let good = dates(vec![most, least]);
    for bad in [most + 1, least - 1, i64::MAX, i64::MIN] {
        let message = format!(
            "Column 'v': row 1 of the batch has {bad} ms since 1970, and the column holds days of 32 bits"
        );
        assert_refused(coerced(), &good, &dates(vec![0, bad]), &message);
    }
}

#[test]
fn a_number_that_would_be_read_as_another_is_refused() {
    let unsigned = |value: u32| -> ArrayRef { Arc::new(UInt32Array::from(vec![0, value])) };
    let good = unsigned(i32::MAX as u32);
    let message = "row 1 of the batch has the UInt32 2147483648, and the column holds -2147483648 to 2147483647";
    assert_refused(
        options("optional int32 v;"),
        &good,
        &unsigned(1 << 31),
        message,
    );
    let long = |value: u64| -> ArrayRef { Arc::new(UInt64Array::from(vec![value])) };
    assert_refused(
        options("optional int64 v;"),
        &long(5),
        &long(u64::MAX),
        "the UInt64 18446744073709551615",
    );
    assert_refused(
        options("optional int64 v (integer(64, true));"),
        &long(5),
        &long(1 << 63),
        "row 0",
    );
    let signed = |value: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![value])) };
    let cases = [
        ("integer(8, true)", 127, [128, -129]),
        ("integer(16, true)", -32768, [32768, -32769]),
        ("integer(8, false)", 255, [256, -1]),
        ("integer(16, false)", 65535, [65536, -1]),
        ("integer(32, false)", i32::MAX, [-1, i32::MIN]),
    ];
    for (annotation, good, bad) in cases {
        for bad in bad {
            let column = format!("optional int32 v ({annotation});");
            let message = format!("row 0 of the batch has the Int32 {bad}");
            assert_refused(options(&column), &signed(good), &signed(bad), &message);
        }
    }
    let small: ArrayRef = Arc::new(Int8Array::from(vec![-1]));
    let zero: ArrayRef = Arc::new(Int8Array::from(vec![0]));
    assert_refused(
        options("optional int32 v (integer(16, false));"),
        &zero,
        &small,
        "the Int8 -1",
    );
    let bytes =
        |value: &[u8]| -> ArrayRef { Arc::new(BinaryArray::from(vec!["good".as_bytes(), value])) };
    let message = "row 1 of the batch has bytes that are no UTF-8";
    assert_refused(
        options("optional binary v (string);"),
        &bytes(b"text"),
        &bytes(&[0xff]),
        message,
    );
}

#[test]
fn a_column_that_counts_something_else_is_refused_when_the_writer_is_made() {
    use DataType::{Decimal128, Duration, Int64, Time64, Timestamp, Utf8};
    let cases = [
        (
            Timestamp(TimeUnit::Millisecond, None),
            "int64 v (timestamp(micros, true))",
            "timestamps in microseconds",
        ),
        (
            Timestamp(TimeUnit::Second, None),
            "int64 v (timestamp(millis, false))",
            "timestamps in milliseconds",
        ),
        (
            Timestamp(TimeUnit::Nanosecond, None),
            "int64 v (timestamp_micros)",
            "timestamps in microseconds",
        ),
        (
            Time64(TimeUnit::Nanosecond),
            "int64 v (time(micros, true))",
            "times of day in microseconds",
        ),
        (
            Duration(TimeUnit::Second),
            "int64 v (timestamp(millis, true))",
            "timestamps in milliseconds",
        ),
        (Decimal128(9, 2), "int32 v (decimal(9, 3))", "DECIMAL(9, 3)"),
        (Decimal128(9, 2), "int32 v (date)", "dates"),
        (Int64, "int64 v (decimal(18, 2))", "DECIMAL(18, 2)"),
        (
            Decimal128(18, 2),
            "int64 v (integer(64, true))",
            "whole numbers of 64 bits",
        ),
        (Utf8, "binary v (decimal(9, 2))", "DECIMAL(9, 2)"),
    ];
    for (data_type, column, holds) in cases {
        let schema = Arc::new(Schema::new(vec![Field::new("v", data_type.clone(), true)]));
        let options = options(&format!("optional {column};"));
        let made = ArrowWriter::try_new_with_options(Vec::new(), schema, options);
        let error = made.unwrap_err().to_string();
        let message = format!(
            "Column 'v': values of type {data_type} would be read as others: the column holds {holds}"
        );
        assert!(error.contains(&message), "{error}");
    }
}

#[test]
fn leaves_that_count_something_else_are_refused_by_the_column() {
    let seconds: ArrayRef = Arc::new(DurationSecondArray::from(vec![1]));
    let millis: ArrayRef = Arc::new(DurationMillisecondArray::from(vec![1]));
    let writer = ArrowWriter::try_new(Vec::new(), batch(&seconds).schema(), None).unwrap();
    let (_, factory) = writer.into_serialized_writer().unwrap();
    let mut column = factory.create_column_writers(0).unwrap().remove(0);
    let field = Field::new("v", millis.data_type().clone(), true);
    let error = column
        .write(&compute_leaves(&field, &millis).unwrap()[0])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the column holds durations in seconds"),
        "{error}"
    );
}

/// Views that nobody has checked, the third of which is `bad`.
fn views(bad: u128, nulls: Option<NullBuffer>) -> StringViewArray {
    let good = StringViewArray::from(vec!["short", "a text of more than twelve bytes", "x"]);
    let (views, buffers, _) = good.into_parts();
    let views: ScalarBuffer<u128> = vec![views[0], views[1], bad].into();
    // SAFETY: it is not safe, which is what is tested: nothing may be read past the buffers.
    unsafe { StringViewArray::new_unchecked(views, buffers, nulls) }
}

#[test]
fn a_view_into_no_buffer_is_refused() {
    let good: ArrayRef = Arc::new(StringViewArray::from(vec![
        "short",
        "a text of more than twelve bytes",
        "x",
    ]));
    let view = |len: u128, buffer: u128, offset: u128| len | buffer << 64 | offset << 96;
    let message = "Column 'v': row 2 of the batch has a view of bytes that are in none of the array's 1 buffers";
    for bad in [
        view(13, 1, 0),
        view(33, 0, 0),
        view(13, 0, 20),
        view(u32::MAX.into(), 0, u32::MAX.into()),
        view(13, u32::MAX.into(), 0),
    ] {
        let array: ArrayRef = Arc::new(views(bad, None));
        assert_refused(options(""), &good, &array, message);
        let keys = Int32Array::from(vec![0, 1, 2]);
        let dictionary: ArrayRef = Arc::new(DictionaryArray::new(keys.clone(), array));
        let good: ArrayRef = Arc::new(DictionaryArray::new(keys, good.clone()));
        assert_refused(options(""), &good, &dictionary, message);
        // Under a null it is nothing.
        let nulls = NullBuffer::from(vec![true, true, false]);
        let hidden: ArrayRef = Arc::new(views(bad, Some(nulls)));
        let mut writer = ArrowWriter::try_new(Vec::new(), batch(&hidden).schema(), None).unwrap();
        writer.write(&batch(&hidden)).unwrap();
        assert_eq!(
            read(&writer.into_inner().unwrap()).column(0).null_count(),
            1
        );
    }
}

#[test]
fn a_key_without_an_entry_is_refused() {
    let text = "row 2 of the batch has a key or a run outside of the values";
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1)]),
        None,
    ]));
    for (values, column) in [(texts, "v"), (lists, "v.list.item")] {
        let message = &format!("Column '{column}': {text}");
        let good: ArrayRef = Arc::new(DictionaryArray::new(
            Int8Array::from(vec![0, 1, 0]),
            values.clone(),
        ));
        for bad in [2, 127, -1] {
            let keys = Int8Array::from(vec![0, 1, bad]);
            // SAFETY: it is not safe, which is what is tested: nothing may be read past the values.
            let array = unsafe { DictionaryArray::<Int8Type>::new_unchecked(keys, values.clone()) };
            let array: ArrayRef = Arc::new(array);
            assert_refused(options(""), &good, &array, message);
        }
        let keys = Int64Array::from(vec![0, 1, 1 << 32]);
        let good: ArrayRef = Arc::new(DictionaryArray::new(
            Int64Array::from(vec![0, 1]),
            values.clone(),
        ));
        // SAFETY: as above.
        let array = unsafe { DictionaryArray::<Int64Type>::new_unchecked(keys, values) };
        assert_refused(options(""), &good, &(Arc::new(array) as ArrayRef), message);
    }
}

#[test]
fn a_run_that_ends_too_early_is_refused() {
    let values: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let run = |ends: Vec<i32>, len: usize| -> ArrayRef {
        let good = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![1, 2]), &values).unwrap();
        let ends = ArrayData::builder(DataType::Int32)
            .len(ends.len())
            .add_buffer(Buffer::from_vec(ends));
        let data = good.to_data().into_builder().len(len);
        let data = data.child_data(vec![ends.build().unwrap(), values.to_data()]);
        // SAFETY: it is not safe, which is what is tested: nothing may be read past the values.
        make_array(unsafe { data.build_unchecked() })
    };
    let good = run(vec![2, 4], 4);
    let made = catch_unwind(AssertUnwindSafe(|| run(vec![1, 2], 4)));
    // Arrow may not let such an array be at all.
    if let Ok(bad) = made {
        assert_refused(
            options(""),
            &good,
            &bad,
            "row 2 of the batch has a key or a run outside",
        );
    }
}
