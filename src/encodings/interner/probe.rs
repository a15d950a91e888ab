//! The search in a few slots side by side.

/// Slots that are searched at once.
pub(super) const GROUP: usize = 4;

/// The place of the first slot that is free, which is 0, or whose bits outside of `number_bits` are
/// `tag`; [`GROUP`] if there is none.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn first_of(group: &[u32; GROUP], tag: u32, number_bits: u32) -> usize {
    use std::arch::x86_64::{
        __m128i, _mm_andnot_si128, _mm_castsi128_ps, _mm_cmpeq_epi32, _mm_loadu_si128,
        _mm_movemask_ps, _mm_or_si128, _mm_set1_epi32, _mm_setzero_si128,
    };
    // SAFETY: the load is of the 16 bytes of `group`, aligned or not; every x86-64 processor has SSE2.
    let ends = unsafe {
        let slots = _mm_loadu_si128(std::ptr::from_ref(group).cast::<__m128i>());
        let tags = _mm_andnot_si128(_mm_set1_epi32(number_bits.cast_signed()), slots);
        let same = _mm_cmpeq_epi32(tags, _mm_set1_epi32(tag.cast_signed()));
        let free = _mm_cmpeq_epi32(slots, _mm_setzero_si128());
        _mm_movemask_ps(_mm_castsi128_ps(_mm_or_si128(same, free)))
    };
    (ends | 1 << GROUP).trailing_zeros() as usize
}

/// The place of the first slot that is free, which is 0, or whose bits outside of `number_bits` are
/// `tag`; [`GROUP`] if there is none.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn first_of(group: &[u32; GROUP], tag: u32, number_bits: u32) -> usize {
    first_of_any(group, tag, number_bits)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn first_of_any(group: &[u32; GROUP], tag: u32, number_bits: u32) -> usize {
    let ends = group
        .iter()
        .enumerate()
        .fold(1u32 << GROUP, |ends, (at, slot)| {
            ends | u32::from(*slot & !number_bits == tag || *slot == 0) << at
        });
    ends.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_search_ends_at_a_free_slot_or_at_its_tag() {
        assert_eq!(first_of(&[0x10, 0x21, 0x32, 0], 0x30, 0xF), 2);
        assert_eq!(first_of(&[0x10, 0, 0x32, 0], 0x30, 0xF), 1);
        assert_eq!(first_of(&[0x10, 0x21, 0x52, 0x42], 0x30, 0xF), GROUP);
    }

    proptest! {
        #[test]
        fn vectors_agree_with_the_loop(
            group in prop::array::uniform4(prop_oneof![Just(0u32), 0u32..40, any::<u32>()]),
            tag in prop_oneof![0u32..40, any::<u32>()],
            log2 in 0u32..=32,
        ) {
            let number_bits = u32::try_from((1u64 << log2) - 1).unwrap();
            let tag = tag & !number_bits;
            prop_assert_eq!(first_of(&group, tag, number_bits), first_of_any(&group, tag, number_bits));
        }
    }
}
