//! Column and offset indexes.

use super::compact::{Element, Fields, write_struct};
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;

/// Appends a column index to `out`.
///
/// SPEC: parquet.thrift, `ColumnIndex`.
pub(crate) fn write_column_index(index: &ColumnIndexMetaData, out: &mut Vec<u8>) {
    let base = index.base();
    let pages = 0..base.null_pages.len();
    write_struct(out, |record| {
        record.list(1, Element::Bool, &base.null_pages, |item, is_null_page| {
            item.bool(*is_null_page);
        });
        record.list(2, Element::Binary, pages.clone(), |item, page| {
            item.binary(index.min_bytes(page));
        });
        record.list(3, Element::Binary, pages, |item, page| {
            item.binary(index.max_bytes(page));
        });
        record.i32(4, base.boundary_order.wire_id());
        write_numbers(record, 5, base.null_counts.as_deref());
        write_numbers(record, 6, base.repetition_level_histograms.as_deref());
        write_numbers(record, 7, base.definition_level_histograms.as_deref());
        write_numbers(record, 8, base.nan_counts.as_deref());
    });
}

/// Appends an offset index to `out`.
///
/// SPEC: parquet.thrift, `OffsetIndex` and `PageLocation`.
pub(crate) fn write_offset_index(index: &OffsetIndexMetaData, out: &mut Vec<u8>) {
    write_struct(out, |record| {
        let pages = &index.page_locations;
        record.list(1, Element::Struct, pages, |item, page| {
            item.structure(|record| {
                record.i64(1, page.offset);
                record.i32(2, page.compressed_page_size);
                record.i64(3, page.first_row_index);
            });
        });
        let unencoded = index.unencoded_byte_array_data_bytes.as_deref();
        write_numbers(record, 2, unencoded);
    });
}

fn write_numbers(record: &mut Fields<'_>, id: i16, numbers: Option<&[i64]>) {
    if let Some(numbers) = numbers {
        record.i64_list(id, numbers);
    }
}
