//! Statistics computed the obvious way from the values themselves.

use std::cmp::Ordering;

use arrow::datatypes::{DataType, TimeUnit};
use half::f16;

use super::shred::Slot;

/// How the values of a column compare.
///
/// SPEC: parquet.thrift, `ColumnOrder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Bool,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float16,
    Float32,
    Float64,
    /// Byte by byte, unsigned.
    Bytes,
    /// Big-endian two's complement.
    BigEndian,
    /// Not defined.
    None,
}

/// What is known of some slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naive {
    pub min_max: Option<(Vec<u8>, Vec<u8>)>,
    pub nulls: i64,
    /// For floats.
    pub nans: Option<i64>,
    /// Slots of each definition level.
    pub def_histogram: Vec<i64>,
    /// Slots of each repetition level.
    pub rep_histogram: Vec<i64>,
    /// Bytes of the values.
    pub bytes: i64,
}

impl Order {
    /// The order of values of an Arrow type (without encodings) in their column.
    pub fn of(data_type: &DataType) -> Self {
        use DataType::*;
        match data_type {
            Boolean => Order::Bool,
            Int8 | Int16 | Int32 | Date32 | Time32(_) => Order::Int32,
            UInt8 | UInt16 | UInt32 => Order::UInt32,
            UInt64 => Order::UInt64,
            Float16 => Order::Float16,
            Float32 => Order::Float32,
            Float64 => Order::Float64,
            Decimal32(p, _) | Decimal64(p, _) | Decimal128(p, _) | Decimal256(p, _) => match p {
                0..=9 => Order::Int32,
                10..=18 => Order::Int64,
                _ => Order::BigEndian,
            },
            Int64
            | Date64
            | Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond)
            | Timestamp(..)
            | Duration(_) => Order::Int64,
            Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView
            | FixedSizeBinary(_) => Order::Bytes,
            _ => Order::None,
        }
    }

    fn is_float(self) -> bool {
        matches!(self, Order::Float16 | Order::Float32 | Order::Float64)
    }

    /// Compares two values as PLAIN bytes.
    pub fn compare(self, a: &[u8], b: &[u8]) -> Ordering {
        fn both<const N: usize, T: Ord>(a: &[u8], b: &[u8], read: fn([u8; N]) -> T) -> Ordering {
            read(a.try_into().unwrap()).cmp(&read(b.try_into().unwrap()))
        }
        match self {
            Order::Int32 => both(a, b, i32::from_le_bytes),
            Order::UInt32 => both(a, b, u32::from_le_bytes),
            Order::Int64 => both(a, b, i64::from_le_bytes),
            Order::UInt64 => both(a, b, u64::from_le_bytes),
            Order::Float16 => float16(a).total_cmp(&float16(b)),
            Order::Float32 => float32(a).total_cmp(&float32(b)),
            Order::Float64 => float64(a).total_cmp(&float64(b)),
            Order::BigEndian => {
                // With the sign bit turned round, bytes of equal length compare as the numbers do.
                let turned = |v: &[u8]| [&[v[0] ^ 0x80], &v[1..]].concat();
                turned(a).cmp(&turned(b))
            }
            Order::Bool | Order::Bytes | Order::None => a.cmp(b),
        }
    }

    fn is_nan(self, value: &[u8]) -> bool {
        match self {
            Order::Float16 => float16(value).is_nan(),
            Order::Float32 => float32(value).is_nan(),
            Order::Float64 => float64(value).is_nan(),
            _ => false,
        }
    }
}

