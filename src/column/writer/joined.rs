//! Slots of several small leaves, copied together: a column is then looked at once for all of them, instead of once for
//! each.

mod levels;
mod values;

use levels::JoinedLevels;
use values::JoinedValues;

use super::sizes::size_bound;
use super::slots::{Slots, ValueFeed};
use crate::data_type::levels::Levels;
use crate::data_type::values::{Picks, Values};
use crate::errors::Result;

/// Leaves of one column without lists, in the order in which they came. Levels stay symbolic where they can.
#[derive(Debug)]
pub(crate) struct JoinedLeaves {
    leaves: Vec<LeafMark>,
    count: usize,
    /// `None` if the column has one level.
    definition: Option<JoinedLevels>,
    values: JoinedValues,
}

/// What a leaf was before it was joined. Where pages end follows from the leaves that a column is given, and from the
/// form of their levels.
#[derive(Debug, Clone, Copy)]
struct LeafMark {
    slots: u16,
    levels: LevelForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LevelForm {
    /// One level throughout, known to be one.
    Uniform,
    Other,
}

/// Leaves of more slots are not copied: to look at the column once more costs less.
pub(crate) const MOST_JOINED_SLOTS: usize = 512;

/// Nor are those of more bytes.
const MOST_JOINED_BYTES: usize = 16 << 10;

impl JoinedLeaves {
    /// For a column whose definition levels go up to `max_definition`.
    pub(crate) fn new(max_definition: i16) -> Self {
        Self {
            leaves: Vec::new(),
            count: 0,
            definition: (max_definition > 0).then(JoinedLevels::default),
            values: JoinedValues::default(),
        }
    }

    /// Takes in a copy of a leaf that has these values: their bytes. `None` if it is too large, or one of those that
    /// are not copied: nothing is then taken in.
    ///
    /// # Errors
    /// If the values are of another type than those before them.
    pub(crate) fn push(&mut self, slots: Slots<'_>, values: &Values<'_>) -> Result<Option<usize>> {
        let bytes = size_bound(values, MOST_JOINED_BYTES);
        let Ok(count) = u16::try_from(slots.count) else {
            return Ok(None);
        };
        if slots.count > MOST_JOINED_SLOTS
            || slots.repetition.is_some()
            || bytes > MOST_JOINED_BYTES
            || is_keyed(values)
        {
            return Ok(None);
        }
        self.values.extend(values)?;
        let mut form = LevelForm::Uniform;
        if let (Some(joined), Some(levels)) = (&mut self.definition, &slots.definition) {
            if !levels.is_uniform() {
                form = LevelForm::Other;
            }
            joined.extend(levels);
        }
        self.count += slots.count;
        self.leaves.push(LeafMark {
            slots: count,
            levels: form,
        });
        Ok(Some(bytes))
    }

    /// All slots.
    pub(super) fn slots(&self) -> Slots<'_> {
        Slots {
            count: self.count,
            definition: self.definition.as_ref().map(JoinedLevels::as_levels),
            repetition: None,
        }
    }

    /// All present values.
    pub(super) fn values(&self) -> Values<'_> {
        self.values.as_values()
    }

    /// The leaves as they came, with the values of each.
    pub(super) fn each(
        &self,
        max_definition: i16,
    ) -> impl Iterator<Item = (Slots<'_>, Values<'_>)> {
        let (mut slots, mut values) = (self.slots(), self.values());
        self.leaves.iter().map(move |mark| {
            let mut leaf = slots.take_front(usize::from(mark.slots));
            leaf.definition = leaf.definition.map(|levels| match mark.levels {
                LevelForm::Uniform => {
                    Levels::uniform(levels.first().unwrap_or_default(), leaf.count)
                }
                LevelForm::Other => self.as_runs(levels),
            });
            let present = leaf.present(max_definition);
            (leaf, values.take_front(present))
        })
    }

    /// The same levels, not known to be one throughout.
    fn as_runs<'a>(&'a self, levels: Levels<'a>) -> Levels<'a> {
        match (levels, &self.definition) {
            (Levels::Uniform(some), Some(JoinedLevels::Uniform(all))) => Levels::Runs {
                runs: std::slice::from_ref(all),
                skip: 0,
                len: some.len,
            },
            (levels, _) => levels,
        }
    }

    /// Forgets all leaves, and keeps their memory for the next ones.
    pub(crate) fn clear(&mut self) {
        self.leaves.clear();
        self.count = 0;
        if let Some(levels) = &mut self.definition {
            levels.clear();
        }
        self.values.clear();
    }

    /// Bytes held on the heap, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        let levels = self.definition.as_ref();
        self.leaves.capacity() * size_of::<LeafMark>()
            + levels.map_or(0, JoinedLevels::memory_size)
            + self.values.memory_size()
    }
}

