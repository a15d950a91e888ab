//! The layouts of lists, seen alike: how long each list is and where its elements lie.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots come from the selection of the list array itself"
)]

use std::iter::repeat_n;
use std::ops::Range;

use arrow_array::OffsetSizeTrait;

use super::live::Stretches;

/// Lists of one array.
pub(super) trait Lists {
    /// Length of each of these lists.
    fn lens(&self, slots: Range<usize>) -> impl Iterator<Item = usize> + Clone;

    /// Appends the elements of these lists.
    fn elements(&self, slots: Range<usize>, out: &mut Stretches);

    /// How many elements lie between the first and the last of these lists, if all lie in order.
    fn span(&self, slots: Range<usize>) -> Option<usize>;
}

/// Lists back to back: list `i` is `offsets[i] .. offsets[i + 1]`.
pub(super) struct ByOffsets<'a, O> {
    /// One more than there are lists.
    pub(super) offsets: &'a [O],
}

/// Lists anywhere: list `i` has `sizes[i]` elements from `offsets[i]` on.
pub(super) struct ByViews<'a, O> {
    /// First element of each list.
    pub(super) offsets: &'a [O],
    /// Length of each list.
    pub(super) sizes: &'a [O],
}

/// Lists of one length, back to back.
pub(super) struct BySize {
    /// Elements of each list.
    pub(super) size: usize,
}

impl<O: OffsetSizeTrait> Lists for ByOffsets<'_, O> {
    fn lens(&self, slots: Range<usize>) -> impl Iterator<Item = usize> + Clone {
        self.offsets[slots.start..=slots.end]
            .windows(2)
            .map(|pair| pair[1].as_usize() - pair[0].as_usize())
    }

    fn elements(&self, slots: Range<usize>, out: &mut Stretches) {
        out.push(self.offsets[slots.start].as_usize()..self.offsets[slots.end].as_usize());
    }

    fn span(&self, slots: Range<usize>) -> Option<usize> {
        Some(self.offsets[slots.end].as_usize() - self.offsets[slots.start].as_usize())
    }
}

impl<O: OffsetSizeTrait> Lists for ByViews<'_, O> {
    fn lens(&self, slots: Range<usize>) -> impl Iterator<Item = usize> + Clone {
        self.sizes[slots].iter().map(|size| size.as_usize())
    }

    fn elements(&self, slots: Range<usize>, out: &mut Stretches) {
        for (offset, size) in self.offsets[slots.clone()].iter().zip(&self.sizes[slots]) {
            out.push(offset.as_usize()..offset.as_usize() + size.as_usize());
        }
    }

    fn span(&self, _: Range<usize>) -> Option<usize> {
        None
    }
}

impl Lists for BySize {
    fn lens(&self, slots: Range<usize>) -> impl Iterator<Item = usize> + Clone {
        repeat_n(self.size, slots.len())
    }

    fn elements(&self, slots: Range<usize>, out: &mut Stretches) {
        out.push(slots.start * self.size..slots.end * self.size);
    }

    fn span(&self, slots: Range<usize>) -> Option<usize> {
        Some(slots.len() * self.size)
    }
}
