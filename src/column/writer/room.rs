//! What a page can hold at all. Sizes and counts in a page's header are signed 32-bit numbers, and a row never lies on
//! two pages: a row that is too large for a page of its own is refused before anything is encoded, and rows that are
//! too large together go on different pages.
//!
//! SPEC: parquet.thrift, `PageHeader`, `DataPageHeader` and `PageLocation`.

use super::encoder::LeafInput;
use super::paging::{batch_slots, slots_until};
use crate::basic::{Compression, Encoding, Type};
use crate::data_type::levels::Levels;
use crate::data_type::values::{ByteVisitor, Values};
use crate::errors::{ParquetError, Result};
use crate::file::properties::ColumnOptions;
use crate::schema::types::ColumnDescPtr;

/// Bytes of a page at most, header included: offset indexes have one number for both.
const MOST_PAGE_BYTES: usize = i32::MAX as usize;

/// Slots of a page at most.
pub(super) const MOST_SLOTS: usize = i32::MAX as usize;

/// Bytes of a header, bounds left out; generous.
const HEADER_BYTES: usize = 1024;

/// Bytes that a page of several rows stays below, before levels, encodings, codecs and the header add theirs: none
/// of these doubles a page.
#[cfg(not(test))]
pub(super) const MOST_SHARED_BYTES: usize = MOST_PAGE_BYTES / 2;
/// What unit tests can fill.
#[cfg(test)]
pub(super) const MOST_SHARED_BYTES: usize = 4 << 20;

/// A row that [`surely_fits`] has at most so many bytes, whatever the options say.
const SURELY_FITTING_BYTES: usize = MOST_PAGE_BYTES / 8;

/// More than any encoding puts beside the bytes of a value.
const BESIDE_VALUE_BYTES: usize = 16;

/// More than two kinds of levels take for each slot.
pub(super) const LEVEL_BYTES: usize = 5;

/// Values or slots that are looked at together.
const STEP: usize = 4096;

/// Whether rows fit into pages without being looked at: `bytes` are those of the values of the largest row at most, and
/// `slots` are its values and nulls.
pub(crate) fn surely_fits(bytes: usize, slots: usize) -> bool {
    let beside = slots.saturating_mul(BESIDE_VALUE_BYTES + LEVEL_BYTES);
    bytes.saturating_add(beside) <= SURELY_FITTING_BYTES
}

/// The largest row that a page of one column can hold.
#[derive(Debug)]
pub(crate) struct RowRoom {
    descr: ColumnDescPtr,
    /// Bytes of the body.
    body_bytes: usize,
    /// Bytes that each value takes beside its own.
    beside_value: usize,
    /// Bytes that encodings put in front of the values.
    beside_values: usize,
}

impl RowRoom {
    /// For a column whose values are encoded in `direct_encoding` where they are not in the dictionary.
    pub(crate) fn new(
        descr: ColumnDescPtr,
        options: &ColumnOptions,
        direct_encoding: Encoding,
    ) -> Self {
        let mut body_bytes = MOST_PAGE_BYTES - HEADER_BYTES;
        if options.compression != Compression::UNCOMPRESSED {
            // What cannot be compressed becomes larger, by 1/60 where SNAPPY is at its worst.
            body_bytes -= body_bytes / 32;
        }
        if options.writes_header_statistics() {
            // Both bounds stand in the header, in the old fields and in the new ones.
            body_bytes = match options.statistics_truncate_length {
                Some(most) => body_bytes.saturating_sub(most.saturating_mul(4)),
                None => body_bytes / 5,
            };
        }
        let beside_value = match (direct_encoding, descr.physical_type()) {
            (Encoding::DELTA_BYTE_ARRAY, _) => 10,
            (Encoding::DELTA_LENGTH_BYTE_ARRAY, _) => 5,
            (Encoding::DELTA_BINARY_PACKED, _) => 1,
            (_, Type::BYTE_ARRAY) => 4,
            _ => 0,
        };
        let beside_values = match direct_encoding {
            Encoding::DELTA_BYTE_ARRAY
            | Encoding::DELTA_LENGTH_BYTE_ARRAY
            | Encoding::DELTA_BINARY_PACKED => {
                // Two sequences of numbers, whose last blocks may be all padding.
                let block = options.delta.map_or(128, |delta| delta.block_size());
                2 * (64 + 9 * block)
            }
            _ => 0,
        };
        Self {
            descr,
            body_bytes,
            beside_value,
            beside_values,
        }
    }

