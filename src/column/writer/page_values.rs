//! The values of a column's open page, in the dictionary for as long as it pays and in the column's
//! plain encoding from then on.

use std::sync::Arc;

use super::cut::PageMemoryCap;
use super::plan::ColumnPlan;
use crate::basic::{Encoding, Type};
use crate::data_type::values::Values;
use crate::encodings::dictionary::DictionaryEncoder;
use crate::encodings::{ValueEncoder, create_encoder};
use crate::errors::Result;

/// Two encoders, one of them at work. Neither holds memory before its first value.
pub(super) struct PageValues {
    dictionary: Option<DictionaryEncoder>,
    direct: Option<Box<dyn ValueEncoder>>,
    plan: Arc<ColumnPlan>,
}

impl PageValues {
    /// For values of the column of `plan`.
    pub(super) fn new(plan: Arc<ColumnPlan>) -> Self {
        let descr = plan.descr();
        let dictionary = plan
            .has_dictionary()
            .then(|| DictionaryEncoder::new(descr.physical_type(), descr.type_length()));
        Self {
            dictionary,
            direct: None,
            plan,
        }
    }

    pub(super) fn put(&mut self, values: &Values<'_>) -> Result<()> {
        match &mut self.dictionary {
            Some(dictionary) => dictionary.put(values),
            None => self.direct()?.put(values),
        }
    }

    /// How values are encoded now.
    pub(super) fn encoding(&self) -> Encoding {
        match self.dictionary {
            Some(_) => Encoding::RLE_DICTIONARY,
            None => self.plan.direct_encoding(),
        }
    }

    /// Estimated bytes of the open page's values.
    pub(super) fn estimated_bytes(&self) -> usize {
        match (&self.dictionary, &self.direct) {
            (Some(dictionary), _) => dictionary.estimated_page_bytes(),
            (None, Some(direct)) => direct.estimated_bytes(),
            (None, None) => 0,
        }
    }

    /// Bytes that the open page's values take on the heap, but for room to grow.
    pub(super) fn open_bytes(&self) -> usize {
        match &self.dictionary {
            Some(dictionary) => dictionary.open_page_bytes(),
            None => self.estimated_bytes(),
        }
    }

    /// Bytes of the open page's first value where later ones lean on that, else 0.
    pub(super) fn first_value_bytes(&self) -> usize {
        match (&self.dictionary, &self.direct) {
            (None, Some(direct)) => direct.first_value_bytes(),
            _ => 0,
        }
    }

    /// Bytes that the dictionary may take at once for the next of `values`.
    pub(super) fn growth_bytes(&self, values: &Values<'_>, cap: PageMemoryCap) -> usize {
        match &self.dictionary {
            Some(dictionary) if dictionary.num_entries() == 0 => cap.first_bytes(values),
            Some(dictionary) => dictionary.growth_bytes(),
            None => 0,
        }
    }

    /// Appends the open page's value section and starts the next page; says how it is encoded.
    pub(super) fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<Encoding> {
        match &mut self.dictionary {
            Some(dictionary) => {
                dictionary.flush_page_into(out)?;
                Ok(Encoding::RLE_DICTIONARY)
            }
            None => {
                let direct = self.direct()?;
                direct.flush_into(out)?;
                Ok(direct.encoding())
            }
        }
    }

    /// As [`flush_into`](Self::flush_into), but exchanges `page` for a buffer that holds the section already, behind
    /// `front` bytes or more, if the encoding has one: says how values are encoded and where they begin. The buffer
    /// is to be [taken back](Self::take_back).
    pub(super) fn lend(&mut self, page: &mut Vec<u8>, front: usize) -> Option<(Encoding, usize)> {
        match (&self.dictionary, &mut self.direct) {
            (None, Some(direct)) => Some((direct.encoding(), direct.lend(page, front)?)),
            _ => None,
        }
    }

    /// Takes the buffer that was lent back.
    pub(super) fn take_back(&mut self, page: &mut Vec<u8>) {
        if let Some(direct) = &mut self.direct {
            direct.take_back(page);
        }
    }

    /// The dictionary, while it is at work.
    pub(super) fn dictionary(&mut self) -> Option<&mut DictionaryEncoder> {
        self.dictionary.as_mut()
    }

    /// Bytes of the dictionary page as it would be now.
    pub(super) fn dictionary_bytes(&self) -> Option<usize> {
        self.dictionary
            .as_ref()
            .map(DictionaryEncoder::dictionary_bytes)
    }

    /// Entries of the dictionary, while it is at work.
    pub(super) fn dictionary_entries(&self) -> usize {
        self.dictionary
            .as_ref()
            .map_or(0, DictionaryEncoder::num_entries)
    }

    /// Ends the dictionary; from here on values are encoded directly.
    pub(super) fn take_dictionary(&mut self) -> Option<DictionaryEncoder> {
        self.dictionary.take()
    }

    /// True if values of this type are compared by their bytes, so that statistics are cheaper over
    /// the dictionary's entries than over the values.
    pub(super) fn defers_statistics(&self) -> bool {
        self.dictionary.is_some()
            && matches!(
                self.plan.descr().physical_type(),
                Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY
            )
    }

    /// Heap bytes, by capacity. O(1).
    pub(super) fn memory_size(&self) -> usize {
        self.dictionary
            .as_ref()
            .map_or(0, DictionaryEncoder::memory_size)
            + self.direct.as_ref().map_or(0, |direct| {
                size_of_val(direct.as_ref()) + direct.memory_size()
            })
    }

    /// Heap bytes of the values that are encoded directly, by capacity.
    pub(super) fn direct_memory(&self) -> usize {
        self.direct
            .as_ref()
            .map_or(0, |direct| direct.memory_size())
    }

    /// Room that the open page's values have and do not use.
    pub(super) fn spare_bytes(&self) -> usize {
        let held = match &self.dictionary {
            Some(dictionary) => dictionary.open_page_room(),
            None => self.direct_memory(),
        };
        held.saturating_sub(self.open_bytes())
    }

    /// Heap bytes of the dictionary, by capacity.
    pub(super) fn dictionary_memory(&self) -> usize {
        self.dictionary
            .as_ref()
            .map_or(0, DictionaryEncoder::memory_size)
    }

    /// Gives back what an empty open page does not need.
    pub(super) fn shrink(&mut self) {
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.shrink();
        }
        if let Some(direct) = &mut self.direct {
            direct.shrink();
        }
    }

    fn direct(&mut self) -> Result<&mut Box<dyn ValueEncoder>> {
        let direct = match self.direct.take() {
            Some(direct) => direct,
            None => create_encoder(self.plan.direct_encoding(), &self.plan.encoder_options())?,
        };
        Ok(self.direct.insert(direct))
    }
}
