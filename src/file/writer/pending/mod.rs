//! What a file's row groups leave behind until the footer is written: metadata, page indexes, and Bloom filters; and
//! the pairs of text that the footer holds.
//!
//! All of it is serialized when it comes, and waits in page stores in the order in which the file will hold it: on
//! the heap where there is no memory limit. What is given back to the caller stays beside it.

mod depot;
mod entries;
mod log;
mod returned;

use std::sync::Arc;

use super::output::FileOutput;
use crate::bloom_filter::Sbbf;
use crate::budget::{Member, Reservation, Usage};
use crate::column::chunk::{ColumnCloseResult, WhenFull};
use crate::column::page_store::PageStoreFactory;
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::page_index::PageIndex;
use crate::meta::metadata::{ColumnChunkMetaData, KeyValue, RowGroupMetaData};
use crate::meta::properties::{BloomFilterPosition, WriterProperties};
use crate::schema::types::SchemaDescPtr;
use crate::wire::chunk::{Gaps, Unplaced, write_unplaced_column_chunk};
use crate::wire::compact::input::Input;
use crate::wire::footer::{
    Emit, FooterOptions, FooterWriter, Ordinals, write_pair, write_row_group_sums,
};
use crate::wire::index::{write_column_index, write_offset_index};
use depot::Depot;
use entries::{Bases, InLogs, put_entry, take_entry};
use log::Log;
use returned::Returned;

/// Everything that waits for the footer, or for the end of its row group.
pub(super) struct Pending {
    /// Of the [`KINDS`].
    logs: [Log; 5],
    depot: Depot,
    /// What the columns of the open row group have left.
    open: Vec<InLogs>,
    bases: Bases,
    returned: Returned,
    row_groups: usize,
    rows: i64,
    pairs: usize,
    filters_at: BloomFilterPosition,
    options: FooterOptions,
    reservation: Option<Reservation>,
}

/// What waits, in the order of the file. Metadata is that of column chunks, and behind those of a row group what it
/// says of itself.
const KINDS: [&str; 5] = [
    "Bloom filters",
    "column indexes",
    "offset indexes",
    "metadata",
    "key-value pairs",
];

/// Position and length of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    offset: i64,
    len: i32,
}

/// The row group and the column that the next entry of the footer is of; past the last column, the row group itself.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct NextEntry {
    row_group: usize,
    column: usize,
}

/// What is written between the last row group and the footer, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    Filters,
    ColumnIndexes,
    OffsetIndexes,
}

/// Filters go into their store in pieces of this many blocks, 64 KiB.
const PIECE_BLOCKS: usize = 2048;

/// Bytes of a filter's block.
const BLOCK_BYTES: usize = 32;

/// More than a filter's header has.
const FILTER_HEADER_BYTES: usize = 32;

/// More than a serialized column index has for a page beside what it has in memory.
const BYTES_BESIDE_PAGE: usize = 16;

/// What a serialized page location has at most, with the bytes of its values.
const LOCATION_BYTES: usize = 40;

/// About what a column chunk's numbers take, serialized.
const CHUNK_BYTES: usize = 200;

impl Pending {
    /// Everything waits on the heap, unpaid for.
    pub(super) fn on_heap(props: &WriterProperties, schema: SchemaDescPtr) -> Self {
        Self {
            logs: KINDS.map(Log::new),
            depot: Depot::on_heap(schema),
            open: Vec::new(),
            bases: Bases::default(),
            returned: Returned::everything(),
            row_groups: 0,
            rows: 0,
            pairs: 0,
            filters_at: props.bloom_filter_position(),
            options: FooterOptions {
                write_path_in_schema: props.write_path_in_schema(),
            },
            reservation: None,
        }
    }

    /// Lets `member` pay for what waits. Where that has a limit, everything waits in stores of `stores`, or on the
    /// heap where `when_full` says so. The stores are made when they are needed.
    pub(super) fn park_in(
        &mut self,
        stores: Arc<dyn PageStoreFactory>,
        member: &Member,
        when_full: WhenFull,
    ) {
        self.reservation = Some(member.reserve());
        self.depot.park_in(stores, member, when_full);
        if self.depot.is_limited() {
            self.returned = Returned::little(member.fair_share());
        }
    }

