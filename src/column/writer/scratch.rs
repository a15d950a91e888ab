//! Scratch memory that pages are assembled in: one set of buffers a thread at work, however many columns
//! there are. Codec contexts, which can be megabytes, live here too.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::budget::{MemoryBudget, Reservation};
use crate::compression::{Codec, Strength, create_codec};
use crate::errors::Result;

/// Scratch memory that waits for the next page. Cheap to clone; clones share.
#[derive(Debug, Clone)]
pub(crate) struct ScratchPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    idle: Mutex<Vec<PageScratch>>,
    /// Buffers of pages that were sealed elsewhere, for the next ones.
    buffers: Mutex<Buffers>,
    budget: MemoryBudget,
}

/// Reused buffers and codecs for one page at a time.
#[derive(Debug)]
pub(crate) struct PageScratch {
    /// The page before compression.
    pub(super) body: Vec<u8>,
    /// The page as stored, if that is not `body` itself.
    pub(super) blob: Vec<u8>,
    /// The page header.
    pub(super) header: Vec<u8>,
    codecs: Vec<Slot>,
    reservation: Reservation,
}

#[derive(Debug)]
struct Buffers {
    idle: Vec<Vec<u8>>,
    reservation: Reservation,
}

struct Slot {
    strength: Strength,
    codec: Option<Box<dyn Codec>>,
    /// What the codec took at most for a page so far. It will again, so that this stays paid for between pages.
    working_bytes: usize,
}

/// Codecs kept beside one another; a writer with more kinds than this recreates the oldest.
pub(crate) const CODECS: usize = 4;

/// The part of a page by which a codec may make it longer, at most.
const LONGER_PART: usize = 8;

/// Lengths and widths that stand beside a page's levels and values.
const SLACK_BYTES: usize = 64;

impl ScratchPool {
    pub(crate) fn new(budget: MemoryBudget) -> Self {
        Self {
            shared: Arc::new(Shared {
                idle: Mutex::new(Vec::new()),
                buffers: Mutex::new(Buffers {
                    idle: Vec::new(),
                    reservation: budget.reserve(),
                }),
                budget,
            }),
        }
    }

    /// What pays for all of it.
    pub(crate) fn budget(&self) -> &MemoryBudget {
        &self.shared.budget
    }

