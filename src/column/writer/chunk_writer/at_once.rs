//! The short way for leaves of few rows: those that are one mini batch and meet no memory limit, alone or several
//! together. It comes to the same as the loop over batches, without what that does to be able to stop anywhere.

use super::{ChunkWriter, Grant};
use crate::column::writer::joined::{JoinedLeaves, ReadyValues};
use crate::column::writer::slots::Slots;
use crate::data_type::values::Values;
use crate::errors::{ParquetError, Result};

impl ChunkWriter<'_> {
    /// Whether `leaf` may be one for the short way, its values not being looked at.
    pub(crate) fn may_take_at_once(&self, leaf: &Slots<'_>) -> bool {
        self.encoder.is_one_batch(leaf)
    }

    /// Encodes all of `leaf`, which [may be](Self::may_take_at_once) one for the short way and has these present
    /// values; says whether it did. What it refused is left to
    /// [`write`](ChunkWriter::write).
    ///
    /// # Errors
    /// As [`ChunkWriter::write`].
    pub(crate) fn write_at_once(&mut self, leaf: Slots<'_>, values: &Values<'_>) -> Result<bool> {
        let present = leaf.present(self.encoder.max_definition());
        if values.len() != present || !self.encoder.takes_at_once(&leaf, values) {
            return Ok(false);
        }
        self.latch.begin()?;
        let written = self.put_at_once(leaf, values);
        self.latch.end(written)?;
        Ok(true)
    }

    /// Encodes `leaves`: at once, unless a page or the dictionary may end before the last of them. Then they go in as
    /// they came, so that it ends at the same place.
    ///
    /// # Errors
    /// As [`ChunkWriter::write`].
    pub(crate) fn write_joined(&mut self, leaves: &JoinedLeaves) -> Result<()> {
        let (slots, values) = (leaves.slots(), leaves.values());
        if slots.count == 0 {
            return Ok(());
        }
        if values.len() != slots.present(self.encoder.max_definition()) {
            let text = "small leaves have other values than levels".to_owned();
            return Err(ParquetError::Internal(text));
        }
        if self.encoder.takes_together(&slots, &values) {
            self.latch.begin()?;
            let written = self.put_at_once(slots, &values);
            return self.latch.end(written);
        }
        for (mut slots, values) in leaves.each(self.encoder.max_definition()) {
            let is_written =
                self.may_take_at_once(&slots) && self.write_at_once(slots, &values.measured())?;
            if !is_written {
                let mut values = ReadyValues::new(values);
                self.write(&mut slots, &mut values, None, Grant::ENDLESS)?;
            }
        }
        Ok(())
    }

    fn put_at_once(&mut self, leaf: Slots<'_>, values: &Values<'_>) -> Result<()> {
        self.encoder.put(leaf, values, None)?;
        self.cut_what_is_full()?;
        self.condense_filter()?;
        // Most small leaves make nothing grow, and end no page.
        if !self.encoder.has_page() || self.encoder.open_memory() != self.paid_open_memory {
            self.pay();
        }
        Ok(())
    }
}