    /// An empty reservation where memory is paid for.
    pub(super) fn reserve(&self) -> Option<Reservation> {
        let reservation = self.reservation.as_ref();
        reservation.map(|reservation| reservation.budget().reserve())
    }

    /// Takes over what the closed chunk of column `column`, of the row group that is next to be added, leaves;
    /// returns its metadata.
    ///
    /// # Errors
    /// If a store cannot be made, or fails.
    pub(super) fn add_column(
        &mut self,
        column: usize,
        close: ColumnCloseResult,
    ) -> Result<ColumnChunkMetaData> {
        let [filters, column_indexes, offset_indexes, ..] = &mut self.logs;
        let depot = &mut self.depot;
        depot.follow();
        let mut left = InLogs::default();
        if let Some(filter) = close.bloom_filter {
            left.filter = Some(put_filter(filters, depot, column, &filter)?);
        }
        if let Some(index) = &close.column_index {
            let pages = usize::try_from(index.num_pages())?;
            let bytes = index.memory_size() + pages * BYTES_BESIDE_PAGE;
            left.column_index = Some(put(column_indexes, depot, column, bytes, |out| {
                write_column_index(index, out);
            })?);
        }
        if let Some(index) = &close.offset_index {
            let bytes = index.page_locations.len() * LOCATION_BYTES;
            left.offset_index = Some(put(offset_indexes, depot, column, bytes, |out| {
                write_offset_index(index, out);
            })?);
        }
        self.open.push(left);
        self.returned
            .add_indexes(close.column_index, close.offset_index);
        if self.depot.is_limited() {
            self.settle()?;
        }
        Ok(close.metadata)
    }

    /// Says in the metadata of the row group whose columns have been added where its Bloom filters will be, if they
    /// belong right behind it: from byte `base` of the file on.
    ///
    /// # Errors
    /// If a position does not fit the format.
    pub(super) fn place_filters(
        &mut self,
        base: usize,
        metadata: &mut RowGroupMetaData,
    ) -> Result<()> {
        if self.filters_at != BloomFilterPosition::AfterRowGroup {
            return Ok(());
        }
        let base = i64::try_from(base)?;
        for (chunk, left) in metadata.columns_mut().iter_mut().zip(&mut self.open) {
            if let Some(filter) = left.filter.take() {
                chunk.place_bloom_filter(base + filter.offset, filter.len);
            }
        }
        Ok(())
    }

