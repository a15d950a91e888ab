//! The levels and counts of a column's open page.

use super::slots::Slots;
use crate::encodings::levels::LevelEncoder;
use crate::errors::{ParquetError, Result};
use crate::meta::properties::WriterVersion;
use crate::schema::types::ColumnDescriptor;

/// Levels are encoded as they come; the page holds their bytes and sums.
pub(super) struct PageLevels {
    definition: LevelEncoder,
    repetition: LevelEncoder,
    has_definition: bool,
    has_repetition: bool,
    pub(super) slots: usize,
    pub(super) present: usize,
    pub(super) rows: usize,
    pub(super) unencoded_bytes: i64,
    pub(super) definition_histogram: Vec<i64>,
    pub(super) repetition_histogram: Vec<i64>,
}

/// Bytes of each kind of level at the front of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LevelSections {
    pub(super) definition_len: usize,
    pub(super) repetition_len: usize,
}

impl PageLevels {
    pub(super) fn new(descr: &ColumnDescriptor) -> Self {
        let (definition, repetition) = (descr.max_def_level(), descr.max_rep_level());
        Self {
            definition: LevelEncoder::new(definition),
            repetition: LevelEncoder::new(repetition),
            has_definition: definition > 0,
            has_repetition: repetition > 0,
            slots: 0,
            present: 0,
            rows: 0,
            unencoded_bytes: 0,
            definition_histogram: empty_histogram(definition),
            repetition_histogram: empty_histogram(repetition),
        }
    }

    /// Takes slots, `present` of which hold a value.
    pub(super) fn put_levels(&mut self, slots: Slots<'_>, present: usize) -> Result<()> {
        if self.has_definition {
            let levels = slots.definition.ok_or_else(|| missing("Definition"))?;
            levels.add_to_histogram(&mut self.definition_histogram);
            self.definition.put(&levels);
        }
        let rows = if self.has_repetition {
            let levels = slots.repetition.ok_or_else(|| missing("Repetition"))?;
            levels.add_to_histogram(&mut self.repetition_histogram);
            self.repetition.put(&levels);
            levels.count(0)
        } else {
            slots.count
        };
        self.slots += slots.count;
        self.present += present;
        self.rows += rows;
        Ok(())
    }

    /// Appends the level sections, repetition first.
    ///
    /// SPEC: README.md, "Data Pages"; Encodings.md, "Run Length Encoding / Bit-Packing Hybrid": in the
    /// first layout each section begins with its length in four bytes, in the second it does not.
    pub(super) fn flush_levels(
        &mut self,
        version: WriterVersion,
        out: &mut Vec<u8>,
    ) -> Result<LevelSections> {
        let mut section = |encoder: &mut LevelEncoder, exists: bool| -> Result<usize> {
            let from = out.len();
            if !exists {
                return Ok(0);
            }
            if version == WriterVersion::PARQUET_1_0 {
                out.extend_from_slice(&[0; 4]);
                encoder.flush_into(out);
                let len = u32::try_from(out.len() - from - 4)?;
                if let Some(prefix) = out.get_mut(from..from + 4) {
                    prefix.copy_from_slice(&len.to_le_bytes());
                }
            } else {
                encoder.flush_into(out);
            }
            Ok(out.len() - from)
        };
        let repetition_len = section(&mut self.repetition, self.has_repetition)?;
        let definition_len = section(&mut self.definition, self.has_definition)?;
        Ok(LevelSections {
            definition_len,
            repetition_len,
        })
    }

    /// Forgets the page's counts; its levels have been flushed.
    pub(super) fn reset(&mut self) {
        (self.slots, self.present, self.rows, self.unencoded_bytes) = (0, 0, 0, 0);
        self.definition_histogram.fill(0);
        self.repetition_histogram.fill(0);
    }

    /// Gives back what an empty page does not need.
    pub(super) fn shrink(&mut self) {
        self.definition.shrink();
        self.repetition.shrink();
    }

    /// Estimated bytes of the level sections.
    pub(super) fn level_bytes(&self) -> usize {
        self.definition.len_estimate() + self.repetition.len_estimate()
    }

    /// Heap bytes, by capacity. O(1).
    pub(super) fn memory_size(&self) -> usize {
        self.definition.memory_size()
            + self.repetition.memory_size()
            + (self.definition_histogram.capacity() + self.repetition_histogram.capacity())
                * size_of::<i64>()
    }
}

fn empty_histogram(max_level: i16) -> Vec<i64> {
    match usize::try_from(max_level) {
        Ok(0) | Err(_) => Vec::new(),
        Ok(max) => vec![0; max + 1],
    }
}

fn missing(kind: &str) -> ParquetError {
    ParquetError::General(format!("{kind} levels are required"))
}
