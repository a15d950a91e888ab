//! Names, numbers and orders, compared with an independent implementation.

use std::fmt::Debug;
use std::str::FromStr;

use parquet::basic as oracle;

use super::*;

/// What a parser said, as comparable text.
fn said<T: Debug, E: ToString>(result: std::result::Result<T, E>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => error.to_string(),
    }
}

/// Every name, in upper, lower and mixed case, and things that are no names.
fn texts() -> Vec<String> {
    let names = Type::VARIANTS
        .iter()
        .map(ToString::to_string)
        .chain(ConvertedType::VARIANTS.iter().map(ToString::to_string))
        .chain(Encoding::VARIANTS.iter().map(ToString::to_string))
        .chain(CompressionCodec::VARIANTS.iter().map(ToString::to_string))
        .chain(Repetition::VARIANTS.iter().map(ToString::to_string))
        .chain(
            [
                "BINARY",
                "STRING",
                "INTEGER",
                "TIME",
                "TIMESTAMP",
                "UUID",
                "FLOAT16",
                "VARIANT",
                "GEOMETRY",
                "GEOGRAPHY",
                "FILE",
                "UNKNOWN",
                "INTERVAL",
                "",
                " ",
                "x",
            ]
            .map(String::from),
        );
    let mut texts = Vec::new();
    for name in names {
        let mixed = name.to_lowercase().replacen('l', "L", 1);
        for level in [
            "",
            "(3)",
            "(-3)",
            "(0)",
            "(99)",
            "(-131073)",
            "()",
            "(x)",
            "(3",
            "( 3 )",
        ] {
            texts.push(format!("{name}{level}"));
            texts.push(format!("{}{level}", name.to_lowercase()));
            texts.push(format!("{mixed}{level}"));
        }
    }
    texts
}

#[test]
fn names_are_read_as_the_oracle_reads_them() {
    for text in &texts() {
        assert_eq!(
            said(Type::from_str(text)),
            said(oracle::Type::from_str(text))
        );
        assert_eq!(
            said(Repetition::from_str(text)),
            said(oracle::Repetition::from_str(text))
        );
        assert_eq!(
            said(ConvertedType::from_str(text)),
            said(oracle::ConvertedType::from_str(text))
        );
        assert_eq!(
            said(LogicalType::from_str(text)),
            said(oracle::LogicalType::from_str(text))
        );
        assert_eq!(
            said(Encoding::from_str(text)),
            said(oracle::Encoding::from_str(text))
        );
        let codec = Compression::from_str(text)
            .map(|codec| codec.to_string())
            .ok();
        let theirs = oracle::Compression::from_str(text)
            .map(|codec| codec.to_string())
            .ok();
        assert_eq!(codec, theirs, "{text}");
    }
}

#[test]
fn compression_errors_say_what_is_wrong() {
    for text in [
        "Snappy",
        "gzip",
        "GZIP",
        "gzip(10)",
        "brotli(12)",
        "zstd(23)",
        "zstd()",
        "lz4(1)",
    ] {
        assert_eq!(
            said(Compression::from_str(text)),
            said(oracle::Compression::from_str(text)),
            "{text}"
        );
    }
}

#[test]
fn display_texts_are_read_back_to_the_same_variant() {
    for variant in Type::VARIANTS {
        assert_eq!(variant.to_string().parse::<Type>().unwrap(), *variant);
    }
    for variant in ConvertedType::VARIANTS {
        assert_eq!(
            variant.to_string().parse::<ConvertedType>().unwrap(),
            *variant
        );
    }
    for variant in Encoding::VARIANTS {
        assert_eq!(variant.to_string().parse::<Encoding>().unwrap(), *variant);
    }
    for variant in Repetition::VARIANTS {
        assert_eq!(variant.to_string().parse::<Repetition>().unwrap(), *variant);
    }
}

#[test]
fn compression_display_equals_the_oracles() {
    for text in [
        "uncompressed",
        "snappy",
        "gzip(4)",
        "lzo",
        "brotli(2)",
        "lz4",
        "zstd(-7)",
        "lz4_raw",
    ] {
        let ours = text.parse::<Compression>().unwrap();
        let theirs = text.parse::<oracle::Compression>().unwrap();
        assert_eq!(ours.to_string(), theirs.to_string());
        assert_eq!(
            CompressionCodec::from(ours).to_string(),
            oracle::CompressionCodec::from(theirs).to_string()
        );
    }
}

