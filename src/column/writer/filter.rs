//! The Bloom filter of the chunk at work: the hashes of its values while these are few, bits from then on. Knows
//! neither stores nor budgets; what it holds can be taken away in parts and given back at the end.

use arrow_buffer::ToByteSlice;

use crate::bloom_filter::Sbbf;
use crate::column::chunk::FilterPart;
use crate::column::hashes::for_each_hash;
use crate::data_type::values::Values;
use crate::errors::Result;
use crate::file::properties::BloomFilterProperties;

/// Takes in the values of a chunk and ends as its Bloom filter.
///
/// A filter is as large as the distinct values that it is made for ask, whatever it will hold, so bits are set only
/// when the hashes would take as much room. A chunk of few values never has a large filter.
pub(crate) struct FilterBuilder {
    properties: BloomFilterProperties,
    /// Bytes of a filter for all the distinct values that the properties allow for.
    full_bytes: usize,
    /// Hashes taken in, the repeated ones too.
    hashes: u64,
    content: Content,
    has_parted_with_bits: bool,
}

enum Content {
    Hashes(Vec<u64>),
    Bits(Sbbf),
}

/// Bytes of a part at most.
const PART_BYTES: usize = 64 * 1024;
const HASH_BYTES: usize = size_of::<u64>();
const BLOCK_BYTES: usize = 32;

impl FilterBuilder {
    /// Holds no memory before the first value.
    pub(super) fn new(properties: BloomFilterProperties) -> Self {
        Self {
            full_bytes: Sbbf::bytes_for_ndv_fpp(properties.ndv(), properties.fpp()),
            properties,
            hashes: 0,
            content: Content::Hashes(Vec::new()),
            has_parted_with_bits: false,
        }
    }

    /// Takes in values.
    pub(super) fn insert(&mut self, values: &Values<'_>) {
        self.hashes += values.len() as u64;
        if let Content::Hashes(held) = &mut self.content {
            if (held.len() + values.len()) * HASH_BYTES <= self.full_bytes {
                reserve(held, values.len(), self.full_bytes / HASH_BYTES);
                return for_each_hash(values, |hash| held.push(hash));
            }
            self.content = Content::Bits(filter_of(held, self.full_bytes));
        }
        if let Content::Bits(filter) = &mut self.content {
            for_each_hash(values, |hash| filter.insert_hash(hash));
        }
    }

    /// Gives away all that is held, part by part, and goes on empty.
    ///
    /// # Errors
    /// That of `put`; the filter is then of no further use.
    pub(crate) fn part_with(
        &mut self,
        put: &mut dyn FnMut(FilterPart, &[u8]) -> Result<()>,
    ) -> Result<()> {
        match std::mem::replace(&mut self.content, Content::Hashes(Vec::new())) {
            Content::Hashes(held) => {
                for hashes in held.chunks(PART_BYTES / HASH_BYTES) {
                    put(FilterPart::Hashes, hashes.to_byte_slice())?;
                }
            }
            Content::Bits(filter) => {
                self.has_parted_with_bits = true;
                let blocks = PART_BYTES / BLOCK_BYTES;
                let mut bitset = Vec::with_capacity(PART_BYTES);
                for first in (0..filter.num_blocks()).step_by(blocks) {
                    bitset.clear();
                    filter.append_blocks(first, blocks, &mut bitset);
                    put(FilterPart::Bits { first }, &bitset)?;
                }
            }
        }
        Ok(())
    }

    /// Takes a part back. No value may be taken in after that.
    pub(crate) fn take_back(&mut self, part: FilterPart, bytes: &[u8]) {
        if let Content::Hashes(held) = &self.content {
            self.content = Content::Bits(filter_of(held, self.sufficient_bytes()));
        }
        let Content::Bits(filter) = &mut self.content else {
            return;
        };
        match part {
            FilterPart::Hashes => {
                let (hashes, _) = bytes.as_chunks();
                hashes
                    .iter()
                    .for_each(|hash| filter.insert_hash(u64::from_ne_bytes(*hash)));
            }
            FilterPart::Bits { first } => filter.merge_bitset(first, bytes),
        }
    }

    /// The filter, folded to what it holds.
    pub(super) fn finish(self) -> Sbbf {
        let mut filter = match self.content {
            Content::Hashes(ref held) => filter_of(held, self.sufficient_bytes()),
            Content::Bits(filter) => filter,
        };
        filter.fold_to_target_fpp(self.properties.fpp());
        filter
    }

