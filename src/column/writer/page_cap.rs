//! What a memory limit asks of an encoder: that little is added before it looks again whether there is room.

use super::paging::{Keys, PortionRules, Spread};
use crate::compression::CodecRoom;
use crate::data_type::values::Values;
use crate::schema::types::ColumnDescriptor;

/// How large pages may become under a memory limit, where the options allow them to be larger. Only a value that is
/// larger by itself may pass it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageCap {
    /// Bytes that an open page may take. What is added between two looks at the budget is no more.
    pub(crate) page_bytes: usize,
    /// Bytes from which on a dictionary goes on only while there is room for it and for what writing it out takes.
    pub(crate) dictionary_bytes: usize,
    /// Bytes at which bounds are cut, also where the options want them whole.
    pub(crate) bound_bytes: usize,
    /// What the codec may work in.
    pub(crate) codec: CodecRoom,
}

/// Slots that may always be added together: fewer would make loops over them slow.
const FEWEST_SLOTS: usize = 64;

/// What buffers may be beyond what they were asked for.
const SLACK_BYTES: usize = 64;

/// Bytes of a number, and of the offset and the pick of a string.
const NUMBER_BYTES: usize = 8;

/// Bytes that a dictionary takes to find an entry by, about.
const ENTRY_BYTES: usize = 24;

/// How far the encoder has come in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    /// Slots that were encoded, nulls included.
    pub(crate) slots: usize,
    /// Values among them.
    pub(crate) values: usize,
}

impl PageCap {
    /// Room that an empty page keeps for the next one; a value larger than the cap may have left more.
    pub(super) fn most_kept_bytes(self) -> usize {
        self.page_bytes + SLACK_BYTES
    }

    /// Whether a page of `open_bytes` is cut: a little before it is full, as buffers that grow beyond the cap double.
    pub(super) fn is_full(self, open_bytes: usize) -> bool {
        open_bytes >= self.page_bytes - self.page_bytes / 8
    }

    /// Slots of the next batch in place of `base`: what is converted for them takes no more than the cap. Of a page of
    /// which `rows_left` are missing no row is beyond the last.
    pub(super) fn most_slots(
        self,
        base: usize,
        rows_left: usize,
        descr: &ColumnDescriptor,
    ) -> usize {
        let width = usize::try_from(descr.type_length()).unwrap_or(0);
        base.min((self.page_bytes / width.max(NUMBER_BYTES)).max(FEWEST_SLOTS))
            .min(rows_left.max(1))
    }

    /// Bytes that an empty dictionary may take for the next of `values`, if all of them are new.
    pub(super) fn first_bytes(self, values: &Values<'_>) -> usize {
        let (count, bytes) = match values {
            Values::Bytes(bytes) => (bytes.len(), bytes.total_bytes()),
            Values::Fixed(fixed) => (fixed.len(), fixed.data().len()),
            numbers => (numbers.len(), numbers.len() * NUMBER_BYTES),
        };
        let capped = bytes.min(self.page_bytes);
        capped + count * capped / bytes.max(1) * ENTRY_BYTES
    }

    /// Rules for portions of a page that has `open_bytes` and, by the options, may have `page_limit`.
    pub(super) fn page_rules(self, open_bytes: usize, page_limit: usize) -> PortionRules {
        let most = self.page_bytes - self.page_bytes / 16;
        self.rules(most.saturating_sub(open_bytes), page_limit)
    }

    /// Rules for portions of a dictionary that has `used_bytes` and, by the options, may have `dictionary_limit`.
    pub(super) fn dictionary_rules(
        self,
        used_bytes: usize,
        dictionary_limit: usize,
    ) -> PortionRules {
        let most = self.dictionary_bytes.min(dictionary_limit);
        self.rules(most.saturating_sub(used_bytes), dictionary_limit)
    }

    fn rules(self, left_bytes: usize, limit: usize) -> PortionRules {
        let most = self.page_bytes.min(limit);
        PortionRules {
            base: usize::MAX,
            limit: most,
            // Values that a dictionary knows already do not fill it: few of them at a time would only take time.
            budget: left_bytes.clamp(most / 16, most),
            spread: Spread::Exact,
            keys: Keys::Paid,
        }
    }
}

impl Progress {
    pub(super) fn pass(&mut self, slots: usize, values: usize) {
        self.slots += slots;
        self.values += values;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: PageCap = PageCap {
        page_bytes: 1_600,
        dictionary_bytes: 6_400,
        bound_bytes: 64,
        codec: CodecRoom {
            wanted_bytes: 100_000,
            limit_bytes: 100_000,
        },
    };

    #[test]
    fn portions_fill_a_page_up_to_the_cap_or_the_option() {
        let budget = |open, limit| CAP.page_rules(open, limit).budget;
        assert_eq!(budget(0, 100_000), 1_500);
        assert_eq!(budget(1_000, 100_000), 500);
        assert!(CAP.is_full(1_000 + 500));
        assert_eq!(budget(0, 320), 320);
        // Never nothing, nor more than the option by much.
        assert_eq!(budget(1_500, 100_000), 100);
        assert_eq!(budget(1_500, 320), 20);
    }

    #[test]
    fn portions_for_a_dictionary_are_no_larger_than_those_of_a_page() {
        let budget = |used, limit| CAP.dictionary_rules(used, limit).budget;
        assert_eq!(budget(0, 100_000), 1_600);
        assert_eq!(budget(6_000, 100_000), 400);
        assert_eq!(budget(6_400, 100_000), 100);
        assert_eq!(budget(0, 800), 800);
    }
}