    /// Looks at the lengths of all rows of a part of a batch; their bytes are not touched. `first_row` is the number of its
    /// first row in the batch.
    ///
    /// # Errors
    /// [`ParquetError::General`] if a row is too large: names the column, the row and the sizes.
    pub(crate) fn check(&self, input: LeafInput<'_>, first_row: usize) -> Result<()> {
        match input.repetition {
            None => self.check_flat(input, first_row),
            Some(_) => self.check_repeated(input, first_row),
        }
    }

    /// Each slot is a row.
    fn check_flat(&self, input: LeafInput<'_>, first_row: usize) -> Result<()> {
        let LeafInput {
            slots,
            mut definition,
            values,
            ..
        } = input;
        let max_definition = self.descr.max_def_level();
        let most = self.body_bytes.saturating_sub(self.beside(1, 1));
        for from in (0..slots).step_by(STEP) {
            let count = STEP.min(slots - from);
            let definition = definition.as_mut().map(|levels| levels.take_front(count));
            let present = present_of(definition.as_ref(), max_definition, count);
            if let Some(longer) = first_longer(&values.next(present)?, most) {
                let row = match &definition {
                    None => from + longer.at,
                    Some(levels) => from + slots_until(levels, max_definition, longer.at + 1) - 1,
                };
                let row = first_row + row;
                return Err(ParquetError::General(self.descr.message(format_args!(
                    "the value in row {row} of the batch has {} bytes, and a page holds values of at most {most} \
                     bytes",
                    longer.bytes
                ))));
            }
        }
        Ok(())
    }

    fn check_repeated(&self, input: LeafInput<'_>, first_row: usize) -> Result<()> {
        let LeafInput {
            slots,
            mut definition,
            mut repetition,
            values,
            ..
        } = input;
        let (mut row, mut left) = (first_row, slots);
        while left > 0 {
            let count = batch_slots(repetition.as_ref(), 1, left);
            let definition = definition.as_mut().map(|levels| levels.take_front(count));
            if let Some(levels) = &mut repetition {
                levels.take_front(count);
            }
            let present = present_of(definition.as_ref(), self.descr.max_def_level(), count);
            let (mut bytes, mut longest, mut values_left) = (0_usize, 0, present);
            while values_left > 0 {
                let part = values.next(values_left.min(STEP))?;
                if part.len() == 0 {
                    break;
                }
                values_left -= part.len();
                let lengths = lengths_of(&part);
                bytes = bytes.saturating_add(lengths.sum);
                longest = longest.max(lengths.longest);
            }
            let needed = bytes.saturating_add(self.beside(present, count));
            if needed > self.body_bytes || count > MOST_SLOTS {
                return Err(ParquetError::General(self.descr.message(format_args!(
                    "row {row} of the batch takes {needed} bytes for {count} values and nulls, the longest of \
                     {longest} bytes; a row lies on one page, which holds {} bytes and {MOST_SLOTS} values and nulls",
                    self.body_bytes
                ))));
            }
            (row, left) = (row + 1, left - count);
        }
        Ok(())
    }

    /// Bytes of a page's body that are not those of values.
    fn beside(&self, values: usize, slots: usize) -> usize {
        let levels = |max: i16| match i16::BITS - max.leading_zeros() {
            0 => 0,
            // Runs and groups of eight, each with a header.
            bits => slots.div_ceil(8).saturating_mul(bits as usize + 2) + 16,
        };
        values
            .saturating_mul(self.beside_value)
            .saturating_add(self.beside_values)
            .saturating_add(levels(self.descr.max_def_level()))
            .saturating_add(levels(self.descr.max_rep_level()))
    }
}

