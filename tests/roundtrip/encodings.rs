//! Every encoding with every type that may have it, and what the others are told.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, TimeUnit};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{Encoding, Type};
use herringbone::file::properties::{WriterProperties, WriterVersion};
use herringbone::file::writer::SerializedFileWriter;
use herringbone::schema::parser::parse_message_type;

use crate::support::cases::{Case, Dictionary, Paging};
use crate::support::check::{check, read};
use crate::support::shred::{Leaf, shred};
use crate::support::types::{Nesting, Nulls, batch_of, leaf_types};

const ENCODINGS: [Encoding; 7] = [
    Encoding::PLAIN,
    Encoding::RLE,
    Encoding::DELTA_BINARY_PACKED,
    Encoding::DELTA_LENGTH_BYTE_ARRAY,
    Encoding::DELTA_BYTE_ARRAY,
    Encoding::BYTE_STREAM_SPLIT,
    Encoding::BIT_PACKED,
];
const VERSIONS: [WriterVersion; 2] = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];

/// SPEC: Encodings.md, "Supported Types" of each encoding.
fn is_legal(encoding: Encoding, physical: Type) -> bool {
    use Type::*;
    match encoding {
        Encoding::PLAIN => true,
        Encoding::RLE => physical == BOOLEAN,
        Encoding::DELTA_BINARY_PACKED => matches!(physical, INT32 | INT64),
        Encoding::DELTA_LENGTH_BYTE_ARRAY => physical == BYTE_ARRAY,
        Encoding::DELTA_BYTE_ARRAY => matches!(physical, BYTE_ARRAY | FIXED_LEN_BYTE_ARRAY),
        Encoding::BYTE_STREAM_SPLIT => matches!(
            physical,
            INT32 | INT64 | FLOAT | DOUBLE | FIXED_LEN_BYTE_ARRAY
        ),
        _ => false,
    }
}

/// What a column becomes without a dictionary if nobody says otherwise.
fn default_encoding(version: WriterVersion, physical: Type) -> Encoding {
    use Type::*;
    match (version, physical) {
        (WriterVersion::PARQUET_1_0, _) => Encoding::PLAIN,
        (_, BOOLEAN) => Encoding::RLE,
        (_, INT32 | INT64) => Encoding::DELTA_BINARY_PACKED,
        (_, BYTE_ARRAY | FIXED_LEN_BYTE_ARRAY) => Encoding::DELTA_BYTE_ARRAY,
        _ => Encoding::PLAIN,
    }
}

fn physical(data_type: &DataType) -> Type {
    use DataType::*;
    match data_type {
        Boolean => Type::BOOLEAN,
        Float32 => Type::FLOAT,
        Float64 => Type::DOUBLE,
        Float16 | FixedSizeBinary(_) | Interval(_) => Type::FIXED_LEN_BYTE_ARRAY,
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView => Type::BYTE_ARRAY,
        Decimal32(p, _) | Decimal64(p, _) | Decimal128(p, _) | Decimal256(p, _) => match p {
            0..=9 => Type::INT32,
            10..=18 => Type::INT64,
            _ => Type::FIXED_LEN_BYTE_ARRAY,
        },
        Int64 | UInt64 | Date64 | Timestamp(..) | Duration(_) | Time64(_) => Type::INT64,
        Dictionary(_, values) => physical(values),
        RunEndEncoded(_, values) => physical(values.data_type()),
        Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32 | Date32 | Null => Type::INT32,
        Time32(TimeUnit::Second | TimeUnit::Millisecond) => Type::INT32,
        other => unreachable!("{other} is in no test"),
    }
}

#[test]
fn every_encoding_reads_back_for_every_type_that_may_have_it() {
    for encoding in ENCODINGS {
        let mut types = leaf_types();
        types.retain(|data_type| is_legal(encoding, physical(data_type)));
        if types.is_empty() {
            continue;
        }
        for (nesting, nulls) in [
            (Nesting::Flat, Nulls::Required),
            (Nesting::Flat, Nulls::Half),
            (Nesting::List, Nulls::Few),
        ] {
            let batch = batch_of(&types, nesting, nulls, 300);
            let leaves = shred(&batch);
            for version in VERSIONS {
                for (dictionary, paging) in [
                    (Dictionary::Off, Paging::Default),
                    (Dictionary::Off, Paging::Bytes),
                    (Dictionary::Fallback, Paging::Rows),
                ] {
                    let case = Case {
                        encoding: Some(encoding),
                        version,
                        dictionary,
                        paging,
                        ..Case::default()
                    };
                    let layout = check(&case, &batch, &case.write(&batch));
                    for (column, leaf) in leaves.iter().enumerate() {
                        let found: Vec<i64> = layout
                            .pages_of(column)
                            .map(|page| page.encoding())
                            .collect();
                        check_encodings(&case, leaf, &found, encoding);
                    }
                }
            }
        }
    }
}

#[test]
fn columns_without_a_dictionary_have_their_versions_encoding() {
    let batch = batch_of(&leaf_types(), Nesting::Flat, Nulls::Few, 100);
    for version in VERSIONS {
        let case = Case {
            version,
            dictionary: Dictionary::Off,
            ..Case::default()
        };
        let layout = check(&case, &batch, &case.write(&batch));
        for (column, data_type) in leaf_types().iter().enumerate() {
            let expected = default_encoding(version, physical(data_type));
            for page in layout.pages_of(column) {
                assert_eq!(page.encoding(), expected as i64, "{version:?} {data_type}");
            }
        }
    }
}

