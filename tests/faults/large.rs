//! Values and rows that are too large for a page are refused with their batch, and the writer goes on.
//!
//! The huge arrays cost no memory: their bytes are zeros that the system gives when they are read, and nobody
//! reads them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, DictionaryArray, FixedSizeBinaryArray,
    Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, ListArray, RecordBatch, RunArray,
    StringArray, StringViewArray, StructArray, make_view,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int32Type};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, compute_leaves};
use herringbone::basic::Compression;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::column::writer::ColumnWriter;
use herringbone::data_type::ByteArray;
use herringbone::errors::ParquetError;
use herringbone::file::properties::WriterProperties;
use herringbone::file::writer::SerializedFileWriter;
use herringbone::schema::parser::parse_message_type;

use crate::input::{joined, read};

/// Bytes that no page has room for.
const TOO_MANY: usize = i32::MAX as usize;

/// Lengths of four values, the third too long.
const LENGTHS: [usize; 4] = [3, 0, TOO_MANY, 2];

/// Zeros that take no memory before they are read.
fn zeros(len: usize) -> Buffer {
    Buffer::from_vec(vec![0_u8; len])
}

/// An array of values of these lengths, as a column may hold them.
type Form = fn(&[usize]) -> ArrayRef;

fn large_binary(lengths: &[usize]) -> ArrayRef {
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    let bytes = zeros(lengths.iter().sum());
    Arc::new(LargeBinaryArray::new(offsets, bytes, None))
}

fn large_text(lengths: &[usize]) -> ArrayRef {
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    let bytes = zeros(lengths.iter().sum());
    // SAFETY: zeros are text.
    Arc::new(unsafe { LargeStringArray::new_unchecked(offsets, bytes, None) })
}

/// Offsets of 32 bits reach just as far as the format does, so that there is room for the long value alone.
fn short_offsets(lengths: &[usize]) -> OffsetBuffer<i32> {
    let is_long = lengths.contains(&TOO_MANY);
    let kept = lengths
        .iter()
        .map(|len| if is_long && *len < TOO_MANY { 0 } else { *len });
    OffsetBuffer::from_lengths(kept)
}

fn binary(lengths: &[usize]) -> ArrayRef {
    let offsets = short_offsets(lengths);
    let bytes = zeros(offsets.last() as usize);
    Arc::new(BinaryArray::new(offsets, bytes, None))
}

fn text(lengths: &[usize]) -> ArrayRef {
    let offsets = short_offsets(lengths);
    let bytes = zeros(offsets.last() as usize);
    // SAFETY: zeros are text.
    Arc::new(unsafe { StringArray::new_unchecked(offsets, bytes, None) })
}

/// All values begin where the one buffer does.
fn views(lengths: &[usize]) -> (ScalarBuffer<u128>, Vec<Buffer>) {
    let buffer = zeros(lengths.iter().copied().max().unwrap());
    let views = lengths.iter().map(|len| match *len {
        0..=12 => make_view(&buffer[..*len], 0, 0),
        // The length, four bytes of prefix, the buffer and the place, which are all zero.
        len => len as u128,
    });
    (views.collect(), vec![buffer])
}

fn binary_views(lengths: &[usize]) -> ArrayRef {
    let (views, buffers) = views(lengths);
    // SAFETY: the views lie in the buffer, and their prefixes are its zeros.
    Arc::new(unsafe { BinaryViewArray::new_unchecked(views, buffers.into(), None) })
}

fn text_views(lengths: &[usize]) -> ArrayRef {
    let (views, buffers) = views(lengths);
    // SAFETY: the views lie in the buffer, their prefixes are its zeros, and zeros are text.
    Arc::new(unsafe { StringViewArray::new_unchecked(views, buffers.into(), None) })
}

fn dictionary(lengths: &[usize]) -> ArrayRef {
    let keys = Int32Array::from_iter_values(0..lengths.len() as i32);
    Arc::new(DictionaryArray::new(keys, large_binary(lengths)))
}

