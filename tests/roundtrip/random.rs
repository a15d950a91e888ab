//! Random nested types and data, written in random ways.

use herringbone::basic::Compression;
use herringbone::file::properties::WriterVersion;
use proptest::prelude::*;

use crate::support::arrays::{Options, batches};
use crate::support::cases::{Case, Dictionary, Paging, Statistics, codecs};
use crate::support::check::{check, check_without_schema};
use crate::support::stores::Store;

fn cases() -> impl Strategy<Value = Case> {
    let codecs: Vec<Compression> = codecs().to_vec();
    (
        prop::sample::select(vec![Dictionary::On, Dictionary::Off, Dictionary::Fallback]),
        prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
        prop::sample::select(codecs),
        prop::option::of(1..40usize),
        prop::sample::select(Store::ALL.to_vec()),
        prop::sample::select(vec![
            Statistics::Page,
            Statistics::PageHeaders,
            Statistics::Chunk,
            Statistics::None,
            Statistics::ChunkWithoutOffsets,
        ]),
        prop::sample::select(vec![
            Paging::Default,
            Paging::Bytes,
            Paging::Rows,
            Paging::Batches,
        ]),
        1..70usize,
        any::<bool>(),
        prop::option::of(1..20usize),
    )
        .prop_map(
            |(
                dictionary,
                version,
                compression,
                row_group,
                store,
                statistics,
                paging,
                batch,
                checksums,
                truncation,
            )| Case {
                dictionary,
                version,
                compression,
                row_group,
                store,
                statistics,
                paging,
                batch,
                checksums,
                truncation,
                ..Case::default()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_batches_read_back_as_they_were(batch in batches(Options::plain()), case in cases()) {
        check(&case, &batch, &case.write(&batch));
    }

    #[test]
    fn random_batches_of_any_type_read_back_the_same_values(
        batch in batches(Options::everything()),
        mut case in cases(),
    ) {
        case.arrow_schema = false;
        check_without_schema(&case, &batch, &case.write(&batch));
    }
}
