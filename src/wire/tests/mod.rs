//! What is written here is read back by an independent reader, field by field.

mod chunks;
mod files;
mod index_reading;
mod indexes;
mod pages;
mod schemas;

use std::sync::Arc;

use bytes::Bytes;
use parquet::file::metadata as oracle;

use super::footer::{FooterOptions, Ordinals, stream_file_metadata};
use crate::file::{FOOTER_SIZE, PARQUET_MAGIC};
use crate::meta::metadata::{
    ColumnChunkMetaData, ColumnChunkMetaDataBuilder, FileMetaData, ParquetMetaData,
    RowGroupMetaData,
};
use crate::schema::parser::parse_message_type;
use crate::schema::types::{SchemaDescPtr, SchemaDescriptor};

const WITH_PATHS: FooterOptions = FooterOptions {
    write_path_in_schema: true,
};

fn schema_of(text: &str) -> SchemaDescPtr {
    let root = parse_message_type(text).unwrap();
    Arc::new(SchemaDescriptor::new(Arc::new(root)))
}

fn footer(metadata: &ParquetMetaData, options: &FooterOptions) -> Vec<u8> {
    let mut out = Vec::new();
    let file = metadata.file_metadata();
    let row_groups = metadata.row_groups().iter();
    let ordinals = Ordinals::of(row_groups.clone().map(RowGroupMetaData::ordinal));
    let len = stream_file_metadata(file, row_groups, ordinals, options, |part| {
        out.extend_from_slice(part);
        Ok(())
    });
    assert_eq!(len.unwrap(), out.len() as u64);
    out
}

/// A file of `body`, which begins with the magic, and a footer.
fn file_of(mut body: Vec<u8>, footer: &[u8]) -> Bytes {
    body.extend_from_slice(footer);
    body.extend_from_slice(&u32::try_from(footer.len()).unwrap().to_le_bytes());
    body.extend_from_slice(&PARQUET_MAGIC);
    body.into()
}

fn read_footer(footer: &[u8]) -> oracle::ParquetMetaData {
    let file = file_of(PARQUET_MAGIC.to_vec(), footer);
    let options = oracle::ParquetMetaDataOptions::new().with_encoding_stats_as_mask(false);
    oracle::ParquetMetaDataReader::new()
        .with_metadata_options(Some(options))
        .parse_and_finish(&file)
        .unwrap()
}

fn read_back(metadata: &ParquetMetaData) -> oracle::ParquetMetaData {
    read_footer(&footer(metadata, &WITH_PATHS))
}

/// A description of one row group with these chunks.
fn metadata_of(schema: &SchemaDescPtr, chunks: Vec<ColumnChunkMetaData>) -> ParquetMetaData {
    let row_group = RowGroupMetaData::builder(schema.clone())
        .set_column_metadata(chunks)
        .build()
        .unwrap();
    let file = FileMetaData::new(1, 0, None, None, schema.clone(), None);
    ParquetMetaData::new(file, vec![row_group])
}

/// The footer that the oracle writes for what it has read of `footer`.
fn rewritten(footer: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    oracle::ParquetMetaDataWriter::new(&mut out, &read_footer(footer))
        .finish()
        .unwrap();
    out.truncate(out.len() - FOOTER_SIZE);
    out
}

/// Writes a single chunk of a column of physical type `column`, such as `int32`, and reads it back.
fn chunk_read_back(
    column: &str,
    describe: impl FnOnce(ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> oracle::ColumnChunkMetaData {
    let schema = schema_of(&format!("message m {{ optional {column} a; }}"));
    let chunk = describe(ColumnChunkMetaData::builder(schema.column(0)));
    let metadata = metadata_of(&schema, vec![chunk.build().unwrap()]);
    read_back(&metadata).row_group(0).column(0).clone()
}
