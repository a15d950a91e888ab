//! The Bloom filter of the chunk at work: the hashes of its values while these are few, bits from then on. Knows
//! neither stores nor budgets; what it holds can be taken away in parts and given back at the end.

use arrow_buffer::ToByteSlice;

use crate::bloom_filter::Sbbf;
use crate::column::chunk::FilterPart;
use crate::column::hashes::for_each_hash;
use crate::data_type::values::Values;
use crate::errors::Result;
use crate::meta::properties::BloomFilterProperties;

/// Takes in the values of a chunk and ends as its Bloom filter.
///
/// A filter is as large as the distinct values that it is made for ask, whatever it will hold, so bits are set only
/// when the hashes take half as much room. A chunk of few values never has a large filter.
pub(crate) struct FilterBuilder {
    properties: BloomFilterProperties,
    /// Bytes of a filter for all the distinct values that the properties allow for.
    full_bytes: usize,
    /// Hashes taken in, the repeated ones too.
    hashes: u64,
    content: Content,
    condensing: Condensing,
    has_parted_with_bits: bool,
}

/// When hashes become bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condensing {
    AsSoonAsItPays,
    WhenTold,
}

enum Content {
    Hashes(HashList),
    Bits(Sbbf),
}

/// Hashes in runs of one length, so that a list that grows is never there twice.
#[derive(Default)]
struct HashList {
    full: Vec<Vec<u64>>,
    last: Vec<u64>,
}

/// Bytes of a part, and of a run of hashes, at most.
const PART_BYTES: usize = 16 * 1024;
const PART_HASHES: usize = PART_BYTES / HASH_BYTES;
const HASH_BYTES: usize = size_of::<u64>();
const BLOCK_BYTES: usize = 32;

impl FilterBuilder {
    /// Holds no memory before the first value.
    pub(super) fn new(properties: BloomFilterProperties) -> Self {
        Self {
            full_bytes: Sbbf::bytes_for_ndv_fpp(properties.ndv(), properties.fpp()),
            properties,
            hashes: 0,
            content: Content::Hashes(HashList::default()),
            condensing: Condensing::AsSoonAsItPays,
            has_parted_with_bits: false,
        }
    }

    /// From now on leaves it to the caller when hashes [become bits](Self::condense).
    pub(crate) fn wait_to_condense(&mut self) {
        self.condensing = Condensing::WhenTold;
    }

    /// Takes in values.
    pub(super) fn insert(&mut self, values: &Values<'_>) {
        self.hashes += values.len() as u64;
        let hash_bytes = values.len() * HASH_BYTES;
        let pays = self.condensed_bytes(hash_bytes).is_some();
        if pays && self.condensing == Condensing::AsSoonAsItPays {
            self.condense();
        }
        match &mut self.content {
            Content::Hashes(held) => for_each_hash(values, |hash| held.push(hash)),
            Content::Bits(filter) => for_each_hash(values, |hash| filter.insert_hash(hash)),
        }
    }

    /// Bytes of the bits that would pay now, with `more` bytes of hashes beside those held.
    pub(crate) fn condensed_bytes(&self, more: usize) -> Option<usize> {
        match &self.content {
            Content::Hashes(held) => {
                let bytes = held.len() * HASH_BYTES + more;
                (bytes > self.full_bytes / 2).then_some(self.full_bytes)
            }
            Content::Bits(_) => None,
        }
    }

    /// Makes bits of the hashes.
    pub(crate) fn condense(&mut self) {
        if let Content::Hashes(held) = &self.content {
            self.content = Content::Bits(filter_of(held, self.full_bytes));
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
        match std::mem::replace(&mut self.content, Content::Hashes(HashList::default())) {
            Content::Hashes(held) => {
                for run in held.into_runs() {
                    put(FilterPart::Hashes, run.to_byte_slice())?;
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
            self.content = Content::Bits(filter_of(held, self.sufficient_bytes(0)));
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
            Content::Hashes(ref held) => filter_of(held, self.sufficient_bytes(0)),
            Content::Bits(filter) => filter,
        };
        filter.fold_to_target_fpp(self.properties.fpp());
        filter
    }

    /// Bytes that are needed beside those held to take in `more` values and end as a filter.
    pub(super) fn ending_bytes(&self, more: usize) -> usize {
        let hashes = (more * HASH_BYTES).min(self.full_bytes / 2);
        match &self.content {
            Content::Hashes(_) => hashes + self.sufficient_bytes(more as u64),
            Content::Bits(_) => 0,
        }
    }

    /// Heap bytes, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        match &self.content {
            Content::Hashes(held) => held.memory_size(),
            Content::Bits(filter) => filter.memory_size(),
        }
    }

    /// Bytes of a filter that, with `more` hashes, folds as the full one would. A few times what the hashes ask for:
    /// bits are not set quite as evenly as the estimate has it, and how far a filter may be folded is estimated best
    /// while it is sparse.
    fn sufficient_bytes(&self, more: u64) -> usize {
        if self.has_parted_with_bits {
            self.full_bytes
        } else {
            let enough = Sbbf::bytes_for_ndv_fpp(self.hashes + more, self.properties.fpp());
            self.full_bytes.min(4 * enough)
        }
    }
}

impl HashList {
    #[inline]
    fn push(&mut self, hash: u64) {
        if self.last.len() == PART_HASHES {
            self.full.push(std::mem::take(&mut self.last));
        }
        self.last.push(hash);
    }

    fn len(&self) -> usize {
        self.full.len() * PART_HASHES + self.last.len()
    }

    fn into_runs(self) -> impl Iterator<Item = Vec<u64>> {
        let last = Some(self.last).filter(|last| !last.is_empty());
        self.full.into_iter().chain(last)
    }

    /// Heap bytes, by capacity.
    fn memory_size(&self) -> usize {
        self.full.capacity() * size_of::<Vec<u64>>()
            + self.full.len() * PART_BYTES
            + self.last.capacity() * HASH_BYTES
    }
}

/// A filter of `bytes` bytes that holds `hashes`.
fn filter_of(hashes: &HashList, bytes: usize) -> Sbbf {
    let mut filter = Sbbf::new_with_num_of_bytes(bytes);
    let hashes = hashes.full.iter().flatten().chain(&hashes.last);
    hashes.for_each(|hash| filter.insert_hash(*hash));
    filter
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
                let most = builder.full_bytes.max(PART_BYTES) + 4 * size_of::<Vec<u64>>();
                prop_assert!(builder.memory_size() <= most);
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
        assert_eq!(builder.memory_size(), 4 * HASH_BYTES);
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
