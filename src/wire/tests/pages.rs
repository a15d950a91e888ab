//! Page headers, read as pages of a chunk.

use parquet::column::page::{Page, PageReader};
use parquet::file::properties::ReaderProperties;
use parquet::file::serialized_reader::SerializedPageReader;

use super::super::page::{
    DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, PageHeader, PageHeaderKind,
    write_page_header,
};
use super::*;
use crate::basic::Encoding;
use crate::meta::statistics::Statistics;

const BODY: &[u8] = &[7; 12];

/// Writes pages with the same body, each behind its header, and reads them back.
fn read_pages(headers: &[PageHeader<'_>]) -> Vec<Page> {
    let mut body = PARQUET_MAGIC.to_vec();
    for header in headers {
        write_page_header(header, &mut body);
        body.extend_from_slice(BODY);
    }
    let schema = schema_of("message m { optional int32 a; }");
    let chunk = ColumnChunkMetaData::builder(schema.column(0))
        .set_data_page_offset(4)
        .set_total_compressed_size(body.len() as i64 - 4)
        .set_num_values(i64::from(i32::MAX))
        .build()
        .unwrap();
    let footer = footer(&metadata_of(&schema, vec![chunk]), &WITH_PATHS);
    let chunk = read_footer(&footer).row_group(0).column(0).clone();
    let file = Arc::new(file_of(body, &footer));
    let properties = ReaderProperties::builder()
        .set_read_page_statistics(true)
        .build();
    let properties = Arc::new(properties);
    let mut reader =
        SerializedPageReader::new_with_properties(file, &chunk, 1_000_000, None, properties)
            .unwrap();
    let pages = headers
        .iter()
        .map(|_| reader.get_next_page().unwrap().unwrap());
    pages.collect()
}

fn page(crc: Option<i32>, kind: PageHeaderKind<'_>) -> PageHeader<'_> {
    let len = i32::try_from(BODY.len()).unwrap();
    PageHeader {
        uncompressed_page_size: len,
        compressed_page_size: len,
        crc,
        kind,
    }
}

fn v1(statistics: Option<&Statistics>) -> PageHeaderKind<'_> {
    PageHeaderKind::Data(DataPageHeader {
        num_values: 300,
        encoding: Encoding::DELTA_BINARY_PACKED,
        definition_level_encoding: Encoding::RLE,
        repetition_level_encoding: Encoding::BIT_PACKED,
        statistics,
    })
}

fn v2(is_compressed: bool, statistics: Option<&Statistics>) -> PageHeaderKind<'_> {
    PageHeaderKind::DataV2(DataPageHeaderV2 {
        num_values: 301,
        num_nulls: 302,
        num_rows: 303,
        encoding: Encoding::BYTE_STREAM_SPLIT,
        definition_levels_byte_length: 3,
        repetition_levels_byte_length: 2,
        is_compressed,
        statistics,
    })
}

#[test]
fn every_field_of_a_page_header_survives() {
    let statistics = Statistics::int32(Some(-1), Some(2), Some(3), Some(4), false);
    let dictionary = PageHeaderKind::Dictionary(DictionaryPageHeader {
        num_values: 5,
        encoding: Encoding::PLAIN,
        is_sorted: Some(true),
    });
    let pages = read_pages(&[
        page(None, dictionary),
        page(None, v1(Some(&statistics))),
        page(None, v2(false, Some(&statistics))),
        page(None, v2(true, None)),
        page(None, v1(None)),
    ]);
    let shown: Vec<_> = pages.iter().map(|page| format!("{page:?}")).collect();
    assert!(matches!(
        &pages[0],
        Page::DictionaryPage {
            num_values: 5,
            encoding: parquet::basic::Encoding::PLAIN,
            is_sorted: true,
            ..
        }
    ));
    assert!(
        matches!(
            &pages[1],
            Page::DataPage {
                num_values: 300,
                encoding: parquet::basic::Encoding::DELTA_BINARY_PACKED,
                def_level_encoding: parquet::basic::Encoding::RLE,
                statistics: Some(read),
                ..
            } if read.to_string() == statistics.to_string()
        ),
        "{}",
        shown[1]
    );
    assert!(
        matches!(
            &pages[2],
            Page::DataPageV2 {
                num_values: 301,
                num_nulls: 302,
                num_rows: 303,
                encoding: parquet::basic::Encoding::BYTE_STREAM_SPLIT,
                def_levels_byte_len: 3,
                rep_levels_byte_len: 2,
                is_compressed: false,
                statistics: Some(read),
                ..
            } if read.to_string() == statistics.to_string()
        ),
        "{}",
        shown[2]
    );
    assert!(
        matches!(
            &pages[3],
            Page::DataPageV2 {
                is_compressed: true,
                statistics: None,
                ..
            }
        ),
        "{}",
        shown[3]
    );
    assert!(
        matches!(
            &pages[4],
            Page::DataPage {
                statistics: None,
                ..
            }
        ),
        "{}",
        shown[4]
    );
    assert!(pages.iter().all(|page| page.buffer() == BODY));
}

#[test]
fn a_checksum_is_checked_by_the_reader() {
    let crc = crc32fast::hash(BODY).cast_signed();
    assert_eq!(read_pages(&[page(Some(crc), v1(None))]).len(), 1);
}

#[test]
#[should_panic(expected = "CRC")]
fn a_wrong_checksum_is_noticed_by_the_reader() {
    read_pages(&[page(Some(1), v1(None))]);
}
