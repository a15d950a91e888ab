//! Value encodings: present physical values to the bytes of a page's value section.
//!
//! One file an encoding. Each encoder is driven through [`ValueEncoder`], one dispatch for a whole
//! slice of values; inside, loops are compiled for one physical type.

pub(crate) mod bit_pack;
pub(crate) mod boolean;
pub(crate) mod buffer;
mod byte_copy;
mod byte_stream_split;
mod byte_values;
mod create;
mod delta_bytes;
mod delta_int;
pub(crate) mod dictionary;
pub(crate) mod fallback_encoding;
mod fixed_width;
mod interner;
mod lent;
pub(crate) mod levels;
mod options;
mod overhead;
pub(crate) mod plain;
pub(crate) mod rle;

#[cfg(feature = "arrow")]
pub(crate) use byte_copy::append_short;
pub(crate) use create::create_encoder;
pub(crate) use options::{DeltaLayout, EncoderOptions};
pub(crate) use overhead::{MOST_VALUE_OVERHEAD, Overhead, overhead};

use crate::basic::{Encoding, Type};
use crate::data_type::values::Values;
use crate::errors::{ParquetError, Result};

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

    /// Encoded size of the open page's first value, for encodings whose later values lean on it; 0
    /// for all others. A page is not too large for a first value that is large by itself.
    fn first_value_bytes(&self) -> usize {
        0
    }

    /// Appends the open page's value section to `out` and starts the next page.
    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()>;

    /// Lends the buffer in which the open page's value section already lies as it will be written, in exchange for
    /// `page`, and says where the section begins: at `front` or behind, so that the rest of the page can be written
    /// before it. [`take_back`](Self::take_back) must follow. `None` for encodings that write the section only when
    /// they are asked to, through [`flush_into`](Self::flush_into).
    fn lend(&mut self, _page: &mut Vec<u8>, _front: usize) -> Option<usize> {
        None
    }

    /// Takes the buffer of [`lend`](Self::lend) back, or another in its place, for the next page, and returns what
    /// was given for it. What is in the buffers does not count.
    fn take_back(&mut self, _page: &mut Vec<u8>) {}

    /// Bytes this encoder holds on the heap, by capacity. O(1).
    fn memory_size(&self) -> usize;

    /// Gives back what an empty open page does not need.
    fn shrink(&mut self);
}

/// A bug of this crate: values of another physical type than the column's.
fn wrong_values(encoding: Encoding, physical_type: Type) -> ParquetError {
    ParquetError::General(format!(
        "The {encoding} encoder of physical type {physical_type} was given other values"
    ))
}

#[cfg(test)]
mod tests;
