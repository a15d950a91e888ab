//! Page indexes that are read back for the caller when the file ends, as long as the budget has room for them.

use super::Chunk;
use super::heap::RowGroupIndexes;
use crate::budget::Reservation;
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;

/// All indexes so far, or none: half of them would be taken for all.
pub(super) struct Kept {
    indexes: Option<Vec<RowGroupIndexes>>,
    /// Heap bytes of the indexes themselves.
    bytes: usize,
    reservation: Reservation,
}

impl Kept {
    /// Nothing yet; `reservation` is for what is kept.
    pub(super) fn new(reservation: Reservation) -> Self {
        Self {
            indexes: Some(Vec::new()),
            bytes: 0,
            reservation,
        }
    }

    pub(super) fn add_column_index(&mut self, chunk: Chunk, index: ColumnIndexMetaData) {
        let bytes = index.memory_size();
        self.add(chunk, bytes, |group| {
            group.put_column_index(chunk.column, index)
        });
    }

    pub(super) fn add_offset_index(&mut self, chunk: Chunk, index: OffsetIndexMetaData) {
        let bytes = index.memory_size();
        self.add(chunk, bytes, |group| {
            group.put_offset_index(chunk.column, index)
        });
    }

    /// Pays for an index that is about to be decoded from `bytes`. False if there is no room for it, or was none for one
    /// before: then nothing is kept.
    pub(super) fn claim(&mut self, bytes: &[u8]) -> bool {
        self.indexes.is_some() && self.pay(self.reservation.size() + bytes.len())
    }

    /// The indexes, and the bytes reserved for them.
    pub(super) fn into_indexes(self) -> (Option<Vec<RowGroupIndexes>>, usize) {
        (self.indexes, self.reservation.size())
    }

    fn add(&mut self, chunk: Chunk, bytes: usize, put: impl FnOnce(&mut RowGroupIndexes)) {
        let Some(indexes) = &mut self.indexes else {
            return;
        };
        if indexes.len() <= chunk.row_group {
            indexes.resize_with(chunk.row_group + 1, RowGroupIndexes::default);
        }
        if let Some(group) = indexes.get_mut(chunk.row_group) {
            let before = group.table_bytes();
            put(group);
            self.bytes += bytes + group.table_bytes() - before;
        }
        let wanted = self.bytes + indexes.capacity() * size_of::<RowGroupIndexes>();
        self.pay(wanted);
    }

    /// Drops all indexes if the budget does not grant so much; returns whether it does.
    fn pay(&mut self, wanted: usize) -> bool {
        let is_granted = self.reservation.try_resize(wanted).is_ok();
        if !is_granted {
            self.indexes = None;
            self.reservation.resize(0);
        }
        is_granted
    }
}
