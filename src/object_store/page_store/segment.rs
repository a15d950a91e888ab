//! Blobs that become one object: gathered, laid out, found again. Knows nothing of requests.

use std::mem;
use std::ops::Range;

use bytes::Bytes;

/// What a blob costs while it is gathered, beside its bytes: half of a list's places may be empty.
const BLOB_OVERHEAD_BYTES: usize = 2 * size_of::<Bytes>() + 2 * size_of::<usize>();

/// Smaller blobs are copied together, since each part of a payload costs a client some work.
const SMALL_BLOB_BYTES: usize = 4 << 10;

/// Bytes that are copied together.
const BLOCK_BYTES: usize = 64 << 10;

/// The blobs of several stores. Those of one store follow one another in the object, so that they can be read together.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pieces: Vec<Piece>,
    /// Pieces that stores still have blobs in.
    pub(super) wanted: usize,
    payload: Payload,
    /// What the payload costs whoever owns the segment.
    payload_bytes: usize,
}

/// The blobs of one store.
#[derive(Debug)]
enum Piece {
    /// Absent once taken.
    Gathered(Vec<Option<Bytes>>),
    /// Where each begins in the object.
    Placed(Box<[u32]>),
    /// Nobody wants them any more.
    Gone,
}

/// The bytes of an object, in parts that no blob reaches across.
#[derive(Debug, Default)]
struct Payload {
    parts: Vec<(u64, Bytes)>,
    length: u64,
}

impl Segment {
    /// Adds an empty piece and returns its number.
    pub(super) fn open_piece(&mut self) -> usize {
        self.wanted += 1;
        self.pieces.push(Piece::Gathered(Vec::new()));
        self.pieces.len() - 1
    }

    /// Adds a blob at the end of a piece, while the segment is gathered.
    pub(super) fn push(&mut self, piece: usize, blob: Bytes) {
        if let Some(Piece::Gathered(blobs)) = self.pieces.get_mut(piece) {
            blobs.push(Some(blob));
        }
    }

    /// Takes a blob out of a segment that is gathered.
    pub(super) fn take_gathered(&mut self, piece: usize, at: usize) -> Option<Bytes> {
        match self.pieces.get_mut(piece)? {
            Piece::Gathered(blobs) => blobs.get_mut(at)?.take(),
            Piece::Placed(_) | Piece::Gone => None,
        }
    }

    /// Where a blob begins in the object.
    pub(super) fn start_of(&self, piece: usize, at: usize) -> Option<u64> {
        match self.pieces.get(piece)? {
            Piece::Placed(starts) => starts.get(at).map(|start| u64::from(*start)),
            Piece::Gathered(_) | Piece::Gone => None,
        }
    }

    /// Forgets a piece, and returns what its blobs cost while they were gathered.
    pub(super) fn forget(&mut self, piece: usize) -> usize {
        let Some(piece) = self.pieces.get_mut(piece) else {
            return 0;
        };
        let freed = match mem::replace(piece, Piece::Gone) {
            Piece::Gone => return 0,
            Piece::Gathered(blobs) => blobs
                .iter()
                .flatten()
                .map(Bytes::len)
                .map(gathered_bytes)
                .sum(),
            Piece::Placed(_) => 0,
        };
        self.wanted -= 1;
        freed
    }

    /// A segment of one blob in one piece, for whose bytes somebody else pays.
    pub(super) fn alone(blob: Bytes) -> Self {
        Self {
            pieces: vec![Piece::Placed(Box::new([0]))],
            wanted: 1,
            payload: Payload::of(blob),
            payload_bytes: 0,
        }
    }

    /// Lays all blobs out, piece after piece. The payload stays until it is [let go](Self::drop_payload); returns what
    /// it costs.
    pub(super) fn seal(&mut self) -> usize {
        let mut layout = Layout::default();
        for piece in &mut self.pieces {
            if let Piece::Gathered(blobs) = piece {
                let blobs = mem::take(blobs).into_iter();
                let starts = blobs.map(|blob| layout.push(blob.unwrap_or_default()));
                *piece = Piece::Placed(starts.collect());
            }
        }
        self.payload = layout.finish();
        self.payload_bytes = self.payload.memory_size();
        self.payload_bytes
    }

    /// The bytes of the object.
    pub(super) fn length(&self) -> u64 {
        self.payload.length
    }

    /// The payload, for a request.
    pub(super) fn parts(&self) -> Vec<Bytes> {
        self.payload
            .parts
            .iter()
            .map(|(_, part)| part.clone())
            .collect()
    }

