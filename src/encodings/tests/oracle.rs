//! Pages as the `parquet` crate writes them.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic as other;
use parquet::column::writer::ColumnWriter;
use parquet::data_type as other_type;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;

/// The value section of a file with one required column, one page and no dictionary.
pub(super) fn page(column: &Column, encoding: Encoding) -> Vec<u8> {
    let field = match column {
        Column::Fixed(width, _) => format!("FIXED_LEN_BYTE_ARRAY({width})"),
        Column::Bytes(_) => "BYTE_ARRAY".to_owned(),
        other => other.physical_type().to_string(),
    };
    let schema = parse_message_type(&format!("message m {{ required {field} a; }}")).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(encoding.to_string().parse::<other::Encoding>().unwrap())
        .set_compression(other::Compression::UNCOMPRESSED)
        .set_data_page_size_limit(usize::MAX)
        .set_data_page_row_count_limit(usize::MAX)
        .build();
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column_writer = row_group.next_column().unwrap().unwrap();
    write(column, column_writer.untyped());
    column_writer.close().unwrap();
    row_group.close().unwrap();
    let file = Bytes::from(writer.into_inner().unwrap());
    let reader = SerializedFileReader::new(file).unwrap();
    let mut pages = reader
        .get_row_group(0)
        .unwrap()
        .get_column_page_reader(0)
        .unwrap();
    let page = pages.get_next_page().unwrap().unwrap();
    assert!(
        pages.get_next_page().unwrap().is_none(),
        "more than one page"
    );
    assert_eq!(page.encoding().to_string(), encoding.to_string());
    page.buffer().to_vec()
}

fn write(column: &Column, writer: &mut ColumnWriter<'_>) {
    let arrays = |values: &[Vec<u8>]| -> Vec<other_type::ByteArray> {
        values.iter().map(|value| value.clone().into()).collect()
    };
    let written = match (column, writer) {
        (Column::Boolean(values), ColumnWriter::BoolColumnWriter(writer)) => {
            writer.write_batch(values, None, None)
        }
        (Column::Int32(values), ColumnWriter::Int32ColumnWriter(writer)) => {
            writer.write_batch(values, None, None)
        }
        (Column::Int64(values), ColumnWriter::Int64ColumnWriter(writer)) => {
            writer.write_batch(values, None, None)
        }
        (Column::Int96(values), ColumnWriter::Int96ColumnWriter(writer)) => {
            let values: Vec<_> = values
                .iter()
                .map(|value| other_type::Int96::from(value.data().to_vec()))
                .collect();
            writer.write_batch(&values, None, None)
        }
        (Column::Float(values), ColumnWriter::FloatColumnWriter(writer)) => {
            writer.write_batch(values, None, None)
        }
        (Column::Double(values), ColumnWriter::DoubleColumnWriter(writer)) => {
            writer.write_batch(values, None, None)
        }
        (Column::Bytes(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
            writer.write_batch(&arrays(values), None, None)
        }
        (Column::Fixed(_, values), ColumnWriter::FixedLenByteArrayColumnWriter(writer)) => {
            let values: Vec<other_type::FixedLenByteArray> =
                arrays(values).into_iter().map(Into::into).collect();
            writer.write_batch(&values, None, None)
        }
        _ => unreachable!("a column's writer has its type"),
    };
    assert_eq!(written.unwrap(), column.len());
}
