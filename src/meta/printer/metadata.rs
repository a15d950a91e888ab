//! The text of a file's description.

use std::fmt::Display;

use crate::meta::metadata::{ColumnChunkMetaData, FileMetaData, ParquetMetaData, RowGroupMetaData};

/// File, row groups and column chunks, one line a fact.
pub(super) fn parquet_text(metadata: &ParquetMetaData) -> String {
    let row_groups = metadata.row_groups();
    let mut text = file_text(metadata.file_metadata());
    text.push_str(&format!(
        "\n\nnum of row groups: {}\nrow groups:\n\n",
        row_groups.len()
    ));
    for (ordinal, row_group) in row_groups.iter().enumerate() {
        text.push_str(&headed("row group", ordinal));
        text.push_str(&row_group_text(row_group));
    }
    text
}

/// What the footer says about the file as a whole, and the schema.
pub(super) fn file_text(file: &FileMetaData) -> String {
    let mut text = fact("version", file.version()) + &fact("num of rows", file.num_rows());
    if let Some(created_by) = file.created_by() {
        text.push_str(&fact("created by", created_by));
    }
    if let Some(pairs) = file.key_value_metadata() {
        text.push_str("metadata:\n");
        for pair in pairs {
            let value = pair.value.as_deref().unwrap_or_default();
            text.push_str(&fact(&format!("  {}", pair.key), value));
        }
    }
    text + &super::schema::text(file.schema())
}

fn row_group_text(row_group: &RowGroupMetaData) -> String {
    let columns: Vec<_> = row_group
        .columns()
        .iter()
        .enumerate()
        .map(|(ordinal, column)| headed("column", ordinal) + &column_text(column))
        .collect();
    [
        fact("total byte size", row_group.total_byte_size()),
        fact("num of rows", row_group.num_rows()),
        "\n".to_string(),
        fact("num of columns", row_group.num_columns()),
        fact("columns", "\n"),
        columns.join("\n"),
    ]
    .concat()
}

fn column_text(column: &ColumnChunkMetaData) -> String {
    let encodings: Vec<_> = column
        .encodings()
        .map(|encoding| encoding.to_string())
        .collect();
    let facts = [
        fact("column type", column.column_type()),
        fact("column path", column.column_path()),
        fact("encodings", encodings.join(" ")),
        fact("file path", or_absent(column.file_path())),
        fact("file offset", column.file_offset()),
        fact("num of values", column.num_values()),
        fact("compression", column.compression_codec()),
        fact("total compressed size (in bytes)", column.compressed_size()),
        fact(
            "total uncompressed size (in bytes)",
            column.uncompressed_size(),
        ),
        fact("data page offset", column.data_page_offset()),
        fact("index page offset", or_absent(column.index_page_offset())),
        fact(
            "dictionary page offset",
            or_absent(column.dictionary_page_offset()),
        ),
        fact("statistics", or_absent(column.statistics())),
        fact(
            "bloom filter offset",
            or_absent(column.bloom_filter_offset()),
        ),
        fact(
            "bloom filter length",
            or_absent(column.bloom_filter_length()),
        ),
        fact(
            "offset index offset",
            or_absent(column.offset_index_offset()),
        ),
        fact(
            "offset index length",
            or_absent(column.offset_index_length()),
        ),
        fact(
            "column index offset",
            or_absent(column.column_index_offset()),
        ),
        fact(
            "column index length",
            or_absent(column.column_index_length()),
        ),
    ];
    facts.concat() + "\n"
}

fn headed(what: &str, ordinal: usize) -> String {
    format!("{what} {ordinal}:\n{}\n", "-".repeat(80))
}

fn fact(name: &str, value: impl Display) -> String {
    format!("{name}: {value}\n")
}

fn or_absent(value: Option<impl Display>) -> String {
    value.map_or_else(|| "N/A".to_string(), |value| value.to_string())
}
