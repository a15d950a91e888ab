//! Room in the caller's buffer: the worst case while a codec works, and nothing left behind by a
//! failure.

use crate::errors::Result;

/// Lets `append` add to `output`, which has room for `worst_case` bytes more; if it fails, `output`
/// is cut back to what it held.
pub(super) fn append_within(
    output: &mut Vec<u8>,
    worst_case: usize,
    append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let len_before = output.len();
    output.reserve_exact(worst_case);
    let appended = append(output);
    if appended.is_err() {
        output.truncate(len_before);
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
