//! One block of 256 bits: eight words, in each of which a value sets one bit.
//!
//! SPEC: BloomFilter.md, "Technical Approach".

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 32;

/// Bits of a block.
pub(super) const BLOCK_BITS: usize = 8 * BLOCK_BYTES;

/// One odd factor for each word. SPEC: BloomFilter.md, `salt`.
const SALT: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// Eight words of 32 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Block([u32; 8]);

impl Block {
    /// The block with just the bits of `key`: in each word the one that the top five bits of the
    /// product with the word's factor name.
    #[inline]
    fn mask(key: u32) -> Self {
        Block(SALT.map(|salt| 1 << (key.wrapping_mul(salt) >> 27)))
    }

    #[inline]
    pub(super) fn insert(&mut self, key: u32) {
        self.merge(&Block::mask(key));
    }

    #[inline]
    pub(super) fn merge(&mut self, other: &Block) {
        for (word, bits) in self.0.iter_mut().zip(other.0) {
            *word |= bits;
        }
    }

    #[inline]
    pub(super) fn check(&self, key: u32) -> bool {
        let missing = self.0.iter().zip(Block::mask(key).0);
        missing.fold(0, |missing, (word, bits)| missing | (bits & !word)) == 0
    }

    pub(super) fn count_ones(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(super) fn from_le_bytes(bytes: &[u8; BLOCK_BYTES]) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        let mut block = Block::default();
        for (word, bytes) in block.0.iter_mut().zip(words) {
            *word = u32::from_le_bytes(*bytes);
        }
        block
    }

    pub(super) fn to_le_bytes(self) -> [u8; BLOCK_BYTES] {
        let mut bytes = [0; BLOCK_BYTES];
        let (words, _) = bytes.as_chunks_mut::<4>();
        for (place, word) in words.iter_mut().zip(self.0) {
            *place = word.to_le_bytes();
        }
        bytes
    }
}
