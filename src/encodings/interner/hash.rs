//! A hash for strings of at least 16 bytes, in tables that live no longer than a column chunk.
//! Shorter strings need none: they are their own keys.
//!
//! A 64-by-64-bit product, folded, mixes 16 bytes at a time. A string of up to 32 bytes is hashed
//! by its first and its last 16, without a branch on its length: they may overlap, and the length,
//! which is hashed too, tells such strings apart.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Bytes hashed at a time.
pub(crate) const CHUNK: usize = 16;

// Fractions of the square roots of 2 and 3: about as many ones as zeros, and no pattern.
const LEN_WORD: u64 = 0x6A09_E667_F3BC_C909;
const PLACE_WORD: u64 = 0xBB67_AE85_84CA_A73B;

/// A number that nobody can know who makes up values: drawn once a process. Which numbers entries
/// get does not depend on it.
pub(crate) fn random_seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(PLACE_WORD));
    *SEED
}

/// Strings of at most this many bytes are their two ends.
pub(crate) const ENDS: usize = 2 * CHUNK;

/// The hash of a string of 16 to 32 bytes.
#[inline(always)]
pub(crate) fn hash_ends(bytes: &[u8], seed: u64) -> u64 {
    let (first, last) = ends(bytes);
    let start = (bytes.len() as u64).wrapping_mul(LEN_WORD);
    absorb(absorb(start, first, seed), last, seed)
}

/// The hash of a longer string.
#[inline]
pub(crate) fn hash_all(bytes: &[u8], seed: u64) -> u64 {
    let mut sum = 0u64;
    let mut place = PLACE_WORD;
    // The chunks are mixed apart from each other and summed up, so that the products overlap in
    // time; each place has its own word, so that chunks that change places change the sum.
    let mut rest = bytes;
    while let Some((pair, behind)) = rest.split_first_chunk::<ENDS>() {
        let (first, second) = ends(pair);
        let next = place.wrapping_add(LEN_WORD);
        sum = sum
            .wrapping_add(absorb(place, first, seed))
            .wrapping_add(absorb(next, second, seed));
        place = next.wrapping_add(LEN_WORD);
        rest = behind;
    }
    // What is left, and bytes before it that are hashed already: the length, which is hashed too,
    // says which.
    let last = bytes
        .last_chunk()
        .map_or((0, 0), |last: &[u8; ENDS]| ends(last));
    let start = sum.wrapping_add((bytes.len() as u64).wrapping_mul(LEN_WORD));
    absorb(absorb(start, last.0, seed), last.1, seed)
}

/// The first and the last 16 bytes of a string that has as many.
#[inline(always)]
pub(crate) fn ends(bytes: &[u8]) -> (u128, u128) {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (u128::from_le_bytes(*first), u128::from_le_bytes(*last)),
        _ => (0, 0),
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "numbers are taken in halves"
)]
fn absorb(state: u64, word: u128, seed: u64) -> u64 {
    let (low, high) = (word as u64, (word >> 64) as u64);
    let product = u128::from(low ^ state) * u128::from(high ^ seed);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 0x3C6E_F372_FE94_F82B;

    fn hash(bytes: &[u8]) -> u64 {
        if bytes.len() > ENDS {
            hash_all(bytes, SEED)
        } else {
            hash_ends(bytes, SEED)
        }
    }

    #[test]
    fn every_byte_and_the_length_change_the_hash() {
        for len in CHUNK..130 {
            let mut bytes: Vec<u8> = (0..len as u8).collect();
            let before = hash(&bytes);
            for at in 0..len {
                bytes[at] ^= 0x80;
                assert_ne!(hash(&bytes), before, "byte {at} of {len}");
                bytes[at] ^= 0x80;
            }
            bytes.push(0);
            assert_ne!(hash(&bytes), before, "length {len}");
        }
    }

    #[test]
    fn chunks_that_change_places_change_the_hash() {
        let mut bytes = [7u8; 96];
        bytes[20..30].fill(1);
        let before = hash(&bytes);
        bytes[20..30].fill(7);
        bytes[36..46].fill(1);
        assert_ne!(hash(&bytes), before);
    }
}
