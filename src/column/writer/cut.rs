//! Where a page or a dictionary ends, and how much goes into the encoder before that is asked again: all of it is
//! decided here, from sizes alone.

use super::sizes::{count_within, distinct_bound, is_dictionary, size_bound, width_of};
use super::slots::Slots;
use crate::compression::CodecMemory;
use crate::data_type::values::Values;
use crate::encodings::MOST_VALUE_OVERHEAD;
#[cfg(feature = "arrow")]
use crate::encodings::Overhead;
use crate::meta::properties::ColumnOptions;
use crate::schema::types::ColumnDescriptor;

/// What the format can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FormatLimits {
    /// Bytes of a page at most, header included: offset indexes have one number for both.
    pub(crate) page_bytes: usize,
    /// Slots of a page at most.
    pub(crate) slots: usize,
    /// Bytes that a page of several rows stays below, before levels, encodings, codecs and the header add theirs: none
    /// of these doubles a page.
    pub(crate) shared_bytes: usize,
}

/// SPEC: parquet.thrift, `PageHeader`, `DataPageHeader` and `PageLocation`: sizes and counts are signed 32-bit numbers.
pub(crate) const FORMAT: FormatLimits = FormatLimits {
    page_bytes: i32::MAX as usize,
    slots: i32::MAX as usize,
    shared_bytes: i32::MAX as usize / 2,
};

/// How large pages may become under a memory limit, where the options allow them to be larger. Only a value that is
/// larger by itself may pass it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageMemoryCap {
    /// Bytes that an open page may take. What is added between two looks at the budget is no more.
    pub(crate) page_bytes: usize,
    /// Bytes from which on a dictionary goes on only while there is room for it and for what writing it out takes.
    pub(crate) dictionary_bytes: usize,
    /// Bytes at which bounds are cut, also where the options want them whole.
    pub(crate) bound_bytes: usize,
    /// What the codec may work in.
    pub(crate) codec: CodecMemory,
}

/// Where the pages and the dictionary of a column end: the least of what the options ask, what memory allows, and what
/// the format holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CutLimits {
    page_bytes: usize,
    page_rows: usize,
    dictionary_bytes: usize,
    /// Slots of a batch, by the options.
    batch_slots: usize,
    format: FormatLimits,
    /// What memory allows, if there is a limit to it.
    cap: Option<PageMemoryCap>,
    /// The same where pages end by it: the options allow larger ones.
    page_cap: Option<PageMemoryCap>,
    /// Bytes that a value takes while it is converted, about.
    converted_bytes: usize,
}

/// What an encoder holds open. All of it is known in O(1).
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenSizes {
    /// Slots of the open page, nulls included.
    pub(super) slots: usize,
    /// Rows of the open page.
    pub(super) rows: usize,
    /// Estimated bytes of its levels.
    pub(super) level_bytes: usize,
    /// Estimated bytes of its values, encoded.
    pub(super) value_bytes: usize,
    /// Bytes of its first value where later ones lean on that, else 0: a page that ended for such a value would begin
    /// with another that is as large.
    pub(super) first_value_bytes: usize,
    /// Bytes that its values take on the heap.
    pub(super) heap_bytes: usize,
    /// Bytes of the dictionary while it is at work.
    pub(super) dictionary_bytes: Option<usize>,
    /// Whether the size of a value follows from those before it.
    pub(super) values_lean: bool,
}

/// Why a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It is as large as the options want it, or the chunk ends.
    Full,
    /// To save memory.
    Early,
}

/// How a batch goes into the encoder. Measured once a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Slots of a full batch.
    base: usize,
    /// Bytes of the batch's values at most.
    bytes: usize,
    mini_batch: MiniBatch,
}

/// How much of a batch goes into the encoder before the sizes are looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MiniBatch {
    /// All of it.
    Whole,
    /// So many slots, present or not.
    Slots(usize),
    /// As many slots as hold so many values.
    Values(usize),
}

/// What the size of a mini batch follows from.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// Slots of a full batch.
    base: usize,
    /// Bytes at which the page or the dictionary is full.
    limit: usize,
    /// Bytes that are left of `limit`.
    left: usize,
    spread: Spread,
    keys: Keys,
    /// Bytes that several values have together at most.
    shared_bytes: usize,
}

/// What the values of an Arrow dictionary cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Nothing: they are few, and each is paid for once.
    Free,
    /// As much as any other value.
    Paid,
}

