//! The end of the file: indexes, metadata, its length, the magic.

use std::io::Write;
use std::sync::Arc;

use super::pending::Pending;
use super::tracked::TrackedWrite;
use crate::basic::ColumnOrder;
use crate::errors::{ParquetError, Result};
use crate::file::PARQUET_MAGIC;
use crate::meta::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};
use crate::meta::properties::WriterProperties;
use crate::schema::types::SchemaDescPtr;
use crate::wire::footer::{FOOTER_BUFFER_BYTES, FooterWriter};

/// What the footer says of the file as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct FooterParts<'a> {
    pub(super) descr: &'a SchemaDescPtr,
    pub(super) props: &'a WriterProperties,
}

/// Writes and flushes everything behind the row groups, and returns the file's metadata.
///
/// SPEC: README.md, "File Format".
pub(super) fn write<W: Write>(
    sink: &mut TrackedWrite<W>,
    pending: &mut Pending,
    parts: FooterParts<'_>,
) -> Result<ParquetMetaData> {
    pending.write_ahead(sink)?;
    let rows = pending.num_rows();
    let file = file_metadata(parts, rows, None);
    let mut paid = pending.reserve();
    if let Some(paid) = &mut paid {
        paid.resize(file.own_memory_size() + FOOTER_BUFFER_BYTES);
    }
    let len = write_metadata(sink, pending, parts, &file)?;
    if let Some(paid) = &mut paid {
        paid.shrink(FOOTER_BUFFER_BYTES);
    }
    // SPEC: README.md, "File Format": the footer's length has four bytes; readers take them as signed.
    let len = i32::try_from(len)
        .map_err(|_| ParquetError::General(format!("The footer is too large: {len} bytes")))?;
    sink.write_all(&len.to_le_bytes())?;
    // A sink that fails to flush has lost something, and then the magic must not follow.
    sink.flush()?;
    sink.write_all(&PARQUET_MAGIC)?;
    sink.flush()?;
    Ok(returned(pending, parts, rows))
}

/// Writes the footer but for its length and the magic; returns the length.
fn write_metadata<W: Write>(
    sink: &mut TrackedWrite<W>,
    pending: &mut Pending,
    parts: FooterParts<'_>,
    file: &FileMetaData,
) -> Result<u64> {
    let emit = |part: &[u8]| Ok(sink.write_all(part)?);
    let mut footer = FooterWriter::begin(file, pending.num_row_groups(), emit)?;
    pending.write_row_groups(&mut footer)?;
    let given = parts.props.key_value_metadata();
    if given.is_some() || pending.num_pairs() > 0 {
        let given = given.map_or(&[][..], Vec::as_slice);
        footer.begin_pairs(given.len() + pending.num_pairs());
        given.iter().try_for_each(|pair| footer.pair(pair))?;
        pending.write_pairs(&mut footer)?;
    }
    footer.end(file)
}

/// What the caller is told of the file: all of it, or as much as a memory limit has left.
fn returned(pending: &mut Pending, parts: FooterParts<'_>, rows: i64) -> ParquetMetaData {
    let given = parts.props.key_value_metadata();
    let has_pairs = given.is_some() || pending.num_pairs() > 0;
    let pairs = pending.take_pairs(given.map_or(&[][..], Vec::as_slice));
    let (row_groups, page_index) = pending.take_row_groups();
    let file = file_metadata(parts, rows, pairs.filter(|_| has_pairs));
    let mut builder = ParquetMetaDataBuilder::new(file);
    if let Some(row_groups) = row_groups {
        builder = builder.set_row_groups(row_groups);
    }
    if let Some(page_index) = page_index {
        builder = builder.set_page_index(Some(Arc::new(page_index)));
    }
    builder.build()
}

fn file_metadata(parts: FooterParts<'_>, rows: i64, pairs: Option<Vec<KeyValue>>) -> FileMetaData {
    let orders = parts
        .descr
        .columns()
        .iter()
        .map(|column| {
            ColumnOrder::column_order_for_type(
                column.logical_type_ref(),
                column.converted_type(),
                column.physical_type(),
            )
        })
        .collect();
    FileMetaData::new(
        parts.props.writer_version().as_num(),
        rows,
        Some(parts.props.created_by().to_owned()),
        pairs,
        parts.descr.clone(),
        Some(orders),
    )
}