fn runs(lengths: &[usize]) -> ArrayRef {
    let ends = Int32Array::from_iter_values((1..=lengths.len() as i32).map(|end| end * 2));
    let values = large_binary(lengths);
    Arc::new(RunArray::<Int32Type>::try_new(&ends, &values).unwrap())
}

/// The second row, which is null, stands for none of the values.
fn with_nulls(lengths: &[usize]) -> ArrayRef {
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    let present: Vec<bool> = (0..lengths.len()).map(|row| row != 1).collect();
    let bytes = zeros(lengths.iter().sum());
    Arc::new(LargeBinaryArray::new(
        offsets,
        bytes,
        Some(NullBuffer::from(present)),
    ))
}

fn in_a_struct(lengths: &[usize]) -> ArrayRef {
    let values = large_binary(lengths);
    let field = Field::new("inner", values.data_type().clone(), true);
    Arc::new(StructArray::new(
        Fields::from(vec![field]),
        vec![values],
        None,
    ))
}

/// Lists of one value, and one empty list in front.
fn in_lists(lengths: &[usize]) -> ArrayRef {
    let values = large_binary(lengths);
    let field = Field::new("item", values.data_type().clone(), true);
    let counts = std::iter::once(0).chain(lengths.iter().map(|_| 1));
    let offsets = OffsetBuffer::from_lengths(counts);
    Arc::new(ListArray::new(Arc::new(field), offsets, values, None))
}

/// Lists of three values, each a third as long.
fn in_lists_together(lengths: &[usize]) -> ArrayRef {
    let thirds: Vec<usize> = lengths
        .iter()
        .flat_map(|len| [len.div_ceil(3); 3])
        .collect();
    let values = binary_views(&thirds);
    let field = Field::new("item", values.data_type().clone(), true);
    let offsets = OffsetBuffer::from_lengths(lengths.iter().map(|_| 3));
    Arc::new(ListArray::new(Arc::new(field), offsets, values, None))
}

/// Each form, and the row in which the third value lies.
const FORMS: [(Form, usize); 12] = [
    (large_binary, 2),
    (large_text, 2),
    (binary, 2),
    (text, 2),
    (binary_views, 2),
    (text_views, 2),
    (dictionary, 2),
    (runs, 4),
    (with_nulls, 2),
    (in_a_struct, 2),
    (in_lists, 3),
    (in_lists_together, 2),
];

/// A column before it, which would have been encoded by the time that the value is met.
fn batch(array: ArrayRef) -> RecordBatch {
    let ids = Int64Array::from_iter_values(0..array.len() as i64);
    let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("big", array)];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn assert_refused(error: &ParquetError, row: usize, what: &str) {
    assert!(
        matches!(error, ParquetError::General(_)),
        "{what}: {error:?}"
    );
    let text = error.to_string();
    for part in [
        "Column 'big",
        &format!("row {row} of the batch"),
        "214748",
        "page",
    ] {
        assert!(text.contains(part), "{what}: {part:?} in {text:?}");
    }
}

#[test]
fn a_batch_with_a_value_too_large_is_refused_and_the_writer_goes_on() {
    for (at, (form, row)) in FORMS.into_iter().enumerate() {
        for (codec, dictionary) in [
            (Compression::UNCOMPRESSED, true),
            (Compression::SNAPPY, false),
        ] {
            let good = batch(form(&[5, 6, 20, 8]));
            let bad = batch(form(&LENGTHS));
            let properties = WriterProperties::builder()
                .set_compression(codec)
                .set_dictionary_enabled(dictionary)
                // Every batch is cut into two pieces, and the value lies in the second.
                .set_max_row_group_row_count(Some(2));
            let mut file = Vec::new();
            let properties = Some(properties.build());
            let mut writer = ArrowWriter::try_new(&mut file, good.schema(), properties).unwrap();
            let what = format!("form {at}, {codec:?}");
            // Before there is a row group, and within one.
            assert_refused(&writer.write(&bad).unwrap_err(), row, &what);
            assert_eq!(writer.in_progress_rows(), 0, "{what}");
            writer.write(&good.slice(0, 1)).unwrap();
            assert_refused(&writer.write(&bad).unwrap_err(), row, &what);
            assert_eq!(writer.in_progress_rows(), 1, "{what}");
            writer.write(&good).unwrap();
            writer.close().unwrap();
            let expected = joined(&[good.slice(0, 1), good]);
            let (read, expected) = (unwrapped(&read(&file).unwrap()), unwrapped(&expected));
            assert!(read == expected, "{what}: {read:?}");
        }
    }
}