/// Where the values of a batch lie among its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Evenly, for all we care.
    Even,
    /// Where the definition levels say.
    Exact,
}

/// More than two kinds of levels take for each slot.
pub(super) const LEVEL_BYTES: usize = 5;

/// Bytes of a dictionary index at most.
const INDEX_BYTES: usize = 4;

/// Slots that may always be added together: fewer would make loops over them slow.
const FEWEST_SLOTS: usize = 64;

/// What buffers may be beyond what they were asked for.
const SLACK_BYTES: usize = 64;

/// Bytes of a number, and of the offset and the pick of a string.
const NUMBER_BYTES: usize = 8;

/// Bytes that a dictionary takes to find an entry by, about.
const ENTRY_BYTES: usize = 24;

/// Whether rows fit into pages without being looked at: `bytes` are those of the values of the largest row at most, and
/// `slots` are its values and nulls. It holds whatever the options say.
pub(crate) fn surely_fits(bytes: usize, slots: usize) -> bool {
    let beside = slots.saturating_mul(MOST_VALUE_OVERHEAD + LEVEL_BYTES);
    bytes.saturating_add(beside) <= FORMAT.page_bytes / 8
}

impl CutLimits {
    /// The limits of column `descr`: the least of what `options`, memory and the format say.
    pub(super) fn new(
        descr: &ColumnDescriptor,
        options: &ColumnOptions,
        cap: Option<PageMemoryCap>,
        format: FormatLimits,
    ) -> Self {
        let width = usize::try_from(descr.type_length()).unwrap_or(0);
        let page_bytes = options.data_page_size_limit;
        Self {
            page_bytes,
            page_rows: options.data_page_row_count_limit,
            dictionary_bytes: options.dictionary_page_size_limit,
            batch_slots: options.write_batch_size,
            format,
            cap,
            page_cap: cap.filter(|cap| cap.is_full(page_bytes)),
            converted_bytes: width.max(NUMBER_BYTES),
        }
    }

    /// The same with another cap.
    pub(super) fn with_cap(self, cap: Option<PageMemoryCap>) -> Self {
        Self {
            cap,
            page_cap: cap.filter(|cap| cap.is_full(self.page_bytes)),
            ..self
        }
    }

    /// Slots of a full batch of `leaf`. `parquet` takes as many rows as a page has where each kind of levels is one
    /// number, and looks at the page's size only then; page boundaries are equal because this is.
    pub(super) fn base(&self, leaf: &Slots<'_>) -> usize {
        let levels = [&leaf.definition, &leaf.repetition];
        let has_levels = levels.iter().any(|levels| levels.is_some());
        let compact = levels
            .iter()
            .copied()
            .flatten()
            .all(|levels| levels.is_uniform());
        let base = if has_levels && compact {
            self.page_rows
        } else {
            self.batch_slots
        };
        base.min(self.format.slots)
    }

    /// Slots of the next batch of `leaf`. What is converted for them takes no more than memory allows, and no row is
    /// beyond the page's last.
    pub(super) fn batch(&self, base: usize, leaf: &Slots<'_>, open_rows: usize) -> usize {
        let most = match self.page_cap {
            None => base,
            Some(cap) => {
                let rows_left = self.page_rows.saturating_sub(open_rows);
                base.min((cap.page_bytes / self.converted_bytes).max(FEWEST_SLOTS))
                    .min(rows_left.max(1))
            }
        };
        leaf.through_row_end(most)
    }

    /// Whether `leaf` is one batch, for which no limit has to be looked at: its slots. What it takes as a mini batch
    /// is yet to be seen.
    #[cfg(feature = "arrow")]
    pub(super) fn is_one_batch(&self, leaf: &Slots<'_>) -> bool {
        self.cap.is_none() && leaf.count <= self.base(leaf)
    }

    /// Whether all of `leaf`, which is one batch, goes in before the sizes are looked at again.
    #[cfg(feature = "arrow")]
    pub(super) fn takes_at_once(
        &self,
        leaf: &Slots<'_>,
        values: &Values<'_>,
        open: &OpenSizes,
    ) -> bool {
        let pace = self.pace(self.base(leaf), leaf, values, open);
        pace.mini_batch == MiniBatch::Whole && !self.may_overflow(&pace, leaf.count, open)
    }

