//! When to stop: how many slots go into the encoder before the page is looked at again, and how
//! many of those a byte budget allows. Pure functions of sizes.

use crate::data_type::levels::Levels;
use crate::data_type::values::{ByteVisitor, Picks, Values};

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

/// Slots of a batch that hold its first `present` values, up to where the next row begins.
pub(super) fn slots_of_values(
    definition: Option<&Levels<'_>>,
    repetition: Option<&Levels<'_>>,
    max_definition: i16,
    slots: usize,
    present: usize,
) -> usize {
    let prefix = match definition {
        None => present,
        Some(levels) => slots_until(levels, max_definition, present),
    };
    batch_slots(repetition, prefix.max(1), slots)
}

/// How many of the leading values fit into `budget` bytes, the one that crosses it included; all of
/// them where the cost of a value is the same or is paid already.
pub(super) fn values_in_budget(values: &Values<'_>, budget: usize) -> usize {
    let fixed = |width: usize| match values.len().saturating_mul(width) <= budget {
        true => values.len(),
        false => (budget / width.max(1)).clamp(1, values.len().max(1)),
    };
    match values {
        Values::Boolean(bits) => bits.len(),
        Values::Int32(_) | Values::Float(_) => fixed(4),
        Values::Int64(_) | Values::Double(_) => fixed(8),
        Values::Int96(_) => fixed(12),
        Values::Fixed(fixed_values) => fixed(fixed_values.width()),
        // The values of a dictionary are few, and each is paid for once.
        Values::Bytes(bytes) if matches!(bytes.picks(), Picks::Keys { .. }) => bytes.len(),
        Values::Bytes(bytes) if bytes.total_bytes() + 4 * bytes.len() <= budget => bytes.len(),
        Values::Bytes(bytes) => bytes.visit(CountWithin { budget }),
    }
}

fn slots_until(definition: &Levels<'_>, max_definition: i16, present: usize) -> usize {
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
            used += value.len() + 4;
            count += 1;
            if used >= self.budget {
                break;
            }
        }
        count
    }
}
