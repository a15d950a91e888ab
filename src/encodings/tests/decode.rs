//! Slow decoders written from Encodings.md, one for each encoding.

use super::*;
use crate::encodings::rle::tests::{decode, read_varint, unpack};

/// Each value as its PLAIN bytes, without a length; a boolean as one byte.
pub(super) fn slots(column: &Column) -> Vec<Vec<u8>> {
    match column {
        Column::Boolean(values) => values.iter().map(|value| vec![u8::from(*value)]).collect(),
        Column::Int32(values) => values
            .iter()
            .map(|value| value.to_le_bytes().to_vec())
            .collect(),
        Column::Int64(values) => values
            .iter()
            .map(|value| value.to_le_bytes().to_vec())
            .collect(),
        Column::Int96(values) => {
            let bytes = |value: &Int96| {
                value
                    .data()
                    .iter()
                    .flat_map(|word| word.to_le_bytes())
                    .collect()
            };
            values.iter().map(bytes).collect()
        }
        Column::Float(values) => values
            .iter()
            .map(|value| value.to_le_bytes().to_vec())
            .collect(),
        Column::Double(values) => values
            .iter()
            .map(|value| value.to_le_bytes().to_vec())
            .collect(),
        Column::Bytes(values) | Column::Fixed(_, values) => values.clone(),
    }
}

/// The values of a page in the form of [`slots`]. The page must be used up.
pub(super) fn page(
    encoding: Encoding,
    options: &EncoderOptions,
    page: &[u8],
    count: usize,
) -> Vec<Vec<u8>> {
    let width = match options.physical_type {
        Type::BOOLEAN | Type::BYTE_ARRAY => None,
        Type::INT32 | Type::FLOAT => Some(4),
        Type::INT64 | Type::DOUBLE => Some(8),
        Type::INT96 => Some(12),
        Type::FIXED_LEN_BYTE_ARRAY => Some(usize::try_from(options.type_length).unwrap()),
    };
    let mut rest = page;
    let values = match (encoding, width) {
        (Encoding::PLAIN, Some(width)) => {
            let values = page.chunks(width).map(<[u8]>::to_vec).collect();
            rest = &[];
            values
        }
        (Encoding::PLAIN, None) if options.physical_type == Type::BOOLEAN => {
            rest = &rest[count.div_ceil(8)..];
            unpack(page, 1, count)
                .into_iter()
                .map(|bit| vec![bit as u8])
                .collect()
        }
        (Encoding::PLAIN, None) => (0..count)
            .map(|_| {
                let len = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
                let value = rest[4..4 + len].to_vec();
                rest = &rest[4 + len..];
                value
            })
            .collect(),
        (Encoding::RLE, _) => {
            let len = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            let runs = &rest[4..4 + len];
            rest = &rest[4 + len..];
            decode(runs, 1, count)
                .into_iter()
                .map(|bit| vec![bit as u8])
                .collect()
        }
        (Encoding::BYTE_STREAM_SPLIT, Some(width)) => {
            assert_eq!(page.len(), count * width);
            rest = &[];
            (0..count)
                .map(|at| (0..width).map(|byte| page[byte * count + at]).collect())
                .collect()
        }
        (Encoding::DELTA_BINARY_PACKED, Some(width)) => {
            let bits = width as u32 * 8;
            let values = delta(&mut rest, bits);
            values
                .into_iter()
                .map(|value| value.to_le_bytes()[..width].to_vec())
                .collect()
        }
        (Encoding::DELTA_LENGTH_BYTE_ARRAY, _) => with_lengths(&mut rest),
        (Encoding::DELTA_BYTE_ARRAY, _) => {
            let prefixes = delta(&mut rest, 32);
            let mut values: Vec<Vec<u8>> = Vec::new();
            for (prefix, suffix) in prefixes.into_iter().zip(with_lengths(&mut rest)) {
                let last = values.last().cloned().unwrap_or_default();
                values.push([&last[..prefix as usize], &suffix].concat());
            }
            values
        }
        _ => unreachable!("{encoding}"),
    };
    assert!(rest.is_empty(), "{} bytes left over", rest.len());
    assert_eq!(values.len(), count);
    values
}

fn with_lengths(rest: &mut &[u8]) -> Vec<Vec<u8>> {
    let lengths = delta(rest, 32);
    lengths
        .into_iter()
        .map(|len| {
            let (value, later) = rest.split_at(len as usize);
            *rest = later;
            value.to_vec()
        })
        .collect()
}

fn read_zigzag(rest: &mut &[u8]) -> i64 {
    let value = read_varint(rest);
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Reads integers of `bits` bits, wrapping around within them.
fn delta(rest: &mut &[u8], bits: u32) -> Vec<i64> {
    let block_size = read_varint(rest) as usize;
    let miniblocks = read_varint(rest) as usize;
    let count = read_varint(rest) as usize;
    let mut value = read_zigzag(rest);
    assert!(block_size.is_multiple_of(128) && (block_size / miniblocks).is_multiple_of(32));
    let mut values = Vec::new();
    if count > 0 {
        values.push(value);
    }
    while values.len() < count {
        let least = read_zigzag(rest);
        let (widths, later) = rest.split_at(miniblocks);
        *rest = later;
        for width in widths {
            if values.len() == count {
                assert_eq!(*width, 0, "a miniblock that is not there has a width");
                continue;
            }
            assert!(u32::from(*width) <= bits);
            let size = block_size / miniblocks;
            let (packed, later) = rest.split_at(size / 8 * usize::from(*width));
            *rest = later;
            for packed in unpack(packed, *width, size)
                .into_iter()
                .take(count - values.len())
            {
                value = value.wrapping_add(least).wrapping_add(packed as i64);
                if bits == 32 {
                    value = i64::from(value as i32);
                }
                values.push(value);
            }
        }
    }
    values
}