    /// Lends scratch memory to `work`.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut PageScratch) -> Result<T>) -> Result<T> {
        let idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut scratch = idle.unwrap_or_else(|| PageScratch::new(&self.shared.budget));
        let result = work(&mut scratch);
        scratch.settle();
        self.shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(scratch);
        result
    }

    /// Lends a buffer to `work`, for one page at a time that is not assembled here.
    pub(crate) fn with_buffer<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> Result<T>) -> Result<T> {
        self.with(|scratch| work(&mut scratch.body))
    }

    /// A buffer that was [given back](Self::give_buffer), or a new one. What it holds means nothing.
    pub(super) fn take_buffer(&self) -> Vec<u8> {
        self.buffers().take()
    }

    /// Keeps `buffer` for a page to come.
    pub(super) fn give_buffer(&self, buffer: Vec<u8>) {
        if buffer.capacity() > 0 {
            self.buffers().give(buffer);
        }
    }

    /// Nothing yet, of the budget that scratch memory is paid from.
    pub(super) fn reserve(&self) -> Reservation {
        self.shared.budget.reserve()
    }

    /// Heap bytes of the scratch memory that waits. What a codec takes only while it works is not there.
    pub(crate) fn memory_size(&self) -> usize {
        let idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let buffers = self.buffers().memory_size();
        buffers + idle.iter().map(PageScratch::memory_size).sum::<usize>()
    }

    /// Bytes that are paid for the scratch memory that waits, with what codecs take only while they work.
    pub(crate) fn reserved_size(&self) -> usize {
        let idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.iter().map(|scratch| scratch.reservation.size()).sum()
    }

    /// Bytes that the codecs of so many threads will take beyond what is paid for, if those of each take `codec_bytes`
    /// together.
    pub(crate) fn missing_codec_bytes(&self, codec_bytes: usize, threads: usize) -> usize {
        let idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let last = idle.iter().rev().take(threads);
        let paid = last.map(|scratch| scratch.codec_bytes().min(codec_bytes));
        (codec_bytes * threads).saturating_sub(paid.sum())
    }

    /// Frees the buffers that wait. Codecs stay: the next page needs them at once.
    pub(crate) fn free_buffers(&self) {
        self.buffers().clear();
        let mut idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.iter_mut().for_each(PageScratch::free_buffers);
    }

    /// Frees all that waits.
    pub(crate) fn clear(&self) {
        self.buffers().clear();
        self.shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn buffers(&self) -> MutexGuard<'_, Buffers> {
        let buffers = self.shared.buffers.lock();
        buffers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffers {
    fn take(&mut self) -> Vec<u8> {
        let buffer = self.idle.pop().unwrap_or_default();
        self.reservation.shrink(buffer.capacity());
        buffer
    }

    fn give(&mut self, buffer: Vec<u8>) {
        self.reservation.grow(buffer.capacity());
        self.idle.push(buffer);
    }

    fn clear(&mut self) {
        self.idle = Vec::new();
        self.reservation.resize(0);
    }

    fn memory_size(&self) -> usize {
        self.idle.iter().map(Vec::capacity).sum()
    }
}

impl PageScratch {
    fn new(budget: &MemoryBudget) -> Self {
        Self {
            body: Vec::new(),
            blob: Vec::new(),
            header: Vec::new(),
            codecs: Vec::new(),
            reservation: budget.reserve(),
        }
    }

    /// Empties the body and sees to it that `bytes` fit, and a few more.
    pub(super) fn start_body(&mut self, bytes: usize) {
        empty_for(&mut self.body, bytes + SLACK_BYTES);
        self.settle();
    }

    /// Begins the blob with `room` bytes and these of the body; the rest will follow compressed.
    pub(super) fn start_blob(&mut self, room: usize, levels: Range<usize>) {
        // What may be compressed may also become a little larger.
        let compressed = self.body.len() + self.body.len() / LONGER_PART;
        if self.blob.capacity() < compressed {
            self.blob = Vec::new();
        }
        self.blob.clear();
        self.blob.resize(room, 0);
        self.blob
            .extend_from_slice(self.body.get(levels).unwrap_or_default());
    }

    /// Compresses `body[from..]` behind what `blob` holds.
    pub(super) fn compress(&mut self, strength: Strength, from: usize) -> Result<()> {
        let place = match self
            .codecs
            .iter()
            .position(|slot| slot.strength == strength)
        {
            Some(place) => place,
            None => {
                if self.codecs.len() == CODECS {
                    self.codecs.remove(0);
                }
                self.codecs.push(Slot {
                    strength,
                    codec: create_codec(strength)?,
                    working_bytes: 0,
                });
                self.codecs.len() - 1
            }
        };
        let len = self.body.len().saturating_sub(from);
        if let Some(slot) = self.codecs.get_mut(place) {
            slot.working_bytes = slot.working_bytes.max(strength.working_bytes(len));
        }
        let longest = self.blob.len() + len + len / LONGER_PART;
        let blob_bytes = self.blob.capacity().max(longest);
        let paid = self.body.capacity() + self.header.capacity() + self.codec_bytes();
        self.reservation.resize(paid + blob_bytes);
        let input = self.body.get(from..).unwrap_or_default();
        match self
            .codecs
            .get_mut(place)
            .and_then(|slot| slot.codec.as_mut())
        {
            Some(codec) => codec.compress(input, &mut self.blob)?,
            None => self.blob.extend_from_slice(input),
        }
        self.settle();
        Ok(())
    }

    /// Heap bytes, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        let codecs: usize = self
            .codecs
            .iter()
            .map(|slot| slot.codec.as_ref().map_or(0, |codec| codec.memory_size()))
            .sum();
        self.body.capacity() + self.blob.capacity() + self.header.capacity() + codecs
    }

    fn free_buffers(&mut self) {
        self.body = Vec::new();
        self.blob = Vec::new();
        self.header = Vec::new();
        self.settle();
    }

    /// What is paid for codecs.
    fn codec_bytes(&self) -> usize {
        let slots = self.codecs.iter();
        slots
            .map(|slot| {
                let kept = slot.codec.as_ref().map_or(0, |codec| codec.memory_size());
                kept.max(slot.working_bytes)
            })
            .sum()
    }

    fn settle(&mut self) {
        let buffers = self.body.capacity() + self.blob.capacity() + self.header.capacity();
        self.reservation.resize(buffers + self.codec_bytes());
    }
}

/// Empties `buffer` and makes room for `bytes`. A buffer that is too small goes before the new one
/// comes: its contents need no copy, and the two are never there together.
fn empty_for(buffer: &mut Vec<u8>, bytes: usize) {
    if buffer.capacity() < bytes {
        *buffer = Vec::new();
        buffer.reserve_exact(bytes);
    }
    buffer.clear();
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("strength", &self.strength)
            .finish_non_exhaustive()
    }
}
