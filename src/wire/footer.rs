//! The footer: the file as a whole and its row groups. It is written in parts, so that it need not be in memory at
//! once, however many columns, row groups and pairs a file has.
//!
//! SPEC: parquet.thrift, `FileMetaData` and `RowGroup`.

use std::borrow::Borrow;

pub(crate) use super::chunk::FooterOptions;
use super::chunk::write_column_chunk;
use super::compact::{Element, Fields, write_item, write_struct};
use super::schema::{node_count, nodes, write_node};
use crate::basic::ColumnOrder;
use crate::errors::Result;
use crate::meta::metadata::{FileMetaData, KeyValue, RowGroupMetaData};

/// Bytes of a footer that gather before they are handed on.
const PART_BYTES: usize = 32 * 1024;

/// Bytes of the buffer that a footer goes through: room for a part and for what makes it full. Something larger takes
/// room of its own.
pub(crate) const FOOTER_BUFFER_BYTES: usize = PART_BYTES + PART_BYTES / 4;

/// Whether row groups say which of the file they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ordinals {
    /// Each says what it knows.
    Written,
    /// None does.
    LeftOut,
}

impl Ordinals {
    /// SPEC: parquet.thrift, `RowGroup.ordinal` has 16 bits. Readers that number rows refuse a file of which only some
    /// row groups have an ordinal, so one that does not fit keeps out all of them.
    pub(crate) fn of(mut ordinals: impl Iterator<Item = Option<i32>>) -> Self {
        if ordinals.all(|ordinal| ordinal.is_none_or(|it| i16::try_from(it).is_ok())) {
            Self::Written
        } else {
            Self::LeftOut
        }
    }
}

/// Hands a whole footer, without its length and the magic, to `emit` in parts of about 32 KiB, and
/// returns its length. `row_groups` may make its row groups as it goes.
///
/// # Errors
/// The first error of `emit`.
pub(crate) fn stream_file_metadata<R: Borrow<RowGroupMetaData>>(
    file: &FileMetaData,
    row_groups: impl ExactSizeIterator<Item = R>,
    ordinals: Ordinals,
    options: &FooterOptions,
    mut emit: impl FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let emit: &mut Emit<'_> = &mut emit;
    let mut footer = FooterWriter::begin(file);
    while footer.schema_part(file, emit)? {}
    footer.begin_row_groups(file, row_groups.len());
    for row_group in row_groups {
        footer.row_group(row_group.borrow(), (ordinals, options), emit)?;
    }
    if let Some(pairs) = file.key_value_metadata() {
        footer.begin_pairs(pairs.len());
        for pair in pairs {
            footer.pair(pair, emit)?;
        }
    }
    footer.end(file, emit)
}

/// Takes the parts of a footer.
pub(crate) type Emit<'a> = dyn FnMut(&[u8]) -> Result<()> + 'a;

/// Writes a footer from its first byte to its last, as its caller brings what it says.
pub(crate) struct FooterWriter {
    part: Vec<u8>,
    written: u64,
    last_field: i16,
    /// Nodes of the schema that are written.
    nodes: usize,
}

impl FooterWriter {
    /// Begins a footer: the schema is next.
    pub(crate) fn begin(file: &FileMetaData) -> Self {
        let mut part = Vec::with_capacity(FOOTER_BUFFER_BYTES);
        let mut record = Fields::begin(&mut part);
        record.i32(1, file.version());
        record.list_header(2, Element::Struct, node_count(file.schema()));
        Self {
            part,
            written: 0,
            last_field: 4,
            nodes: 0,
        }
    }

