//! From an encoded page to its final bytes: compress, checksum, header. The one place where a
//! page is sealed.

use super::workbench::Workbench;
use crate::basic::{Compression, Encoding};
use crate::column::chunk::{PageContent, SealedPage};
use crate::compression::Strength;
use crate::errors::Result;
use crate::file::statistics::Statistics;
use crate::wire::page::{
    DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, PageHeader, PageHeaderKind, page_size,
    write_page_header,
};

/// Room in front of a body for its header; a longer header, with large statistics, moves the body. A body of a lent buffer
/// may have more.
pub(super) const HEADER_ROOM: usize = 64;

/// How pages of one column are sealed.
#[derive(Debug, Clone, Copy)]
pub(super) struct SealOptions {
    pub(super) strength: Strength,
    /// Whether headers carry a CRC-32 of the body.
    pub(super) checksum: Checksum,
    /// A second-layout page stays compressed if its values become smaller than this part of the page.
    pub(super) v2_ratio_threshold: f64,
}

/// Whether page headers carry a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checksum {
    Crc32,
    None,
}

/// What an encoded page in a bench's `body` is.
#[derive(Debug, Clone, Copy)]
pub(super) enum EncodedPage<'a> {
    DataV1 {
        slots: usize,
        encoding: Encoding,
        statistics: Option<&'a Statistics>,
    },
    DataV2 {
        slots: usize,
        nulls: usize,
        rows: usize,
        encoding: Encoding,
        definition_len: usize,
        repetition_len: usize,
        statistics: Option<&'a Statistics>,
    },
    Dictionary {
        entries: usize,
    },
}

/// Seals the page in `bench`, which begins at `body_from` of its `body`.
///
/// # Errors
/// If the codec fails, or a size does not fit the format's 31 bits.
pub(super) fn seal<'b>(
    bench: &'b mut Workbench,
    body_from: usize,
    page: EncodedPage<'b>,
    options: &SealOptions,
) -> Result<SealedPage<'b>> {
    let uncompressed_len = bench.body.len() - body_from;
    let uncompressed = page_size("uncompressed", uncompressed_len)?;
    let is_compressed = match page {
        _ if options.strength.compression() == Compression::UNCOMPRESSED => false,
        EncodedPage::DataV2 {
            definition_len,
            repetition_len,
            ..
        } => compress_v2(bench, body_from, definition_len + repetition_len, options)?,
        EncodedPage::DataV1 { .. } | EncodedPage::Dictionary { .. } => {
            bench.start_blob(HEADER_ROOM, body_from..body_from);
            bench.compress(options.strength, body_from)?;
            true
        }
    };
    let content = content(page, is_compressed)?;
    let (stored, body_from) = if is_compressed {
        (&mut bench.blob, HEADER_ROOM)
    } else {
        (&mut bench.body, body_from)
    };
    let body = stored.get(body_from..).unwrap_or_default();
    let header = PageHeader {
        uncompressed_page_size: uncompressed,
        compressed_page_size: page_size("compressed", body.len())?,
        #[expect(
            clippy::cast_possible_wrap,
            reason = "the format keeps the checksum's bits in a signed field"
        )]
        crc: (options.checksum == Checksum::Crc32).then(|| crc32fast::hash(body) as i32),
        kind: header_kind(&content)?,
    };
    bench.header.clear();
    write_page_header(&header, &mut bench.header);
    let header_len = bench.header.len();
    let from = place_header(stored, body_from, &bench.header);
    Ok(SealedPage {
        buffer: stored,
        from,
        header_len,
        uncompressed_len,
        content,
    })
}

/// Bytes that bounds add to a header.
pub(super) fn bound_bytes(statistics: &Statistics) -> usize {
    let len = |bound: Option<&[u8]>| bound.map_or(0, <[u8]>::len);
    len(statistics.min_bytes_opt()) + len(statistics.max_bytes_opt())
}

/// Writes the header right in front of the body, which begins at `body_from`; returns where the header begins.
fn place_header(stored: &mut Vec<u8>, body_from: usize, header: &[u8]) -> usize {
    let from = match body_from.checked_sub(header.len()) {
        Some(from) => from,
        None => {
            stored.reserve_exact(header.len() - body_from);
            stored.splice(0..0, std::iter::repeat_n(0, header.len() - body_from));
            0
        }
    };
    if let Some(room) = stored.get_mut(from..from + header.len()) {
        room.copy_from_slice(header);
    }
    from
}

/// Compresses the values behind the levels; false if that does not pay.
fn compress_v2(
    bench: &mut Workbench,
    body_from: usize,
    levels_len: usize,
    options: &SealOptions,
) -> Result<bool> {
    let values_from = body_from + levels_len;
    let page_len = bench.body.len() - body_from;
    if bench.body.len() == values_from {
        return Ok(false);
    }
    bench.start_blob(HEADER_ROOM, body_from..values_from);
    bench.compress(options.strength, values_from)?;
    let compressed_len = bench.blob.len() - HEADER_ROOM - levels_len;
    #[expect(
        clippy::cast_precision_loss,
        reason = "pages are far smaller than 2^52 bytes"
    )]
    let pays = (compressed_len as f64) < page_len as f64 * options.v2_ratio_threshold;
    Ok(pays)
}

fn content(page: EncodedPage<'_>, is_compressed: bool) -> Result<PageContent<'_>> {
    Ok(match page {
        EncodedPage::DataV1 {
            slots,
            encoding,
            statistics,
        } => PageContent::DataV1 {
            slots: u32::try_from(slots)?,
            encoding,
            statistics,
        },
        EncodedPage::DataV2 {
            slots,
            nulls,
            rows,
            encoding,
            definition_len,
            repetition_len,
            statistics,
        } => PageContent::DataV2 {
            slots: u32::try_from(slots)?,
            nulls: u32::try_from(nulls)?,
            rows: u32::try_from(rows)?,
            encoding,
            definition_len: u32::try_from(definition_len)?,
            repetition_len: u32::try_from(repetition_len)?,
            is_compressed,
            statistics,
        },
        EncodedPage::Dictionary { entries } => PageContent::Dictionary {
            entries: u32::try_from(entries)?,
        },
    })
}

fn header_kind<'a>(content: &PageContent<'a>) -> Result<PageHeaderKind<'a>> {
    Ok(match *content {
        PageContent::DataV1 {
            slots,
            encoding,
            statistics,
        } => PageHeaderKind::Data(DataPageHeader {
            num_values: i32::try_from(slots)?,
            encoding,
            definition_level_encoding: Encoding::RLE,
            repetition_level_encoding: Encoding::RLE,
            statistics,
        }),
        PageContent::DataV2 {
            slots,
            nulls,
            rows,
            encoding,
            definition_len,
            repetition_len,
            is_compressed,
            statistics,
        } => PageHeaderKind::DataV2(DataPageHeaderV2 {
            num_values: i32::try_from(slots)?,
            num_nulls: i32::try_from(nulls)?,
            num_rows: i32::try_from(rows)?,
            encoding,
            definition_levels_byte_length: i32::try_from(definition_len)?,
            repetition_levels_byte_length: i32::try_from(repetition_len)?,
            is_compressed,
            statistics,
        }),
        PageContent::Dictionary { entries } => PageHeaderKind::Dictionary(DictionaryPageHeader {
            num_values: i32::try_from(entries)?,
            encoding: Encoding::PLAIN,
            is_sorted: Some(false),
        }),
    })
}
