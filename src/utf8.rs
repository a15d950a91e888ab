//! Text as the format wants it.

use crate::errors::{ParquetError, Result};

/// Whether bytes are text in UTF-8.
///
/// # Errors
/// If they are not; says where.
pub fn check_valid_utf8(val: &[u8]) -> Result<()> {
    match std::str::from_utf8(val) {
        Ok(_) => Ok(()),
        Err(error) => Err(ParquetError::General(format!(
            "encountered non UTF-8 data: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_refused_as_by_the_parquet_crate() {
        check_valid_utf8("æ".as_bytes()).unwrap();
        for bytes in [&b"a\xff"[..], b"\xc3"] {
            let theirs = parquet::utf8::check_valid_utf8(bytes).unwrap_err();
            let ours = check_valid_utf8(bytes).unwrap_err();
            assert_eq!(ours.to_string(), theirs.to_string());
        }
    }
}