/// Runs and dictionaries may be cut otherwise and be the same values.
fn unwrapped(batch: &RecordBatch) -> ArrayRef {
    let array = batch.column(1);
    match array.data_type() {
        DataType::RunEndEncoded(..) | DataType::Dictionary(..) => {
            arrow::compute::cast(array, &DataType::LargeBinary).unwrap()
        }
        _ => Arc::clone(array),
    }
}

#[test]
fn values_of_one_width_too_large_are_refused_where_there_are_any() {
    let width = TOO_MANY as i32;
    let array = FixedSizeBinaryArray::new(width, zeros(TOO_MANY), None);
    let nulls = Some(NullBuffer::new_null(1));
    let null = batch(Arc::new(FixedSizeBinaryArray::new(
        width,
        zeros(TOO_MANY),
        nulls,
    )));
    let bad = batch(Arc::new(array));
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, bad.schema(), None).unwrap();
    writer.write(&null).unwrap();
    assert_refused(&writer.write(&bad).unwrap_err(), 0, "fixed");
    writer.write(&null).unwrap();
    assert_eq!(writer.close().unwrap().file_metadata().num_rows(), 2);
}

#[test]
fn a_column_that_the_caller_encodes_refuses_the_leaf_and_goes_on() {
    let good = batch(large_binary(&[1, 2]));
    let bad = batch(large_binary(&LENGTHS));
    let schema = good.schema();
    let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), None).unwrap();
    let (mut file, factory) = writer.into_serialized_writer().unwrap();
    let mut columns = factory.create_column_writers(0).unwrap();
    for (at, column) in columns.iter_mut().enumerate() {
        let leaf = |batch: &RecordBatch| {
            let leaves = compute_leaves(schema.field(at), batch.column(at)).unwrap();
            leaves.into_iter().next().unwrap()
        };
        column.write(&leaf(&good)).unwrap();
        if at == 1 {
            assert_refused(&column.write(&leaf(&bad)).unwrap_err(), 2, "column");
        }
        column.write(&leaf(&good)).unwrap();
    }
    let mut row_group = file.next_row_group().unwrap();
    for column in columns {
        let chunk = column.close().unwrap();
        chunk.append_to_row_group(&mut row_group).unwrap();
    }
    row_group.close().unwrap();
    let file = file.into_inner().unwrap();
    assert!(read(&file).unwrap() == joined(&[good.clone(), good]));
}

#[test]
fn a_typed_writer_names_the_column_and_goes_on() {
    let schema = "message m { optional group top { repeated binary big; } optional binary flat; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let huge = ByteArray::from(Bytes::from(vec![0; TOO_MANY]));
    let small = ByteArray::from("small");
    let mut file =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::default()))
            .unwrap();
    let mut row_group = file.next_row_group().unwrap();
    for name in ["top.big", "flat"] {
        let mut column = row_group.next_column().unwrap().unwrap();
        let ColumnWriter::ByteArrayColumnWriter(typed) = column.untyped() else {
            panic!("not a column of byte arrays")
        };
        let (present, repetition) = match name {
            "flat" => (1, None),
            _ => (2, Some(vec![0; 3])),
        };
        let definition = [0, present, present];
        let mut write = |values: &[ByteArray]| {
            typed.write_batch(values, Some(&definition), repetition.as_deref())
        };
        write(&[small.clone(), small.clone()]).unwrap();
        let error = write(&[small.clone(), huge.clone()]).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ParquetError::General(_)), "{error:?}");
        for part in [
            &format!("Column '{name}'"),
            "row 2 of the batch",
            "2147483647",
        ] {
            assert!(text.contains(part), "{part:?} in {text:?}");
        }
        write(&[small.clone(), small.clone()]).unwrap();
        column.close().unwrap();
    }
    row_group.close().unwrap();
    let file = file.into_inner().unwrap();
    assert_eq!(read(&file).unwrap().num_rows(), 6);
}

