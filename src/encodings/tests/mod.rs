//! Every encoding of every physical type: read back by decoders written from the format's text, equal
//! to the pages of another writer, and independent of how values were cut into calls.
#![expect(
    clippy::cast_possible_truncation,
    reason = "test values are made to fit"
)]

mod decode;
mod oracle;
mod rules;

use arrow::array::{BinaryArray, BinaryViewArray, LargeBinaryArray};
use proptest::prelude::*;

use super::*;
use crate::data_type::bits::BitSlice;
use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Picks};
use crate::data_type::{ByteArray, Int96};
use crate::schema::types::ColumnPath;

/// Owned values of one physical type.
#[derive(Debug, Clone)]
enum Column {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<Vec<u8>>),
    Fixed(usize, Vec<Vec<u8>>),
}

impl Column {
    fn physical_type(&self) -> Type {
        match self {
            Column::Boolean(_) => Type::BOOLEAN,
            Column::Int32(_) => Type::INT32,
            Column::Int64(_) => Type::INT64,
            Column::Int96(_) => Type::INT96,
            Column::Float(_) => Type::FLOAT,
            Column::Double(_) => Type::DOUBLE,
            Column::Bytes(_) => Type::BYTE_ARRAY,
            Column::Fixed(..) => Type::FIXED_LEN_BYTE_ARRAY,
        }
    }

    fn len(&self) -> usize {
        match self {
            Column::Boolean(values) => values.len(),
            Column::Int32(values) => values.len(),
            Column::Int64(values) => values.len(),
            Column::Int96(values) => values.len(),
            Column::Float(values) => values.len(),
            Column::Double(values) => values.len(),
            Column::Bytes(values) | Column::Fixed(_, values) => values.len(),
        }
    }

    fn options(&self) -> EncoderOptions {
        EncoderOptions {
            physical_type: self.physical_type(),
            type_length: if let Column::Fixed(width, _) = self {
                *width as i32
            } else {
                -1
            },
            column: ColumnPath::new(vec!["a".into(), "b".into()]),
            delta: None,
        }
    }

    /// Calls `with` with all values, borrowed; booleans from the third bit of a byte on.
    fn borrow<R>(&self, with: impl FnOnce(Values<'_>) -> R) -> R {
        match self {
            Column::Boolean(values) => {
                let mut bytes = vec![0xff; (values.len() + 3).div_ceil(8)];
                for (at, set) in values.iter().enumerate() {
                    let (byte, bit) = ((at + 3) / 8, (at + 3) % 8);
                    bytes[byte] = bytes[byte] & !(1 << bit) | u8::from(*set) << bit;
                }
                with(Values::Boolean(BitSlice::new(&bytes, 3, values.len())))
            }
            Column::Int32(values) => with(Values::Int32(values)),
            Column::Int64(values) => with(Values::Int64(values)),
            Column::Int96(values) => with(Values::Int96(values)),
            Column::Float(values) => with(Values::Float(values)),
            Column::Double(values) => with(Values::Double(values)),
            Column::Bytes(values) => {
                let data = values.concat();
                let mut offsets = vec![0];
                offsets.extend(values.iter().scan(0, |end, value| {
                    *end += value.len() as i32;
                    Some(*end)
                }));
                let source = ByteSource::Offsets32 {
                    offsets: &offsets,
                    data: &data,
                };
                let picks = Picks::Range {
                    from: 0,
                    len: values.len(),
                };
                with(Values::Bytes(ByteValues::new(source, picks)))
            }
            Column::Fixed(width, values) => {
                with(Values::Fixed(FixedValues::new(&values.concat(), *width)))
            }
        }
    }

    /// One page, put in parts of these lengths and a rest, by an encoder that wrote a page before.
    fn encode(&self, encoding: Encoding, options: &EncoderOptions, parts: &[usize]) -> Vec<u8> {
        let mut encoder = create_encoder(encoding, options).unwrap();
        let mut out = b"page".to_vec();
        self.borrow(|mut values| {
            encoder.put(&values).unwrap();
            encoder.flush_into(&mut Vec::new()).unwrap();
            for part in parts {
                encoder.put(&values.take_front(*part)).unwrap();
            }
            encoder.put(&values).unwrap();
        });
        encoder.flush_into(&mut out).unwrap();
        assert_eq!(encoder.estimated_bytes(), 0);
        out.split_off(4)
    }
}

/// The encodings of the format's table, without those that are not written.
fn encodings_of(physical_type: Type) -> &'static [Encoding] {
    use Encoding::*;
    match physical_type {
        Type::BOOLEAN => &[PLAIN, RLE],
        Type::INT32 | Type::INT64 => &[PLAIN, DELTA_BINARY_PACKED, BYTE_STREAM_SPLIT],
        Type::INT96 => &[PLAIN],
        Type::FLOAT | Type::DOUBLE => &[PLAIN, BYTE_STREAM_SPLIT],
        Type::BYTE_ARRAY => &[PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY],
        Type::FIXED_LEN_BYTE_ARRAY => &[PLAIN, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT],
    }
}

