//! What a file's row groups leave behind until the footer is written: metadata, page indexes, and Bloom filters; and the
//! pairs of text that the footer holds.

mod entries;
mod heap;
mod log;
mod returned;
mod stores;

use std::io::Write;
use std::sync::Arc;

use super::tracked::TrackedWrite;
use crate::bloom_filter::Sbbf;
use crate::budget::{Member, Reservation};
use crate::column::chunk::{ColumnCloseResult, WhenFull};
use crate::column::page_store::PageStoreFactory;
use crate::errors::Result;
use crate::file::metadata::{ColumnChunkMetaData, KeyValue, RowGroupMetaData};
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;
use crate::file::properties::{BloomFilterPosition, WriterProperties};
use crate::schema::types::SchemaDescPtr;
use crate::wire::footer::{FooterOptions, FooterWriter, Ordinals};
use heap::Heap;
pub(super) use heap::RowGroupIndexes;
use stores::Stores;

/// Everything that waits for the footer, or for the end of its row group.
pub(super) struct Pending {
    place: Place,
    row_groups: usize,
    rows: i64,
    pairs: usize,
    filters_at: BloomFilterPosition,
    options: FooterOptions,
    reservation: Option<Reservation>,
}

/// Where it waits: as it is on the heap, to be handed back to the caller, or serialized in stores, to keep a memory limit.
enum Place {
    Heap(Heap),
    Stores(Box<Stores>),
}

/// What a closed column chunk leaves beside its metadata.
#[derive(Debug, Default)]
struct Leftovers {
    filter: Option<Sbbf>,
    column_index: Option<ColumnIndexMetaData>,
    offset_index: Option<OffsetIndexMetaData>,
}

/// Position and length of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    offset: i64,
    len: i32,
}

/// Notes in a chunk's metadata where something that belongs to it was written: position and length, in bytes.
type NoteIn = fn(&mut ColumnChunkMetaData, i64, i32);