/// Bytes of values, and of the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) sum: usize,
    pub(crate) longest: usize,
}

/// The lengths of `values`, without what encodings add. Of bits, eight make a byte.
pub(crate) fn lengths_of(values: &Values<'_>) -> Lengths {
    match values {
        Values::Boolean(bits) => Lengths {
            sum: bits.len().div_ceil(8),
            longest: 1,
        },
        Values::Bytes(bytes) => bytes.visit(SumAndLongest),
        fixed => Lengths {
            sum: fixed.len().saturating_mul(width_of(fixed)),
            longest: width_of(fixed),
        },
    }
}

/// Bytes of each value; 1 for those that are shorter or of different lengths.
pub(super) fn width_of(values: &Values<'_>) -> usize {
    match values {
        Values::Boolean(_) | Values::Bytes(_) => 1,
        Values::Int32(_) | Values::Float(_) => 4,
        Values::Int64(_) | Values::Double(_) => 8,
        Values::Int96(_) => 12,
        Values::Fixed(fixed) => fixed.width().max(1),
    }
}

/// A value that is too long.
struct Longer {
    /// Its place among the values.
    at: usize,
    bytes: usize,
}

fn first_longer(values: &Values<'_>, most: usize) -> Option<Longer> {
    match values {
        Values::Bytes(bytes) => bytes.visit(FirstLonger { most }),
        fixed => (fixed.len() > 0 && width_of(fixed) > most).then(|| Longer {
            at: 0,
            bytes: width_of(fixed),
        }),
    }
}

fn present_of(definition: Option<&Levels<'_>>, max_definition: i16, slots: usize) -> usize {
    definition.map_or(slots, |levels| levels.count(max_definition))
}

struct SumAndLongest;

impl ByteVisitor for SumAndLongest {
    type Out = Lengths;

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Lengths {
        values.fold(Lengths::default(), |lengths, value| Lengths {
            sum: lengths.sum.saturating_add(value.len()),
            longest: lengths.longest.max(value.len()),
        })
    }
}

struct FirstLonger {
    most: usize,
}

impl ByteVisitor for FirstLonger {
    type Out = Option<Longer>;

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Option<Longer> {
        let mut lengths = values.map(<[u8]>::len).enumerate();
        let longer = lengths.find(|(_, bytes)| *bytes > self.most);
        longer.map(|(at, bytes)| Longer { at, bytes })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::encoder::{ValueFeed, row_room};
    use super::*;
    use crate::data_type::levels::LevelRun;
    use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Picks};
    use crate::file::properties::{
        EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
    };
    use crate::schema::parser::parse_message_type;
    use crate::schema::types::SchemaDescriptor;