    /// Whether several leaves, each of which is one batch, go in one after the other with no page and no dictionary
    /// ending before the last of them, wherever one of them ends. They have these slots and values together.
    #[cfg(feature = "arrow")]
    pub(super) fn takes_together(
        &self,
        slots: &Slots<'_>,
        values: &Values<'_>,
        (open, overhead): (&OpenSizes, Overhead),
    ) -> bool {
        let bytes = size_bound(values, self.format.shared_bytes / 4);
        let (page_bytes, dictionary_bytes) = match open.dictionary_bytes {
            // An index may become wider with each entry, and with it those that the page has.
            Some(used) => (INDEX_BYTES * (open.slots + slots.count), used + bytes),
            None => {
                let beside = overhead.page_bytes + overhead.value_bytes * values.len();
                (open.value_bytes + bytes + beside, 0)
            }
        };
        let all_bytes =
            page_bytes + dictionary_bytes + open.level_bytes + slots.count * LEVEL_BYTES;
        self.cap.is_none()
            && open.rows + slots.count <= self.page_rows
            && page_bytes < self.page_bytes
            && dictionary_bytes < self.dictionary_bytes
            && all_bytes < self.format.shared_bytes
    }

    /// Measures a batch.
    pub(super) fn pace(
        &self,
        base: usize,
        batch: &Slots<'_>,
        values: &Values<'_>,
        open: &OpenSizes,
    ) -> Pace {
        let bytes = size_bound(values, self.format.shared_bytes / 4);
        let rules = self.rules(base, open);
        Pace {
            base,
            bytes,
            mini_batch: MiniBatch::new(batch.count, values, bytes, &rules),
        }
    }

    /// Slots of the mini batch at the front of `batch`, which ends where a row does.
    pub(super) fn mini_batch(
        &self,
        pace: &mut Pace,
        batch: &Slots<'_>,
        values: &Values<'_>,
        (open, max_definition): (&OpenSizes, i16),
    ) -> usize {
        if self.page_cap.is_some() {
            // What fits depends on what the page holds by now.
            let bytes = size_bound(values, self.format.shared_bytes / 4);
            let rules = self.rules(pace.base, open);
            pace.mini_batch = MiniBatch::new(batch.count, values, bytes, &rules);
        }
        let mini_batch = match (
            self.may_overflow(pace, batch.count, open),
            &batch.repetition,
        ) {
            (false, _) => pace.mini_batch,
            (true, None) => {
                let left = self.rules(pace.base, open).left;
                MiniBatch::of_bytes(values, left.min(self.format.shared_bytes), self.format)
            }
            // What begins in a row takes the rest of it along, however large.
            (true, Some(_)) => MiniBatch::Slots(1),
        };
        mini_batch.slots(batch, max_definition)
    }

    /// Slots of `mini_batch` that go in at once: a dictionary that may grow past its part of the memory is looked at
    /// more often than the page.
    pub(super) fn step(
        &self,
        mini_batch: &Slots<'_>,
        values: &Values<'_>,
        open: &OpenSizes,
        max_definition: i16,
    ) -> usize {
        let (Some(cap), None, Some(used)) = (self.cap, self.page_cap, open.dictionary_bytes) else {
            return mini_batch.count;
        };
        if cap.dictionary_bytes >= self.dictionary_bytes {
            return mini_batch.count;
        }
        let rules = cap.dictionary_rules(used, self.dictionary_bytes, self.format);
        let bytes = size_bound(values, self.format.shared_bytes / 4);
        MiniBatch::new(mini_batch.count, values, bytes, &rules).slots(mini_batch, max_definition)
    }

    /// Whether what is left of a batch could be more than a page or the dictionary may hold.
    pub(super) fn may_overflow(&self, pace: &Pace, slots: usize, open: &OpenSizes) -> bool {
        let page = open.value_bytes + open.level_bytes + open.dictionary_bytes.unwrap_or(0);
        page + slots * LEVEL_BYTES + pace.bytes > self.format.shared_bytes
            || open.slots + slots > self.format.slots
    }

    /// Whether the dictionary ends before a mini batch of such values, since both are too much for a page.
    pub(super) fn dictionary_ends_before(&self, values: &Values<'_>, open: &OpenSizes) -> bool {
        let used = open.dictionary_bytes.unwrap_or(0);
        let shared = self.format.shared_bytes;
        used > 0 && used + distinct_bound(values, shared / 4) > shared
    }

