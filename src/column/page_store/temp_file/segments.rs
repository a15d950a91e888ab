//! The table of open segment files: which of them has room, how much disk they take, and when one is
//! no longer needed. Opens no file and moves no bytes.

use std::fs::File;
use std::sync::Arc;

use super::super::{SpillMetrics, events};
use super::blocks::{Blocks, Run};
use crate::errors::{ParquetError, Result};

/// The unit in which space is handed out and disk is counted, in bytes. Where the system's unit is larger it gives
/// back less.
pub(super) const BLOCK: u64 = 4096;

/// A new segment may be as large as this part of what is on disk already, so that the number of open
/// files grows with the logarithm of the data.
const PARTS_OF_DISK: u64 = 8;

/// A blob is not cut into smaller pieces than this to fill gaps, in blocks.
const LEAST_BLOCKS: u32 = 16;

/// The segments of one spool.
pub(super) struct Segments {
    /// A segment's number is its slot; a closed one leaves the slot for the next.
    slots: Vec<Option<Segment>>,
    segment_bytes: u64,
    max_disk_bytes: u64,
    disk_bytes: u64,
    metrics: SpillMetrics,
}

/// An open file. The last to drop it closes the file, and the system takes its space back.
pub(super) struct SegmentFile {
    pub(super) file: File,
    pub(super) directory: usize,
    pub(super) give_back: GiveBack,
    number: usize,
}

/// Whether blocks of a segment can be given back to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveBack {
    /// A block takes no disk before it is written and after it is given back.
    Blocks,
    /// A block takes disk until the whole segment goes.
    Segment,
}

/// Adjacent blocks of a segment, for one store to write to.
pub(super) struct Lane {
    pub(super) file: Arc<SegmentFile>,
    pub(super) run: Run,
}

struct Segment {
    file: Arc<SegmentFile>,
    blocks: Blocks,
}

impl Lane {
    pub(super) fn length_bytes(&self) -> u64 {
        u64::from(self.run.length) * BLOCK
    }

    /// Cuts the lane to its first blocks and returns the others.
    pub(super) fn split_off(&mut self, blocks: u64) -> Self {
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        Self {
            run: self.run.split_off(blocks),
            file: Arc::clone(&self.file),
        }
    }

    /// Bytes from the start of the segment.
    pub(super) fn offset(&self) -> u64 {
        u64::from(self.run.start) * BLOCK
    }
}

impl Segments {
    pub(super) fn new(
        segment_bytes: u64,
        max_disk_bytes: Option<u64>,
        metrics: SpillMetrics,
    ) -> Self {
        Self {
            slots: Vec::new(),
            segment_bytes,
            max_disk_bytes: max_disk_bytes.unwrap_or(u64::MAX),
            disk_bytes: 0,
            metrics,
        }
    }

    /// Between `least` and `most` blocks of a segment of a directory that is `usable`, or `None` if no segment has
    /// them. Where what is left unwritten would take disk, only `needed` blocks.
    pub(super) fn open_lane(
        &mut self,
        needed: u32,
        most: u32,
        usable: impl Fn(usize) -> bool,
    ) -> Option<Lane> {
        let segments = self.slots.iter_mut().flatten();
        segments
            .filter(|segment| usable(segment.file.directory))
            .find_map(|segment| {
                let most = match segment.file.give_back {
                    GiveBack::Blocks => most.max(needed),
                    GiveBack::Segment => needed,
                };
                let run = segment.blocks.take(needed.min(LEAST_BLOCKS), most)?;
                let file = Arc::clone(&segment.file);
                Some(Lane { file, run })
            })
    }

    /// Counts the disk of what is about to be written: `bytes` from the start of a lane on.
    ///
    /// # Errors
    /// If the quota has no room; `requested` is the length of the blob.
    pub(super) fn claim(
        &mut self,
        lane: &Lane,
        bytes: std::ops::Range<u64>,
        requested: u64,
    ) -> Result<()> {
        let (quota, disk_bytes) = (self.max_disk_bytes, self.disk_bytes);
        let Some(segment) = self.get_mut(lane.file.number) else {
            return Ok(());
        };
        let first = u32::try_from(bytes.start / BLOCK)?;
        let end = u32::try_from(bytes.end.div_ceil(BLOCK))?;
        let run = Run {
            start: lane.run.start + first,
            length: end.saturating_sub(first),
        };
        let new_blocks = run.length - segment.blocks.on_disk(run);
        let new_bytes = u64::from(new_blocks) * BLOCK;
        if new_bytes > quota.saturating_sub(disk_bytes) {
            return Err(self.quota_exceeded(requested));
        }
        segment.blocks.written(run);
        self.disk_bytes += new_bytes;
        self.metrics.disk_grew(new_bytes);
        Ok(())
    }