#[test]
fn default_levels_are_six_one_and_one() {
    let levels = (
        GzipLevel::default().compression_level(),
        BrotliLevel::default().compression_level(),
        ZstdLevel::default().compression_level(),
    );
    assert_eq!(levels, (6, 1, 1));
}

#[test]
fn wire_ids_are_those_of_the_format() {
    for variant in Encoding::VARIANTS {
        let theirs: oracle::Encoding = variant.to_string().parse().unwrap();
        assert_eq!(variant.wire_id(), theirs as i32);
    }
    for (position, variant) in (0..).zip(Type::VARIANTS) {
        assert_eq!(variant.wire_id(), position);
    }
    for (position, variant) in (0..).zip(CompressionCodec::VARIANTS) {
        assert_eq!(variant.wire_id(), position);
    }
    for (position, variant) in (-1..).zip(ConvertedType::VARIANTS) {
        assert_eq!(variant.wire_id(), position);
    }
    assert_eq!(CompressionCodec::LZ4_RAW.wire_id(), 7);
    assert_eq!(PageType::DATA_PAGE_V2.wire_id(), 3);
    assert_eq!(BoundaryOrder::DESCENDING.wire_id(), 2);
    assert_eq!(ConvertedType::INTERVAL.wire_id(), 21);
    assert_eq!(Repetition::REPEATED.wire_id(), 2);
}

#[test]
fn encoding_masks_equal_the_oracles() {
    for bits in (-4..2100).chain([i32::MIN, i32::MAX, 1 << 20]) {
        let ours = EncodingMask::try_new(bits);
        let theirs = oracle::EncodingMask::try_new(bits);
        assert_eq!(said(ours.as_ref()), said(theirs.as_ref()), "{bits:#x}");
        let (Ok(ours), Ok(theirs)) = (ours, theirs) else {
            continue;
        };
        assert_eq!(
            format!("{:?}", ours.encodings().collect::<Vec<_>>()),
            format!("{:?}", theirs.encodings().collect::<Vec<_>>())
        );
        for (mine, other) in [
            (Encoding::PLAIN, oracle::Encoding::PLAIN),
            (Encoding::RLE_DICTIONARY, oracle::Encoding::RLE_DICTIONARY),
        ] {
            assert_eq!(ours.is_set(mine), theirs.is_set(other));
            assert_eq!(ours.is_only(mine), theirs.is_only(other));
            assert_eq!(
                ours.all_set([mine, Encoding::RLE].iter()),
                theirs.all_set([other, oracle::Encoding::RLE].iter())
            );
        }
    }
}

/// Every logical type, each parameter varied, beside the oracle's.
pub(crate) fn logical_types() -> Vec<(LogicalType, oracle::LogicalType)> {
    let mut pairs = Vec::new();
    for name in [
        "STRING",
        "MAP",
        "LIST",
        "ENUM",
        "DECIMAL",
        "DATE",
        "UNKNOWN",
        "JSON",
        "BSON",
        "UUID",
        "FLOAT16",
        "VARIANT",
        "GEOMETRY",
        "GEOGRAPHY",
        "FILE",
    ] {
        pairs.push((name.parse().unwrap(), name.parse().unwrap()));
    }
    for width in [8, 16, 32, 64] {
        for signed in [false, true] {
            pairs.push((
                LogicalType::integer(width, signed),
                oracle::LogicalType::integer(width, signed),
            ));
        }
    }
    for (unit, other) in [
        (TimeUnit::MILLIS, oracle::TimeUnit::MILLIS),
        (TimeUnit::MICROS, oracle::TimeUnit::MICROS),
        (TimeUnit::NANOS, oracle::TimeUnit::NANOS),
    ] {
        for utc in [false, true] {
            pairs.push((
                LogicalType::time(utc, unit),
                oracle::LogicalType::time(utc, other),
            ));
            pairs.push((
                LogicalType::timestamp(utc, unit),
                oracle::LogicalType::timestamp(utc, other),
            ));
        }
    }
    pairs.push((
        LogicalType::_Unknown { field_id: 77 },
        oracle::LogicalType::_Unknown { field_id: 77 },
    ));
    pairs
}