/// Integers that jump, count, repeat, and lie at the ends of their range.
fn integers() -> impl Strategy<Value = Vec<i64>> {
    let step = prop_oneof![
        3 => (any::<i64>(), 0i64..3, 1usize..200),
        2 => (-1000i64..1000, 1i64..5, 1usize..300),
        1 => (prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(i64::from(i32::MIN))], Just(0), 1usize..3),
    ];
    prop::collection::vec(step, 0..12).prop_map(|steps| {
        let run = |(from, by, len): (i64, i64, usize)| {
            (0..len as i64).map(move |at| from.wrapping_add(at * by))
        };
        steps.into_iter().flat_map(run).collect()
    })
}

/// Strings that share prefixes, some empty, some long.
fn strings() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let tail = prop_oneof![
        4 => prop::collection::vec(0u8..3, 0..12),
        2 => prop::collection::vec(any::<u8>(), 0..40),
        1 => Just(vec![7; 300]),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), tail), 0..200).prop_map(|parts| {
        let mut values: Vec<Vec<u8>> = Vec::new();
        for (keep, tail) in parts {
            let last = values.last().cloned().unwrap_or_default();
            let kept = &last[..keep.index(last.len() + 1)];
            values.push([kept, &tail].concat());
        }
        values
    })
}

fn columns() -> impl Strategy<Value = Column> {
    let floats = || prop::collection::vec(any::<f64>(), 0..1500);
    let words = prop::collection::vec((0u32..9, any::<u32>()), 0..300);
    prop_oneof![
        prop::collection::vec((any::<bool>(), 1usize..60), 0..40).prop_map(|runs| Column::Boolean(
            runs.into_iter()
                .flat_map(|(value, len)| std::iter::repeat_n(value, len))
                .collect()
        )),
        prop::collection::vec(any::<bool>(), 0..300).prop_map(Column::Boolean),
        integers().prop_map(|values| Column::Int32(
            values.into_iter().map(|value| value as i32).collect()
        )),
        integers().prop_map(Column::Int64),
        words.prop_map(|words| Column::Int96(
            words
                .into_iter()
                .map(|(a, b)| {
                    let mut value = Int96::new();
                    value.set_data(a, b, a ^ b);
                    value
                })
                .collect()
        )),
        floats().prop_map(|values| Column::Float(
            values.into_iter().map(|value| value as f32).collect()
        )),
        floats().prop_map(Column::Double),
        strings().prop_map(Column::Bytes),
        (strings(), prop_oneof![1usize..20, Just(37)]).prop_map(|(mut values, width)| {
            values.iter_mut().for_each(|value| value.resize(width, 5));
            Column::Fixed(width, values)
        }),
    ]
}

