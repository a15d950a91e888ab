//! The table of open segment files: which of them has room, how much disk they take, and when one is
//! no longer needed. Opens no file and moves no bytes.

use std::fs::File;
use std::sync::Arc;

use super::super::{SpillMetrics, events};
use super::extents::{Extents, GRAINS_PER_BLOCK, GiveBack, Room, Run};
use super::lane::{Lane, Rest};
use crate::errors::{ParquetError, Result};

/// The unit in which space is handed out, in bytes: small beside a page, and large enough that 32 bits
/// address a segment of 256 GiB.
const GRAIN: u64 = 64;

/// The unit in which the system counts disk, in bytes. Where its unit is larger it gives back less.
pub(super) const BLOCK: u64 = GRAIN * GRAINS_PER_BLOCK as u64;

/// A new segment may be as large as this part of what is on disk already, so that the number of open
/// files grows with the logarithm of the data.
const PARTS_OF_DISK: u64 = 8;

/// The segments of one spool.
pub(super) struct Segments {
    /// A segment's number is its slot; a closed one leaves the slot for the next.
    slots: Vec<Option<Segment>>,
    segment_bytes: u64,
    max_disk_bytes: u64,
    disk_bytes: u64,
    table_bytes: usize,
    metrics: SpillMetrics,
}

/// One open file. Dropping it closes the file, and the system takes its space back.
pub(super) struct Segment {
    pub(super) file: Arc<File>,
    pub(super) directory: usize,
    extents: Extents,
    metrics: SpillMetrics,
}

/// Where a blob lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) segment: u32,
    /// In grains from the start of the segment.
    pub(super) start: u32,
    pub(super) length_bytes: u64,
}

/// What is left to do when an extent has been freed.
pub(super) enum Freed {
    /// Nothing.
    Done,
    /// Drop the segment: that was the last blob in it.
    Segment(Segment),
    /// Give these blocks back to the system and [say so](Segments::discarded).
    Blocks(IdleBlocks),
}

/// Blocks of a segment that no blob needs and that nothing is written to.
pub(super) struct IdleBlocks {
    pub(super) file: Arc<File>,
    segment: u32,
    run: Run,
}

/// An extent, and the file and directory it is in.
pub(super) struct Place {
    pub(super) extent: Extent,
    pub(super) file: Arc<File>,
    pub(super) directory: usize,
}

impl Extent {
    /// Bytes from the start of the segment.
    pub(super) fn offset(&self) -> u64 {
        u64::from(self.start) * GRAIN
    }

    /// One extent of both, if `next` begins where this one ends.
    pub(super) fn joined(self, next: Self) -> Option<Self> {
        let length = grains(self.length_bytes).ok()?;
        let follows = self.segment == next.segment && self.start + length == next.start;
        follows.then(|| Self {
            length_bytes: u64::from(length) * GRAIN + next.length_bytes,
            ..self
        })
    }

    fn run(&self) -> Result<Run> {
        Ok(Run {
            start: self.start,
            length: grains(self.length_bytes)?,
        })
    }
}

impl IdleBlocks {
    /// Bytes from the start of the segment.
    pub(super) fn offset(&self) -> u64 {
        u64::from(self.run.start) * GRAIN
    }

