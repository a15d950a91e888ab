//! Columns of physical values and levels, one after the other, for all eight physical types.

use std::sync::Arc;

use bytes::Bytes;
use herringbone::basic::Type as Physical;
use herringbone::data_type::{
    AsBytes, BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use herringbone::file::metadata::ParquetMetaData;
use herringbone::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use herringbone::file::statistics::Statistics;
use herringbone::file::writer::SerializedFileWriter;
use herringbone::schema::parser::parse_message_type;
use herringbone::schema::types::TypePtr;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type as peer;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::support::walker::Layout;

pub(crate) fn schema(text: &str) -> TypePtr {
    Arc::new(parse_message_type(text).unwrap())
}

/// Levels and values of a column as `parquet` reads them.
type Column = (Vec<Vec<u8>>, Vec<i16>, Vec<i16>);

pub(crate) fn read<P: peer::DataType>(file: &[u8], row_group: usize, column: usize) -> Column {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(file)).unwrap();
    let row_group = reader.get_row_group(row_group).unwrap();
    let reader = row_group.get_column_reader(column).unwrap();
    let mut reader = get_typed_column_reader::<P>(reader);
    let (mut values, mut def, mut rep) = (Vec::new(), Vec::new(), Vec::new());
    reader
        .read_records(usize::MAX, Some(&mut def), Some(&mut rep), &mut values)
        .unwrap();
    let values = values.iter().map(|v| peer::AsBytes::as_bytes(v).to_vec());
    (values.collect(), def, rep)
}

/// A column that may be written: where it stands in the schema, and what is put into it.
struct Data<T: DataType> {
    values: Vec<T::T>,
    def: Option<Vec<i16>>,
    rep: Option<Vec<i16>>,
}

fn properties() -> Vec<WriterProperties> {
    let mut all = Vec::new();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for (dictionary, limit) in [(true, 1 << 20), (true, 100), (false, 1 << 20)] {
            for batch in [1024, 3] {
                all.push(
                    WriterProperties::builder()
                        .set_writer_version(version)
                        .set_dictionary_enabled(dictionary)
                        .set_dictionary_page_size_limit(limit)
                        .set_write_batch_size(batch)
                        .set_data_page_size_limit(if batch == 3 { 64 } else { 1 << 20 })
                        .build(),
                );
            }
        }
    }
    all
}

/// Writes `columns` in two batches a row group and two row groups, and reads them back.
fn assert_reads_back<T: DataType, P: peer::DataType>(physical: &str, values: Vec<T::T>) {
    let message = format!(
        "message m {{
            REQUIRED {physical} required;
            OPTIONAL {physical} optional;
            REPEATED {physical} repeated;
        }}"
    );
    let slots = values.len();
    let every_third: Vec<T::T> = values.iter().step_by(3).cloned().collect();
    let def = (0..slots).map(|slot| i16::from(slot % 3 == 0)).collect();
    let rep = (0..slots).map(|slot| i16::from(slot % 4 != 0)).collect();
    let columns = [
        Data::<T> {
            values: values.clone(),
            def: None,
            rep: None,
        },
        Data {
            values: every_third,
            def: Some(def),
            rep: None,
        },
        Data {
            values,
            def: Some(vec![1; slots]),
            rep: Some(rep),
        },
    ];
    for properties in properties() {
        let mut file = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut file, schema(&message), Arc::new(properties)).unwrap();
        for _ in 0..2 {
            let mut row_group = writer.next_row_group().unwrap();
            // Rows must agree: the repeated column has a quarter of them a batch.
            for (i, column) in columns.iter().enumerate() {
                let mut next = row_group.next_column().unwrap().unwrap();
                let typed = next.typed::<T>();
                for _ in 0..if i == 2 { 4 } else { 1 } {
                    let def = column.def.as_deref();
                    let taken = typed.write_batch(&column.values, def, column.rep.as_deref());
                    assert_eq!(taken.unwrap(), column.values.len());
                }
                assert_eq!(typed.get_total_rows_written(), slots as u64);
                next.close().unwrap();
            }
            assert!(row_group.next_column().unwrap().is_none());
            assert_eq!(row_group.close().unwrap().num_rows(), slots as i64);
        }
        writer.close().unwrap();
        Layout::read(&file);
        for row_group in 0..2 {
            for (i, column) in columns.iter().enumerate() {
                let times = if i == 2 { 4 } else { 1 };
                let values: Vec<Vec<u8>> = column
                    .values
                    .iter()
                    .map(|v| v.as_bytes().to_vec())
                    .collect();
                let repeat = |levels: &Option<Vec<i16>>| {
                    levels.as_ref().map_or(Vec::new(), |l| l.repeat(times))
                };
                let expected = (
                    std::iter::repeat_n(values, times).flatten().collect(),
                    repeat(&column.def),
                    repeat(&column.rep),
                );
                assert_eq!(read::<P>(&file, row_group, i), expected, "{physical} {i}");
            }
        }
    }
}

