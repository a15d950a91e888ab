//! [`Sbbf`]: the filter, its size, and how it shrinks to what it holds.

use std::io::Write;

use twox_hash::XxHash64;

use super::block::{BLOCK_BITS, BLOCK_BYTES, Block};
use super::header::BloomFilterHeader;
use crate::data_type::AsBytes;
use crate::errors::{ParquetError, Result};

/// The smallest filter, in bytes: one block.
pub const BITSET_MIN_LENGTH: usize = BLOCK_BYTES;

/// The largest filter that is made here, in bytes: 128 MiB.
pub const BITSET_MAX_LENGTH: usize = 128 * 1024 * 1024;

/// Words of a block, and with them bits that a value sets.
const BITS_PER_VALUE: i32 = 8;

/// Blocks put into bytes at a time when a filter is written.
const BLOCKS_PER_WRITE: usize = 256;

/// A split-block Bloom filter over the hashes of values.
///
/// Says of a value that it was certainly not inserted, or that it probably was.
///
/// ```
/// use herringbone::bloom_filter::Sbbf;
///
/// let mut filter = Sbbf::new_with_ndv_fpp(1000, 0.01)?;
/// filter.insert("herring");
/// filter.insert(&42_i64);
/// assert!(filter.check("herring") && filter.check(&42_i64));
/// assert!(!filter.check("sprat"));
/// # Ok::<(), herringbone::errors::ParquetError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbbf {
    blocks: Vec<Block>,
}

impl Sbbf {
    /// An empty filter that takes `ndv` distinct values before more than the share `fpp` of others
    /// is taken for one of them.
    ///
    /// Filters have a power of two of bytes, so this one may be up to twice as large as it must be,
    /// and [`BITSET_MAX_LENGTH`] may make it smaller.
    ///
    /// No size keeps to an `fpp` of 0: the filter is then the smallest.
    ///
    /// # Errors
    /// If `fpp` is below 0, or not below 1.
    pub fn new_with_ndv_fpp(ndv: u64, fpp: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&fpp) {
            return Err(ParquetError::General(format!(
                "False positive probability must be between 0.0 and 1.0, got {fpp}"
            )));
        }
        Ok(Self::new_with_num_of_bytes(bytes_for(ndv, fpp)))
    }

    /// Bytes of the filter that [`Self::new_with_ndv_fpp`] makes.
    pub(crate) fn bytes_for_ndv_fpp(ndv: u64, fpp: f64) -> usize {
        filter_bytes(bytes_for(ndv, fpp))
    }

    /// An empty filter of at least `num_bytes` bytes: the next power of two, from
    /// [`BITSET_MIN_LENGTH`] to [`BITSET_MAX_LENGTH`].
    pub fn new_with_num_of_bytes(num_bytes: usize) -> Self {
        Self {
            blocks: vec![Block::default(); filter_bytes(num_bytes) / BLOCK_BYTES],
        }
    }

    /// The filter whose bits are `bitset`, as [`Self::write_bitset`] wrote them. Bytes beyond the
    /// last whole block are left out.
    pub fn new(bitset: &[u8]) -> Self {
        let (blocks, _) = bitset.as_chunks();
        Self {
            blocks: blocks.iter().map(Block::from_le_bytes).collect(),
        }
    }

    /// Reads what [`Self::write`] wrote: header and bits, and nothing behind them.
    ///
    /// # Errors
    /// If the header is none, or the bits are more or fewer than it says.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (header, bitset) = BloomFilterHeader::read(bytes)?;
        let expected = header.num_blocks()? * BLOCK_BYTES;
        if bitset.len() != expected {
            return Err(ParquetError::General(format!(
                "Bloom filter has {} bytes of bits, its header says {expected}",
                bitset.len()
            )));
        }
        Ok(Self::new(bitset))
    }

    /// Inserts the hash of `value`. Numbers count by their little-endian bytes, as in the `PLAIN`
    /// encoding; byte arrays and text by their bytes alone.
    #[inline]
    pub fn insert<T: AsBytes + ?Sized>(&mut self, value: &T) {
        self.insert_hash(hash(value));
    }

    /// Inserts a value by its [`hash`].
    #[inline]
    pub(crate) fn insert_hash(&mut self, hash: u64) {
        let (block, key) = self.place(hash);
        if let Some(block) = self.blocks.get_mut(block) {
            block.insert(key);
        }
    }

    /// Adds the bits of `bitset`, which begin with those of block `first`, to what is set already. Blocks beyond the
    /// filter's last are left out.
    pub(crate) fn merge_bitset(&mut self, first: usize, bitset: &[u8]) {
        let (blocks, _) = bitset.as_chunks();
        let own = self.blocks.get_mut(first..).unwrap_or_default();
        for (own, other) in own.iter_mut().zip(blocks) {
            own.merge(&Block::from_le_bytes(other));
        }
    }

    /// Merges neighbouring blocks as long as the filter then still keeps to `target_fpp`, estimated
    /// from the bits that are set; an empty filter becomes one block.
    ///
    /// Every value inserted remains in the filter. A filter that misses the target already stays as
    /// it is.
    pub fn fold_to_target_fpp(&mut self, target_fpp: f64) {
        if self.blocks.is_empty() {
            return;
        }
        let fill = self.fill();
        // Values of block i are to be found in block i / 2 of a filter with half as many, so the
        // number of blocks must be even every time.
        let folds = (0..=self.blocks.len().trailing_zeros())
            .take_while(|folds| fpp_after(fill, *folds) <= target_fpp)
            .last()
            .unwrap_or(0);
        if folds == 0 {
            return;
        }
        let folded = self.blocks.len() >> folds;
        for place in 0..folded {
            let group = place << folds;
            let mut merged = Block::default();
            for block in self.blocks.iter().skip(group).take(1 << folds) {
                merged.merge(block);
            }
            if let Some(block) = self.blocks.get_mut(place) {
                *block = merged;
            }
        }
        self.blocks.truncate(folded);
        self.blocks.shrink_to_fit();
    }

    /// Whether `value` may have been inserted; false means that it certainly was not.
    #[inline]
    pub fn check<T: AsBytes + ?Sized>(&self, value: &T) -> bool {
        let (block, key) = self.place(hash(value));
        // A filter without blocks rules nothing out.
        self.blocks.get(block).is_none_or(|block| block.check(key))
    }

    /// Blocks of 32 bytes.
    pub fn num_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// How probably a value that was not inserted passes, estimated from the share of bits set; 1 for a filter
    /// without blocks, which lets everything pass.
    pub fn estimated_fpp(&self) -> f64 {
        if self.blocks.is_empty() {
            1.0
        } else {
            fpp_after(self.fill(), 0)
        }
    }

    /// Writes the header and the bits.
    ///
    /// # Errors
    /// If `writer` fails, or the filter is larger than a header can say, 2 GiB.
    pub fn write<W: Write>(&self, mut writer: W) -> Result<()> {
        writer.write_all(&self.header_bytes()?)?;
        self.write_bitset(writer)
    }

    /// What stands in front of the bits.
    ///
    /// # Errors
    /// If the filter is larger than a header can say, 2 GiB.
    pub(crate) fn header_bytes(&self) -> Result<Vec<u8>> {
        let num_bytes = i32::try_from(self.blocks.len() * BLOCK_BYTES)?;
        Ok(BloomFilterHeader::new(num_bytes).to_bytes())
    }

    /// Writes the bits without a header.
    ///
    /// # Errors
    /// If `writer` fails.
    pub fn write_bitset<W: Write>(&self, mut writer: W) -> Result<()> {
        let mut bytes = Vec::with_capacity(BLOCKS_PER_WRITE.min(self.blocks.len()) * BLOCK_BYTES);
        for first in (0..self.blocks.len()).step_by(BLOCKS_PER_WRITE) {
            bytes.clear();
            self.append_blocks(first, BLOCKS_PER_WRITE, &mut bytes);
            writer.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Appends the bits of up to `count` blocks from block `first` on to `out`.
    pub(crate) fn append_blocks(&self, first: usize, count: usize, out: &mut Vec<u8>) {
        let blocks = self.blocks.iter().skip(first).take(count);
        out.extend(blocks.flat_map(|block| block.to_le_bytes()));
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.blocks.capacity() * BLOCK_BYTES
    }

    /// The block of a hash, by its upper half, and the key within the block, its lower half.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of a hash; a block's number is below the number of blocks"
    )]
    fn place(&self, hash: u64) -> (usize, u32) {
        let block = ((hash >> 32) * self.blocks.len() as u64) >> 32;
        (block as usize, hash as u32)
    }

    /// The share of all bits that is set.
    #[expect(
        clippy::cast_precision_loss,
        reason = "an estimate; filters have at most 2^34 bits, which is exact"
    )]
    fn fill(&self) -> f64 {
        let set: u64 = self.blocks.iter().map(Block::count_ones).sum();
        let all = self.blocks.len().max(1) * BLOCK_BITS;
        set as f64 / all as f64
    }
}