    /// A blob of the payload, while that is in memory.
    pub(super) fn blob(&self, range: Range<u64>) -> Option<Bytes> {
        self.payload.blob(range)
    }

    /// Frees the payload, and returns what it cost.
    pub(super) fn drop_payload(&mut self) -> usize {
        self.payload = Payload::default();
        mem::take(&mut self.payload_bytes)
    }
}

/// What a blob of this length costs while it is gathered.
pub(super) fn gathered_bytes(length: usize) -> usize {
    length + BLOB_OVERHEAD_BYTES
}

impl Payload {
    /// One blob that is an object of its own.
    fn of(blob: Bytes) -> Self {
        let length = blob.len() as u64;
        Self {
            parts: vec![(0, blob)],
            length,
        }
    }

    fn memory_size(&self) -> usize {
        let bytes: usize = self.parts.iter().map(|(_, part)| part.len()).sum();
        bytes + self.parts.capacity() * (size_of::<(u64, Bytes)>() + 2 * size_of::<usize>())
    }

    fn blob(&self, range: Range<u64>) -> Option<Bytes> {
        let after = self
            .parts
            .partition_point(|(start, _)| *start <= range.start);
        let (start, part) = self.parts.get(after.checked_sub(1)?)?;
        let from = usize::try_from(range.start - start).ok()?;
        let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
        (to <= part.len()).then(|| part.slice(from..to))
    }
}

#[derive(Default)]
struct Layout {
    payload: Payload,
    /// Small blobs, copied together.
    block: Vec<u8>,
}

impl Layout {
    /// Adds a blob and returns where it begins.
    fn push(&mut self, blob: Bytes) -> u32 {
        let is_small = blob.len() < SMALL_BLOB_BYTES;
        if !is_small || self.block.len() + blob.len() > BLOCK_BYTES {
            self.end_block();
        }
        let start = self.payload.length + self.block.len() as u64;
        if is_small {
            self.block.extend_from_slice(&blob);
        } else {
            self.add(blob);
        }
        // Segments are smaller than 4 GiB, or hold one blob.
        u32::try_from(start).unwrap_or(u32::MAX)
    }

    fn finish(mut self) -> Payload {
        self.end_block();
        self.payload
    }

    fn end_block(&mut self) {
        if !self.block.is_empty() {
            let block = mem::take(&mut self.block).into_boxed_slice();
            self.add(block.into());
        }
    }

    fn add(&mut self, part: Bytes) {
        let start = self.payload.length;
        self.payload.length += part.len() as u64;
        self.payload.parts.push((start, part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(length: usize, byte: u8) -> Bytes {
        vec![byte; length].into()
    }

    #[test]
    fn blobs_of_a_piece_follow_one_another_whatever_the_order_of_the_puts() {
        let mut segment = Segment::default();
        let (a, b) = (segment.open_piece(), segment.open_piece());
        for turn in 0..3 {
            segment.push(a, blob(10_000, turn));
            segment.push(b, blob(7, 10 + turn));
        }
        segment.seal();
        assert_eq!(segment.length(), 30_021);
        assert_eq!(segment.parts().len(), 4, "small blobs are one part");
        for turn in 0..3_u64 {
            let at = turn as usize;
            assert_eq!(segment.start_of(a, at), Some(turn * 10_000));
            let start = segment.start_of(b, at).unwrap();
            assert_eq!(start, 30_000 + 7 * turn);
            let found = segment.blob(start..start + 7).unwrap();
            assert_eq!(found, blob(7, 10 + turn as u8));
        }
        assert!(segment.blob(30_020..30_022).is_none());
    }

    #[test]
    fn blobs_that_were_taken_before_are_not_in_the_object() {
        let mut segment = Segment::default();
        let piece = segment.open_piece();
        for byte in 0..4 {
            segment.push(piece, blob(5000, byte));
        }
        assert_eq!(segment.take_gathered(piece, 1), Some(blob(5000, 1)));
        segment.seal();
        assert_eq!(segment.length(), 15_000);
        assert_eq!(segment.start_of(piece, 2), Some(5000));
        assert_eq!(segment.blob(5000..10_000), Some(blob(5000, 2)));
    }

    #[test]
    fn a_piece_is_forgotten_once() {
        let mut segment = Segment::default();
        let piece = segment.open_piece();
        segment.open_piece();
        segment.push(piece, blob(100, 0));
        assert_eq!(segment.forget(piece), 100 + BLOB_OVERHEAD_BYTES);
        assert_eq!((segment.forget(piece), segment.wanted), (0, 1));
    }
}