#[test]
fn booleans_read_back() {
    let values = (0..400).map(|i| i % 5 < 2).collect();
    assert_reads_back::<BoolType, peer::BoolType>("BOOLEAN", values);
}

#[test]
fn int32_reads_back() {
    let values = (0..400).map(|i| i * 7919 % 101 - 50).collect();
    assert_reads_back::<Int32Type, peer::Int32Type>("INT32", values);
}

#[test]
fn int64_reads_back() {
    let values = (0..400i64).map(|i| i.wrapping_mul(i64::MAX / 7)).collect();
    assert_reads_back::<Int64Type, peer::Int64Type>("INT64", values);
}

#[test]
fn int96_reads_back() {
    let value = |i: u32| {
        let mut value = Int96::new();
        value.set_data(i.wrapping_mul(77), i % 3, 2_440_000 + i % 11);
        value
    };
    assert_reads_back::<Int96Type, peer::Int96Type>("INT96", (0..400).map(value).collect());
}

#[test]
fn floats_read_back() {
    let values = (0..400u16).map(|i| f32::from(i) / 3.0 - 40.0).collect();
    assert_reads_back::<FloatType, peer::FloatType>("FLOAT", values);
}

#[test]
fn doubles_read_back() {
    let values = (0..400).map(|i| f64::from(i).sqrt()).collect();
    assert_reads_back::<DoubleType, peer::DoubleType>("DOUBLE", values);
}

#[test]
fn byte_arrays_read_back() {
    let values = (0..400).map(|i| ByteArray::from(vec![i as u8; i % 40]));
    assert_reads_back::<ByteArrayType, peer::ByteArrayType>("BYTE_ARRAY", values.collect());
}

#[test]
fn fixed_len_byte_arrays_read_back() {
    let values = (0..400u32).map(|i| {
        let bytes = [&i.to_be_bytes()[..], b"xyz"].concat();
        FixedLenByteArray::from(bytes)
    });
    assert_reads_back::<FixedLenByteArrayType, peer::FixedLenByteArrayType>(
        "FIXED_LEN_BYTE_ARRAY(7)",
        values.collect(),
    );
}

