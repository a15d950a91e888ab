//! Column and offset indexes.

use super::compact::input::{Field, Input};
use super::compact::{Element, Fields, write_struct};
use crate::basic::{BoundaryOrder, Type};
use crate::errors::{ParquetError, Result};
use crate::meta::page_index::column_index::{ColumnIndex, ColumnIndexMetaData, PageBounds};
use crate::meta::page_index::offset_index::{OffsetIndexMetaData, PageLocation};

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

/// The column index that `bytes` are, of a column of `physical_type`. Fields that are not known are passed.
///
/// SPEC: parquet.thrift, `ColumnIndex`.
///
/// # Errors
/// [`ParquetError::EOF`] if the bytes end early. [`ParquetError::General`] if they are no column index, bytes follow
/// it, its lists do not have an entry for each page, or a bound has not the width of the type.
pub(crate) fn read_column_index(bytes: &[u8], physical_type: Type) -> Result<ColumnIndexMetaData> {
    let fields = ColumnIndexFields::read(bytes)?;
    let null_pages = fields.null_pages.ok_or_else(|| misses("null_pages"))?;
    let min = fields.min_values.ok_or_else(|| misses("min_values"))?;
    let max = fields.max_values.ok_or_else(|| misses("max_values"))?;
    let order = fields.boundary_order;
    let pages = null_pages.len();
    check_len("min_values", Some(&min), pages)?;
    check_len("max_values", Some(&max), pages)?;
    check_len("null_counts", fields.null_counts.as_ref(), pages)?;
    check_len("nan_counts", fields.nan_counts.as_ref(), pages)?;
    check_histograms(fields.repetition_level_histograms.as_deref(), pages)?;
    check_histograms(fields.definition_level_histograms.as_deref(), pages)?;
    let len_bytes = |values: &[&[u8]]| values.iter().map(|value| value.len()).sum::<usize>();
    let mut bounds = PageBounds::with_room_for(pages, len_bytes(&min) + len_bytes(&max));
    for (is_null_page, (min, max)) in null_pages.iter().zip(min.into_iter().zip(max)) {
        // SPEC: the bounds of a null page are there to keep the lists in step, and mean nothing.
        match is_null_page {
            true => bounds.push(&[], &[])?,
            false => bounds.push(min, max)?,
        }
    }
    let index = ColumnIndex {
        null_pages,
        boundary_order: order.ok_or_else(|| misses("boundary_order"))?,
        null_counts: fields.null_counts,
        nan_counts: fields.nan_counts,
        repetition_level_histograms: fields.repetition_level_histograms,
        definition_level_histograms: fields.definition_level_histograms,
    };
    ColumnIndexMetaData::try_new(physical_type, index, bounds.tight())
}

/// The offset index that `bytes` are. Fields that are not known are passed.
///
/// SPEC: parquet.thrift, `OffsetIndex` and `PageLocation`.
///
/// # Errors
/// [`ParquetError::EOF`] if the bytes end early. [`ParquetError::General`] if they are no offset index, bytes follow
/// it, or its lists are of different lengths.
pub(crate) fn read_offset_index(bytes: &[u8]) -> Result<OffsetIndexMetaData> {
    let mut input = Input::new(bytes);
    let mut last_id = 0;
    let (mut pages, mut unencoded) = (None, None);
    while let Some(field) = input.field(&mut last_id)? {
        match field.id {
            1 => once(
                &mut pages,
                input.list(field, Element::Struct, read_location)?,
            )?,
            2 => once(&mut unencoded, read_numbers(&mut input, field)?)?,
            _ => input.skip(field)?,
        }
    }
    input.must_end()?;
    let page_locations = pages.ok_or_else(|| misses("page_locations"))?;
    check_len(
        "unencoded_byte_array_data_bytes",
        unencoded.as_ref(),
        page_locations.len(),
    )?;
    Ok(OffsetIndexMetaData {
        page_locations,
        unencoded_byte_array_data_bytes: unencoded,
    })
}

