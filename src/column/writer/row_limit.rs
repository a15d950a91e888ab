//! The largest row that a page can hold. A row never lies on two pages: one that is too large for a page of its own is
//! refused before anything is encoded.
//!
//! SPEC: parquet.thrift, `PageHeader`, `DataPageHeader` and `PageLocation`.

use super::cut::{FORMAT, FormatLimits};
use super::sizes::{first_longer, lengths_of};
use super::slots::{Slots, ValueFeed};
use crate::basic::{Compression, Encoding};
use crate::encodings::{Overhead, overhead};
use crate::errors::{ParquetError, Result};
use crate::meta::properties::ColumnOptions;
use crate::schema::types::ColumnDescriptor;

/// Bytes of a header, bounds left out; generous.
const HEADER_BYTES: usize = 1024;

/// Values or slots that are looked at together.
const STEP: usize = 4096;

/// The largest row that a page of one column can hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowLimit {
    /// Bytes of the body.
    body_bytes: usize,
    /// What the encoding adds.
    overhead: Overhead,
    format: FormatLimits,
}

impl RowLimit {
    /// For a column whose values are encoded in `direct_encoding` where they are not in the dictionary.
    pub(super) fn new(
        descr: &ColumnDescriptor,
        options: &ColumnOptions,
        direct_encoding: Encoding,
    ) -> Self {
        let mut body_bytes = FORMAT.page_bytes - HEADER_BYTES;
        if options.compression != Compression::UNCOMPRESSED {
            // What cannot be compressed becomes larger, by 1/60 where SNAPPY is at its worst.
            body_bytes -= body_bytes / 32;
        }
        if options.writes_header_statistics() {
            // Both bounds stand in the header.
            body_bytes = match options.statistics_truncate_length {
                Some(most) => body_bytes.saturating_sub(most.saturating_mul(4)),
                None => body_bytes / 5,
            };
        }
        let delta = options.encoder_options(descr).delta;
        Self {
            body_bytes,
            overhead: overhead(direct_encoding, descr.physical_type(), delta),
            format: FORMAT,
        }
    }

    /// What the column's encoding adds to values that are not in the dictionary.
    #[cfg(feature = "arrow")]
    pub(super) fn overhead(&self) -> Overhead {
        self.overhead
    }

    /// Looks at the lengths of all rows of a batch of column `descr`; their bytes are not touched. Errors count rows
    /// from `first_row` on: what is looked at may be a part of a batch.
    ///
    /// # Errors
    /// [`ParquetError::General`] if a row is too large: names the column, the row and the sizes.
    pub(crate) fn check(
        &self,
        descr: &ColumnDescriptor,
        first_row: usize,
        slots: Slots<'_>,
        values: &mut dyn ValueFeed,
    ) -> Result<()> {
        match slots.repetition {
            None => self.check_flat(descr, first_row, slots, values),
            Some(_) => self.check_repeated(descr, first_row, slots, values),
        }
    }

    /// Each slot is a row.
    fn check_flat(
        &self,
        descr: &ColumnDescriptor,
        first_row: usize,
        mut slots: Slots<'_>,
        values: &mut dyn ValueFeed,
    ) -> Result<()> {
        let max_definition = descr.max_def_level();
        let most = self.body_bytes.saturating_sub(self.beside(descr, 1, 1));
        let mut row = first_row;
        while slots.count > 0 {
            let step = slots.take_front(STEP);
            let present = step.present(max_definition);
            if let Some(longer) = first_longer(&values.next(present)?, most) {
                let row = row + step.holding(max_definition, longer.nth + 1) - 1;
                return Err(ParquetError::General(descr.message(format_args!(
                    "the value in row {row} of the batch has {} bytes, and a page holds values of at most {most} \
                     bytes",
                    longer.bytes
                ))));
            }
            row += step.count;
        }
        Ok(())
    }

    fn check_repeated(
        &self,
        descr: &ColumnDescriptor,
        first_row: usize,
        mut slots: Slots<'_>,
        values: &mut dyn ValueFeed,
    ) -> Result<()> {
        let mut row = first_row;
        while slots.count > 0 {
            let step = slots.take_front(slots.through_row_end(1));
            let present = step.present(descr.max_def_level());
            let (mut bytes, mut longest, mut left) = (0_usize, 0, present);
            while left > 0 {
                let some = values.next(left.min(STEP))?;
                if some.len() == 0 {
                    break;
                }
                left -= some.len();
                let lengths = lengths_of(&some);
                bytes = bytes.saturating_add(lengths.sum);
                longest = longest.max(lengths.longest);
            }
            let needed = bytes.saturating_add(self.beside(descr, present, step.count));
            if needed > self.body_bytes || step.count > self.format.slots {
                return Err(ParquetError::General(descr.message(format_args!(
                    "row {row} of the batch takes {needed} bytes for {} values and nulls, the longest of {longest} \
                     bytes; a row lies on one page, which holds {} bytes and {} values and nulls",
                    step.count, self.body_bytes, self.format.slots
                ))));
            }
            row += 1;
        }
        Ok(())
    }

