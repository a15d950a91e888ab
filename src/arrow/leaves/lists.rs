//! The layouts of lists, seen alike: how long each list is and where its elements lie. The layouts that arrays can
//! have are told apart here once.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots come from the selection of the list array itself"
)]

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, GenericListArray, GenericListViewArray, OffsetSizeTrait, StructArray,
};

use super::live::Stretches;
use super::tree::Layout;

/// Lists of one array.
pub(super) trait Lists {
    /// Where the elements of each of these lists lie.
    fn each(&self, slots: Range<usize>) -> impl Iterator<Item = Range<usize>> + Clone;

    /// Where the elements of these lists lie, those of null ones too, if all lie in order.
    fn hull(&self, slots: Range<usize>) -> Option<Range<usize>>;

    /// Bytes that each list takes beside its elements.
    fn list_bytes(&self) -> usize;

    /// Length of each of these lists.
    fn lens(&self, slots: Range<usize>) -> impl Iterator<Item = usize> + Clone {
        self.each(slots).map(|elements| elements.len())
    }

    /// Appends the elements of these lists.
    fn elements(&self, slots: Range<usize>, out: &mut Stretches) {
        match self.hull(slots.clone()) {
            Some(elements) => out.push(elements),
            None => self.each(slots).for_each(|elements| out.push(elements)),
        }
    }
}

/// Looks at the lists of an array of any layout.
pub(super) trait ListVisitor {
    type Out;

    fn visit(self, lists: &impl Lists, elements: Elements<'_>) -> Self::Out;
}

/// The elements of all lists of an array.
#[derive(Debug, Clone, Copy)]
pub(super) enum Elements<'a> {
    Array(&'a ArrayRef),
    /// Those of maps.
    Entries(&'a StructArray),
}

impl<'a> Elements<'a> {
    pub(super) fn as_array(self) -> &'a dyn Array {
        match self {
            Self::Array(array) => array.as_ref(),
            Self::Entries(entries) => entries,
        }
    }

    pub(super) fn shared(self) -> ArrayRef {
        match self {
            Self::Array(array) => Arc::clone(array),
            Self::Entries(entries) => Arc::new(entries.clone()),
        }
    }
}

/// Lets `visitor` look at the lists of `array`; `None` if it has none.
pub(super) fn visit_lists<V: ListVisitor>(array: &dyn Array, visitor: V) -> Option<V::Out> {
    fn by_offsets<O: OffsetSizeTrait, V: ListVisitor>(
        lists: &GenericListArray<O>,
        visitor: V,
    ) -> V::Out {
        let offsets = ByOffsets {
            offsets: lists.value_offsets(),
        };
        visitor.visit(&offsets, Elements::Array(lists.values()))
    }
    fn by_views<O: OffsetSizeTrait, V: ListVisitor>(
        lists: &GenericListViewArray<O>,
        visitor: V,
    ) -> V::Out {
        let views = ByViews {
            offsets: lists.value_offsets(),
            sizes: lists.value_sizes(),
        };
        visitor.visit(&views, Elements::Array(lists.values()))
    }
    Some(match Layout::of(array.data_type())?.0 {
        Layout::List => by_offsets(array.as_list_opt::<i32>()?, visitor),
        Layout::LargeList => by_offsets(array.as_list_opt::<i64>()?, visitor),
        Layout::ListView => by_views(array.as_list_view_opt::<i32>()?, visitor),
        Layout::LargeListView => by_views(array.as_list_view_opt::<i64>()?, visitor),
        Layout::FixedSizeList(size) => {
            let size = BySize {
                size: usize::try_from(size).ok()?,
            };
            let lists = array.as_fixed_size_list_opt()?;
            visitor.visit(&size, Elements::Array(lists.values()))
        }
        Layout::Map(_) => {
            let maps = array.as_map_opt()?;
            let offsets = ByOffsets {
                offsets: maps.value_offsets(),
            };
            visitor.visit(&offsets, Elements::Entries(maps.entries()))
        }
    })
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
    fn hull(&self, slots: Range<usize>) -> Option<Range<usize>> {
        Some(self.offsets[slots.start].as_usize()..self.offsets[slots.end].as_usize())
    }

    fn each(&self, slots: Range<usize>) -> impl Iterator<Item = Range<usize>> + Clone {
        self.offsets[slots.start..=slots.end]
            .windows(2)
            .map(|pair| pair[0].as_usize()..pair[1].as_usize())
    }

    fn list_bytes(&self) -> usize {
        size_of::<O>()
    }
}

impl<O: OffsetSizeTrait> Lists for ByViews<'_, O> {
    fn hull(&self, _: Range<usize>) -> Option<Range<usize>> {
        None
    }

    fn each(&self, slots: Range<usize>) -> impl Iterator<Item = Range<usize>> + Clone {
        let places = self.offsets[slots.clone()].iter().zip(&self.sizes[slots]);
        places.map(|(offset, size)| offset.as_usize()..offset.as_usize() + size.as_usize())
    }

    fn list_bytes(&self) -> usize {
        2 * size_of::<O>()
    }
}

impl Lists for BySize {
    fn hull(&self, slots: Range<usize>) -> Option<Range<usize>> {
        Some(slots.start * self.size..slots.end * self.size)
    }

    fn each(&self, slots: Range<usize>) -> impl Iterator<Item = Range<usize>> + Clone {
        let size = self.size;
        slots.map(move |slot| slot * size..(slot + 1) * size)
    }

    fn list_bytes(&self) -> usize {
        0
    }
}
