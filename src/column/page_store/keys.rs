//! The keys that a store has given out, found by the ordinals of the puts.

use super::PageKey;
use crate::budget::push_tight;
use crate::errors::{ParquetError, Result};

/// Maps the ordinal of a put to the key that another store has given out for it.
///
/// The stores of this crate give out the ordinals themselves, and so do most others, or numbers that rise by one. Such
/// keys take no memory here. Any other key takes 16 bytes.
#[derive(Debug, Default)]
pub(crate) struct PageKeys {
    puts: u64,
    /// Sorted. Before the first of them a key is the ordinal.
    runs: Vec<Run>,
}

/// From this put on, keys rise by one with the ordinals.
#[derive(Debug, Clone, Copy)]
struct Run {
    ordinal: u64,
    key: u64,
}

impl PageKeys {
    /// Notes the key of the next put, and returns that put's ordinal.
    pub(crate) fn push(&mut self, key: PageKey) -> PageKey {
        let (ordinal, key) = (self.puts, key.get());
        if self.key_at(ordinal) != key {
            push_tight(&mut self.runs, Run { ordinal, key });
        }
        self.skip()
    }

    /// Counts a put that has no key in the other store, and returns its ordinal.
    pub(crate) fn skip(&mut self) -> PageKey {
        let ordinal = PageKey::new(self.puts);
        self.puts += 1;
        ordinal
    }

    /// The key that belongs to an ordinal. Whether the blob is still there is known to the other store alone.
    ///
    /// # Errors
    /// If there was no such put.
    pub(crate) fn get(&self, ordinal: PageKey) -> Result<PageKey> {
        if ordinal.get() < self.puts {
            Ok(PageKey::new(self.key_at(ordinal.get())))
        } else {
            Err(invalid_key(ordinal))
        }
    }

    /// The number of puts.
    pub(crate) fn len(&self) -> u64 {
        self.puts
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.runs.capacity() * size_of::<Run>()
    }

    fn key_at(&self, ordinal: u64) -> u64 {
        let after = self.runs.partition_point(|run| run.ordinal <= ordinal);
        match after.checked_sub(1).and_then(|last| self.runs.get(last)) {
            Some(run) => run.key.wrapping_add(ordinal - run.ordinal),
            None => ordinal,
        }
    }
}

/// The error of a key that no blob belongs to.
pub(super) fn invalid_key(key: PageKey) -> ParquetError {
    ParquetError::General(format!("invalid page key {}", key.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_ordinals_take_no_memory() {
        let mut keys = PageKeys::default();
        for ordinal in 0..1000 {
            let key = PageKey::new(ordinal);
            assert_eq!(keys.push(key), key);
        }
        assert_eq!(keys.memory_size(), 0);
        assert_eq!(keys.get(PageKey::new(999)).unwrap(), PageKey::new(999));
        assert!(keys.get(PageKey::new(1000)).is_err());
    }

    #[test]
    fn any_keys_are_found_by_their_ordinals() {
        let mut keys = PageKeys::default();
        let given = [7, 8, 9, u64::MAX, 0, 1, 40, 40, 3, 9, 10];
        for key in given {
            keys.push(PageKey::new(key));
        }
        for (ordinal, key) in (0..).zip(given) {
            assert_eq!(keys.get(PageKey::new(ordinal)).unwrap(), PageKey::new(key));
        }
        assert_eq!(keys.runs.len(), 6, "three of them go on where one ends");
    }

    #[test]
    fn a_put_without_a_key_shifts_those_after_it() {
        let mut keys = PageKeys::default();
        keys.push(PageKey::new(0));
        assert_eq!(keys.skip(), PageKey::new(1));
        for key in 1..100 {
            assert_eq!(keys.push(PageKey::new(key)), PageKey::new(key + 1));
        }
        assert_eq!(keys.get(PageKey::new(100)).unwrap(), PageKey::new(99));
        assert_eq!(keys.runs.len(), 1);
    }
}