#[test]
fn an_encoding_that_does_not_suit_a_type_is_refused_by_name() {
    for physical in [
        Type::BOOLEAN,
        Type::INT32,
        Type::INT64,
        Type::INT96,
        Type::FLOAT,
        Type::DOUBLE,
        Type::BYTE_ARRAY,
        Type::FIXED_LEN_BYTE_ARRAY,
    ] {
        for encoding in ENCODINGS {
            for dictionary in [true, false] {
                let properties = WriterProperties::builder()
                    .set_encoding(encoding)
                    .set_dictionary_enabled(dictionary)
                    .build();
                let result = open(physical, properties);
                if is_legal(encoding, physical) {
                    result.unwrap();
                    continue;
                }
                let message = result.unwrap_err().to_string();
                let expected =
                    format!("Encoding {encoding} is not supported for physical type {physical}");
                assert!(message.contains(&expected), "{message}");
            }
        }
    }
}

#[test]
fn an_encoding_that_is_not_there_yet_says_so() {
    for physical in [Type::FLOAT, Type::DOUBLE] {
        let properties = WriterProperties::builder().set_encoding(Encoding::ALP);
        let error = open(physical, properties.build()).unwrap_err();
        assert!(error.to_string().starts_with("NYI: "), "{error}");
    }
}

fn open(physical: Type, properties: WriterProperties) -> herringbone::errors::Result<()> {
    let length = match physical {
        Type::FIXED_LEN_BYTE_ARRAY => "(5)",
        _ => "",
    };
    let schema = format!("message m {{ required {physical}{length} c; }}");
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut row_group = writer.next_row_group()?;
    row_group.next_column()?;
    Ok(())
}

fn check_encodings(case: &Case, leaf: &Leaf, found: &[i64], expected: Encoding) {
    let what = format!("{case:?}: {} ({})", leaf.path, leaf.data_type);
    let dictionary = Encoding::RLE_DICTIONARY as i64;
    if case.dictionary == Dictionary::Off || leaf.data_type == DataType::Boolean {
        assert!(
            found.iter().all(|e| *e == expected as i64),
            "{what}: {found:?}"
        );
        return;
    }
    let switch = found.iter().position(|e| *e != dictionary);
    let (before, after) = found.split_at(switch.unwrap_or(found.len()));
    assert!(!before.is_empty(), "{what}: no page has a dictionary");
    assert!(
        after.iter().all(|e| *e == expected as i64),
        "{what}: {found:?}"
    );
}

/// Columns of values that lean on one another, and of some that do not.
fn columns_for(encoding: Encoding) -> Vec<(&'static str, ArrayRef)> {
    let mut state = 11_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    };
    let mut text = |len: usize| -> String {
        let letters = (0..len).map(|_| char::from(b'a' + (random() % 26) as u8));
        letters.collect()
    };
    let mut alike = |len: usize, count: usize| -> ArrayRef {
        let front = text(len);
        let values = (0..count).map(|i| format!("{front}{i:06}"));
        Arc::new(StringArray::from_iter_values(values))
    };
    let texts = vec![
        ("large, alike", alike(20_000, 60)),
        ("alike", alike(3000, 300)),
        ("short, alike", alike(10, 20_000)),
        (
            "different",
            Arc::new(StringArray::from_iter_values((0..600).map(|_| text(500)))) as ArrayRef,
        ),
    ];
    let ascending: ArrayRef = Arc::new(Int64Array::from_iter_values(0..60_000));
    let numbers = (0..60_000).map(|i| f64::from(i) / 7.0);
    let numbers: ArrayRef = Arc::new(Float64Array::from_iter_values(numbers));
    match encoding {
        Encoding::DELTA_BINARY_PACKED => vec![("ascending", ascending)],
        Encoding::BYTE_STREAM_SPLIT => vec![("ascending", ascending), ("numbers", numbers)],
        _ => texts,
    }
}

/// A limit that asks for pages smaller than the options do costs headers and index entries, not what an encoding saves.
#[test]
fn files_under_a_limit_are_about_as_small_as_without() {
    for encoding in [
        Encoding::PLAIN,
        Encoding::DELTA_BYTE_ARRAY,
        Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::DELTA_BINARY_PACKED,
        Encoding::BYTE_STREAM_SPLIT,
    ] {
        for (name, column) in columns_for(encoding) {
            let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
            let size = |options: ArrowWriterOptions| {
                let properties = WriterProperties::builder()
                    .set_dictionary_enabled(false)
                    .set_encoding(encoding)
                    .build();
                let mut file = Vec::new();
                let options = options.with_properties(properties);
                let mut writer =
                    ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).unwrap();
                writer.write(&batch).unwrap();
                writer.close().unwrap();
                assert_eq!(read(&file), batch, "{encoding} {name}");
                file.len()
            };
            let free = size(ArrowWriterOptions::new());
            let limited = size(ArrowWriterOptions::new().with_memory_limit(1 << 20));
            assert!(
                limited <= free + free / 50 + 500,
                "{encoding} {name}: {limited} bytes for {free}"
            );
        }
    }
}
