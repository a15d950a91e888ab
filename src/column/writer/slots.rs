//! What a column's encoder is given: slots with their levels, and the present values in order.

use crate::data_type::levels::Levels;
use crate::data_type::values::Values;
use crate::errors::Result;

/// Gives the present values of a batch in order.
pub(crate) trait ValueFeed {
    /// The next `count` values.
    ///
    /// # Errors
    /// If a conversion fails.
    fn next(&mut self, count: usize) -> Result<Values<'_>>;

    /// Takes back the last `count` values that were given: they come again. The writer leaves them where memory is
    /// short.
    fn give_back(&mut self, count: usize);

    /// Bytes that are held for values that were converted.
    fn held_bytes(&self) -> usize;
}

/// Consecutive slots of a leaf with their levels, those that are not encoded yet. Cheap to copy, so that a place in a
/// leaf can be kept while others make room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots<'a> {
    /// Number of slots, nulls included.
    pub(crate) count: usize,
    /// Definition levels; needed if the column has more than one.
    pub(crate) definition: Option<Levels<'a>>,
    /// Repetition levels; needed if the column has more than one.
    pub(crate) repetition: Option<Levels<'a>>,
}

/// Smallest and largest value of a batch as PLAIN bytes, known to the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenBounds<'a> {
    pub(crate) min: &'a [u8],
    pub(crate) max: &'a [u8],
}

impl<'a> Slots<'a> {
    /// Number of slots that hold a value.
    pub(crate) fn present(&self, max_definition: i16) -> usize {
        let definition = self.definition.as_ref();
        definition.map_or(self.count, |levels| levels.count(max_definition))
    }

    /// Splits the first `count` slots off.
    pub(crate) fn take_front(&mut self, count: usize) -> Slots<'a> {
        let count = count.min(self.count);
        self.count -= count;
        let front = |levels: &mut Option<Levels<'a>>| {
            let levels = levels.as_mut();
            levels.map(|levels| levels.take_front(count))
        };
        Slots {
            count,
            definition: front(&mut self.definition),
            repetition: front(&mut self.repetition),
        }
    }

    /// `least` slots, pushed on to where the next row begins, so that a row never lies on two pages.
    ///
    /// SPEC: parquet.thrift, `OffsetIndex`: pages must begin at row boundaries.
    pub(super) fn through_row_end(&self, least: usize) -> usize {
        let least = least.min(self.count);
        match &self.repetition {
            None => least,
            Some(levels) => levels.position(0, least).unwrap_or(self.count),
        }
    }

    /// Number of slots up to the one that holds the value number `present`, that one included.
    pub(super) fn holding(&self, max_definition: i16, present: usize) -> usize {
        let Some(definition) = &self.definition else {
            return present.min(self.count);
        };
        let (mut at, mut left) = (0, present);
        while left > 0 {
            match definition.position(max_definition, at) {
                Some(found) => {
                    at = found + 1;
                    left -= 1;
                }
                None => return self.count,
            }
        }
        at
    }
}
