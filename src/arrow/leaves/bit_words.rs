//! Words of 64 bits: one bit a slot, moved between slots and live slots, or added to levels.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: a table with a row for every byte"
)]

/// Moves the lowest bits of `word` to the places set in `places`, in order; all others are clear.
pub(super) fn deposit(mut word: u64, places: u64) -> u64 {
    if places.count_ones() > 32 {
        // A clear place pushes all bits from there on by one.
        let mut gaps = !places;
        while gaps != 0 {
            let below = (1u64 << gaps.trailing_zeros()) - 1;
            word = word & below | (word & !below) << 1;
            gaps &= gaps - 1;
        }
        return word;
    }
    let (mut places, mut out) = (places, 0);
    while places != 0 {
        out |= (word & 1) << places.trailing_zeros();
        word >>= 1;
        places &= places - 1;
    }
    out
}

/// Moves the bits of `word` at the places set in `places` to the lowest places, in order: the reverse
/// of [`deposit`].
pub(super) fn extract(mut word: u64, places: u64) -> u64 {
    if places.count_ones() > 32 {
        // From the top down, so that lower gaps stay where they are.
        let mut gaps = !places;
        while gaps != 0 {
            let gap = 63 - gaps.leading_zeros();
            let below = (1u64 << gap) - 1;
            word = word & below | (word >> 1) & !below;
            gaps &= below;
        }
        return word;
    }
    let (mut places, mut out, mut at) = (places, 0, 0);
    while places != 0 {
        out |= (word >> places.trailing_zeros() & 1) << at;
        at += 1;
        places &= places - 1;
    }
    out
}

/// Adds `step` where `word` has a set bit, the lowest for the first level.
pub(super) fn add_where(levels: &mut [i16], word: u64, step: i16) {
    let (eights, rest) = levels.as_chunks_mut::<8>();
    let mut masks = word
        .to_le_bytes()
        .into_iter()
        .map(|byte| &MASKS[usize::from(byte)]);
    for (eight, mask) in eights.iter_mut().zip(masks.by_ref()) {
        for (level, mask) in eight.iter_mut().zip(mask) {
            *level += step & mask;
        }
    }
    for (level, mask) in rest.iter_mut().zip(masks.next().into_iter().flatten()) {
        *level += step & mask;
    }
}

/// For each byte eight levels' worth of masks, all ones where the byte has a set bit. A load of
/// these is three times as fast as the shifts that compilers make of the same loop.
static MASKS: [[i16; 8]; 256] = {
    let mut masks = [[0; 8]; 256];
    let mut at = 0;
    while at < 256 * 8 {
        if ((at / 8) >> (at % 8)) & 1 == 1 {
            masks[at / 8][at % 8] = -1;
        }
        at += 1;
    }
    masks
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words() -> impl Strategy<Value = u64> {
        let sparse = (any::<u64>(), any::<u64>()).prop_map(|(a, b)| a & b);
        prop_oneof![
            any::<u64>(),
            sparse.clone(),
            sparse.prop_map(|word| !word),
            Just(0),
            Just(u64::MAX)
        ]
    }

    proptest! {
        #[test]
        fn bits_move_to_their_places_and_back(word in words(), places in words()) {
            let mut moved = 0;
            let set = (0..64).filter(|place| places >> place & 1 == 1);
            set.enumerate().for_each(|(nth, place)| moved |= (word >> nth & 1) << place);
            prop_assert_eq!(deposit(word, places), moved);
            let ones = places.count_ones();
            let lowest = if ones == 64 { word } else { word & ((1 << ones) - 1) };
            let found = extract(moved, places);
            prop_assert_eq!(if ones == 64 { found } else { found & ((1 << ones) - 1) }, lowest);
        }

        #[test]
        fn steps_are_added_where_bits_are_set(word in words(), len in 0..=64usize, step in -3..3i16) {
            let mut levels = vec![5; len];
            add_where(&mut levels, word, step);
            let expected = (0..len).map(|bit| 5 + if word >> bit & 1 == 1 { step } else { 0 });
            prop_assert_eq!(levels, expected.collect::<Vec<_>>());
        }
    }
}