#[test]
fn logical_types_convert_as_the_oracles_do() {
    assert_eq!(ConvertedType::from(None), ConvertedType::NONE);
    for (ours, theirs) in logical_types() {
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        assert_eq!(
            ConvertedType::from(Some(ours)).to_string(),
            oracle::ConvertedType::from(Some(theirs)).to_string()
        );
    }
}

#[test]
#[should_panic(expected = "Integer type bit_width=7, signed=true is not supported")]
fn integers_of_odd_width_have_no_converted_type() {
    let _ = ConvertedType::from(Some(LogicalType::integer(7, true)));
}

#[test]
fn column_orders_equal_the_oracles_for_every_type() {
    let mut logical: Vec<_> = logical_types()
        .into_iter()
        .map(|(ours, theirs)| (Some(ours), Some(theirs)))
        .collect();
    logical.push((None, None));
    for (ours, theirs) in &logical {
        for converted in ConvertedType::VARIANTS {
            let their_converted = converted.to_string().parse().unwrap();
            for physical in Type::VARIANTS {
                let their_physical = physical.to_string().parse().unwrap();
                let order =
                    ColumnOrder::column_order_for_type(ours.as_ref(), *converted, *physical);
                let their_order = oracle::ColumnOrder::column_order_for_type(
                    theirs.as_ref(),
                    their_converted,
                    their_physical,
                );
                let case = format!("{ours:?} {converted} {physical}");
                assert_eq!(format!("{order:?}"), format!("{their_order:?}"), "{case}");
                assert_eq!(order.to_string(), their_order.to_string(), "{case}");
                assert_eq!(
                    format!("{:?}", order.sort_order()),
                    format!("{:?}", their_order.sort_order()),
                    "{case}"
                );
                assert_eq!(
                    order.sort_order().is_signed(),
                    their_order.sort_order().is_signed(),
                    "{case}"
                );
            }
        }
    }
    assert_eq!(
        format!(
            "{:?}",
            [ColumnOrder::UNDEFINED, ColumnOrder::UNKNOWN].map(|o| o.sort_order())
        ),
        format!(
            "{:?}",
            [oracle::ColumnOrder::UNDEFINED, oracle::ColumnOrder::UNKNOWN].map(|o| o.sort_order())
        )
    );
}

#[test]
fn geography_without_an_algorithm_is_spherical() {
    let bare = GeographyType {
        crs: None,
        algorithm: None,
    };
    assert_eq!(
        bare.algorithm(),
        Some(EdgeInterpolationAlgorithm::SPHERICAL)
    );
    let karney = GeographyType {
        crs: None,
        algorithm: Some(EdgeInterpolationAlgorithm::KARNEY),
    };
    assert_eq!(karney.algorithm(), Some(EdgeInterpolationAlgorithm::KARNEY));
}

/// The variants' names, and the largest number.
macro_rules! listed {
    ($($name:ident),*) => {
        [$((
            $name::VARIANTS.iter().map(ToString::to_string).collect::<Vec<_>>(),
            $name::MAX_DISCRIMINANT,
            oracle::$name::VARIANTS.iter().map(ToString::to_string).collect::<Vec<_>>(),
            oracle::$name::MAX_DISCRIMINANT,
        )),*]
    };
}

#[test]
fn lists_of_variants_are_those_of_the_oracle() {
    let lists = listed!(
        BoundaryOrder,
        CompressionCodec,
        ConvertedType,
        Encoding,
        PageType,
        Repetition,
        Type
    );
    for (ours, our_largest, theirs, their_largest) in lists {
        assert_eq!(ours, theirs);
        assert_eq!(our_largest, their_largest, "{ours:?}");
    }
}

#[test]
fn edge_interpolations_are_read_as_the_oracle_reads_them() {
    use oracle::EdgeInterpolationAlgorithm as Theirs;

    for text in [
        "SPHERICAL",
        "vincenty",
        "Thomas",
        "andoyer",
        "KARNEY",
        "foo",
        "",
    ] {
        let ours = text.parse::<EdgeInterpolationAlgorithm>();
        let ours = ours.map(|read| read.to_string()).map_err(|e| e.to_string());
        let theirs = text.parse::<Theirs>();
        let theirs = theirs
            .map(|read| read.to_string())
            .map_err(|e| e.to_string());
        assert_eq!(ours, theirs);
    }
}