/// An array that is too long for the encoder is refused like one whose values are: nothing is encoded.
#[test]
fn an_array_of_too_many_slots_is_refused_and_the_writer_goes_on() {
    let mut file = Vec::new();
    let row = batch(Arc::new(arrow::array::NullArray::new(1)));
    let many = 1_usize << 32;
    let ids = Arc::clone(row.column(0));
    let mut lists = vec![row.clone(), row.clone()];
    let list = |count: usize| -> ArrayRef {
        let nulls: ArrayRef = Arc::new(arrow::array::NullArray::new(count));
        let field = Field::new("item", nulls.data_type().clone(), true);
        let offsets = OffsetBuffer::<i64>::from_lengths([count]);
        Arc::new(arrow::array::LargeListArray::new(
            Arc::new(field),
            offsets,
            nulls,
            None,
        ))
    };
    let with = |array: ArrayRef| {
        let columns: [(&str, ArrayRef); 2] = [("id", ids.clone()), ("big", array)];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
            .unwrap()
    };
    for batch in &mut lists {
        *batch = with(list(3));
    }
    let mut writer = ArrowWriter::try_new(&mut file, lists[0].schema(), None).unwrap();
    writer.write(&lists[0]).unwrap();
    writer.write(&with(list(many))).unwrap_err();
    writer.write(&lists[1]).unwrap();
    writer.close().unwrap();
    assert!(read(&file).unwrap() == joined(&lists));
}

/// Values of the greatest length that is let in, one after the other in a page without a limit of its own.
fn largest_values_survive(codec: Compression, noise: bool) {
    let left_for_the_rest = match codec {
        Compression::UNCOMPRESSED => 2048,
        _ => 68 << 20,
    };
    let len = TOO_MANY - left_for_the_rest;
    let mut bytes = vec![0_u8; len + 10];
    if noise {
        let mut state = 1_u64;
        for part in bytes.chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            part.copy_from_slice(&state.to_le_bytes()[..part.len()]);
        }
    }
    let offsets = OffsetBuffer::from_lengths([5, len, 5]);
    let array: ArrayRef = Arc::new(LargeBinaryArray::new(
        offsets,
        Buffer::from_vec(bytes),
        None,
    ));
    let batch = batch(array);
    for dictionary in [false, true] {
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_dictionary_enabled(dictionary)
            .set_dictionary_page_size_limit(usize::MAX)
            .set_data_page_size_limit(usize::MAX);
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()));
        let path = tempfile::NamedTempFile::new().unwrap();
        let mut writer =
            ArrowWriter::try_new_with_options(path.reopen().unwrap(), batch.schema(), options)
                .unwrap();
        writer.write(&batch).unwrap();
        let metadata = writer.close().unwrap();
        let column = metadata.row_group(0).column(1);
        assert_eq!(column.num_values(), 3);
        assert!(column.uncompressed_size() > len as i64);
        // The independent reader takes pages of that size, or says so.
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
            path.reopen().unwrap(),
        )
        .unwrap();
        let read: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        assert_eq!(read.len(), 1);
        assert!(read[0] == batch, "{codec:?}");
    }
}

#[test]
#[ignore = "takes 17 GiB of memory and minutes"]
fn the_largest_values_survive_without_a_codec() {
    largest_values_survive(Compression::UNCOMPRESSED, true);
}

#[test]
#[ignore = "takes 17 GiB of memory and minutes"]
fn the_largest_values_survive_codecs_that_cannot_compress_them() {
    for codec in [
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::ZSTD(Default::default()),
    ] {
        largest_values_survive(codec, true);
    }
}
