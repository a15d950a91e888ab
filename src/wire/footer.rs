//! The footer: the file as a whole and its row groups. It can be written in parts, so that the footer
//! of a wide file need not be in memory at once.
//!
//! SPEC: parquet.thrift, `FileMetaData` and `RowGroup`.

use std::borrow::Borrow;

use super::chunk::write_column_chunk;
use super::compact::{Element, Fields};
use super::schema::write_schema;
use crate::basic::ColumnOrder;
use crate::errors::Result;
use crate::file::metadata::{FileMetaData, RowGroupMetaData};

/// Bytes of a footer that gather before [`stream_file_metadata`] hands them on.
const PART_BYTES: usize = 64 * 1024;

/// What a footer may leave out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FooterOptions {
    /// Whether each column chunk repeats the path of its column.
    pub(crate) write_path_in_schema: bool,
}

/// Hands a whole footer, without its length and the magic, to `emit` in parts of about 64 KiB, and
/// returns its length. `row_groups` may make its row groups as it goes.
///
/// # Errors
/// The first error of `emit`.
pub(crate) fn stream_file_metadata<R: Borrow<RowGroupMetaData>>(
    file: &FileMetaData,
    row_groups: impl ExactSizeIterator<Item = R>,
    options: &FooterOptions,
    mut emit: impl FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let mut part = Vec::new();
    let mut written = 0;
    let mut drain = |part: &mut Vec<u8>| {
        if part.len() >= PART_BYTES {
            written += part.len() as u64;
            emit(part)?;
            part.clear();
        }
        Ok(())
    };
    begin_file_metadata(file, row_groups.len(), &mut part);
    for row_group in row_groups {
        write_row_group(row_group.borrow(), options, &mut part, &mut drain)?;
    }
    end_file_metadata(file, &mut part);
    written += part.len() as u64;
    emit(&part)?;
    Ok(written)
}

/// Writes all that precedes the row groups, of which `row_groups` follow.
fn begin_file_metadata(file: &FileMetaData, row_groups: usize, out: &mut Vec<u8>) {
    let mut record = Fields::begin(out);
    record.i32(1, file.version());
    write_schema(file.schema(), 2, &mut record);
    record.i64(3, file.num_rows());
    record.list_header(4, Element::Struct, row_groups);
}

/// Writes a row group; `after_column` may empty the buffer after each column chunk.
fn write_row_group(
    row_group: &RowGroupMetaData,
    options: &FooterOptions,
    out: &mut Vec<u8>,
    after_column: &mut impl FnMut(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let columns = row_group.columns();
    Fields::begin(out).list_header(1, Element::Struct, columns.len());
    for column in columns {
        write_column_chunk(column, options, out);
        after_column(out)?;
    }
    let mut record = Fields::resume(out, 1);
    record.i64(2, row_group.total_byte_size());
    record.i64(3, row_group.num_rows());
    if let Some(sorting) = row_group.sorting_columns() {
        record.list(4, Element::Struct, sorting, |item, column| {
            item.structure(|record| {
                record.i32(1, column.column_idx);
                record.bool(2, column.descending);
                record.bool(3, column.nulls_first);
            });
        });
    }
    if let Some(offset) = row_group.file_offset() {
        record.i64(5, offset);
    }
    record.i64(6, row_group.compressed_size());
    if let Some(Ok(ordinal)) = row_group.ordinal().map(i16::try_from) {
        record.i16(7, ordinal);
    }
    record.end();
    Ok(())
}

/// Writes all that follows the row groups.
fn end_file_metadata(file: &FileMetaData, out: &mut Vec<u8>) {
    let mut record = Fields::resume(out, 4);
    if let Some(pairs) = file.key_value_metadata() {
        record.list(5, Element::Struct, pairs, |item, pair| {
            item.structure(|record| {
                record.string(1, &pair.key);
                if let Some(value) = &pair.value {
                    record.string(2, value);
                }
            });
        });
    }
    if let Some(created_by) = file.created_by() {
        record.string(6, created_by);
    }
    if let Some(orders) = file.column_orders().and_then(|orders| stated(orders)) {
        record.list(7, Element::Struct, orders, |item, order| {
            item.structure(|union| union.empty_structure(order));
        });
    }
    record.end();
}

/// The orders as members of their union. One that the format cannot state makes all of them unstated:
/// the list has one entry a column or does not exist.
fn stated(orders: &[ColumnOrder]) -> Option<Vec<i16>> {
    orders.iter().map(|order| order.wire_field_id()).collect()
}