proptest! {
    #[test]
    fn every_encoding_reads_back_and_does_not_depend_on_cuts(
        column in columns(),
        parts in prop::collection::vec(0usize..300, 0..20),
    ) {
        for encoding in encodings_of(column.physical_type()) {
            let page = column.encode(*encoding, &column.options(), &[]);
            let slots = decode::page(*encoding, &column.options(), &page, column.len());
            prop_assert_eq!(&slots, &decode::slots(&column), "{}", encoding);
            prop_assert_eq!(&column.encode(*encoding, &column.options(), &parts), &page, "{}", encoding);
        }
    }

    #[test]
    fn pages_are_those_of_another_writer(column in columns()) {
        prop_assume!(column.len() > 0);
        for encoding in encodings_of(column.physical_type()) {
            // Runs of single bits are chosen differently.
            if *encoding != Encoding::RLE {
                let page = column.encode(*encoding, &column.options(), &[]);
                prop_assert_eq!(page, oracle::page(&column, *encoding), "{}", encoding);
            }
        }
    }

    #[test]
    fn delta_blocks_of_any_legal_layout_read_back(
        values in integers(),
        blocks in 1usize..5,
        miniblocks in prop_oneof![Just(1usize), Just(2), Just(4)],
    ) {
        let layout = DeltaLayout { block_size: blocks * 128, miniblocks };
        for column in [Column::Int64(values.clone()), Column::Int32(values.iter().map(|value| *value as i32).collect())] {
            let options = EncoderOptions { delta: Some(layout), ..column.options() };
            let page = column.encode(Encoding::DELTA_BINARY_PACKED, &options, &[1, 0, 130]);
            let slots = decode::page(Encoding::DELTA_BINARY_PACKED, &options, &page, column.len());
            prop_assert_eq!(slots, decode::slots(&column));
            let header = &page[..if layout.block_size < 128 { 1 } else { 2 }];
            prop_assert_eq!(header, [layout.block_size as u8 | 0x80, (layout.block_size >> 7) as u8]);
        }
    }

    #[test]
    fn byte_values_encode_alike_however_they_lie(
        values in strings(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..100),
        (from, len) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        prop_assume!(!values.is_empty());
        let picks: Vec<u32> = picks.iter().map(|pick| pick.index(values.len()) as u32).collect();
        let picked: Vec<Vec<u8>> = picks.iter().map(|pick| values[*pick as usize].clone()).collect();
        let from = from.index(values.len());
        let len = len.index(values.len() - from + 1);

        let arrays: Vec<ByteArray> = values.iter().map(|value| ByteArray::from(value.clone())).collect();
        let narrow = BinaryArray::from_iter_values(&values);
        let wide = LargeBinaryArray::from_iter_values(&values);
        let views = BinaryViewArray::from_iter_values(&values);
        let sources = [
            ByteSource::Arrays(&arrays),
            ByteSource::Offsets32 { offsets: narrow.value_offsets(), data: narrow.value_data() },
            ByteSource::Offsets64 { offsets: wide.value_offsets(), data: wide.value_data() },
            ByteSource::Views { views: views.views(), buffers: views.data_buffers() },
        ];
        for encoding in encodings_of(Type::BYTE_ARRAY) {
            for (column, picks) in [
                (Column::Bytes(picked.clone()), Picks::Indices(&picks)),
                (Column::Bytes(values[from..from + len].to_vec()), Picks::Range { from, len }),
            ] {
                let page = column.encode(*encoding, &column.options(), &[]);
                for source in sources {
                    let mut encoder = create_encoder(*encoding, &column.options()).unwrap();
                    let mut out = Vec::new();
                    encoder.put(&Values::Bytes(ByteValues::new(source, picks))).unwrap();
                    prop_assert!(encoder.estimated_bytes() <= encoder.memory_size());
                    encoder.flush_into(&mut out).unwrap();
                    prop_assert_eq!(&out, &page);
                }
            }
        }
    }
}