    /// Whether the open page ends before a mini batch of so many slots with these values.
    pub(super) fn page_ends_before(
        &self,
        slots: usize,
        values: &Values<'_>,
        open: &OpenSizes,
    ) -> bool {
        let shared = self.format.shared_bytes;
        let bytes = match open.dictionary_bytes {
            Some(_) => INDEX_BYTES * values.len(),
            None => size_bound(values, shared / 4),
        };
        let page = open.value_bytes + open.level_bytes + slots * LEVEL_BYTES + bytes;
        page > shared || open.slots + slots > self.format.slots
    }

    /// Whether the open page is full, and of what.
    pub(super) fn full_page(&self, open: &OpenSizes) -> Option<Cut> {
        let exempt = match open.first_value_bytes {
            bytes if bytes >= self.page_bytes => bytes,
            _ => 0,
        };
        if open.rows >= self.page_rows || open.value_bytes.saturating_sub(exempt) >= self.page_bytes
        {
            return Some(Cut::Full);
        }
        let cap = self.page_cap?;
        cap.is_full(open.capped_bytes() + open.level_bytes)
            .then_some(Cut::Early)
    }

    /// Whether the dictionary is full.
    pub(super) fn is_dictionary_full(&self, open: &OpenSizes) -> bool {
        let used = open.dictionary_bytes;
        used.is_some_and(|bytes| bytes >= self.dictionary_bytes)
    }

    /// Bytes of the dictionary past its part of the memory.
    pub(super) fn dictionary_beyond_cap(&self, dictionary_bytes: Option<usize>) -> usize {
        let (Some(cap), Some(bytes)) = (self.cap, dictionary_bytes) else {
            return 0;
        };
        bytes.saturating_sub(cap.dictionary_bytes)
    }

    /// Whether an empty page that keeps `bytes` for the next one keeps too much; a value larger than the cap may have
    /// left them.
    pub(super) fn keeps_too_much(&self, bytes: usize) -> bool {
        self.cap
            .is_some_and(|cap| bytes > cap.page_bytes + SLACK_BYTES)
    }

    /// What memory allows.
    pub(super) fn cap(&self) -> Option<PageMemoryCap> {
        self.cap
    }

    fn rules(&self, base: usize, open: &OpenSizes) -> Rules {
        if let Some(cap) = self.page_cap {
            return match open.dictionary_bytes {
                Some(used) => cap.dictionary_rules(used, self.dictionary_bytes, self.format),
                None => cap.page_rules(open.capped_bytes(), self.page_bytes, self.format),
            };
        }
        let (limit, left) = match open.dictionary_bytes {
            Some(used) => (
                self.dictionary_bytes,
                self.dictionary_bytes.saturating_sub(used),
            ),
            None => (self.page_bytes, self.page_bytes),
        };
        Rules {
            base,
            limit,
            left,
            // Where values lean on one another the page's size follows from which they are.
            spread: if open.values_lean {
                Spread::Exact
            } else {
                Spread::Even
            },
            keys: Keys::Free,
            shared_bytes: self.format.shared_bytes,
        }
    }
}

impl OpenSizes {
    /// Bytes of the open page that count against a cap.
    fn capped_bytes(&self) -> usize {
        self.heap_bytes.saturating_sub(self.first_value_bytes)
    }
}

impl PageMemoryCap {
    /// Whether a page of `open_bytes` is cut: a little before it is full, as buffers that grow beyond the cap double.
    fn is_full(self, open_bytes: usize) -> bool {
        open_bytes >= self.page_bytes - self.page_bytes / 8
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

    /// Rules for a page that has `open_bytes` and, by the options, may have `page_limit`.
    fn page_rules(self, open_bytes: usize, page_limit: usize, format: FormatLimits) -> Rules {
        let most = self.page_bytes - self.page_bytes / 16;
        self.rules(most.saturating_sub(open_bytes), page_limit, format)
    }

    /// Rules for a dictionary that has `used_bytes` and, by the options, may have `dictionary_limit`.
    fn dictionary_rules(
        self,
        used_bytes: usize,
        dictionary_limit: usize,
        format: FormatLimits,
    ) -> Rules {
        let most = self.dictionary_bytes.min(dictionary_limit);
        self.rules(most.saturating_sub(used_bytes), dictionary_limit, format)
    }

    fn rules(self, left_bytes: usize, limit: usize, format: FormatLimits) -> Rules {
        let most = self.page_bytes.min(limit);
        Rules {
            base: usize::MAX,
            limit: most,
            // Values that a dictionary knows already do not fill it: few of them at a time would only take time.
            left: left_bytes.clamp(most / 16, most),
            spread: Spread::Exact,
            keys: Keys::Paid,
            shared_bytes: format.shared_bytes,
        }
    }
}

impl MiniBatch {
    /// The mini batches of a batch of `slots` slots whose values have `bytes` bytes at most. It holds for the whole
    /// batch, so that a batch is measured once however many mini batches it has.
    fn new(slots: usize, values: &Values<'_>, bytes: usize, rules: &Rules) -> Self {
        let fitting = rules.fitting_values(values, bytes);
        match rules.spread {
            _ if fitting >= values.len() => MiniBatch::Whole,
            Spread::Even => MiniBatch::Slots((fitting * slots).div_ceil(values.len())),
            Spread::Exact => MiniBatch::Values(fitting),
        }
    }