/// Whether values are picked from a dictionary or from runs, which encoders make use of.
fn is_keyed(values: &Values<'_>) -> bool {
    matches!(values, Values::Bytes(bytes) if matches!(bytes.picks(), Picks::Keys { .. }))
}

/// Gives values that are there already.
pub(super) struct ReadyValues<'a> {
    left: Values<'a>,
    /// Where the values given last begin.
    last: Values<'a>,
}

impl<'a> ReadyValues<'a> {
    pub(super) fn new(values: Values<'a>) -> Self {
        Self {
            left: values,
            last: values,
        }
    }
}

impl ValueFeed for ReadyValues<'_> {
    fn next(&mut self, count: usize) -> Result<Values<'_>> {
        self.last = self.left;
        Ok(self.left.take_front(count))
    }

    fn give_back(&mut self, count: usize) {
        let given = self.last.len() - self.left.len();
        self.left = self.last;
        self.left.take_front(given.saturating_sub(count));
    }

    fn held_bytes(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_type::bits::BitSlice;
    use crate::data_type::levels::LevelRun;
    use crate::data_type::values::{ByteSource, ByteValues};
    use proptest::prelude::*;

    const MAX_DEFINITION: i16 = 2;

    /// A leaf's levels, one by one, and the form in which they are given.
    #[derive(Debug, Clone)]
    enum Given {
        Uniform(i16, usize),
        Bits(Vec<bool>, i16, i16),
        Runs(Vec<LevelRun>),
        Slice(Vec<i16>),
    }

    impl Given {
        fn plain(&self) -> Vec<i16> {
            match self {
                Given::Uniform(level, len) => vec![*level; *len],
                Given::Bits(bits, set, clear) => {
                    let level = |bit: &bool| if *bit { *set } else { *clear };
                    bits.iter().map(level).collect()
                }
                Given::Runs(runs) => {
                    let run = |run: &LevelRun| std::iter::repeat_n(run.level, run.len);
                    runs.iter().flat_map(run).collect()
                }
                Given::Slice(levels) => levels.clone(),
            }
        }
    }

    fn given() -> impl Strategy<Value = Given> {
        let level = 0..=MAX_DEFINITION;
        let bits = prop::collection::vec(any::<bool>(), 1..40);
        let runs = prop::collection::vec((level.clone(), 1usize..20), 1..5);
        prop_oneof![
            (level.clone(), 1usize..40).prop_map(|(level, len)| Given::Uniform(level, len)),
            (bits.clone(), Just((2, 1)))
                .prop_map(|(bits, (set, clear))| Given::Bits(bits, set, clear)),
            (bits, Just((2, 0))).prop_map(|(bits, (set, clear))| Given::Bits(bits, set, clear)),
            runs.prop_map(|runs| {
                let run = |(level, len)| LevelRun { level, len };
                Given::Runs(runs.into_iter().map(run).collect())
            }),
            prop::collection::vec(level, 1..40).prop_map(Given::Slice),
        ]
    }

    /// Adds a leaf of `given` levels, whose values count on from `first` as texts.
    fn push(joined: &mut JoinedLeaves, given: &Given, first: usize) -> Vec<String> {
        let plain = given.plain();
        let present = plain
            .iter()
            .filter(|level| **level == MAX_DEFINITION)
            .count();
        let texts: Vec<String> = (first..first + present)
            .map(|text| text.to_string())
            .collect();
        let mut offsets = vec![0];
        offsets.extend(texts.iter().scan(0, |end, text| {
            *end += i32::try_from(text.len()).unwrap();
            Some(*end)
        }));
        let data = texts.concat();
        let packed: Vec<u8> = match given {
            Given::Bits(bits, ..) => {
                let byte = |bits: &[bool]| {
                    bits.iter()
                        .rev()
                        .fold(0, |byte, bit| byte << 1 | u8::from(*bit))
                };
                bits.chunks(8).map(byte).collect()
            }
            _ => Vec::new(),
        };
        let definition = match given {
            Given::Uniform(level, len) => Levels::uniform(*level, *len),
            Given::Bits(bits, set, clear) => Levels::Bits {
                bits: BitSlice::new(&packed, 0, bits.len()),
                set: *set,
                clear: *clear,
            },
            Given::Runs(runs) => Levels::runs(runs),
            Given::Slice(levels) => Levels::Slice(levels),
        };
        let slots = Slots {
            count: plain.len(),
            definition: Some(definition),
            repetition: None,
        };
        let source = ByteSource::Offsets32 {
            offsets: &offsets,
            data: data.as_bytes(),
        };
        let all = Picks::Range {
            from: 0,
            len: present,
        };
        let values = Values::Bytes(ByteValues::new(source, all));
        let bytes = joined.push(slots, &values).unwrap();
        assert_eq!(bytes, Some(data.len() + 4 * present));
        texts
    }

    fn texts_of(values: &Values<'_>) -> Vec<String> {
        struct Texts;
        impl crate::data_type::values::ByteVisitor for Texts {
            type Out = Vec<String>;
            fn visit<'v>(
                self,
                values: impl ExactSizeIterator<Item = &'v [u8]> + Clone,
            ) -> Vec<String> {
                values
                    .map(|value| String::from_utf8(value.to_vec()).unwrap())
                    .collect()
            }
        }
        match values {
            Values::Bytes(values) => values.visit(Texts),
            others => panic!("{others:?}"),
        }
    }

    fn levels_of(slots: &Slots<'_>) -> Vec<i16> {
        let mut left = slots.definition.unwrap();
        let mut levels = Vec::new();
        while left.len() > 0 {
            levels.extend(left.take_front(1).first());
        }
        levels
    }

    proptest! {
        #[test]
        fn leaves_come_back_as_they_were(
            rounds in prop::collection::vec(prop::collection::vec(given(), 1..8), 1..3),
        ) {
            let mut joined = JoinedLeaves::new(MAX_DEFINITION);
            for round in rounds {
                let mut texts = Vec::new();
                let leaves = round.iter().map(|given| push(&mut joined, given, 7));
                let leaves: Vec<_> = leaves.inspect(|leaf| texts.extend(leaf.clone())).collect();
                let plain: Vec<i16> = round.iter().flat_map(Given::plain).collect();
                prop_assert_eq!(levels_of(&joined.slots()), plain);
                prop_assert_eq!(texts_of(&joined.values()), texts);
                let each = joined.each(MAX_DEFINITION).zip(&round).zip(&leaves);
                prop_assert_eq!(joined.each(MAX_DEFINITION).count(), round.len());
                for (((slots, values), given), texts) in each {
                    prop_assert_eq!(levels_of(&slots), given.plain());
                    prop_assert_eq!(&texts_of(&values), texts);
                    let is_uniform = slots.definition.unwrap().is_uniform();
                    prop_assert_eq!(is_uniform, matches!(given, Given::Uniform(..)));
                }
                joined.clear();
                prop_assert_eq!(joined.slots().count, 0);
            }
        }
    }

    #[test]
    fn values_are_given_again() {
        let mut feed = ReadyValues::new(Values::Int32(&[1, 2, 3, 4, 5]));
        assert!(matches!(feed.next(2), Ok(Values::Int32([1, 2]))));
        assert!(matches!(feed.next(2), Ok(Values::Int32([3, 4]))));
        feed.give_back(1);
        assert!(matches!(feed.next(9), Ok(Values::Int32([4, 5]))));
    }

    #[test]
    fn large_leaves_and_other_types_are_not_taken_in() {
        let mut joined = JoinedLeaves::new(0);
        let slots = |count| Slots {
            count,
            definition: None,
            repetition: None,
        };
        let many = vec![0; MOST_JOINED_SLOTS + 1];
        assert!(matches!(
            joined.push(slots(many.len()), &Values::Int32(&many)),
            Ok(None)
        ));
        assert!(matches!(
            joined.push(slots(2), &Values::Int32(&[1, 2])),
            Ok(Some(8))
        ));
        let error = joined.push(slots(1), &Values::Int64(&[1])).unwrap_err();
        assert!(error.to_string().contains("two types"), "{error}");
    }
}