/// The hash by which filters know a value. SPEC: BloomFilter.md: XXH64 of the value's `PLAIN` bytes, seed 0.
#[inline]
pub(crate) fn hash<T: AsBytes + ?Sized>(value: &T) -> u64 {
    XxHash64::oneshot(0, value.as_bytes())
}

/// The bytes of a filter of at least `num_bytes`, within what is allowed.
fn filter_bytes(num_bytes: usize) -> usize {
    num_bytes
        .clamp(BITSET_MIN_LENGTH, BITSET_MAX_LENGTH)
        .next_power_of_two()
}

/// Bytes that `ndv` values need. They leave a bit of `m` unset with probability exp(-8·ndv/m), and
/// another value passes if its eight bits are all set: fpp = (1 - exp(-8·ndv/m))^8, solved for m.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an estimate, not negative; a cast to an integer saturates"
)]
fn bytes_for(ndv: u64, fpp: f64) -> usize {
    let bits_per_value = f64::from(BITS_PER_VALUE);
    let bits = -bits_per_value * ndv as f64 / (1.0 - fpp.powf(bits_per_value.recip())).ln();
    bits as usize / 8
}

/// The probability of a false positive once a filter with the share `fill` of bits set has been
/// halved `folds` times: a bit is then unset if all that came to lie on it were.
fn fpp_after(fill: f64, folds: u32) -> f64 {
    let merged = f64::from(folds).exp2();
    let set = 1.0 - (1.0 - fill).powf(merged);
    set.powi(BITS_PER_VALUE)
}