/// The fields of a column index that are there.
#[derive(Default)]
struct ColumnIndexFields<'a> {
    null_pages: Option<Vec<bool>>,
    min_values: Option<Vec<&'a [u8]>>,
    max_values: Option<Vec<&'a [u8]>>,
    boundary_order: Option<BoundaryOrder>,
    null_counts: Option<Vec<i64>>,
    repetition_level_histograms: Option<Vec<i64>>,
    definition_level_histograms: Option<Vec<i64>>,
    nan_counts: Option<Vec<i64>>,
}

impl<'a> ColumnIndexFields<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut input = Input::new(bytes);
        let mut fields = Self::default();
        let mut last_id = 0;
        while let Some(field) = input.field(&mut last_id)? {
            let Self {
                null_pages,
                min_values,
                max_values,
                boundary_order,
                null_counts,
                repetition_level_histograms,
                definition_level_histograms,
                nan_counts,
            } = &mut fields;
            match field.id {
                1 => once(
                    null_pages,
                    input.list(field, Element::Bool, Input::bool_item)?,
                )?,
                2 => once(
                    min_values,
                    input.list(field, Element::Binary, Input::binary_item)?,
                )?,
                3 => once(
                    max_values,
                    input.list(field, Element::Binary, Input::binary_item)?,
                )?,
                4 => once(boundary_order, order_of(input.i32(field)?)?)?,
                5 => once(null_counts, read_numbers(&mut input, field)?)?,
                6 => once(
                    repetition_level_histograms,
                    read_numbers(&mut input, field)?,
                )?,
                7 => once(
                    definition_level_histograms,
                    read_numbers(&mut input, field)?,
                )?,
                8 => once(nan_counts, read_numbers(&mut input, field)?)?,
                _ => input.skip(field)?,
            }
        }
        input.must_end()?;
        Ok(fields)
    }
}

fn read_location(input: &mut Input<'_>) -> Result<PageLocation> {
    let mut last_id = 0;
    let (mut offset, mut size, mut first_row) = (None, None, None);
    while let Some(field) = input.field(&mut last_id)? {
        match field.id {
            1 => once(&mut offset, input.i64(field)?)?,
            2 => once(&mut size, input.i32(field)?)?,
            3 => once(&mut first_row, input.i64(field)?)?,
            _ => input.skip(field)?,
        }
    }
    Ok(PageLocation {
        offset: offset.ok_or_else(|| misses("offset"))?,
        compressed_page_size: size.ok_or_else(|| misses("compressed_page_size"))?,
        first_row_index: first_row.ok_or_else(|| misses("first_row_index"))?,
    })
}

fn read_numbers(input: &mut Input<'_>, field: Field) -> Result<Vec<i64>> {
    input.list(field, Element::I64, Input::i64_item)
}

fn order_of(number: i32) -> Result<BoundaryOrder> {
    use BoundaryOrder::{ASCENDING, DESCENDING, UNORDERED};
    let orders = [UNORDERED, ASCENDING, DESCENDING];
    let order = orders.into_iter().find(|order| order.wire_id() == number);
    order.ok_or_else(|| wrong("its boundary order is unknown"))
}

fn check_len<T>(list: &str, items: Option<&Vec<T>>, pages: usize) -> Result<()> {
    match items {
        Some(items) if items.len() != pages => Err(wrong(&format!(
            "{list} has {} entries for {pages} pages",
            items.len()
        ))),
        _ => Ok(()),
    }
}

/// Histograms of all pages stand end to end, each with a number for every level.
fn check_histograms(histograms: Option<&[i64]>, pages: usize) -> Result<()> {
    match histograms.map(<[i64]>::len) {
        Some(len) if !len.is_multiple_of(pages) => Err(wrong(&format!(
            "level histograms have {len} numbers for {pages} pages"
        ))),
        _ => Ok(()),
    }
}

/// A field that comes twice is damage.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong("a field comes twice")),
    }
}

fn misses(field: &str) -> ParquetError {
    wrong(&format!("{field} is missing"))
}

fn wrong(why: &str) -> ParquetError {
    ParquetError::General(format!("Could not read page index: {why}"))
}

fn write_numbers(record: &mut Fields<'_>, id: i16, numbers: Option<&[i64]>) {
    if let Some(numbers) = numbers {
        record.i64_list(id, numbers);
    }
}
