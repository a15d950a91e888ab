//! The bytes of one store, in the order in which they were put, and the lanes of the segment files that they lie in.

use std::io;

use super::segments::{BLOCK, Lane};
use super::spool::{Attempt, Spool};
use crate::budget::push_tight;
use crate::errors::{ParquetError, Result};

/// What a store has written. It is written once from the start to the end, read once, and given back lane by lane.
///
/// Bytes that are read one after another then lie one after another as well, although many stores write in turn: they
/// are read without a seek, and their disk is given back in large pieces, which costs a file system little more than a
/// small one.
#[derive(Default)]
pub(super) struct Log {
    lanes: Vec<LogLane>,
    /// Bytes written so far.
    end: u64,
    /// Where the last lane ends. No more is written to it if that is the end.
    open_end: u64,
}

struct LogLane {
    /// Absent once it has been given back.
    lane: Option<Lane>,
    /// The first of its bytes in the log.
    start: u64,
    /// Those of its bytes that have not been released.
    left: u64,
}

/// The most that a store reserves beside what it writes now, in blocks.
const MOST_BLOCKS: u64 = (1 << 20) / BLOCK;

/// A store may reserve this part of what it has put, so that a small column reserves nothing.
const PARTS_OF_PUT: u64 = 2;

impl Log {
    /// Writes a blob at the end, and returns where it begins. After an error the log is as it was.
    pub(super) fn append(&mut self, spool: &Spool, bytes: &[u8]) -> Result<u64> {
        let (start, open_end, lanes) = (self.end, self.open_end, self.lanes.len());
        let left = self.lanes.last().map_or(0, |lane| lane.left);
        let mut attempt = Attempt::of(bytes.len());
        let written = self.write(spool, bytes, &mut attempt);
        if written.is_err() {
            for lane in self.lanes.drain(lanes..) {
                lane.give_back(spool);
            }
            if let Some(last) = self.lanes.last_mut() {
                last.left = left;
            }
            // A lane that failed has been cut.
            let last = self.lanes.last().filter(|_| open_end > start);
            let last_end =
                last.and_then(|last| Some(last.start + last.lane.as_ref()?.length_bytes()));
            self.end = start;
            self.open_end = last_end.map_or(start, |end| end.max(start));
        }
        written.map(|()| start)
    }

    /// Fills `buffer` from the bytes that begin at `start`.
    pub(super) fn read(&self, spool: &Spool, start: u64, buffer: &mut [u8]) -> Result<()> {
        let (mut at, mut rest) = (start, buffer);
        while !rest.is_empty() {
            let (index, from, length) = self.piece(at, rest.len())?;
            let (piece, after) = rest.split_at_mut(length);
            let lane = self.lanes.get(index).and_then(|lane| lane.lane.as_ref());
            let lane = lane.ok_or_else(lost)?;
            spool.read(lane, from, piece)?;
            at += length as u64;
            rest = after;
        }
        Ok(())
    }

    /// Gives bytes back that are not needed any more, with the lanes of which nothing is left.
    pub(super) fn release(&mut self, spool: &Spool, start: u64, length: usize) -> Result<()> {
        // Takes follow the puts.
        self.close(spool);
        let (mut at, mut left) = (start, length);
        while left > 0 {
            let (index, _, length) = self.piece(at, left)?;
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.left = lane.left.saturating_sub(length as u64);
                if lane.left == 0
                    && let Some(lane) = lane.lane.take()
                {
                    spool.free(lane);
                }
            }
            at += length as u64;
            left -= length;
        }
        Ok(())
    }

    /// Gives everything back.
    pub(super) fn clear(&mut self, spool: &Spool) {
        for lane in std::mem::take(&mut self.lanes) {
            lane.give_back(spool);
        }
    }

    /// The lane in which a byte lies, for messages.
    pub(super) fn lane_at(&self, start: u64) -> Option<&Lane> {
        let (index, _, _) = self.piece(start, 1).ok()?;
        self.lanes.get(index)?.lane.as_ref()
    }

    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        self.lanes.capacity() * size_of::<LogLane>()
    }

    fn write(&mut self, spool: &Spool, bytes: &[u8], attempt: &mut Attempt) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.open_end == self.end {
                self.open(spool, rest.len(), attempt)?;
            }
            let room = usize::try_from(self.open_end - self.end)?;
            let (piece, after) = rest.split_at(room.min(rest.len()));
            let last = self.lanes.last_mut().ok_or_else(lost)?;
            let lane = last.lane.as_ref().ok_or_else(lost)?;
            if spool.write(lane, self.end - last.start, piece, attempt)? {
                last.left += piece.len() as u64;
                self.end += piece.len() as u64;
                rest = after;
            } else {
                // The next lane is in another directory.
                self.close(spool);
            }
        }
        Ok(())
    }

    /// Opens a lane for `length` bytes, and more the more there is already.
    fn open(&mut self, spool: &Spool, length: usize, attempt: &mut Attempt) -> Result<()> {
        let most = MOST_BLOCKS.min(self.end / PARTS_OF_PUT / BLOCK);
        let lane = spool.open_lane(length as u64, u32::try_from(most)?, attempt)?;
        if self.lanes.is_empty() {
            // Most stores of a wide schema have one.
            self.lanes.reserve_exact(1);
        }
        self.open_end = self.end + lane.length_bytes();
        let lane = LogLane {
            lane: Some(lane),
            start: self.end,
            left: 0,
        };
        push_tight(&mut self.lanes, lane);
        Ok(())
    }

    /// Gives back what the last lane has not been written to.
    fn close(&mut self, spool: &Spool) {
        let is_open = self.open_end > self.end;
        self.open_end = self.end;
        let Some(last) = self.lanes.last_mut().filter(|_| is_open) else {
            return;
        };
        let used = (self.end - last.start).div_ceil(BLOCK);
        let rest = last.lane.as_mut().map(|lane| lane.split_off(used));
        if used == 0 {
            self.lanes.pop();
        }
        if let Some(rest) = rest.filter(|rest| rest.run.length > 0) {
            spool.free(rest);
        }
    }

    /// The lane of the byte at `at`, its place in there, and how many of `most` bytes lie together.
    fn piece(&self, at: u64, most: usize) -> Result<(usize, u64, usize)> {
        let after = self.lanes.partition_point(|lane| lane.start <= at);
        let index = after.checked_sub(1).ok_or_else(lost)?;
        let lane = self.lanes.get(index).ok_or_else(lost)?;
        let end = self.lanes.get(after).map_or(self.end, |next| next.start);
        let length = usize::try_from(end.saturating_sub(at))?.min(most);
        match length {
            0 => Err(lost()),
            _ => Ok((index, at - lane.start, length)),
        }
    }
}

#[cfg(test)]
impl Log {
    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }
}

impl LogLane {
    fn give_back(self, spool: &Spool) {
        if let Some(lane) = self.lane {
            spool.free(lane);
        }
    }
}

/// Never seen: places are those of blobs that are there.
fn lost() -> ParquetError {
    ParquetError::External(Box::new(io::Error::other("a blob lies in no spill file")))
}