    /// Heap bytes, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        match &self.content {
            Content::Hashes(held) => held.capacity() * HASH_BYTES,
            Content::Bits(filter) => filter.memory_size(),
        }
    }

    /// Bytes of a filter that folds as the full one would. A few times what the hashes ask for: bits are not set quite as
    /// evenly as the estimate has it, and how far a filter may be folded is estimated best while it is sparse.
    fn sufficient_bytes(&self) -> usize {
        match self.has_parted_with_bits {
            true => self.full_bytes,
            false => {
                let enough = Sbbf::bytes_for_ndv_fpp(self.hashes, self.properties.fpp());
                self.full_bytes.min(4 * enough)
            }
        }
    }
}

/// A filter of `bytes` bytes that holds `hashes`.
fn filter_of(hashes: &[u64], bytes: usize) -> Sbbf {
    let mut filter = Sbbf::new_with_num_of_bytes(bytes);
    hashes.iter().for_each(|hash| filter.insert_hash(*hash));
    filter
}

/// Makes room for `more` hashes; doubles, but not beyond `most`.
fn reserve(held: &mut Vec<u64>, more: usize, most: usize) {
    let wanted = held.len() + more;
    if wanted > held.capacity() {
        let doubled = (2 * held.capacity()).min(most);
        held.reserve_exact(wanted.max(doubled) - held.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn properties(ndv: u64, fpp: f64) -> BloomFilterProperties {
        let properties = BloomFilterProperties::builder();
        properties.with_max_ndv(ndv).with_fpp(fpp).build()
    }

    proptest! {
        #[test]
        fn the_filter_has_the_bits_of_all_values_and_keeps_to_its_target(
            batches in prop::collection::vec(prop::collection::vec(0_i64..5_000, 0..300), 0..12),
            ndv in prop_oneof![1_u64..3_000, Just(1_000_000)],
            fpp in prop_oneof![Just(0.05), Just(0.01), 0.0001_f64..0.9],
            parted in prop::collection::vec(any::<bool>(), 12),
        ) {
            let properties = properties(ndv, fpp);
            let mut builder = FilterBuilder::new(properties);
            let mut parts = Vec::new();
            for (batch, part) in batches.iter().zip(parted) {
                builder.insert(&Values::Int64(batch));
                prop_assert!(builder.memory_size() <= builder.full_bytes.max(300 * HASH_BYTES));
                if part {
                    builder.part_with(&mut |part, bytes| {
                        prop_assert_part(bytes);
                        parts.push((part, bytes.to_vec()));
                        Ok(())
                    }).unwrap();
                    prop_assert_eq!(builder.memory_size(), 0);
                }
            }
            for (part, bytes) in &parts {
                builder.take_back(*part, bytes);
            }
            let filter = builder.finish();
            let mut full = Sbbf::new_with_ndv_fpp(ndv, fpp).unwrap();
            let mut expected = Sbbf::new_with_num_of_bytes(filter.num_blocks() * BLOCK_BYTES);
            for value in batches.iter().flatten() {
                expected.insert(value);
                full.insert(value);
            }
            prop_assert_eq!(&filter, &expected);
            full.fold_to_target_fpp(fpp);
            // The estimates that folding goes by may lie on either side of the target.
            let (blocks, full_blocks) = (filter.num_blocks(), full.num_blocks());
            prop_assert!(blocks <= 2 * full_blocks && full_blocks <= 2 * blocks);
        }
    }

    fn prop_assert_part(bytes: &[u8]) {
        assert!(!bytes.is_empty() && bytes.len() <= PART_BYTES);
    }

    #[test]
    fn few_values_take_little_memory_whatever_the_filter_is_made_for() {
        let mut builder = FilterBuilder::new(properties(100_000_000, 0.01));
        assert_eq!(builder.memory_size(), 0);
        builder.insert(&Values::Int64(&[1, 2, 3]));
        assert_eq!(builder.memory_size(), 3 * HASH_BYTES);
        let filter = builder.finish();
        assert_eq!(filter.num_blocks(), 1);
        assert!(filter.check(&2_i64));
    }

    #[test]
    fn many_values_take_the_memory_of_a_filter() {
        let mut builder = FilterBuilder::new(properties(1_000, 0.05));
        let values: Vec<i64> = (0..1_000).collect();
        for _ in 0..100 {
            builder.insert(&Values::Int64(&values));
        }
        assert_eq!(builder.memory_size(), 1024);
    }
}
