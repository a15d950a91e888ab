//! Which encoder there is, what it refuses, and what it costs.

use super::*;

fn options(physical_type: Type) -> EncoderOptions {
    EncoderOptions {
        physical_type,
        type_length: 5,
        column: ColumnPath::new(vec!["a".into(), "b".into()]),
        delta: None,
    }
}

#[test]
fn an_encoding_is_legal_exactly_where_the_format_says() {
    for physical_type in Type::VARIANTS.iter().copied() {
        for encoding in Encoding::VARIANTS {
            let result = options(physical_type).check(*encoding);
            if encodings_of(physical_type).contains(encoding) {
                result.unwrap();
                let encoder = create_encoder(*encoding, &options(physical_type)).unwrap();
                assert_eq!(encoder.encoding(), *encoding);
            } else if *encoding == Encoding::ALP
                && matches!(physical_type, Type::FLOAT | Type::DOUBLE)
            {
                let error = result.unwrap_err();
                assert!(
                    matches!(error, ParquetError::NYI(_)) && error.to_string().contains("a.b"),
                    "{error}"
                );
            } else {
                let error = result.unwrap_err();
                assert!(matches!(error, ParquetError::NYI(_)), "{error:?}");
                let error = error.to_string();
                let expected = format!(
                    "Encoding {encoding} is not supported for physical type {physical_type}"
                );
                assert!(
                    error.contains(&expected) && error.contains("a.b"),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn fallbacks_are_legal_for_their_type() {
    for physical_type in Type::VARIANTS.iter().copied() {
        assert_eq!(fallback_encoding::v1(physical_type), Encoding::PLAIN);
        options(physical_type)
            .check(fallback_encoding::v2(physical_type))
            .unwrap();
    }
    assert_eq!(fallback_encoding::v2(Type::BOOLEAN), Encoding::RLE);
    assert_eq!(
        fallback_encoding::v2(Type::INT64),
        Encoding::DELTA_BINARY_PACKED
    );
    assert_eq!(
        fallback_encoding::v2(Type::BYTE_ARRAY),
        Encoding::DELTA_BYTE_ARRAY
    );
    assert_eq!(fallback_encoding::v2(Type::DOUBLE), Encoding::PLAIN);
}

#[test]
fn delta_layouts_that_the_format_forbids_are_refused() {
    for (block_size, miniblocks) in [(0, 4), (100, 1), (128, 0), (128, 3), (128, 8), (256, 16)] {
        let delta = Some(DeltaLayout {
            block_size,
            miniblocks,
        });
        let options = EncoderOptions {
            delta,
            ..options(Type::INT32)
        };
        assert!(
            options.check(Encoding::DELTA_BINARY_PACKED).is_err(),
            "{block_size}/{miniblocks}"
        );
        options.check(Encoding::PLAIN).unwrap();
    }
}

#[test]
fn values_of_another_type_are_refused() {
    for physical_type in Type::VARIANTS.iter().copied() {
        let wrong = match physical_type {
            Type::INT32 => Values::Int64(&[1]),
            _ => Values::Int32(&[1]),
        };
        for encoding in encodings_of(physical_type) {
            let mut encoder = create_encoder(*encoding, &options(physical_type)).unwrap();
            assert!(encoder.put(&wrong).is_err(), "{encoding} {physical_type}");
        }
    }
}

#[test]
fn a_fixed_value_of_another_length_is_refused_before_anything_is_taken() {
    let arrays = [ByteArray::from(vec![1; 5]), ByteArray::from(vec![1; 4])];
    let picks = Picks::Range { from: 0, len: 2 };
    let wrong = [
        Values::Fixed(FixedValues::new(&[0; 12], 4)),
        Values::Bytes(ByteValues::new(ByteSource::Arrays(&arrays), picks)),
    ];
    for encoding in encodings_of(Type::FIXED_LEN_BYTE_ARRAY) {
        for wrong in wrong {
            let mut encoder =
                create_encoder(*encoding, &options(Type::FIXED_LEN_BYTE_ARRAY)).unwrap();
            let error = encoder.put(&wrong).unwrap_err().to_string();
            assert!(
                error.contains("4 bytes") && error.contains("a.b"),
                "{error}"
            );
            assert_eq!(encoder.estimated_bytes(), 0);
        }
    }
}

#[test]
fn a_value_too_long_for_its_length_is_refused() {
    // Zeroed memory that is never looked at costs nothing.
    let data = vec![0u8; 1 << 31];
    let source = ByteSource::Offsets64 {
        offsets: &[0, 1 << 31],
        data: &data,
    };
    let value = Values::Bytes(ByteValues::new(source, Picks::Range { from: 0, len: 1 }));
    for encoding in encodings_of(Type::BYTE_ARRAY) {
        let mut encoder = create_encoder(*encoding, &options(Type::BYTE_ARRAY)).unwrap();
        let before = encoder.memory_size();
        let error = encoder.put(&value).unwrap_err().to_string();
        assert!(error.contains("2147483648 bytes in column a.b"), "{error}");
        assert_eq!(encoder.memory_size(), before);
    }
}

#[test]
fn an_idle_encoder_holds_only_its_columns_name() {
    for physical_type in Type::VARIANTS.iter().copied() {
        for encoding in encodings_of(physical_type) {
            let encoder = create_encoder(*encoding, &options(physical_type)).unwrap();
            assert!(
                encoder.memory_size() <= "a.b".len(),
                "{encoding} {physical_type}"
            );
        }
    }
}

#[test]
fn a_flushed_encoder_gives_its_memory_back_on_request() {
    for physical_type in [Type::INT32, Type::BYTE_ARRAY, Type::BOOLEAN] {
        for encoding in encodings_of(physical_type) {
            let column = match physical_type {
                Type::INT32 => Column::Int32((0..5000).map(|value| value * value % 977).collect()),
                Type::BOOLEAN => {
                    Column::Boolean((0..5000).map(|value| value * value % 7 > 3).collect())
                }
                _ => Column::Bytes((0..5000).map(|value| vec![1; value % 9]).collect()),
            };
            let mut encoder = create_encoder(*encoding, &options(physical_type)).unwrap();
            let mut out = Vec::new();
            column.borrow(|values| encoder.put(&values)).unwrap();
            assert!(encoder.memory_size() >= encoder.estimated_bytes());
            encoder.flush_into(&mut out).unwrap();
            assert!(
                encoder.memory_size() > 100,
                "buffers are kept for the next page"
            );
            encoder.shrink();
            assert!(
                encoder.memory_size() <= "a.b".len(),
                "{encoding} {}",
                encoder.memory_size()
            );
        }
    }
}

#[test]
fn an_open_delta_block_is_not_in_the_estimate() {
    let mut encoder = create_encoder(Encoding::DELTA_BINARY_PACKED, &options(Type::INT32)).unwrap();
    let values: Vec<i32> = (0..129).collect();
    encoder.put(&Values::Int32(&values[..128])).unwrap();
    assert_eq!(encoder.estimated_bytes(), 0);
    encoder.put(&Values::Int32(&values[128..])).unwrap();
    // The least difference and four widths.
    assert_eq!(encoder.estimated_bytes(), 1 + 4);
}

#[test]
fn the_first_value_is_told_apart_only_where_later_ones_lean_on_it() {
    let column = Column::Bytes(vec![vec![7; 1000], vec![7; 1001], vec![7; 3]]);
    for encoding in encodings_of(Type::BYTE_ARRAY) {
        let mut encoder = create_encoder(*encoding, &options(Type::BYTE_ARRAY)).unwrap();
        column.borrow(|values| encoder.put(&values)).unwrap();
        let expected = if *encoding == Encoding::DELTA_BYTE_ARRAY {
            1000
        } else {
            0
        };
        assert_eq!(encoder.first_value_bytes(), expected);
        encoder.flush_into(&mut Vec::new()).unwrap();
        assert_eq!(encoder.first_value_bytes(), 0);
    }
}

#[test]
fn the_examples_of_the_specification_encode_to_their_bytes() {
    let strings = ["axis", "axle", "babble", "babyhood"].map(|text| text.as_bytes().to_vec());
    let column = Column::Bytes(strings.to_vec());
    let page = column.encode(Encoding::DELTA_BYTE_ARRAY, &column.options(), &[]);
    assert!(page.ends_with(b"axislebabbleyhood"));
    let strings = ["Hello", "World", "Foobar", "ABCDEF"].map(|text| text.as_bytes().to_vec());
    let column = Column::Bytes(strings.to_vec());
    let page = column.encode(Encoding::DELTA_LENGTH_BYTE_ARRAY, &column.options(), &[]);
    assert!(page.ends_with(b"HelloWorldFoobarABCDEF"));
    let bytes = [
        [0xaa, 0xbb, 0xcc, 0xdd],
        [0x00, 0x11, 0x22, 0x33],
        [0xa3, 0xb4, 0xc5, 0xd6],
    ];
    let column = Column::Float(bytes.map(f32::from_le_bytes).to_vec());
    let page = column.encode(Encoding::BYTE_STREAM_SPLIT, &column.options(), &[]);
    assert_eq!(
        page,
        [
            0xaa, 0x00, 0xa3, 0xbb, 0x11, 0xb4, 0xcc, 0x22, 0xc5, 0xdd, 0x33, 0xd6
        ]
    );
}
