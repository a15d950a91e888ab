//! Room in the caller's buffer: enough for the worst case while a codec works, no more than the
//! result needs afterwards, and nothing left behind by a failure.

use crate::errors::Result;

/// Lets `append` add to `output`, which has room for `worst_case` bytes more.
///
/// If it fails, `output` is cut back to what it held. Capacity that this call had to add goes back
/// when more than an eighth of the content's length stays unused; capacity that the caller brought
/// along is the caller's to keep.
pub(super) fn append_within(
    output: &mut Vec<u8>,
    worst_case: usize,
    append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let len_before = output.len();
    let capacity_before = output.capacity();
    output.reserve_exact(worst_case);
    let appended = append(output);
    if appended.is_err() {
        output.truncate(len_before);
    }
    let unused = output.capacity() - output.len();
    if output.capacity() > capacity_before && unused > output.len() / 8 {
        output.shrink_to(capacity_before);
    }
    appended
}

/// The length of `input` for formats that store it in 32 bits.
#[cfg(any(feature = "lz4", feature = "snap"))]
pub(super) fn len_u32(input: &[u8]) -> Result<u32> {
    u32::try_from(input.len()).map_err(|_| {
        crate::errors::ParquetError::General(format!(
            "{} bytes are too many for one compressed block, the limit is {}",
            input.len(),
            u32::MAX
        ))
    })
}
