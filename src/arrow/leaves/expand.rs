//! One list level: live lists become live elements, and their slots grow by them.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots of the selection lie inside the frontier"
)]

use std::ops::Range;

use super::frontier::Frontier;
use super::grow::grow;
use super::lists::Lists;
use super::live::{self, NONE, Stretches};
use crate::arrow::adapt::Selection;

/// Steps from lists to their elements, whose repetition level is `rep` except for the first.
pub(super) fn expand(frontier: Frontier, lists: &impl Lists, rep: i16) -> Frontier {
    let mut stretches = Stretches::default();
    live::for_each_stretch(&frontier.live, |slots| {
        lists.elements(slots, &mut stretches)
    });
    let elements = stretches.finish();
    let count = elements.len();
    if count == 0 {
        // Every list is empty or absent: no slot is added, and none is live.
        return Frontier {
            level: frontier.level + 1,
            live: NONE,
            ..frontier
        };
    }
    let (level, slots) = (frontier.level, frontier.slots());
    let all_live = matches!(frontier.live, Selection::Range { .. });
    let aligned = frontier.aligned().map(|from| from..from + slots);
    // A null list may have elements, which are not written: it counts as empty.
    let grown = match &aligned {
        Some(hull) if all_live || spans(lists, hull.clone(), count) => {
            let lens = lists.lens(hull.clone());
            grow(&frontier.def, &frontier.rep, level, rep, lens)
        }
        hull => {
            let lens = match hull {
                Some(hull) => place(&frontier, lists, hull.clone()),
                None => spread(&frontier, lists),
            };
            let lens = lens.iter().copied();
            grow(&frontier.def, &frontier.rep, level, rep, lens)
        }
    };
    Frontier {
        def: grown.def,
        rep: grown.rep,
        level: level + 1,
        live: elements,
        row_slots: frontier.row_slots.saturating_mul(grown.longest),
        one_by_one: true,
        is_below_list: true,
        ..frontier
    }
}

/// Whether these lists, null ones too, lie in order and have `count` elements.
fn spans(lists: &impl Lists, slots: Range<usize>, count: usize) -> bool {
    lists.hull(slots).is_some_and(|hull| hull.len() == count)
}

/// The length of each slot's list, zero where none is live; slot `i` is array slot `hull.start + i`.
fn place(frontier: &Frontier, lists: &impl Lists, hull: Range<usize>) -> Vec<usize> {
    let mut lens = vec![0; hull.len()];
    live::for_each_stretch(&frontier.live, |stretch| {
        let live_lens = &mut lens[stretch.start - hull.start..stretch.end - hull.start];
        live_lens
            .iter_mut()
            .zip(lists.lens(stretch))
            .for_each(|(to, len)| *to = len);
    });
    lens
}

/// The length of each slot's list, zero where none is live.
fn spread(frontier: &Frontier, lists: &impl Lists) -> Vec<usize> {
    // One element more than there are live lists, so that the loop below may read before it asks.
    let mut live_lens = Vec::with_capacity(frontier.live.len() + 1);
    live::for_each_stretch(&frontier.live, |stretch| {
        live_lens.extend(lists.lens(stretch))
    });
    if live_lens.len() == frontier.slots() {
        return live_lens;
    }
    live_lens.push(0);
    let mut next = 0;
    let def = frontier.def.to_slice();
    def.iter()
        .map(|def| {
            let is_live = usize::from(*def == frontier.level);
            let len = live_lens[next] * is_live;
            next += is_live;
            len
        })
        .collect()
}
