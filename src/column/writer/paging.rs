//! When to stop: how many slots go into the encoder before the page is looked at again, and how
//! many of those a byte budget allows. Pure functions of sizes.

use super::room::{MOST_SHARED_BYTES, width_of};
use crate::data_type::levels::Levels;
use crate::data_type::values::{ByteValues, ByteVisitor, Keyed, Picks, Values};

/// Slots of the next batch: `base`, pushed on to where the next row begins, so that a row never
/// lies on two pages.
///
/// SPEC: parquet.thrift, `OffsetIndex`: pages must begin at row boundaries.
pub(super) fn batch_slots(repetition: Option<&Levels<'_>>, base: usize, left: usize) -> usize {
    let base = base.min(left);
    match repetition {
        None => base,
        Some(levels) => levels.position(0, base).unwrap_or(left),
    }
}

/// Slots that go into the encoder together, if they are not too many bytes.
pub(super) struct Batch<'a> {
    pub(super) slots: usize,
    pub(super) definition: Option<Levels<'a>>,
    pub(super) repetition: Option<Levels<'a>>,
}

impl<'a> Batch<'a> {
    /// Slots that hold a value.
    pub(super) fn present(&self, max_definition: i16) -> usize {
        self.definition
            .as_ref()
            .map_or(self.slots, |levels| levels.count(max_definition))
    }

    /// Splits the next portion off.
    pub(super) fn take_portion(&mut self, portion: Portion, max_definition: i16) -> Batch<'a> {
        let prefix = match (portion, &self.definition) {
            (Portion::Whole, _) => self.slots,
            (Portion::Slots(slots), _) | (Portion::Values(slots), None) => slots,
            (Portion::Values(values), Some(levels)) => slots_until(levels, max_definition, values),
        };
        self.take_front(batch_slots(
            self.repetition.as_ref(),
            prefix.max(1),
            self.slots,
        ))
    }

    fn take_front(&mut self, slots: usize) -> Batch<'a> {
        self.slots -= slots;
        let front = |levels: &mut Option<Levels<'a>>| {
            let levels = levels.as_mut();
            levels.map(|levels| levels.take_front(slots))
        };
        Batch {
            slots,
            definition: front(&mut self.definition),
            repetition: front(&mut self.repetition),
        }
    }
}

/// How much of a batch goes into the encoder before the sizes are looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Portion {
    /// All of it.
    Whole,
    /// So many slots, present or not.
    Slots(usize),
    /// As many slots as hold so many values.
    Values(usize),
}

/// What the size of a portion follows from.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortionRules {
    /// Slots of a full batch.
    pub(super) base: usize,
    /// Bytes at which the page or the dictionary is full.
    pub(super) limit: usize,
    /// Bytes that are left of `limit`.
    pub(super) budget: usize,
    /// How values are converted to slots.
    pub(super) spread: Spread,
    /// Which values have a size at all.
    pub(super) keys: Keys,
}

/// What the values of an Arrow dictionary cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Nothing: they are few, and each is paid for once.
    Free,
    /// As much as any other value.
    Paid,
}

/// Where the values of a batch lie among its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// Evenly, for all we care.
    Even,
    /// Where the definition levels say.
    Exact,
}

impl Portion {
    /// The portion of a batch of `slots` slots with these values, which have the size that [`size_bound`] says. It holds
    /// for the whole batch, so that a batch is measured once however many portions it has.
    pub(super) fn new(
        slots: usize,
        values: &Values<'_>,
        bytes: usize,
        rules: &PortionRules,
    ) -> Self {
        let fitting = values_in_budget(values, bytes, rules);
        match rules.spread {
            _ if fitting >= values.len() => Portion::Whole,
            Spread::Even => Portion::Slots((fitting * slots).div_ceil(values.len())),
            Spread::Exact => Portion::Values(fitting),
        }
    }

