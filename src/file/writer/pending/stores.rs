//! What waits serialized in page stores, in the order in which the file will hold it. On the heap stays only what is given
//! back to the caller, as far as that is little.

use std::io::Write;
use std::sync::Arc;

use super::entries::{Bases, InLogs, put_entry, take_entry};
use super::log::{Log, Origin, Scratch};
use super::returned::Returned;
use super::{Extent, Leftovers, position};
use crate::bloom_filter::Sbbf;
use crate::budget::{Member, MemoryBudget};
use crate::column::chunk::WhenFull;
use crate::column::page_store::PageStoreFactory;
use crate::errors::{ParquetError, Result};
use crate::file::metadata::{KeyValue, RowGroupMetaData};
use crate::file::properties::BloomFilterPosition;
use crate::file::writer::TrackedWrite;
use crate::schema::types::SchemaDescPtr;
use crate::wire::chunk::{Gaps, Unplaced, write_unplaced_column_chunk};
use crate::wire::compact::input::Input;
use crate::wire::footer::{
    FooterOptions, FooterWriter, Ordinals, write_pair, write_row_group_sums,
};
use crate::wire::index::{write_column_index, write_offset_index};

/// What waits in stores.
pub(super) struct Stores {
    origin: Origin,
    filters: Log,
    column_indexes: Log,
    offset_indexes: Log,
    /// Column chunks, and behind those of a row group what it says of itself.
    entries: Log,
    pairs: Log,
    /// What the columns of the open row group have left.
    open: Vec<InLogs>,
    bases: Bases,
    pub(super) returned: Returned,
    options: FooterOptions,
    scratch: Scratch,
    /// What may be held in memory follows its limit, and the number of writers that share it.
    budget: MemoryBudget,
}

/// The part of a limit that is gathered before it goes to a store.
const BLOB_PART: usize = 128;

/// Blobs are not planned smaller than this, nor larger than that.
const BLOB_BYTES: std::ops::RangeInclusive<usize> = 2 << 10..=64 << 10;

/// The same, of a fair share.
const BLOB_PART_OF_SHARE: usize = 32;

/// The part of a limit that what waits in stores may take on the heap: what is left is for pages.
const RESIDENT_PART: usize = 8;

/// The same, of a fair share.
const RESIDENT_PART_OF_SHARE: usize = 16;

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

impl Stores {
    /// Asks `factory` for stores when there is something to put away.
    pub(super) fn new(
        factory: Arc<dyn PageStoreFactory>,
        schema: SchemaDescPtr,
        when_full: WhenFull,
        member: &Member,
        options: FooterOptions,
    ) -> Self {
        let budget = member.budget().clone();
        let blob_bytes = blob_bytes(&budget);
        Self {
            origin: Origin {
                factory,
                schema,
                when_full,
            },
            filters: Log::new("Bloom filters", blob_bytes),
            column_indexes: Log::new("column indexes", blob_bytes),
            offset_indexes: Log::new("offset indexes", blob_bytes),
            entries: Log::new("metadata", blob_bytes),
            pairs: Log::new("key-value pairs", blob_bytes),
            open: Vec::new(),
            bases: Bases::default(),
            returned: Returned::new(member.fair_share()),
            options,
            scratch: Scratch::new(member.reserve()),
            budget,
        }
    }

    /// Puts away what the next chunk of the open row group leaves.
    ///
    /// # Errors
    /// If a store cannot be made, or fails.
    pub(super) fn add_column(&mut self, column: usize, leftovers: &Leftovers) -> Result<()> {
        self.follow();
        let origin = &self.origin;
        let mut pending = InLogs::default();
        if let Some(filter) = &leftovers.filter {
            pending.filter = Some(put_filter(&mut self.filters, origin, column, filter)?);
        }
        if let Some(index) = &leftovers.column_index {
            let pages = usize::try_from(index.num_pages())?;
            let bytes = index.memory_size() + pages * BYTES_BESIDE_PAGE;
            let log = &mut self.column_indexes;
            pending.column_index = Some(put(log, origin, column, bytes, |out| {
                write_column_index(index, out);
            })?);
        }
        if let Some(index) = &leftovers.offset_index {
            let bytes = index.page_locations.len() * LOCATION_BYTES;
            let log = &mut self.offset_indexes;
            pending.offset_index = Some(put(log, origin, column, bytes, |out| {
                write_offset_index(index, out);
            })?);
        }
        self.open.push(pending);
        Ok(())
    }