    /// Bytes of a page's body that are not those of values.
    fn beside(&self, descr: &ColumnDescriptor, values: usize, slots: usize) -> usize {
        let levels = |max: i16| match i16::BITS - max.leading_zeros() {
            0 => 0,
            // Runs and groups of eight, each with a header.
            bits => slots.div_ceil(8).saturating_mul(bits as usize + 2) + 16,
        };
        values
            .saturating_mul(self.overhead.value_bytes)
            .saturating_add(self.overhead.page_bytes)
            .saturating_add(levels(descr.max_def_level()))
            .saturating_add(levels(descr.max_rep_level()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::plan::ColumnPlan;
    use super::*;
    use crate::data_type::levels::{LevelRun, Levels};
    use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Picks, Values};
    use crate::meta::properties::{
        EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
    };
    use crate::schema::parser::parse_message_type;
    use crate::schema::types::SchemaDescriptor;

    struct Feed<'a>(Values<'a>);

    impl ValueFeed for Feed<'_> {
        fn next(&mut self, count: usize) -> Result<Values<'_>> {
            Ok(self.0.take_front(count))
        }

        fn give_back(&mut self, _count: usize) {
            unreachable!("nothing is left");
        }

        fn held_bytes(&self) -> usize {
            0
        }
    }

    fn plan_of(column: &str, properties: WriterPropertiesBuilder) -> ColumnPlan {
        let schema = parse_message_type(&format!("message m {{ {column} }}")).unwrap();
        let descr = SchemaDescriptor::new(Arc::new(schema)).column(0);
        ColumnPlan::try_new(descr, &properties.build()).unwrap()
    }

    fn check(plan: &ColumnPlan, slots: Slots<'_>, values: Values<'_>) -> Result<()> {
        let mut feed = Feed(values);
        plan.row_limit().check(plan.descr(), 0, slots, &mut feed)
    }

    /// Whether a required value of `len` bytes fits. The system gives zeros that nobody reads for nothing.
    fn fits(plan: &ColumnPlan, len: usize) -> Result<()> {
        let data = vec![0; len];
        let offsets = [0, i64::try_from(len).unwrap()];
        let source = ByteSource::Offsets64 {
            offsets: &offsets,
            data: &data,
        };
        let picks = Picks::Range { from: 0, len: 1 };
        let slots = Slots {
            count: 1,
            definition: (plan.descr().max_def_level() > 0).then(|| Levels::uniform(1, 1)),
            repetition: None,
        };
        check(plan, slots, Values::Bytes(ByteValues::new(source, picks)))
    }

    #[test]
    fn a_value_may_have_what_the_format_leaves_it() {
        let plain = || WriterProperties::builder();
        let most = FORMAT.page_bytes - HEADER_BYTES - 4;
        let plan = plan_of("required binary a;", plain());
        fits(&plan, most).unwrap();
        let error = fits(&plan, most + 1).unwrap_err().to_string();
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
            let plan = plan_of(column, properties);
            fits(&plan, most / 6).unwrap();
            assert!(fits(&plan, most).is_err(), "{plan:?}");
        }
    }

    #[test]
    fn values_of_one_width_are_looked_at_once() {
        let width = FORMAT.page_bytes;
        let plan = plan_of(
            &format!("optional fixed_len_byte_array({width}) a;"),
            WriterProperties::builder(),
        );
        let data = vec![0; width];
        let values = Values::Fixed(FixedValues::new(&data, width));
        let slots = Slots {
            count: 5000,
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
        };
        let error = check(&plan, slots, values).unwrap_err().to_string();
        assert!(
            error.contains("the value in row 4500 of the batch has 2147483647 bytes"),
            "{error}"
        );
    }

    #[test]
    fn a_repeated_row_is_measured_as_a_whole() {
        let plan = plan_of(
            "repeated int64 a;",
            WriterProperties::builder().set_dictionary_enabled(false),
        );
        let most = plan.row_limit().body_bytes / 9;
        let numbers = vec![0_i64; most * 8 / 7];
        let check_rows = |rows: [usize; 3]| {
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
            let leaf = Slots {
                count: slots,
                definition: Some(Levels::uniform(1, slots)),
                repetition: Some(Levels::Runs {
                    runs: &runs,
                    skip: 0,
                    len: slots,
                }),
            };
            check(&plan, leaf, Values::Int64(&numbers[..slots]))
        };
        check_rows([1, 1000, most / 3]).unwrap();
        check_rows([most / 3, most / 3, most / 3]).unwrap();
        let error = check_rows([1, numbers.len() - 2, 1])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("Column 'a': row 1 of the batch takes"),
            "{error}"
        );
        assert!(error.contains("the longest of 8 bytes"), "{error}");
    }
}
