//! Page headers.
//!
//! SPEC: parquet.thrift, `PageHeader` and the headers of the page types in it.

use super::compact::write_struct;
use super::statistics::write_statistics;
use crate::basic::{Encoding, PageType};
use crate::errors::{ParquetError, Result};
use crate::meta::statistics::Statistics;

/// What stands in front of the body of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageHeader<'a> {
    /// Bytes of the body before compression.
    pub(crate) uncompressed_page_size: i32,
    /// Bytes of the body as stored.
    pub(crate) compressed_page_size: i32,
    /// The bits of the CRC-32 of the body as stored.
    pub(crate) crc: Option<i32>,
    /// The type of the page, and what its type alone has.
    pub(crate) kind: PageHeaderKind<'a>,
}

/// Bytes of a page's body as its header has them; `which` names the size in the error.
///
/// # Errors
/// If they do not fit: sizes are 32-bit signed.
pub(crate) fn page_size(which: &str, len: usize) -> Result<i32> {
    i32::try_from(len)
        .map_err(|_| ParquetError::General(format!("Page {which} size overflow: {len}")))
}

/// The part of a page header that depends on the type of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PageHeaderKind<'a> {
    /// A data page in the first layout.
    Data(DataPageHeader<'a>),
    /// A data page in the second layout.
    DataV2(DataPageHeaderV2<'a>),
    /// A dictionary page.
    Dictionary(DictionaryPageHeader),
}

/// A data page in the first layout: levels and values compressed together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataPageHeader<'a> {
    /// Number of values, nulls included.
    pub(crate) num_values: i32,
    /// Encoding of the values.
    pub(crate) encoding: Encoding,
    /// Encoding of the definition levels.
    pub(crate) definition_level_encoding: Encoding,
    /// Encoding of the repetition levels.
    pub(crate) repetition_level_encoding: Encoding,
    /// Statistics of the values.
    pub(crate) statistics: Option<&'a Statistics>,
}

/// A data page in the second layout: levels uncompressed before the values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataPageHeaderV2<'a> {
    /// Number of values, nulls included.
    pub(crate) num_values: i32,
    /// Number of nulls.
    pub(crate) num_nulls: i32,
    /// Number of rows.
    pub(crate) num_rows: i32,
    /// Encoding of the values.
    pub(crate) encoding: Encoding,
    /// Bytes of definition levels.
    pub(crate) definition_levels_byte_length: i32,
    /// Bytes of repetition levels.
    pub(crate) repetition_levels_byte_length: i32,
    /// Whether the values are compressed.
    pub(crate) is_compressed: bool,
    /// Statistics of the values.
    pub(crate) statistics: Option<&'a Statistics>,
}

/// A dictionary page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DictionaryPageHeader {
    /// Number of entries.
    pub(crate) num_values: i32,
    /// Encoding of the entries.
    pub(crate) encoding: Encoding,
    /// Whether the entries ascend, if known.
    pub(crate) is_sorted: Option<bool>,
}

/// Appends the header to `out`.
pub(crate) fn write_page_header(header: &PageHeader<'_>, out: &mut Vec<u8>) {
    write_struct(out, |record| {
        record.i32(1, header.kind.page_type().wire_id());
        record.i32(2, header.uncompressed_page_size);
        record.i32(3, header.compressed_page_size);
        if let Some(crc) = header.crc {
            record.i32(4, crc);
        }
        match &header.kind {
            PageHeaderKind::Data(page) => record.structure(5, |record| {
                record.i32(1, page.num_values);
                record.i32(2, page.encoding.wire_id());
                record.i32(3, page.definition_level_encoding.wire_id());
                record.i32(4, page.repetition_level_encoding.wire_id());
                if let Some(statistics) = page.statistics {
                    record.structure(5, |record| write_statistics(statistics, record));
                }
            }),
            PageHeaderKind::Dictionary(page) => record.structure(7, |record| {
                record.i32(1, page.num_values);
                record.i32(2, page.encoding.wire_id());
                if let Some(is_sorted) = page.is_sorted {
                    record.bool(3, is_sorted);
                }
            }),
            PageHeaderKind::DataV2(page) => record.structure(8, |record| {
                record.i32(1, page.num_values);
                record.i32(2, page.num_nulls);
                record.i32(3, page.num_rows);
                record.i32(4, page.encoding.wire_id());
                record.i32(5, page.definition_levels_byte_length);
                record.i32(6, page.repetition_levels_byte_length);
                record.bool(7, page.is_compressed);
                if let Some(statistics) = page.statistics {
                    record.structure(8, |record| write_statistics(statistics, record));
                }
            }),
        }
    });
}