    /// Puts away what a row group says, whose columns have been added; Bloom filters that belong right behind it are
    /// written.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn add_row_group<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        mut metadata: RowGroupMetaData,
        filters_at: BloomFilterPosition,
    ) -> Result<()> {
        if filters_at == BloomFilterPosition::AfterRowGroup {
            let base = position(sink)?;
            let (origin, scratch) = (&self.origin, &mut self.scratch);
            self.filters
                .drain(origin, scratch, |bytes| Ok(sink.write_all(bytes)?))?;
            for (chunk, pending) in metadata.columns_mut().iter_mut().zip(&mut self.open) {
                if let Some(filter) = pending.filter.take() {
                    chunk.place_bloom_filter(base + filter.offset, filter.len);
                }
            }
        }
        let (origin, options) = (&self.origin, &self.options);
        let no_indexes = InLogs::default();
        for (column, chunk) in metadata.columns().iter().enumerate() {
            let pending = self.open.get(column).unwrap_or(&no_indexes);
            let unplaced = Unplaced {
                filter: pending.filter.map(|at| at.len),
                offset_index: pending.offset_index.map(|at| at.len),
                column_index: pending.column_index.map(|at| at.len),
            };
            let bytes = CHUNK_BYTES + chunk.memory_size();
            self.entries.append(origin, column, bytes, |out| {
                put_entry(out, pending, |out| {
                    write_unplaced_column_chunk(chunk, &unplaced, options, out)
                })
            })??;
        }
        self.entries.append(origin, 0, CHUNK_BYTES, |out| {
            put_entry(out, &no_indexes, |out| {
                write_row_group_sums(&metadata, out);
                Gaps::default()
            })
        })??;
        self.open.clear();
        self.returned.add_row_group(metadata);
        Ok(())
    }

    /// Puts a pair away.
    ///
    /// # Errors
    /// If a store cannot be made, or fails.
    pub(super) fn add_pair(&mut self, pair: KeyValue) -> Result<()> {
        let (origin, pairs) = (&self.origin, &mut self.pairs);
        write_pair(&pair, |piece| pairs.extend(origin, piece))?;
        self.returned.add_pair(pair);
        Ok(())
    }

    /// Writes late filters, then all column indexes, then all offset indexes.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_ahead<W: Write>(&mut self, sink: &mut TrackedWrite<W>) -> Result<()> {
        let (origin, scratch) = (&self.origin, &mut self.scratch);
        let mut write = |log: &mut Log| -> Result<i64> {
            let base = position(sink)?;
            log.drain(origin, scratch, |bytes| Ok(sink.write_all(bytes)?))?;
            log.shrink();
            Ok(base)
        };
        self.bases.filter = write(&mut self.filters)?;
        self.bases.column_index = write(&mut self.column_indexes)?;
        self.bases.offset_index = write(&mut self.offset_indexes)?;
        Ok(())
    }

    /// Writes what the row groups say, `row_groups` of them.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_row_groups<E: FnMut(&[u8]) -> Result<()>>(
        &mut self,
        footer: &mut FooterWriter<E>,
        row_groups: usize,
    ) -> Result<()> {
        let columns = self.origin.schema.num_columns();
        let last = row_groups.checked_sub(1).map(i32::try_from).transpose()?;
        let ordinals = Ordinals::of([last].into_iter());
        let (bases, returned) = (&self.bases, &mut self.returned);
        let mut next = Next::default();
        let see = |bytes: &[u8]| {
            let mut input = Input::new(bytes);
            while let Some(entry) = take_entry(&mut input)? {
                if next.column == 0 {
                    footer.begin_row_group(columns);
                }
                let mut placed = Ok(InLogs::default());
                footer.put(|part| placed = entry.place(bases, part))?;
                let placed = placed?;
                if next.column < columns {
                    returned.place(next.row_group, next.column, &placed);
                    next.column += 1;
                } else {
                    footer.end_row_group(Some(i32::try_from(next.row_group)?), ordinals)?;
                    next.column = 0;
                    next.row_group += 1;
                }
            }
            Ok(())
        };
        self.entries.drain(&self.origin, &mut self.scratch, see)?;
        self.entries.shrink();
        match next {
            Next {
                row_group,
                column: 0,
            } if row_group == row_groups => Ok(()),
            _ => Err(ParquetError::CorruptBlob(format!(
                "of {row_groups} row groups {} came back from the store",
                next.row_group
            ))),
        }
    }

    /// Writes the pairs that were added.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_pairs<E: FnMut(&[u8]) -> Result<()>>(
        &mut self,
        footer: &mut FooterWriter<E>,
    ) -> Result<()> {
        let scratch = &mut self.scratch;
        self.pairs
            .drain(&self.origin, scratch, |bytes| footer.bytes(bytes))?;
        self.pairs.shrink();
        scratch.clear();
        Ok(())
    }

    /// Asks the stores to move out what they hold in memory, if that is much.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn make_room(&mut self) -> Result<()> {
        let most = self.budget.part(RESIDENT_PART, RESIDENT_PART_OF_SHARE);
        if most.is_none_or(|most| self.resident_bytes() <= most) {
            return Ok(());
        }
        let origin = &self.origin;
        for log in [
            &mut self.filters,
            &mut self.column_indexes,
            &mut self.offset_indexes,
            &mut self.entries,
            &mut self.pairs,
        ] {
            log.spill(origin)?;
        }
        Ok(())
    }

    /// Bytes of tables, of buffers, of blobs that stores had no room for, and of what is given back to the caller.
    pub(super) fn own_bytes(&self) -> usize {
        self.sum(Log::own_bytes)
            + self.open.capacity() * size_of::<InLogs>()
            + self.returned.memory_size()
    }

    /// Bytes that the stores say they hold in memory.
    pub(super) fn resident_bytes(&self) -> usize {
        self.sum(Log::resident_bytes)
    }

    /// Those of them that the stores have not reserved themselves.
    pub(super) fn unreserved_bytes(&self) -> usize {
        self.sum(Log::unreserved_bytes)
    }

    /// Lets blobs be smaller where more writers share the limit than before.
    fn follow(&mut self) {
        let bytes = blob_bytes(&self.budget);
        for log in [
            &mut self.filters,
            &mut self.column_indexes,
            &mut self.offset_indexes,
            &mut self.entries,
            &mut self.pairs,
        ] {
            log.gather_less(bytes);
        }
    }

    fn sum(&self, bytes: impl Fn(&Log) -> usize) -> usize {
        let logs = [
            &self.filters,
            &self.column_indexes,
            &self.offset_indexes,
            &self.entries,
            &self.pairs,
        ];
        logs.into_iter().map(bytes).sum()
    }
}

