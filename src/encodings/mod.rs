//! Value encodings: present physical values to the bytes of a page's value section.
//!
//! One file an encoding. Each encoder is driven through [`ValueEncoder`], one dispatch for a whole
//! slice of values; inside, loops are compiled for one physical type.

pub(crate) mod bit_pack;
pub(crate) mod buffer;
pub(crate) mod levels;
pub(crate) mod rle;

use crate::basic::Encoding;
use crate::data_type::values::Values;
use crate::errors::Result;

/// Turns present values into the value section of data pages. Fed by [`ValueEncoder::put`], emptied
/// by [`ValueEncoder::flush_into`] once a page; holds one open page and nothing of earlier ones
/// (a dictionary, which outlives pages, is not a `ValueEncoder`).
pub(crate) trait ValueEncoder: Send {
    /// The encoding that page headers name.
    fn encoding(&self) -> Encoding;

    /// Takes `values` into the open page.
    ///
    /// # Errors
    /// If the values are not of the encoder's physical type, or one is too long for the format.
    fn put(&mut self, values: &Values<'_>) -> Result<()>;

    /// Estimated size of the open page's value section, in bytes.
    fn estimated_bytes(&self) -> usize;

    /// Appends the open page's value section to `out` and starts the next page.
    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()>;

    /// Bytes this encoder holds on the heap, by capacity. O(1).
    fn memory_size(&self) -> usize;

    /// Gives back what an empty open page does not need.
    fn shrink(&mut self);
}
