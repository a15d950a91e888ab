//! The short way for leaves of few rows: those that are one mini batch and meet no memory limit. It comes to the same
//! as the loop over batches, without what that does to be able to stop anywhere.

use super::ChunkWriter;
use crate::column::writer::slots::Slots;
use crate::data_type::values::Values;
use crate::errors::Result;

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
