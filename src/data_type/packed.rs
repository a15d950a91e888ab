//! Byte strings by 16-byte keys: a short string is wholly in its key, a long one lies elsewhere.
//! The form that dictionaries keep and lend their entries in.

/// Strings of at most this many bytes are wholly in their key.
pub(crate) const SHORT: usize = 15;

/// Lowest byte of a long string's key, where a short one has its length.
const LONG_TAG: u8 = 0xFF;
/// The bits of the high half that say where a long string lies.
const PLACE: u64 = 0xFFFF_FFFF_0000_0000;

/// A string in 16 bytes.
///
/// A short one, from the lowest byte: its length, its bytes, zeros. A long one, from the lowest
/// bit: 8 bits that say so, 56 bits of its hash, 32 bits of length, 32 bits of place.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PackedKey(u128);

/// Distinct strings by number: their keys, and where the long ones lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedBytes<'a> {
    keys: &'a [PackedKey],
    data: &'a [u8],
}

impl PackedKey {
    /// The key of a string of `len` bytes, which are the low bytes of `head`; those above
    /// do not count. A key without meaning if that is more than [`SHORT`].
    #[inline(always)]
    pub(crate) fn short(head: u128, len: usize) -> Self {
        let len = if len <= SHORT { len } else { 0 };
        #[expect(
            clippy::indexing_slicing,
            reason = "kernel: no length is longer than SHORT here"
        )]
        Self(head << 8 & KEEP[len] | len as u128)
    }

    /// The key of a long string that has no place yet.
    #[inline(always)]
    pub(crate) fn long(hash: u64, len: u32) -> Self {
        let low = hash << 8 | u64::from(LONG_TAG);
        Self(u128::from(low) | u128::from(PLACE | u64::from(len)) << 64)
    }

    /// A long string's key with its place filled in.
    #[inline]
    pub(crate) fn placed(self, place: u32) -> Self {
        Self(self.0 << 32 >> 32 | u128::from(place) << 96)
    }

    /// The halves, low first, without the place of a long string: equal for equal strings, and
    /// different for different ones unless these are long and share length and hash.
    #[inline(always)]
    pub(crate) fn identity(self) -> (u64, u64) {
        let (low, high) = self.halves();
        (low, high & self.identity_mask())
    }

    /// Whether `other` has the same identity.
    #[inline(always)]
    pub(crate) fn same(self, other: Self) -> bool {
        let ((low, high), (other_low, other_high)) = (self.halves(), other.halves());
        (low ^ other_low) | ((high ^ other_high) & self.identity_mask()) == 0
    }

    /// The 56 bits of hash in a long string's key.
    #[inline(always)]
    pub(crate) fn hash(self) -> u64 {
        self.halves().0 >> 8
    }

    /// Length of the string, in bytes.
    #[inline]
    pub(crate) fn len(self) -> usize {
        let [len, ..] = self.0.to_le_bytes();
        if len == LONG_TAG {
            (self.halves().1 & !PLACE) as usize
        } else {
            usize::from(len)
        }
    }

    /// Whether the string is not in the key.
    #[inline(always)]
    pub(crate) fn is_long(self) -> bool {
        let [tag, ..] = self.0.to_le_bytes();
        tag == LONG_TAG
    }

    /// Where a long string begins, in bytes; `None` before it has a place.
    #[inline(always)]
    pub(crate) fn place(self) -> Option<usize> {
        let place = self.halves().1 >> 32;
        (place != PLACE >> 32).then_some(place as usize)
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the key is taken in halves"
    )]
    fn halves(self) -> (u64, u64) {
        (self.0 as u64, (self.0 >> 64) as u64)
    }

    #[inline(always)]
    fn identity_mask(self) -> u64 {
        if self.is_long() { !PLACE } else { u64::MAX }
    }
}

impl<'a> PackedBytes<'a> {
    /// Strings by their keys; long ones lie in `data`.
    pub(crate) fn new(keys: &'a [PackedKey], data: &'a [u8]) -> Self {
        Self { keys, data }
    }

    /// Number of strings.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The string of this number; empty past the end.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> &'a [u8] {
        self.keys.get(index).map_or(&[], |key| self.resolve(key))
    }

    /// All strings from number `from` on, at most `len`.
    pub(crate) fn range(
        self,
        from: usize,
        len: usize,
    ) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        let keys = self.keys.get(from..from + len).unwrap_or_default();
        keys.iter().map(move |key| self.resolve(key))
    }

    #[inline]
    fn resolve(&self, key: &'a PackedKey) -> &'a [u8] {
        if let (true, Some(place)) = (key.is_long(), key.place()) {
            return self.data.get(place..place + key.len()).unwrap_or_default();
        }
        match as_bytes(key).split_first() {
            Some((len, bytes)) => bytes.get(..usize::from(*len)).unwrap_or_default(),
            None => &[],
        }
    }
}

/// `KEEP[n]` keeps the `n` bytes above the lowest.
const KEEP: [u128; SHORT + 1] = {
    let mut masks = [0; SHORT + 1];
    let mut len = 1;
    while len <= SHORT {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            masks[len] = u128::MAX >> (128 - 8 * len) << 8;
        }
        len += 1;
    }
    masks
};

fn as_bytes(key: &PackedKey) -> &[u8; 16] {
    const {
        assert!(
            cfg!(target_endian = "little"),
            "a key's bytes must lie in the order of its places"
        )
    };
    // SAFETY: a key is 16 initialised bytes, and a byte array needs no alignment.
    unsafe { &*std::ptr::from_ref(key).cast::<[u8; 16]>() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_strings_come_back_out_of_their_keys() {
        for len in 0..=SHORT {
            let value: Vec<u8> = (1..=16).collect();
            let head = u128::from_le_bytes(value.clone().try_into().unwrap());
            let key = PackedKey::short(head, len);
            assert!(!key.is_long());
            assert_eq!(PackedBytes::new(&[key], &[]).get(0), &value[..len]);
        }
    }

    #[test]
    fn long_strings_lie_at_their_place_which_is_no_part_of_their_identity() {
        let key = PackedKey::long(7, 20);
        assert!(key.is_long() && key.place().is_none());
        let data: Vec<u8> = (0..40).collect();
        let placed = key.placed(11);
        assert_eq!(placed.place(), Some(11));
        assert_eq!(PackedBytes::new(&[placed], &data).get(0), &data[11..31]);
        assert!(key.same(placed) && placed.same(key));
        assert_eq!(key.identity(), placed.identity());
        assert!(!key.same(PackedKey::long(8, 20)) && !key.same(PackedKey::long(7, 21)));
    }

    #[test]
    fn zeros_at_the_end_of_a_string_count() {
        assert!(!PackedKey::short(0, 1).same(PackedKey::short(0, 2)));
        assert!(!PackedKey::short(0, 0).same(PackedKey::short(0, 1)));
    }
}