impl PageHeaderKind<'_> {
    /// Whether readers need the dictionary page for this one.
    pub(crate) fn is_in_dictionary(&self) -> bool {
        let encoding = match self {
            PageHeaderKind::Data(page) => page.encoding,
            PageHeaderKind::DataV2(page) => page.encoding,
            PageHeaderKind::Dictionary(_) => return false,
        };
        encoding == Encoding::RLE_DICTIONARY
    }

    /// The type of the page.
    pub(crate) fn page_type(&self) -> PageType {
        match self {
            PageHeaderKind::Data(_) => PageType::DATA_PAGE,
            PageHeaderKind::DataV2(_) => PageType::DATA_PAGE_V2,
            PageHeaderKind::Dictionary(_) => PageType::DICTIONARY_PAGE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(number: i32) -> PageHeader<'static> {
        PageHeader {
            uncompressed_page_size: number,
            compressed_page_size: number,
            crc: Some(number),
            kind: PageHeaderKind::DataV2(DataPageHeaderV2 {
                num_values: number,
                num_nulls: number,
                num_rows: number,
                encoding: Encoding::ALP,
                definition_levels_byte_length: number,
                repetition_levels_byte_length: number,
                is_compressed: false,
                statistics: None,
            }),
        }
    }

    fn v1(number: i32) -> PageHeader<'static> {
        PageHeader {
            uncompressed_page_size: number,
            compressed_page_size: number,
            crc: None,
            kind: PageHeaderKind::Data(DataPageHeader {
                num_values: number,
                encoding: Encoding::PLAIN,
                definition_level_encoding: Encoding::RLE,
                repetition_level_encoding: Encoding::RLE,
                statistics: None,
            }),
        }
    }

    fn written(header: &PageHeader<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        write_page_header(header, &mut out);
        out
    }

    #[test]
    fn a_data_page_header_has_these_bytes() {
        let header = PageHeader {
            uncompressed_page_size: 10,
            compressed_page_size: 7,
            ..v1(3)
        };
        let expected = [
            0x15, 0, 0x15, 20, 0x15, 14, 0x2C, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0,
        ];
        assert_eq!(written(&header), expected);
    }

    #[test]
    fn a_second_layout_header_has_these_bytes() {
        let header = PageHeader {
            crc: Some(-1),
            ..v2(1)
        };
        let expected = [
            0x15, 6, 0x15, 2, 0x15, 2, 0x15, 1, 0x4C, 0x15, 2, 0x15, 2, 0x15, 2, 0x15, 20, 0x15, 2,
            0x15, 2, 0x12, 0, 0,
        ];
        assert_eq!(written(&header), expected);
    }

    #[test]
    fn a_dictionary_page_header_has_these_bytes() {
        let header = PageHeader {
            uncompressed_page_size: 8,
            compressed_page_size: 8,
            crc: None,
            kind: PageHeaderKind::Dictionary(DictionaryPageHeader {
                num_values: 2,
                encoding: Encoding::PLAIN,
                is_sorted: Some(false),
            }),
        };
        let expected = [
            0x15, 4, 0x15, 16, 0x15, 16, 0x4C, 0x15, 4, 0x15, 0, 0x12, 0, 0,
        ];
        assert_eq!(written(&header), expected);
    }

    #[test]
    fn no_header_without_statistics_exceeds_56_bytes() {
        for number in [0, i32::MAX, i32::MIN] {
            assert!(written(&v1(number)).len() <= 56);
            assert!(written(&v2(number)).len() <= 56);
        }
        assert_eq!(written(&v2(i32::MIN)).len(), 56);
    }
}
