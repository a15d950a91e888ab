//! The end of the file: indexes, metadata, its length, the magic.

use std::io::Write;
use std::sync::Arc;

use super::tracked::TrackedWrite;
use super::waiting::Waiting;
use crate::basic::ColumnOrder;
use crate::errors::{ParquetError, Result};
use crate::file::PARQUET_MAGIC;
use crate::file::metadata::page_index::PageIndexBuilder;
use crate::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};
use crate::file::properties::WriterProperties;
use crate::schema::types::SchemaDescPtr;
use crate::wire::footer::{FooterOptions, stream_file_metadata};

/// What the footer says of the file as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct FooterParts<'a> {
    pub(super) descr: &'a SchemaDescPtr,
    pub(super) props: &'a WriterProperties,
    pub(super) key_values: &'a [KeyValue],
}

/// Writes and flushes everything behind the row groups, and returns the file's metadata.
///
/// SPEC: README.md, "File Format".
pub(super) fn write<W: Write>(
    sink: &mut TrackedWrite<W>,
    waiting: &mut Waiting,
    parts: FooterParts<'_>,
) -> Result<ParquetMetaData> {
    let (row_groups, indexes) = waiting.write(sink)?;
    let file = file_metadata(parts, row_groups.iter().map(|group| group.num_rows()).sum());
    // Here, and in the footer's last part.
    waiting.pay_for(2 * file.own_memory_size());
    let options = FooterOptions {
        write_path_in_schema: parts.props.write_path_in_schema(),
    };
    let len = stream_file_metadata(&file, row_groups.iter(), &options, |part| {
        Ok(sink.write_all(part)?)
    })?;
    // SPEC: README.md, "File Format": the footer's length has four bytes; readers take them as signed.
    let len = i32::try_from(len)
        .map_err(|_| ParquetError::General(format!("The footer is too large: {len} bytes")))?;
    sink.write_all(&len.to_le_bytes())?;
    // A sink that fails to flush has lost something, and then the magic must not follow.
    sink.flush()?;
    sink.write_all(&PARQUET_MAGIC)?;
    sink.flush()?;
    let mut builder = ParquetMetaDataBuilder::new(file);
    if let Some(indexes) = indexes.filter(|indexes| indexes.iter().any(|group| !group.is_empty())) {
        let mut page_index = PageIndexBuilder::new(row_groups.len(), parts.descr.num_columns());
        for (row_group, indexes) in indexes.into_iter().enumerate() {
            indexes.put_into(row_group, &mut page_index);
        }
        builder = builder.set_page_index(Some(Arc::new(page_index.build())));
    }
    Ok(builder.set_row_groups(row_groups).build())
}

fn file_metadata(parts: FooterParts<'_>, rows: i64) -> FileMetaData {
    let given = parts.props.key_value_metadata();
    let pairs: Vec<KeyValue> = given
        .into_iter()
        .flatten()
        .chain(parts.key_values)
        .cloned()
        .collect();
    let pairs = (given.is_some() || !parts.key_values.is_empty()).then_some(pairs);
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