    /// Writes the next piece of the Bloom filters that have been [placed](Self::place_filters). False once all are
    /// written.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_placed_filters(&mut self, out: &mut dyn FileOutput) -> Result<bool> {
        if self.filters_at != BloomFilterPosition::AfterRowGroup {
            return Ok(false);
        }
        let [filters, ..] = &mut self.logs;
        filters.take_blob(&mut self.depot, &mut |bytes| out.put(bytes))
    }

    /// Takes over the metadata of a row group whose columns have been added, and whose Bloom filters are written if
    /// they belong right behind it.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn add_row_group(&mut self, metadata: RowGroupMetaData) -> Result<()> {
        let [_, _, _, entries, _] = &mut self.logs;
        let (depot, options) = (&mut self.depot, &self.options);
        let (added, columns) = (self.open.len(), metadata.columns().len());
        if added != columns {
            return Err(ParquetError::Internal(format!(
                "{added} of {columns} columns were added before their row group"
            )));
        }
        for (column, (chunk, left)) in metadata.columns().iter().zip(&self.open).enumerate() {
            let unplaced = Unplaced {
                filter: left.filter.map(|at| at.len),
                offset_index: left.offset_index.map(|at| at.len),
                column_index: left.column_index.map(|at| at.len),
            };
            let bytes = CHUNK_BYTES + chunk.memory_size();
            entries.append(depot, column, bytes, |out| {
                put_entry(out, left, |out| {
                    write_unplaced_column_chunk(chunk, &unplaced, options, out)
                })
            })??;
        }
        entries.append(depot, 0, CHUNK_BYTES, |out| {
            put_entry(out, &InLogs::default(), |out| {
                write_row_group_sums(&metadata, out);
                Gaps::default()
            })
        })??;
        self.open.clear();
        self.row_groups += 1;
        self.rows = self.rows.saturating_add(metadata.num_rows());
        self.returned.add_row_group(metadata);
        self.settle()
    }

    /// Takes over a pair for the footer.
    ///
    /// # Errors
    /// If a store cannot be made, or fails.
    pub(super) fn add_pair(&mut self, pair: KeyValue) -> Result<()> {
        let [.., pairs] = &mut self.logs;
        write_pair(&pair, |piece| pairs.extend(&mut self.depot, piece))?;
        self.returned.add_pair(pair);
        self.pairs += 1;
        self.settle()
    }

    /// Metadata of the row groups so far; under a memory limit none once all of it takes too much.
    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        self.returned.row_groups()
    }

    /// Number of row groups so far.
    pub(super) fn num_row_groups(&self) -> usize {
        self.row_groups
    }

    /// Number of rows of all of them.
    pub(super) fn num_rows(&self) -> i64 {
        self.rows
    }

    /// Number of pairs so far.
    pub(super) fn num_pairs(&self) -> usize {
        self.pairs
    }

    /// Heap bytes of what waits, and of the tables of the stores that it waits in.
    #[cfg(feature = "arrow")]
    pub(super) fn memory_size(&self) -> usize {
        self.usage().heap
    }

    /// Gives back the reservation: what waited has been handed over.
    pub(super) fn end(&mut self) {
        self.logs = KINDS.map(Log::new);
        self.reservation = None;
    }

    /// Notes that what stands ahead of the footer, of this kind, begins at byte `base` of the file.
    ///
    /// # Errors
    /// If the position does not fit the format.
    pub(super) fn begin_ahead(&mut self, kind: Ahead, base: usize) -> Result<()> {
        let bases = &mut self.bases;
        let noted = match kind {
            Ahead::Filters => &mut bases.filter,
            Ahead::ColumnIndexes => &mut bases.column_index,
            Ahead::OffsetIndexes => &mut bases.offset_index,
        };
        *noted = i64::try_from(base)?;
        Ok(())
    }

    /// Writes the next blob of what stands ahead of the footer, of this kind. False once all are written.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_ahead(&mut self, kind: Ahead, out: &mut dyn FileOutput) -> Result<bool> {
        let [filters, column_indexes, offset_indexes, ..] = &mut self.logs;
        let log = match kind {
            Ahead::Filters => filters,
            Ahead::ColumnIndexes => column_indexes,
            Ahead::OffsetIndexes => offset_indexes,
        };
        if log.take_blob(&mut self.depot, &mut |bytes| out.put(bytes))? {
            return Ok(true);
        }
        log.shrink();
        self.settle()?;
        Ok(false)
    }

    /// Writes the next blob of what the footer says of row groups, of which `next` is the first entry. False once all
    /// are written: they are then gone but for what is given back.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_row_groups(
        &mut self,
        next: &mut NextEntry,
        footer: &mut FooterWriter,
        emit: &mut Emit<'_>,
    ) -> Result<bool> {
        let [_, _, _, entries, _] = &mut self.logs;
        let (bases, returned) = (&self.bases, &mut self.returned);
        let (row_groups, columns) = (self.row_groups, self.depot.num_columns());
        let last = row_groups.checked_sub(1).map(i32::try_from).transpose()?;
        let ordinals = Ordinals::of([last].into_iter());
        let is_taken = entries.take_blob(&mut self.depot, &mut |bytes| {
            let mut input = Input::new(bytes);
            while let Some(entry) = take_entry(&mut input)? {
                if next.column == 0 {
                    footer.begin_row_group(columns);
                }
                let mut placed = Ok(InLogs::default());
                footer.put(|part| placed = entry.place(bases, part), emit)?;
                let placed = placed?;
                if next.column < columns {
                    returned.place(next.row_group, next.column, &placed)?;
                    next.column += 1;
                } else {
                    footer.end_row_group(Some(i32::try_from(next.row_group)?), ordinals, emit)?;
                    next.column = 0;
                    next.row_group += 1;
                }
            }
            Ok(())
        })?;
        if is_taken {
            return Ok(true);
        }
        entries.shrink();
        if (next.row_group, next.column) != (row_groups, 0) {
            return Err(ParquetError::CorruptBlob(format!(
                "of {row_groups} row groups {} came back from the store",
                next.row_group
            )));
        }
        self.settle()?;
        Ok(false)
    }

    /// Writes the next blob of the pairs that were added. False once all are written.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_pairs(
        &mut self,
        footer: &mut FooterWriter,
        emit: &mut Emit<'_>,
    ) -> Result<bool> {
        let [.., pairs] = &mut self.logs;
        if pairs.take_blob(&mut self.depot, &mut |bytes| footer.bytes(bytes, emit))? {
            return Ok(true);
        }
        pairs.shrink();
        self.depot.clear();
        Ok(false)
    }

    /// Hands over the row groups and, where there is no memory limit, their indexes. Under one there may be no row
    /// groups.
    pub(super) fn take_row_groups(&mut self) -> (Option<Vec<RowGroupMetaData>>, Option<PageIndex>) {
        let columns = self.depot.num_columns();
        let page_index = self.returned.take_page_index(self.row_groups, columns);
        (self.returned.take_row_groups(), page_index)
    }

    /// Hands over all pairs, those of the properties in front; under a memory limit `None` if they take too much.
    pub(super) fn take_pairs(&mut self, given: &[KeyValue]) -> Option<Vec<KeyValue>> {
        self.returned.take_pairs(given)
    }

    /// Lets stores make room where they hold much, and reserves what has no reservation of its own.
    fn settle(&mut self) -> Result<()> {
        let most = self.depot.most_resident_bytes();
        let stores: Usage = self.logs.iter().map(Log::store_usage).sum();
        if most.is_some_and(|most| stores.heap > most) {
            let depot = &mut self.depot;
            self.logs.iter_mut().try_for_each(|log| log.spill(depot))?;
        }
        let size = self.usage().unreserved();
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(size);
        }
        Ok(())
    }

    /// What the logs, their stores, and what is given back to the caller take in memory.
    fn usage(&self) -> Usage {
        let open = self.open.capacity() * size_of::<InLogs>();
        let logs: Usage = self.logs.iter().map(Log::usage).sum();
        logs + Usage::of_heap(open + self.returned.memory_size())
    }
}

/// Appends what `write` writes, and says where it is in the log.
fn put(
    log: &mut Log,
    depot: &mut Depot,
    column: usize,
    bytes: usize,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<Extent> {
    let from = log.len();
    log.append(depot, column, bytes, write)?;
    extent(from, log)
}

/// Appends a filter piece by piece.
fn put_filter(log: &mut Log, depot: &mut Depot, column: usize, filter: &Sbbf) -> Result<Extent> {
    let from = log.len();
    let header = filter.header_bytes()?;
    log.append(depot, column, FILTER_HEADER_BYTES, |out| {
        out.extend_from_slice(&header);
    })?;
    for first in (0..filter.num_blocks()).step_by(PIECE_BLOCKS) {
        let blocks = PIECE_BLOCKS.min(filter.num_blocks() - first);
        log.append(depot, column, blocks * BLOCK_BYTES, |out| {
            filter.append_blocks(first, PIECE_BLOCKS, out);
        })?;
    }
    extent(from, log)
}

fn extent(from: u64, log: &Log) -> Result<Extent> {
    Ok(Extent {
        offset: i64::try_from(from)?,
        len: i32::try_from(log.len() - from)?,
    })
}