    /// As many slots as `budget` bytes hold, one value at least, and no more together than a page is sure to hold. For
    /// this portion alone.
    pub(super) fn measured(values: &Values<'_>, budget: usize) -> Self {
        let budget = budget.min(MOST_SHARED_BYTES);
        Portion::Values(match values {
            Values::Bytes(bytes) => bytes.visit(CountWithin { budget }),
            fixed => (budget / width_of(fixed)).max(1),
        })
    }
}

/// The bytes of `values` in PLAIN or more, at the cost of [`ByteValues::total_bytes`] at most.
pub(super) fn size_bound(values: &Values<'_>) -> usize {
    match values {
        Values::Bytes(bytes) => {
            let lengths = 4 * bytes.len();
            match bytes.picks() {
                Picks::Keys { .. } => match picked_bound(bytes) {
                    bound if bound <= MOST_SHARED_BYTES / 4 => bound + lengths,
                    _ => bytes.total_bytes() + lengths,
                },
                Picks::Range { .. } | Picks::Indices(_) => bytes.total_bytes() + lengths,
            }
        }
        fixed => fixed.len().saturating_mul(width_of(fixed)),
    }
}

/// As [`size_bound`] of the values that a dictionary would keep: those picked more than once count once.
pub(super) fn distinct_bound(values: &Values<'_>) -> usize {
    match values {
        Values::Bytes(bytes) if matches!(bytes.picks(), Picks::Keys { .. }) => {
            let source = bytes.source();
            let span = source.span().unwrap_or(usize::MAX);
            size_bound(values).min(span.saturating_add(4 * source.len()))
        }
        values => size_bound(values),
    }
}

/// Runs are written out by `parquet` before it looks at sizes, dictionaries are not.
fn is_dictionary(values: &ByteValues<'_>) -> bool {
    matches!(
        values.picks(),
        Picks::Keys {
            of: Keyed::Dictionary,
            ..
        }
    )
}

/// If every value were as long as all that there are to pick from.
fn picked_bound(bytes: &ByteValues<'_>) -> usize {
    let span = bytes.source().span().unwrap_or(usize::MAX);
    span.saturating_mul(bytes.len())
}

/// How many of the leading values fit into the budget, the one that crosses it included; all of them
/// where a full batch stays below the limit, or where the cost is paid already.
fn values_in_budget(values: &Values<'_>, bytes: usize, rules: &PortionRules) -> usize {
    let is_small = |width: usize| width.saturating_mul(rules.base) <= rules.limit;
    let fixed = |width: usize| match is_small(width) {
        true => values.len(),
        false => (rules.budget / width.max(1)).max(1),
    };
    match values {
        Values::Boolean(_) => fixed(1),
        Values::Int32(_) | Values::Float(_) => fixed(4),
        Values::Int64(_) | Values::Double(_) => fixed(8),
        Values::Int96(_) => fixed(12),
        Values::Fixed(fixed) if is_small(fixed.width()) => values.len(),
        Values::Fixed(fixed) => rules.budget / fixed.width().max(1) + 1,
        Values::Bytes(values) if rules.keys == Keys::Free && is_dictionary(values) => values.len(),
        Values::Bytes(values) if bytes <= rules.budget => values.len(),
        Values::Bytes(values) => values.visit(CountWithin {
            budget: rules.budget,
        }),
    }
}

/// Slots up to the one that holds the value number `present`, that one included.
pub(super) fn slots_until(definition: &Levels<'_>, max_definition: i16, present: usize) -> usize {
    let (mut at, mut left) = (0, present);
    while left > 0 {
        match definition.position(max_definition, at) {
            Some(found) => {
                at = found + 1;
                left -= 1;
            }
            None => return definition.len(),
        }
    }
    at
}

struct CountWithin {
    budget: usize,
}

impl ByteVisitor for CountWithin {
    type Out = usize;

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> usize {
        let (mut used, mut count) = (0usize, 0);
        for value in values {
            // A value that makes too much for a page waits for the next portion.
            if count > 0 && used + value.len() + 4 > MOST_SHARED_BYTES {
                break;
            }
            used += value.len() + 4;
            count += 1;
            if used > self.budget {
                break;
            }
        }
        count
    }
}