    /// Writes nodes of the schema until a part has been handed on. False once all are written.
    ///
    /// # Errors
    /// That of `emit`.
    pub(crate) fn schema_part(&mut self, file: &FileMetaData, emit: &mut Emit<'_>) -> Result<bool> {
        let handed_on = self.written;
        for node in nodes(file.schema()).skip(self.nodes) {
            self.put(|part| write_item(part, |item| write_node(item, node)), emit)?;
            self.nodes += 1;
            if self.written > handed_on {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes what stands between the schema and the row groups, of which `row_groups` follow. Of the pairs nothing is
    /// written.
    pub(crate) fn begin_row_groups(&mut self, file: &FileMetaData, row_groups: usize) {
        let mut record = Fields::resume(&mut self.part, 2);
        record.i64(3, file.num_rows());
        record.list_header(4, Element::Struct, row_groups);
    }

    /// Writes the next row group.
    ///
    /// # Errors
    /// That of `emit`.
    pub(crate) fn row_group(
        &mut self,
        row_group: &RowGroupMetaData,
        (ordinals, options): (Ordinals, &FooterOptions),
        emit: &mut Emit<'_>,
    ) -> Result<()> {
        self.begin_row_group(row_group.num_columns());
        for column in row_group.columns() {
            self.put(|part| write_column_chunk(column, options, part), emit)?;
        }
        write_row_group_sums(row_group, &mut self.part);
        self.end_row_group(row_group.ordinal(), ordinals, emit)
    }

    /// Begins a row group of `columns` column chunks, which the caller [puts](Self::put), and then what
    /// [`write_row_group_sums`] writes.
    pub(crate) fn begin_row_group(&mut self, columns: usize) {
        Fields::begin(&mut self.part).list_header(1, Element::Struct, columns);
    }

    /// Ends a row group that was begun.
    ///
    /// # Errors
    /// That of `emit`.
    pub(crate) fn end_row_group(
        &mut self,
        ordinal: Option<i32>,
        ordinals: Ordinals,
        emit: &mut Emit<'_>,
    ) -> Result<()> {
        let write = |part: &mut Vec<u8>| {
            let mut record = Fields::resume(part, LAST_SUM_FIELD);
            let ordinal = ordinal.filter(|_| ordinals == Ordinals::Written);
            if let Some(Ok(ordinal)) = ordinal.map(i16::try_from) {
                record.i16(7, ordinal);
            }
            record.end();
        };
        self.put(write, emit)
    }

    /// Announces `count` pairs, which follow the row groups.
    pub(crate) fn begin_pairs(&mut self, count: usize) {
        let mut record = Fields::resume(&mut self.part, self.last_field);
        record.list_header(5, Element::Struct, count);
        self.last_field = 5;
    }

    /// Writes the next pair.
    ///
    /// # Errors
    /// That of `emit`.
    pub(crate) fn pair(&mut self, pair: &KeyValue, emit: &mut Emit<'_>) -> Result<()> {
        write_pair(pair, |piece| self.bytes(piece, emit))
    }

    /// Writes bytes that the caller has serialized, without a copy if they are many.
    ///
    /// # Errors
    /// That of `emit`.
    pub(crate) fn bytes(&mut self, bytes: &[u8], emit: &mut Emit<'_>) -> Result<()> {
        if bytes.len() < PART_BYTES {
            return self.put(|part| part.extend_from_slice(bytes), emit);
        }
        self.hand_on(emit)?;
        self.written += bytes.len() as u64;
        emit(bytes)
    }

    /// Lets `write` append to the footer.
    ///
    /// # Errors
    /// That of `emit`.
    pub(crate) fn put(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>),
        emit: &mut Emit<'_>,
    ) -> Result<()> {
        write(&mut self.part);
        if self.part.len() >= PART_BYTES {
            self.hand_on(emit)
        } else {
            Ok(())
        }
    }

    /// Writes all that follows the row groups and the pairs, and returns the footer's length.
    ///
    /// # Errors
    /// That of `emit`.
    pub(crate) fn end(&mut self, file: &FileMetaData, emit: &mut Emit<'_>) -> Result<u64> {
        if let Some(created_by) = file.created_by() {
            let mut record = Fields::resume(&mut self.part, self.last_field);
            record.binary_header(6, created_by.len());
            self.last_field = 6;
            self.bytes(created_by.as_bytes(), emit)?;
        }
        if let Some(orders) = file.column_orders().filter(|orders| are_stated(orders)) {
            let mut record = Fields::resume(&mut self.part, self.last_field);
            record.list_header(7, Element::Struct, orders.len());
            self.last_field = 7;
            for order in orders.iter().filter_map(|order| order.wire_field_id()) {
                let write = |part: &mut Vec<u8>| {
                    write_struct(part, |union| union.empty_structure(order));
                };
                self.put(write, emit)?;
            }
        }
        Fields::resume(&mut self.part, self.last_field).end();
        self.hand_on(emit)?;
        Ok(self.written)
    }

    fn hand_on(&mut self, emit: &mut Emit<'_>) -> Result<()> {
        self.written += self.part.len() as u64;
        emit(&self.part)?;
        self.part.clear();
        Ok(())
    }
}

/// The last field of a row group but for its ordinal.
const LAST_SUM_FIELD: i16 = 6;

/// Appends what a row group says behind its column chunks, but for its ordinal.
pub(crate) fn write_row_group_sums(row_group: &RowGroupMetaData, out: &mut Vec<u8>) {
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
    record.i64(LAST_SUM_FIELD, row_group.compressed_size());
}

/// Hands the bytes of a pair to `emit`, its text as it is.
///
/// # Errors
/// That of `emit`.
pub(crate) fn write_pair(pair: &KeyValue, mut emit: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut bytes = Vec::with_capacity(LENGTH_ROOM_BYTES);
    Fields::begin(&mut bytes).binary_header(1, pair.key.len());
    emit(&bytes)?;
    emit(pair.key.as_bytes())?;
    bytes.clear();
    if let Some(value) = &pair.value {
        Fields::resume(&mut bytes, 1).binary_header(2, value.len());
        emit(&bytes)?;
        emit(value.as_bytes())?;
        bytes.clear();
    }
    Fields::resume(&mut bytes, 2).end();
    emit(&bytes)
}

/// More than the header and the length of a text take.
const LENGTH_ROOM_BYTES: usize = 16;

/// Whether the format can state all orders. One that it cannot makes all of them unstated: the list has one entry a
/// column or does not exist.
fn are_stated(orders: &[ColumnOrder]) -> bool {
    orders.iter().all(|order| order.wire_field_id().is_some())
}