    pub(super) fn length_bytes(&self) -> u64 {
        u64::from(self.run.length) * GRAIN
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
            table_bytes: 0,
            metrics,
        }
    }

    /// Finds room for `length_bytes` in a segment of a directory that is `usable`: freed space first,
    /// then the end of a segment. `None` if no segment has room; an error if one has, and the disk
    /// quota does not.
    pub(super) fn place(
        &mut self,
        length_bytes: u64,
        usable: impl Fn(usize) -> bool,
    ) -> Result<Option<Place>> {
        let wanted = grains(length_bytes)?;
        let mut over_quota = false;
        for find in [Segment::room_in_hole, Segment::room_at_end] {
            for (slot, segment) in self.slots.iter_mut().enumerate() {
                let Some(segment) = segment.as_mut().filter(|s| usable(s.directory)) else {
                    continue;
                };
                let Some(room) = find(segment, wanted) else {
                    continue;
                };
                let new_bytes = u64::from(room.new_blocks) * BLOCK;
                if new_bytes > self.max_disk_bytes.saturating_sub(self.disk_bytes) {
                    over_quota = true;
                    continue;
                }
                let before = segment.extents.memory_size();
                let run = segment.extents.place(room);
                self.table_bytes = self.table_bytes + segment.extents.memory_size() - before;
                self.disk_bytes += new_bytes;
                self.metrics.disk_grew(new_bytes);
                return segment.place(slot, run, length_bytes).map(Some);
            }
        }
        match over_quota {
            true => Err(self.quota_exceeded(length_bytes)),
            false => Ok(None),
        }
    }

    /// Puts `length_bytes` at the front of a lane. `None` if the lane is shorter, or the quota has no room.
    pub(super) fn place_in_lane(
        &mut self,
        lane: &mut Lane,
        length_bytes: u64,
    ) -> Result<Option<Place>> {
        let wanted = grains(length_bytes)?;
        let Some(rest) = lane.rest.as_mut().filter(|rest| rest.run.length >= wanted) else {
            return Ok(None);
        };
        let new_bytes = u64::from(Extents::new_blocks_in_lane(rest.run, wanted)) * BLOCK;
        let room_bytes = self.max_disk_bytes.saturating_sub(self.disk_bytes);
        let slot = usize::try_from(rest.segment)?;
        let segment = self.slots.get_mut(slot).and_then(Option::as_mut);
        let Some(segment) = segment.filter(|_| new_bytes <= room_bytes) else {
            return Ok(None);
        };
        let run = segment.extents.place_in_lane(&mut rest.run, wanted);
        self.disk_bytes += new_bytes;
        self.metrics.disk_grew(new_bytes);
        segment.place(slot, run, length_bytes).map(Some)
    }

    /// Reserves about `length_bytes` in a segment of a directory that is `usable`. No segment is opened for it.
    pub(super) fn open_lane(
        &mut self,
        length_bytes: u64,
        usable: impl Fn(usize) -> bool,
    ) -> Result<Option<Rest>> {
        let wanted = grains(length_bytes)?;
        for (slot, segment) in self.slots.iter_mut().enumerate() {
            let Some(segment) = segment.as_mut().filter(|s| usable(s.directory)) else {
                continue;
            };
            let before = segment.extents.memory_size();
            let run = segment.extents.open_lane(wanted);
            self.table_bytes = self.table_bytes + segment.extents.memory_size() - before;
            if let Some(run) = run {
                let segment = u32::try_from(slot)?;
                return Ok(Some(Rest { segment, run }));
            }
        }
        Ok(None)
    }

    /// Takes back what is left of a lane.
    pub(super) fn end_lane(&mut self, rest: Rest) -> Freed {
        self.take_back(rest.segment, |extents| extents.end_lane(rest.run))
    }

    /// Whether the quota has room for a blob in a new segment.
    pub(super) fn check_quota(&self, length_bytes: u64) -> Result<()> {
        let room_bytes = self.max_disk_bytes.saturating_sub(self.disk_bytes);
        match length_bytes.next_multiple_of(BLOCK) > room_bytes {
            true => Err(self.quota_exceeded(length_bytes)),
            false => Ok(()),
        }
    }

    /// Adds an empty segment that has room for at least `length_bytes`.
    pub(super) fn add(
        &mut self,
        file: File,
        give_back: GiveBack,
        directory: usize,
        length_bytes: u64,
    ) -> Result<()> {
        let usual = self.segment_bytes.max(self.disk_bytes / PARTS_OF_DISK);
        let usual = u32::try_from(usual / GRAIN).unwrap_or(u32::MAX);
        let segment = Segment {
            file: Arc::new(file),
            directory,
            extents: Extents::new(usual.max(grains(length_bytes)?), give_back),
            metrics: self.metrics.clone(),
        };
        self.metrics.file_opened();
        match self.slots.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(segment),
            None => self.slots.push(Some(segment)),
        }
        Ok(())
    }

    /// Takes an extent back.
    pub(super) fn free(&mut self, extent: Extent) -> Result<Freed> {
        let run = extent.run()?;
        Ok(self.take_back(extent.segment, |extents| extents.free(run)))
    }

    /// Takes blocks back that take no disk any more.
    pub(super) fn discarded(&mut self, idle: &IdleBlocks) -> Freed {
        let Some(segment) = self.get_mut(idle.segment) else {
            return Freed::Done;
        };
        let before = segment.extents.memory_size();
        segment.extents.discarded(idle.run);
        let after = segment.extents.memory_size();
        self.table_bytes = self.table_bytes + after - before;
        self.disk_bytes -= idle.length_bytes();
        self.metrics.disk_shrank(idle.length_bytes());
        self.close_if_empty(idle.segment)
    }

    /// The segment with this number.
    pub(super) fn get(&self, number: u32) -> Option<&Segment> {
        let slot = usize::try_from(number).ok()?;
        self.slots.get(slot)?.as_ref()
    }

    pub(super) fn open_files(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Bytes of heap in the tables of free space.
    pub(super) fn memory_size(&self) -> usize {
        self.table_bytes + self.slots.capacity() * size_of::<Option<Segment>>()
    }

    fn take_back(&mut self, number: u32, free: impl FnOnce(&mut Extents) -> Option<Run>) -> Freed {
        let Some(segment) = self.get_mut(number) else {
            return Freed::Done;
        };
        let before = segment.extents.memory_size();
        let idle = free(&mut segment.extents);
        let (after, file) = (segment.extents.memory_size(), Arc::clone(&segment.file));
        self.table_bytes = self.table_bytes + after - before;
        match idle {
            Some(run) => Freed::Blocks(IdleBlocks {
                file,
                segment: number,
                run,
            }),
            None => self.close_if_empty(number),
        }
    }

    fn close_if_empty(&mut self, number: u32) -> Freed {
        let slot = usize::try_from(number).ok();
        let Some(slot) = slot.and_then(|slot| self.slots.get_mut(slot)) else {
            return Freed::Done;
        };
        let Some(segment) = slot.take_if(|segment| segment.extents.is_empty()) else {
            return Freed::Done;
        };
        let freed_bytes = u64::from(segment.extents.blocks()) * BLOCK;
        self.table_bytes -= segment.extents.memory_size();
        self.disk_bytes -= freed_bytes;
        self.metrics.disk_shrank(freed_bytes);
        Freed::Segment(segment)
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Segment> {
        let slot = usize::try_from(number).ok()?;
        self.slots.get_mut(slot)?.as_mut()
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

impl Segment {
    fn room_in_hole(&mut self, wanted: u32) -> Option<Room> {
        self.extents.room_in_hole(wanted)
    }

    fn room_at_end(&mut self, wanted: u32) -> Option<Room> {
        self.extents.room_at_end(wanted)
    }

    fn place(&self, slot: usize, run: Run, length_bytes: u64) -> Result<Place> {
        Ok(Place {
            extent: Extent {
                segment: u32::try_from(slot)?,
                start: run.start,
                length_bytes,
            },
            file: Arc::clone(&self.file),
            directory: self.directory,
        })
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        self.metrics.file_closed();
    }
}

fn grains(length_bytes: u64) -> Result<u32> {
    u32::try_from(length_bytes.div_ceil(GRAIN)).map_err(|_| {
        ParquetError::General(format!(
            "a blob of {length_bytes} bytes is larger than a spill file can be"
        ))
    })
}