    struct Feed<'a>(Values<'a>);

    impl ValueFeed for Feed<'_> {
        fn next(&mut self, count: usize) -> Result<Values<'_>> {
            Ok(self.0.take_front(count))
        }
    }

    fn room_of(column: &str, properties: WriterPropertiesBuilder) -> RowRoom {
        let schema = parse_message_type(&format!("message m {{ {column} }}")).unwrap();
        let descr = SchemaDescriptor::new(Arc::new(schema)).column(0);
        let options = properties.build().column(descr.path());
        row_room(&descr, &options)
    }

    /// Whether a required value of `len` bytes fits. The system gives zeros that nobody reads for nothing.
    fn fits(room: &RowRoom, len: usize) -> Result<()> {
        let data = vec![0; len];
        let offsets = [0, i64::try_from(len).unwrap()];
        let source = ByteSource::Offsets64 {
            offsets: &offsets,
            data: &data,
        };
        let picks = Picks::Range { from: 0, len: 1 };
        let mut feed = Feed(Values::Bytes(ByteValues::new(source, picks)));
        room.check(
            LeafInput {
                slots: 1,
                definition: (room.descr.max_def_level() > 0).then(|| Levels::uniform(1, 1)),
                repetition: None,
                values: &mut feed,
                given: None,
            },
            0,
        )
    }

    #[test]
    fn a_value_may_have_what_the_format_leaves_it() {
        let plain = || WriterProperties::builder();
        let most = MOST_PAGE_BYTES - HEADER_BYTES - 4;
        let room = room_of("required binary a;", plain());
        fits(&room, most).unwrap();
        let error = fits(&room, most + 1).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "Parquet error: Column 'a': the value in row 0 of the batch has {} bytes, and a page holds values \
                 of at most {most} bytes",
                most + 1
            )
        );
        // What else goes into the page comes off.
        let less = [
            ("optional binary a;", plain()),
            (
                "required binary a;",
                plain().set_writer_version(WriterVersion::PARQUET_2_0),
            ),
            (
                "required binary a;",
                plain().set_encoding(Encoding::DELTA_BYTE_ARRAY),
            ),
            (
                "required binary a;",
                plain().set_compression(Compression::SNAPPY),
            ),
            (
                "required binary a;",
                plain()
                    .set_statistics_enabled(EnabledStatistics::Page)
                    .set_write_page_header_statistics(true)
                    .set_statistics_truncate_length(None),
            ),
        ];
        for (column, properties) in less {
            let room = room_of(column, properties);
            fits(&room, most / 6).unwrap();
            assert!(fits(&room, most).is_err(), "{room:?}");
        }
    }

    #[test]
    fn values_of_one_width_are_looked_at_once() {
        let width = MOST_PAGE_BYTES;
        let room = room_of(
            &format!("optional fixed_len_byte_array({width}) a;"),
            WriterProperties::builder(),
        );
        let data = vec![0; width];
        let mut feed = Feed(Values::Fixed(FixedValues::new(&data, width)));
        let error = room
            .check(
                LeafInput {
                    slots: 5000,
                    definition: Some(Levels::Runs {
                        runs: &[
                            LevelRun {
                                level: 0,
                                len: 4500,
                            },
                            LevelRun { level: 1, len: 1 },
                            LevelRun { level: 0, len: 499 },
                        ],
                        skip: 0,
                        len: 5000,
                    }),
                    repetition: None,
                    values: &mut feed,
                    given: None,
                },
                0,
            )
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("the value in row 4500 of the batch has 2147483647 bytes"),
            "{error}"
        );
    }

    #[test]
    fn a_repeated_row_is_measured_as_a_whole() {
        let room = room_of(
            "repeated int64 a;",
            WriterProperties::builder().set_dictionary_enabled(false),
        );
        let most = room.body_bytes / 9;
        let numbers = vec![0_i64; most * 8 / 7];
        let check = |rows: [usize; 3]| {
            let runs: Vec<LevelRun> = rows
                .iter()
                .flat_map(|len| {
                    [
                        LevelRun { level: 0, len: 1 },
                        LevelRun {
                            level: 1,
                            len: len - 1,
                        },
                    ]
                })
                .filter(|run| run.len > 0)
                .collect();
            let slots = rows.iter().sum();
            let mut feed = Feed(Values::Int64(&numbers[..slots]));
            room.check(
                LeafInput {
                    slots,
                    definition: Some(Levels::uniform(1, slots)),
                    repetition: Some(Levels::Runs {
                        runs: &runs,
                        skip: 0,
                        len: slots,
                    }),
                    values: &mut feed,
                    given: None,
                },
                0,
            )
        };
        check([1, 1000, most / 3]).unwrap();
        check([most / 3, most / 3, most / 3]).unwrap();
        let error = check([1, numbers.len() - 2, 1]).unwrap_err().to_string();
        assert!(
            error.contains("Column 'a': row 1 of the batch takes"),
            "{error}"
        );
        assert!(error.contains("the longest of 8 bytes"), "{error}");
    }

    #[test]
    fn ordinary_rows_fit_for_sure_and_large_ones_are_looked_at() {
        assert!(surely_fits(0, 0) && surely_fits(1 << 20, 1 << 20));
        assert!(!surely_fits(SURELY_FITTING_BYTES, 1));
        assert!(!surely_fits(0, MOST_SLOTS) && !surely_fits(usize::MAX, usize::MAX));
    }
}
