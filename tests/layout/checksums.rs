//! Checksums of pages, where they are asked for.

use arrow::array::RecordBatch;
use bytes::Bytes;
use herringbone::basic::Compression;
use herringbone::file::properties::WriterVersion;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::cases::{Case, Dictionary, Paging};
use crate::support::stores::Store;
use crate::support::types::{Nesting, Nulls, batch_of_all_types};
use crate::support::walker::{Layout, Page};

fn can_be_read(file: Vec<u8>) -> bool {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    let batches: Result<Vec<RecordBatch>, _> = reader.build().unwrap().collect();
    batches.is_ok()
}

fn pages(layout: &Layout) -> impl Iterator<Item = &Page> {
    let chunks = layout.row_groups.iter().flat_map(|group| &group.chunks);
    chunks.flat_map(|chunk| chunk.dictionary.iter().chain(&chunk.pages))
}

#[test]
fn pages_carry_no_checksum_by_default() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 50);
    let written = Case::default().write(&batch);
    for page in pages(&Layout::read(&written.file)) {
        assert_eq!(page.header.opt_int(4), None);
    }
}

#[test]
fn one_flipped_bit_in_any_page_is_noticed() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 40);
    for (version, compression) in [
        (WriterVersion::PARQUET_1_0, Compression::UNCOMPRESSED),
        (WriterVersion::PARQUET_2_0, Compression::SNAPPY),
    ] {
        let case = Case {
            version,
            compression,
            checksums: true,
            dictionary: Dictionary::Fallback,
            paging: Paging::Rows,
            store: Store::TempFile,
            ..Case::default()
        };
        let written = case.write(&batch);
        assert!(can_be_read(written.file.clone()));
        let layout = Layout::read(&written.file);
        let mut tried = 0;
        for page in pages(&layout).filter(|page| !page.body().is_empty()) {
            let mut damaged = written.file.clone();
            let body = page.body();
            damaged[body.start + body.len() / 2] ^= 0x10;
            assert!(!can_be_read(damaged), "{case:?}: page at {}", page.offset);
            tried += 1;
        }
        assert!(tried > 60, "{tried} pages are too few");
    }
}
