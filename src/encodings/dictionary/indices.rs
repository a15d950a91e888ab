//! Dictionary indices of the open page, each in as few bytes as the dictionary allows so far.

use crate::encodings::rle;

/// Indices of one page, in order.
#[derive(Debug)]
pub(super) enum Indices {
    Byte(Vec<u8>),
    Short(Vec<u16>),
    Word(Vec<u32>),
}

impl Indices {
    /// No indices, and nothing on the heap.
    pub(super) fn new() -> Self {
        Indices::Byte(Vec::new())
    }

    /// Appends indices into a dictionary of `entries` entries by now.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "indices are below the number of entries"
    )]
    pub(super) fn push(&mut self, indices: &[u32], entries: usize) {
        self.widen(entries);
        match self {
            Indices::Byte(bytes) => bytes.extend(indices.iter().map(|index| *index as u8)),
            Indices::Short(shorts) => shorts.extend(indices.iter().map(|index| *index as u16)),
            Indices::Word(words) => words.extend_from_slice(indices),
        }
    }

    /// Number of indices.
    pub(super) fn len(&self) -> usize {
        match self {
            Indices::Byte(bytes) => bytes.len(),
            Indices::Short(shorts) => shorts.len(),
            Indices::Word(words) => words.len(),
        }
    }

    /// Bytes of the indices as they are held.
    pub(super) fn held_bytes(&self) -> usize {
        let width = match self {
            Indices::Byte(_) => size_of::<u8>(),
            Indices::Short(_) => size_of::<u16>(),
            Indices::Word(_) => size_of::<u32>(),
        };
        self.len() * width
    }

    /// Drops the indices and keeps their room.
    pub(super) fn clear(&mut self) {
        match self {
            Indices::Byte(bytes) => bytes.clear(),
            Indices::Short(shorts) => shorts.clear(),
            Indices::Word(words) => words.clear(),
        }
    }

    /// Gives back the room that is not used.
    pub(super) fn shrink(&mut self) {
        match self {
            Indices::Byte(bytes) => bytes.shrink_to_fit(),
            Indices::Short(shorts) => shorts.shrink_to_fit(),
            Indices::Word(words) => words.shrink_to_fit(),
        }
    }

    /// Appends the indices as hybrid runs of `width` bits.
    pub(super) fn encode(&self, width: u8, out: &mut Vec<u8>) {
        match self {
            Indices::Byte(bytes) => rle::encode_indices(bytes, width, out),
            Indices::Short(shorts) => rle::encode_indices(shorts, width, out),
            Indices::Word(words) => rle::encode_indices(words, width, out),
        }
    }

    /// Sets bit `i` of `marks` for each index `i`. All indices must have a bit.
    pub(super) fn mark(&self, marks: &mut [u64]) {
        match self {
            Indices::Byte(bytes) => mark_bytes(bytes, marks),
            Indices::Short(shorts) => mark(shorts.iter().map(|index| usize::from(*index)), marks),
            Indices::Word(words) => mark(words.iter().map(|index| *index as usize), marks),
        }
    }

    /// Bytes held on the heap, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        match self {
            Indices::Byte(bytes) => bytes.capacity(),
            Indices::Short(shorts) => shorts.capacity() * size_of::<u16>(),
            Indices::Word(words) => words.capacity() * size_of::<u32>(),
        }
    }

    #[inline]
    fn widen(&mut self, entries: usize) {
        match self {
            Indices::Byte(bytes) if entries > 1 << 8 => {
                *self = if entries > 1 << 16 {
                    Indices::Word(bytes.iter().map(|index| u32::from(*index)).collect())
                } else {
                    Indices::Short(bytes.iter().map(|index| u16::from(*index)).collect())
                };
            }
            Indices::Short(shorts) if entries > 1 << 16 => {
                *self = Indices::Word(shorts.iter().map(|index| u32::from(*index)).collect());
            }
            _ => {}
        }
    }
}

/// Bytes are marked apart first: neighbours in a column are often the same, and a bit set again
/// and again in one word waits each time for the word to be stored.
fn mark_bytes(bytes: &[u8], marks: &mut [u64]) {
    let mut seen = [false; 256];
    for index in bytes {
        if let Some(seen) = seen.get_mut(usize::from(*index)) {
            *seen = true;
        }
    }
    mark(
        (0..)
            .zip(seen)
            .filter_map(|(index, seen)| seen.then_some(index)),
        marks,
    );
}

#[inline]
fn mark(indices: impl Iterator<Item = usize>, marks: &mut [u64]) {
    for index in indices {
        if let Some(word) = marks.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }
}