/// How large a blob is at first.
fn blob_bytes(budget: &MemoryBudget) -> usize {
    let part = budget.part(BLOB_PART, BLOB_PART_OF_SHARE);
    part.map_or(*BLOB_BYTES.end(), |bytes| {
        let bytes = bytes.clamp(*BLOB_BYTES.start(), *BLOB_BYTES.end());
        bytes.next_power_of_two()
    })
}

/// The row group and the column that an entry is of; past the last column, the row group itself.
#[derive(Debug, Default, Clone, Copy)]
struct Next {
    row_group: usize,
    column: usize,
}

/// Appends what `write` writes, and says where it is in the log.
fn put(
    log: &mut Log,
    origin: &Origin,
    column: usize,
    bytes: usize,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<Extent> {
    let from = log.len();
    log.append(origin, column, bytes, write)?;
    extent(from, log)
}

/// Appends a filter piece by piece.
fn put_filter(log: &mut Log, origin: &Origin, column: usize, filter: &Sbbf) -> Result<Extent> {
    let from = log.len();
    let header = filter.header_bytes()?;
    log.append(origin, column, FILTER_HEADER_BYTES, |out| {
        out.extend_from_slice(&header);
    })?;
    for first in (0..filter.num_blocks()).step_by(PIECE_BLOCKS) {
        let blocks = PIECE_BLOCKS.min(filter.num_blocks() - first);
        log.append(origin, column, blocks * BLOCK_BYTES, |out| {
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
