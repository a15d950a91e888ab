//! From slices of owned physical values to the borrowed form that encoders take.

use super::bits::BitSlice;
use super::values::{ByteSource, ByteValues, FixedValues, Picks, Values};
use super::{ByteArray, FixedLenByteArray, Int96};
use crate::errors::{ParquetError, Result};

/// Views a slice of values as [`Values`]; `scratch` holds the bytes of types whose slices are not laid
/// out as encoders need them, and `width` is the length of FIXED_LEN_BYTE_ARRAY values.
pub trait BorrowValues: Sized {
    /// Sees to it that all of `values` can be viewed.
    ///
    /// # Errors
    /// If a fixed-length value has another length than `width`.
    fn check_values(_values: &[Self], _width: usize) -> Result<()> {
        Ok(())
    }

    /// The values of `values`, in order.
    ///
    /// # Errors
    /// As [`check_values`](Self::check_values).
    fn borrow_values<'a>(
        values: &'a [Self],
        width: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Borrowed<'a>>;
}

/// [`Values`], for the signature of a sealed trait.
#[derive(Debug)]
pub struct Borrowed<'a>(pub(crate) Values<'a>);

macro_rules! borrow_as_is {
    ($value:ty, $form:ident) => {
        impl BorrowValues for $value {
            fn borrow_values<'a>(
                values: &'a [Self],
                _: usize,
                _: &'a mut Vec<u8>,
            ) -> Result<Borrowed<'a>> {
                Ok(Borrowed(Values::$form(values)))
            }
        }
    };
}

borrow_as_is!(i32, Int32);
borrow_as_is!(i64, Int64);
borrow_as_is!(Int96, Int96);
borrow_as_is!(f32, Float);
borrow_as_is!(f64, Double);

impl BorrowValues for bool {
    fn borrow_values<'a>(
        values: &'a [Self],
        _: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Borrowed<'a>> {
        scratch.clear();
        scratch.extend(values.chunks(8).map(|group| {
            group
                .iter()
                .enumerate()
                .fold(0u8, |byte, (bit, value)| byte | u8::from(*value) << bit)
        }));
        Ok(Borrowed(Values::Boolean(BitSlice::new(
            scratch,
            0,
            values.len(),
        ))))
    }
}

impl BorrowValues for ByteArray {
    fn borrow_values<'a>(values: &'a [Self], _: usize, _: &'a mut Vec<u8>) -> Result<Borrowed<'a>> {
        let picks = Picks::Range {
            from: 0,
            len: values.len(),
        };
        Ok(Borrowed(Values::Bytes(ByteValues::new(
            ByteSource::Arrays(values),
            picks,
        ))))
    }
}

impl BorrowValues for FixedLenByteArray {
    fn check_values(values: &[Self], width: usize) -> Result<()> {
        match values.iter().find(|value| value.len() != width) {
            None => Ok(()),
            Some(value) => Err(ParquetError::General(format!(
                "Fixed-length value has {} bytes where the column has {width}",
                value.len()
            ))),
        }
    }

    fn borrow_values<'a>(
        values: &'a [Self],
        width: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Borrowed<'a>> {
        scratch.clear();
        Self::check_values(values, width)?;
        scratch.reserve_exact(values.len() * width);
        values
            .iter()
            .for_each(|value| scratch.extend_from_slice(value.data()));
        Ok(Borrowed(Values::Fixed(FixedValues::new(scratch, width))))
    }
}