impl Pending {
    /// Everything waits on the heap, unpaid for.
    pub(super) fn on_heap(props: &WriterProperties) -> Self {
        Self {
            place: Place::Heap(Heap::default()),
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

    /// Lets `member` pay for what waits. Where that has a limit, everything waits in stores of `stores`, or on the heap where
    /// `when_full` says so. The stores are made when they are needed.
    pub(super) fn park_in(
        &mut self,
        stores: Arc<dyn PageStoreFactory>,
        member: &Member,
        schema: SchemaDescPtr,
        when_full: WhenFull,
    ) {
        self.reservation = Some(member.reserve());
        if !member.shared().is_unlimited() {
            let stores = Stores::new(stores, schema, when_full, member, self.options);
            self.place = Place::Stores(Box::new(stores));
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
    /// If a store fails.
    pub(super) fn add_column(
        &mut self,
        column: usize,
        close: ColumnCloseResult,
    ) -> Result<ColumnChunkMetaData> {
        let ColumnCloseResult {
            metadata,
            bloom_filter,
            column_index,
            offset_index,
            ..
        } = close;
        let leftovers = Leftovers {
            filter: bloom_filter,
            column_index,
            offset_index,
        };
        match &mut self.place {
            Place::Heap(heap) => heap.add_column(self.row_groups, column, leftovers),
            Place::Stores(stores) => stores.add_column(column, &leftovers)?,
        }
        self.settle()?;
        Ok(metadata)
    }

    /// Takes over the metadata of a row group whose columns have been added; Bloom filters that belong right behind it
    /// are written.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn add_row_group<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        metadata: RowGroupMetaData,
    ) -> Result<()> {
        let rows = metadata.num_rows();
        match &mut self.place {
            Place::Heap(heap) => heap.add_row_group(sink, metadata, self.filters_at)?,
            Place::Stores(stores) => stores.add_row_group(sink, metadata, self.filters_at)?,
        }
        self.row_groups += 1;
        self.rows = self.rows.saturating_add(rows);
        self.settle()
    }

    /// Takes over a pair for the footer.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn add_pair(&mut self, pair: KeyValue) -> Result<()> {
        match &mut self.place {
            Place::Heap(heap) => heap.add_pair(pair),
            Place::Stores(stores) => stores.add_pair(pair)?,
        }
        self.pairs += 1;
        self.settle()
    }

    /// Metadata of the row groups so far; under a memory limit none once all of it takes too much.
    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        match &self.place {
            Place::Heap(heap) => &heap.row_groups,
            Place::Stores(stores) => stores.returned.row_groups(),
        }
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
    pub(super) fn memory_size(&self) -> usize {
        match &self.place {
            Place::Heap(heap) => heap.memory_size(),
            Place::Stores(stores) => stores.own_bytes() + stores.resident_bytes(),
        }
    }

    /// Gives back the reservation: what waited has been handed over.
    pub(super) fn end(&mut self) {
        self.place = Place::Heap(Heap::default());
        self.reservation = None;
    }

    /// Writes late filters, then all column indexes, then all offset indexes.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_ahead<W: Write>(&mut self, sink: &mut TrackedWrite<W>) -> Result<()> {
        match &mut self.place {
            Place::Heap(heap) => heap.write_ahead(sink)?,
            Place::Stores(stores) => stores.write_ahead(sink)?,
        }
        self.settle()
    }

    /// Writes what the footer says of row groups, which is then gone but for what is handed back.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_row_groups<E: FnMut(&[u8]) -> Result<()>>(
        &mut self,
        footer: &mut FooterWriter<E>,
    ) -> Result<()> {
        match &mut self.place {
            Place::Heap(heap) => {
                let row_groups = &heap.row_groups;
                let ordinals = Ordinals::of(row_groups.iter().map(RowGroupMetaData::ordinal));
                for row_group in row_groups {
                    footer.row_group(row_group, ordinals, &self.options)?;
                }
            }
            Place::Stores(stores) => stores.write_row_groups(footer, self.row_groups)?,
        }
        self.settle()
    }

    /// Writes the pairs that were added.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write_pairs<E: FnMut(&[u8]) -> Result<()>>(
        &mut self,
        footer: &mut FooterWriter<E>,
    ) -> Result<()> {
        match &mut self.place {
            Place::Heap(heap) => heap.pairs.iter().try_for_each(|pair| footer.pair(pair)),
            Place::Stores(stores) => stores.write_pairs(footer),
        }
    }

    /// Hands over the row groups and, where there is no memory limit, their indexes. Under one there may be no row groups.
    pub(super) fn take_row_groups(&mut self) -> (Vec<RowGroupMetaData>, Vec<RowGroupIndexes>) {
        match &mut self.place {
            Place::Heap(heap) => heap.take(),
            Place::Stores(stores) => (stores.returned.take_row_groups(), Vec::new()),
        }
    }

    /// Hands over all pairs, those of the properties in front; under a memory limit `None` if they take too much.
    pub(super) fn take_pairs(&mut self, given: &[KeyValue]) -> Option<Vec<KeyValue>> {
        match &mut self.place {
            Place::Heap(heap) => {
                let mut pairs = given.to_vec();
                pairs.append(&mut heap.pairs);
                Some(pairs)
            }
            Place::Stores(stores) => stores.returned.take_pairs(given),
        }
    }

    /// Reserves what has no reservation of its own, and lets stores make room where they hold much.
    fn settle(&mut self) -> Result<()> {
        let size = match &mut self.place {
            Place::Heap(heap) => heap.memory_size(),
            Place::Stores(stores) => {
                stores.make_room()?;
                stores.own_bytes() + stores.unreserved_bytes()
            }
        };
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(size);
        }
        Ok(())
    }
}

/// Where in the file `sink` stands.
fn position<W: Write>(sink: &TrackedWrite<W>) -> Result<i64> {
    Ok(i64::try_from(sink.bytes_written())?)
}
