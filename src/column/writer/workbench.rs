//! Scratch memory that pages are assembled in: one bench a thread at work, however many columns
//! there are. Codec contexts, which can be megabytes, live here too.

use std::sync::{Arc, Mutex, PoisonError};

use crate::basic::Compression;
use crate::budget::{MemoryBudget, Reservation};
use crate::compression::{Codec, create_codec};
use crate::errors::Result;

/// Benches that wait for the next page. Cheap to clone; clones share.
#[derive(Debug, Clone)]
pub(crate) struct WorkbenchPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    idle: Mutex<Vec<Workbench>>,
    budget: MemoryBudget,
}

/// Reused buffers and codecs for one page at a time.
#[derive(Debug)]
pub(crate) struct Workbench {
    /// The page before compression.
    pub(super) body: Vec<u8>,
    /// The page as stored, if that is not `body` itself.
    pub(super) blob: Vec<u8>,
    /// The page header.
    pub(super) header: Vec<u8>,
    codecs: Vec<Slot>,
    reservation: Reservation,
}

struct Slot {
    compression: Compression,
    codec: Option<Box<dyn Codec>>,
}

/// Codecs kept beside one another; a writer with more kinds than this recreates the oldest.
const CODECS: usize = 4;

/// Lengths and widths that stand beside a page's levels and values.
const SLACK_BYTES: usize = 64;

impl WorkbenchPool {
    pub(crate) fn new(budget: MemoryBudget) -> Self {
        Self {
            shared: Arc::new(Shared {
                idle: Mutex::new(Vec::new()),
                budget,
            }),
        }
    }

    /// Lends a bench to `work`.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Workbench) -> Result<T>) -> Result<T> {
        let idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut bench = idle.unwrap_or_else(|| Workbench::new(&self.shared.budget));
        let result = work(&mut bench);
        bench.settle();
        self.shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(bench);
        result
    }

    /// Lends a bench's buffer to `work`, for one page at a time that is not assembled here.
    pub(crate) fn with_buffer<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> Result<T>) -> Result<T> {
        self.with(|bench| work(&mut bench.body))
    }

    /// Heap bytes of the benches that wait.
    pub(crate) fn memory_size(&self) -> usize {
        let idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.iter().map(Workbench::memory_size).sum()
    }

    /// Frees the benches that wait.
    pub(crate) fn clear(&self) {
        self.shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Workbench {
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

    /// Begins the blob with the first `len` bytes of the body; the rest will follow compressed.
    pub(super) fn start_blob(&mut self, len: usize) {
        // What may be compressed may also become a little larger.
        let compressed = self.body.len() + self.body.len() / 8;
        if self.blob.capacity() < compressed {
            self.blob = Vec::new();
        }
        self.blob.clear();
        self.blob
            .extend_from_slice(self.body.get(..len).unwrap_or_default());
    }

    /// Compresses `body[from..]` behind what `blob` holds.
    pub(super) fn compress(&mut self, compression: Compression, from: usize) -> Result<()> {
        let place = match self
            .codecs
            .iter()
            .position(|slot| slot.compression == compression)
        {
            Some(place) => place,
            None => {
                if self.codecs.len() == CODECS {
                    self.codecs.remove(0);
                }
                self.codecs.push(Slot {
                    compression,
                    codec: create_codec(compression)?,
                });
                self.codecs.len() - 1
            }
        };
        let input = self.body.get(from..).unwrap_or_default();
        match self
            .codecs
            .get_mut(place)
            .and_then(|slot| slot.codec.as_mut())
        {
            Some(codec) => codec.compress(input, &mut self.blob),
            None => {
                self.blob.extend_from_slice(input);
                Ok(())
            }
        }
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

    fn settle(&mut self) {
        let size = self.memory_size();
        self.reservation.resize(size);
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
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}
