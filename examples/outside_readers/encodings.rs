//! Every encoding, on every type that may have it.

use arrow::datatypes::{DataType, Field, Schema};
use herringbone::basic::{Encoding, Type};
use herringbone::file::properties::WriterVersion;

use crate::sample::{Sample, parquet_schema, tame_types};
use crate::support::cases::{Case, Dictionary, Paging, codecs};
use crate::support::types::{Nesting, Nulls, batch_of, pieces};

/// More than a block of deltas.
const ROWS: usize = 700;

const ENCODINGS: [Encoding; 6] = [
    Encoding::PLAIN,
    Encoding::RLE,
    Encoding::DELTA_BINARY_PACKED,
    Encoding::DELTA_LENGTH_BYTE_ARRAY,
    Encoding::DELTA_BYTE_ARRAY,
    Encoding::BYTE_STREAM_SPLIT,
];
const NULLS: [Nulls; 3] = [Nulls::Required, Nulls::Few, Nulls::Half];
const NESTINGS: [Nesting; 3] = [Nesting::Flat, Nesting::List, Nesting::Struct];
const VERSIONS: [WriterVersion; 2] = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];

pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    let mut samples = Vec::new();
    for encoding in ENCODINGS {
        for nesting in NESTINGS {
            for nulls in NULLS {
                for version in VERSIONS {
                    samples.push((encoding, nesting, nulls, version));
                }
            }
        }
    }
    let numbered = samples.into_iter().enumerate();
    numbered.map(|(i, (encoding, nesting, nulls, version))| {
        let case = Case {
            dictionary: Dictionary::Off,
            version,
            compression: codecs()[i % codecs().len()],
            paging: [Paging::Default, Paging::Rows][i % 2],
            ..Case::default()
        };
        sample(encoding, nesting, nulls, case)
    })
}

fn sample(encoding: Encoding, nesting: Nesting, nulls: Nulls, case: Case) -> Sample {
    let mut types = tame_types();
    types.retain(|data_type| may_have(encoding, physical_type(data_type)));
    let batch = batch_of(&types, nesting, nulls, ROWS);
    let version = case.version.as_num();
    let name = format!("encodings-{encoding}-{nesting:?}-{nulls:?}-v{version}").to_lowercase();
    let schema = parquet_schema(&batch.schema());
    let mut sample = Sample::new(name, pieces(&batch, 250), case);
    for column in schema.columns() {
        if may_have(encoding, column.physical_type()) {
            let chosen = (column.path().clone(), encoding);
            sample.encodings.push(chosen);
        }
    }
    sample
}

fn physical_type(data_type: &DataType) -> Type {
    let schema = Schema::new(vec![Field::new("column", data_type.clone(), true)]);
    parquet_schema(&schema).column(0).physical_type()
}

/// SPEC: Encodings.md, the types each encoding is for.
fn may_have(encoding: Encoding, physical_type: Type) -> bool {
    use Type::*;
    match encoding {
        Encoding::PLAIN => true,
        Encoding::RLE => physical_type == BOOLEAN,
        Encoding::DELTA_BINARY_PACKED => matches!(physical_type, INT32 | INT64),
        Encoding::DELTA_LENGTH_BYTE_ARRAY => physical_type == BYTE_ARRAY,
        Encoding::DELTA_BYTE_ARRAY => matches!(physical_type, BYTE_ARRAY | FIXED_LEN_BYTE_ARRAY),
        Encoding::BYTE_STREAM_SPLIT => matches!(
            physical_type,
            INT32 | INT64 | FLOAT | DOUBLE | FIXED_LEN_BYTE_ARRAY
        ),
        _ => false,
    }
}