    /// Whether the quota has room for a blob in a new segment.
    pub(super) fn check_quota(&self, length_bytes: u64, requested: u64) -> Result<()> {
        let room_bytes = self.max_disk_bytes.saturating_sub(self.disk_bytes);
        if length_bytes.next_multiple_of(BLOCK) > room_bytes {
            Err(self.quota_exceeded(requested))
        } else {
            Ok(())
        }
    }

    /// Adds an empty segment that has room for at least `needed` blocks.
    pub(super) fn add(&mut self, file: File, give_back: GiveBack, directory: usize, needed: u32) {
        let usual = self.segment_bytes.max(self.disk_bytes / PARTS_OF_DISK) / BLOCK;
        let usual = u32::try_from(usual).unwrap_or(u32::MAX);
        let free = self.slots.iter().position(Option::is_none);
        let number = free.unwrap_or(self.slots.len());
        self.metrics.file_opened();
        let file = SegmentFile {
            file,
            directory,
            give_back,
            number,
        };
        let segment = Some(Segment {
            file: Arc::new(file),
            blocks: Blocks::new(usual.max(needed)),
        });
        match self.slots.get_mut(number) {
            Some(slot) => *slot = segment,
            None => self.slots.push(segment),
        }
    }

    /// Whether blocks should be given back to the system before they are freed.
    pub(super) fn takes_disk(&self, lane: &Lane) -> bool {
        let segment = self.slots.get(lane.file.number).and_then(Option::as_ref);
        segment.is_some_and(|segment| {
            lane.file.give_back == GiveBack::Blocks
                && !segment.blocks.are_all(lane.run)
                && segment.blocks.on_disk(lane.run) > 0
        })
    }

    /// Notes that the blocks of a lane take no disk any more.
    pub(super) fn discarded(&mut self, lane: &Lane) {
        let Some(segment) = self.get_mut(lane.file.number) else {
            return;
        };
        let bytes = u64::from(segment.blocks.on_disk(lane.run)) * BLOCK;
        segment.blocks.discarded(lane.run);
        self.disk_shrank(bytes);
    }

    /// Takes blocks back. Returns whether nothing is left of their segment, which is closed when the lane is dropped.
    pub(super) fn free(&mut self, lane: &Lane) -> bool {
        let Some(slot) = self.slots.get_mut(lane.file.number) else {
            return false;
        };
        let Some(segment) = slot.as_mut() else {
            return false;
        };
        let is_last = segment.blocks.are_all(lane.run);
        segment.blocks.free(lane.run);
        if is_last {
            let bytes = u64::from(segment.blocks.all_on_disk()) * BLOCK;
            *slot = None;
            self.metrics.file_closed();
            self.disk_shrank(bytes);
        }
        is_last
    }

    pub(super) fn open_files(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Bytes of heap in the tables.
    pub(super) fn memory_size(&self) -> usize {
        let blocks = self.slots.iter().flatten();
        let blocks: usize = blocks.map(|segment| segment.blocks.memory_size()).sum();
        blocks + self.slots.capacity() * size_of::<Option<Segment>>()
    }

    fn get_mut(&mut self, number: usize) -> Option<&mut Segment> {
        self.slots.get_mut(number)?.as_mut()
    }

    fn disk_shrank(&mut self, bytes: u64) {
        self.disk_bytes -= bytes;
        self.metrics.disk_shrank(bytes);
    }

    fn quota_exceeded(&self, requested: u64) -> ParquetError {
        let (limit, used) = (self.max_disk_bytes, self.disk_bytes);
        events::quota_reached(limit, used, requested);
        ParquetError::SpillLimitExceeded {
            limit,
            used,
            requested,
        }
    }
}

#[cfg(test)]
impl Segments {
    pub(super) fn file(&self, number: usize) -> Option<Arc<SegmentFile>> {
        let segment = self.slots.get(number)?.as_ref()?;
        Some(Arc::clone(&segment.file))
    }
}