/// Statistics over `slots`.
pub fn naive(slots: &[Slot], order: Order, max_def: i16, max_rep: i16) -> Naive {
    let present: Vec<&[u8]> = slots
        .iter()
        .filter_map(|slot| slot.value.as_deref())
        .collect();
    let nans = present.iter().filter(|value| order.is_nan(value)).count();
    // NaNs bound a column only when it holds nothing else.
    let only_nans = nans == present.len();
    let bounding = || {
        present
            .iter()
            .copied()
            .filter(|value| only_nans || !order.is_nan(value))
    };
    let min = bounding().min_by(|a, b| order.compare(a, b));
    let max = bounding().max_by(|a, b| order.compare(a, b));
    let histogram = |max: i16, level: fn(&Slot) -> i16| {
        let mut counts = vec![0; max as usize + 1];
        for slot in slots {
            counts[level(slot) as usize] += 1;
        }
        counts
    };
    Naive {
        min_max: min
            .zip(max)
            .filter(|_| order != Order::None)
            .map(|(min, max)| (min.to_vec(), max.to_vec())),
        nulls: (slots.len() - present.len()) as i64,
        nans: order.is_float().then_some(nans as i64),
        def_histogram: histogram(max_def, |slot| slot.def),
        rep_histogram: histogram(max_rep, |slot| slot.rep),
        bytes: present.iter().map(|value| value.len() as i64).sum(),
    }
}

/// Checks bounds as they stand in a file against the values' own. Bounds of bytes may be cut to `longest`; `exact` says
/// what the file says about that, if it does.
pub fn check_bounds(
    what: &str,
    (order, may_be_cut): (Order, bool),
    longest: Option<usize>,
    (min, max): (&[u8], &[u8]),
    naive: &(Vec<u8>, Vec<u8>),
    exact: Option<(bool, bool)>,
) {
    let (naive_min, naive_max) = naive;
    let cuts = |value: &[u8]| may_be_cut && longest.is_some_and(|longest| value.len() > longest);
    let longest = longest.unwrap_or(usize::MAX);
    if cuts(naive_min) && min != naive_min.as_slice() {
        assert!(
            naive_min.starts_with(min),
            "{what}: the cut minimum is no prefix"
        );
        assert!(
            min.len() <= longest && min.len() + 4 > longest,
            "{what}: cut to {} bytes",
            min.len()
        );
        if std::str::from_utf8(naive_min).is_ok() && exact.is_some() {
            assert!(
                min.len() == longest || std::str::from_utf8(min).is_ok(),
                "{what}: the minimum is cut inside a character"
            );
        }
        assert_ne!(
            exact.map(|e| e.0),
            Some(true),
            "{what}: a cut minimum called exact"
        );
    } else {
        assert_eq!(min, naive_min.as_slice(), "{what}: minimum");
        assert_ne!(
            exact.map(|e| e.0),
            Some(false),
            "{what}: a whole minimum called inexact"
        );
    }
    if cuts(naive_max) && max != naive_max.as_slice() {
        assert_eq!(
            order.compare(max, naive_max),
            Ordering::Greater,
            "{what}: the cut maximum {max:?} does not bound {naive_max:?}"
        );
        assert!(
            max.len() <= longest,
            "{what}: cut to {} bytes of {longest}",
            max.len()
        );
        assert_ne!(
            exact.map(|e| e.1),
            Some(true),
            "{what}: a cut maximum called exact"
        );
    } else {
        assert_eq!(max, naive_max.as_slice(), "{what}: maximum");
        assert_ne!(
            exact.map(|e| e.1),
            Some(false),
            "{what}: a whole maximum called inexact"
        );
    }
}

/// Whether a value has a prefix of at most `len` bytes that can be made larger than it.
pub fn can_be_cut(data_type: &DataType, value: &[u8], len: usize) -> bool {
    let mut prefix = &value[..len.min(value.len())];
    if !matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    ) {
        return prefix.iter().any(|byte| *byte != 0xFF);
    }
    while std::str::from_utf8(prefix).is_err() {
        prefix = &prefix[..prefix.len() - 1];
    }
    // A character is replaced by one of as many bytes.
    let last = ['\u{7F}', '\u{7FF}', '\u{FFFF}', '\u{10FFFF}'];
    let mut characters = std::str::from_utf8(prefix).unwrap().chars();
    characters.any(|character| !last.contains(&character))
}

fn float16(bytes: &[u8]) -> f16 {
    f16::from_le_bytes(bytes.try_into().unwrap())
}

fn float32(bytes: &[u8]) -> f32 {
    f32::from_le_bytes(bytes.try_into().unwrap())
}

fn float64(bytes: &[u8]) -> f64 {
    f64::from_le_bytes(bytes.try_into().unwrap())
}
