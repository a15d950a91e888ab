//! From the keys of an Arrow dictionary to entry numbers of ours, each looked up once.

/// A key that has no entry yet.
pub(super) const UNKNOWN: u32 = u32::MAX;
/// A table is made once values have been looked up this fraction of its length: before, hashing the
/// few that are used costs less than a table of all.
const FRACTION_USED: usize = 4;
/// Tables of at most this many keys (4 KiB) are made at once.
const SMALL: usize = 1024;

/// Entry numbers by key, for one source dictionary.
#[derive(Debug, Default)]
pub(super) struct Remap {
    source: Option<Source>,
    entries: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    token: u64,
    len: usize,
    uses: usize,
}

impl Remap {
    /// The table for the source dictionary `token` of `len` values, of which `uses` more are about
    /// to be looked up; `None` while it would not pay. Keys not looked up before are [`UNKNOWN`].
    pub(super) fn table(&mut self, token: u64, len: usize, uses: usize) -> Option<&mut [u32]> {
        let known = self
            .source
            .filter(|source| source.token == token && source.len == len);
        if known.is_none() {
            self.entries.clear();
        }
        let uses = known.map_or(0, |source| source.uses).saturating_add(uses);
        self.source = Some(Source { token, len, uses });
        if self.entries.is_empty() {
            if len > SMALL && uses < len / FRACTION_USED {
                return None;
            }
            self.entries.reserve_exact(len);
            self.entries.resize(len, UNKNOWN);
        }
        Some(&mut self.entries)
    }

    /// Forgets the table and gives back its room.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes held on the heap, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.entries.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lasts_as_long_as_its_token() {
        let mut remap = Remap::default();
        remap.table(1, 3, 1).unwrap()[2] = 5;
        assert_eq!(remap.table(1, 3, 1).unwrap(), [UNKNOWN, UNKNOWN, 5]);
        assert_eq!(remap.table(2, 3, 1).unwrap(), [UNKNOWN; 3]);
        assert_eq!(remap.table(2, 4, 1).unwrap(), [UNKNOWN; 4]);
    }

    #[test]
    fn a_large_table_waits_for_a_quarter_of_its_keys_to_be_used() {
        let mut remap = Remap::default();
        assert!(remap.table(1, 8000, 1000).is_none());
        assert!(remap.table(2, 8000, 1999).is_none());
        assert_eq!(remap.memory_size(), 0);
        assert_eq!(remap.table(2, 8000, 1).unwrap().len(), 8000);
        assert_eq!(remap.table(2, 8000, 1).unwrap().len(), 8000);
    }
}