    /// As many values as `bytes` hold, one at least, and no more together than a page is sure to hold. For this mini
    /// batch alone.
    fn of_bytes(values: &Values<'_>, bytes: usize, format: FormatLimits) -> Self {
        MiniBatch::Values(match values {
            Values::Bytes(strings) => count_within(strings, bytes, format.shared_bytes),
            fixed => (bytes / width_of(fixed)).max(1),
        })
    }

    /// Its slots at the front of `batch`, up to where a row ends.
    fn slots(self, batch: &Slots<'_>, max_definition: i16) -> usize {
        let least = match self {
            MiniBatch::Whole => batch.count,
            MiniBatch::Slots(slots) => slots,
            MiniBatch::Values(values) => batch.holding(max_definition, values),
        };
        batch.through_row_end(least.max(1))
    }
}

impl Rules {
    /// How many of the leading values fit into what is left, the one that crosses it included; all of them
    /// where a full batch stays below the limit, or where the cost is paid already.
    fn fitting_values(&self, values: &Values<'_>, bytes: usize) -> usize {
        let is_small = |width: usize| width.saturating_mul(self.base) <= self.limit;
        match values {
            Values::Fixed(fixed) if is_small(fixed.width()) => values.len(),
            Values::Fixed(fixed) => self.left / fixed.width().max(1) + 1,
            Values::Bytes(strings) if self.keys == Keys::Free && is_dictionary(strings) => {
                strings.len()
            }
            Values::Bytes(strings) if bytes <= self.left => strings.len(),
            Values::Bytes(strings) => count_within(strings, self.left, self.shared_bytes),
            numbers => {
                let width = width_of(numbers);
                if is_small(width) {
                    numbers.len()
                } else {
                    (self.left / width).max(1)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: PageMemoryCap = PageMemoryCap {
        page_bytes: 1_600,
        dictionary_bytes: 6_400,
        bound_bytes: 64,
        codec: CodecMemory {
            wanted_bytes: 100_000,
            limit_bytes: 100_000,
        },
    };

    #[test]
    fn mini_batches_fill_a_page_up_to_the_cap_or_the_option() {
        let left = |open, limit| CAP.page_rules(open, limit, FORMAT).left;
        assert_eq!(left(0, 100_000), 1_500);
        assert_eq!(left(1_000, 100_000), 500);
        assert!(CAP.is_full(1_000 + 500));
        assert_eq!(left(0, 320), 320);
        // Never nothing, nor more than the option by much.
        assert_eq!(left(1_500, 100_000), 100);
        assert_eq!(left(1_500, 320), 20);
    }

    #[test]
    fn mini_batches_for_a_dictionary_are_no_larger_than_those_of_a_page() {
        let left = |used, limit| CAP.dictionary_rules(used, limit, FORMAT).left;
        assert_eq!(left(0, 100_000), 1_600);
        assert_eq!(left(6_000, 100_000), 400);
        assert_eq!(left(6_400, 100_000), 100);
        assert_eq!(left(0, 800), 800);
    }

    #[test]
    fn ordinary_rows_fit_for_sure_and_large_ones_are_looked_at() {
        assert!(surely_fits(0, 0) && surely_fits(1 << 20, 1 << 20));
        assert!(!surely_fits(FORMAT.page_bytes / 8, 1));
        assert!(!surely_fits(0, FORMAT.slots) && !surely_fits(usize::MAX, usize::MAX));
    }
}