#[test]
fn a_fixed_len_value_of_another_length_is_refused() {
    let schema = schema("message m { REQUIRED FIXED_LEN_BYTE_ARRAY(4) c; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    let values = [FixedLenByteArray::from(vec![1, 2, 3])];
    let typed = column.typed::<FixedLenByteArrayType>();
    assert!(typed.write_batch(&values, None, None).is_err());
}

/// The metadata of a file with one INT32 or BYTE_ARRAY column, which `fill` writes.
fn one_column(
    physical: &str,
    properties: WriterProperties,
    fill: impl FnOnce(&mut herringbone::file::writer::SerializedColumnWriter<'_>),
) -> ParquetMetaData {
    let schema = schema(&format!("message m {{ OPTIONAL {physical} c; }}"));
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    fill(&mut column);
    column.close().unwrap();
    row_group.close().unwrap();
    let metadata = writer.close().unwrap();
    Layout::read(&file);
    metadata
}

fn statistics(metadata: &ParquetMetaData) -> Statistics {
    let chunk = metadata.row_group(0).column(0);
    chunk.statistics().unwrap().clone()
}

#[test]
fn bounds_that_the_caller_knows_are_used() {
    let found = one_column("INT32", WriterProperties::default(), |column| {
        let typed = column.typed::<Int32Type>();
        typed
            .write_batch_with_statistics(
                &[5, 6],
                Some(&[1, 1, 0]),
                None,
                Some(&-100),
                Some(&100),
                Some(2),
            )
            .unwrap();
    });
    let Statistics::Int32(found) = statistics(&found) else {
        panic!("no statistics of INT32");
    };
    assert_eq!(
        (found.min_opt(), found.max_opt()),
        (Some(&-100), Some(&100))
    );
    assert_eq!(found.null_count_opt(), Some(1));
    assert_eq!(found.distinct_count(), Some(2));
}

#[test]
fn known_bounds_of_bytes_are_used_with_and_without_a_dictionary() {
    for dictionary in [true, false] {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(dictionary)
            .build();
        let found = one_column("BYTE_ARRAY", properties, |column| {
            let typed = column.typed::<ByteArrayType>();
            let values = [ByteArray::from("k"), ByteArray::from("m")];
            typed
                .write_batch_with_statistics(
                    &values,
                    Some(&[1, 1]),
                    None,
                    Some(&ByteArray::from("a")),
                    Some(&ByteArray::from("z")),
                    None,
                )
                .unwrap();
        });
        let found = statistics(&found);
        assert_eq!(found.min_bytes_opt(), Some(&b"a"[..]), "{dictionary}");
        assert_eq!(found.max_bytes_opt(), Some(&b"z"[..]), "{dictionary}");
    }
}

#[test]
fn a_distinct_count_does_not_survive_a_second_batch() {
    let found = one_column("INT32", WriterProperties::default(), |column| {
        let typed = column.typed::<Int32Type>();
        typed
            .write_batch_with_statistics(&[1, 2], Some(&[1, 1]), None, None, None, Some(2))
            .unwrap();
        typed.write_batch(&[3], Some(&[1]), None).unwrap();
    });
    let found = statistics(&found);
    assert_eq!(found.distinct_count_opt(), None);
    assert_eq!(found.min_bytes_opt(), Some(&1i32.to_le_bytes()[..]));
    assert_eq!(found.max_bytes_opt(), Some(&3i32.to_le_bytes()[..]));
}

#[test]
fn columns_without_statistics_have_none() {
    let properties = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let found = one_column("INT32", properties, |column| {
        let typed = column.typed::<Int32Type>();
        typed.write_batch(&[1, 2], Some(&[1, 1]), None).unwrap();
    });
    assert!(found.row_group(0).column(0).statistics().is_none());
}

#[test]
fn decimals_in_byte_arrays_compare_as_numbers() {
    let found = one_column("BYTE_ARRAY", WriterProperties::default(), |column| {
        // Not a decimal: compares byte by byte.
        let typed = column.typed::<ByteArrayType>();
        let values = [ByteArray::from(vec![0xff]), ByteArray::from(vec![1])];
        typed.write_batch(&values, Some(&[1, 1]), None).unwrap();
    });
    assert_eq!(statistics(&found).min_bytes_opt(), Some(&[1][..]));
    let schema = schema("message m { REQUIRED BYTE_ARRAY c (DECIMAL(20, 0)); }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    // -1, 1, 300, -300
    let values = [vec![0xff], vec![1], vec![1, 44], vec![0xfe, 0xd4]].map(ByteArray::from);
    column
        .typed::<ByteArrayType>()
        .write_batch(&values, None, None)
        .unwrap();
    column.close().unwrap();
    row_group.close().unwrap();
    let found = statistics(&writer.close().unwrap());
    assert_eq!(found.min_bytes_opt(), Some(&[0xfe, 0xd4][..]));
    assert_eq!(found.max_bytes_opt(), Some(&[1, 44][..]));
}

#[test]
fn the_untyped_writer_knows_its_type() {
    use herringbone::column::writer::{
        ColumnWriter, get_typed_column_writer_mut, get_typed_column_writer_ref,
    };
    let schema = schema("message m { REQUIRED DOUBLE c; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    let untyped = column.untyped();
    assert!(matches!(untyped, ColumnWriter::DoubleColumnWriter(_)));
    let descr = get_typed_column_writer_ref::<DoubleType>(untyped).get_descriptor();
    assert_eq!(descr.physical_type(), Physical::DOUBLE);
    get_typed_column_writer_mut::<DoubleType>(untyped)
        .write_batch(&[1.5], None, None)
        .unwrap();
    column.close().unwrap();
    row_group.close().unwrap();
    assert_eq!(writer.close().unwrap().file_metadata().num_rows(), 1);
}

#[test]
#[should_panic(expected = "DOUBLE")]
fn a_column_of_another_type_panics() {
    let schema = schema("message m { REQUIRED INT32 c; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>();
}
