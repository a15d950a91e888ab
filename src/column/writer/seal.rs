//! From an encoded page to its final bytes: compress, checksum, header. The one place where a
//! page is sealed.

use super::scratch::PageScratch;
use crate::basic::Compression;
use crate::column::chunk::SealedPage;
use crate::compression::Strength;
use crate::errors::Result;
use crate::meta::properties::ColumnOptions;
use crate::meta::statistics::Statistics;
use crate::wire::page::{
    DataPageHeaderV2, PageHeader, PageHeaderKind, page_size, write_page_header,
};

/// Bytes left free in front of a body for its header; a longer header, with large statistics, moves the body. A body
/// in a lent buffer may have more.
pub(super) const HEADER_CAPACITY: usize = 64;

/// How pages of one column are sealed.
#[derive(Debug, Clone, Copy)]
pub(super) struct SealOptions {
    pub(super) strength: Strength,
    pub(super) checksum: Checksum,
    /// A second-layout page stays compressed if its values become smaller than this part of the page.
    pub(super) v2_ratio_threshold: f64,
}

/// Whether page headers carry a CRC-32 of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checksum {
    Crc32,
    None,
}

impl Checksum {
    pub(crate) fn of(options: &ColumnOptions) -> Self {
        if options.page_checksum {
            Checksum::Crc32
        } else {
            Checksum::None
        }
    }
}

/// The header of a page whose body, in its final form, is `body`.
///
/// # Errors
/// If a size does not fit the format's 31 bits.
pub(crate) fn header_of<'a>(
    kind: PageHeaderKind<'a>,
    uncompressed_len: usize,
    body: &[u8],
    checksum: Checksum,
) -> Result<PageHeader<'a>> {
    Ok(PageHeader {
        uncompressed_page_size: page_size("uncompressed", uncompressed_len)?,
        compressed_page_size: page_size("compressed", body.len())?,
        #[expect(
            clippy::cast_possible_wrap,
            reason = "the format keeps the checksum's bits in a signed field"
        )]
        crc: (checksum == Checksum::Crc32).then(|| crc32fast::hash(body) as i32),
        kind,
    })
}

/// Seals the page in the `body` of `scratch`, which begins at `body_from` there. Of a page in the second layout it
/// finds out whether compression pays.
///
/// # Errors
/// If the codec fails, or a size does not fit the format's 31 bits.
pub(super) fn seal<'s>(
    scratch: &'s mut PageScratch,
    body_from: usize,
    mut kind: PageHeaderKind<'s>,
    options: &SealOptions,
) -> Result<SealedPage<'s>> {
    let uncompressed_len = scratch.body.len() - body_from;
    page_size("uncompressed", uncompressed_len)?;
    let is_compressed = match &mut kind {
        _ if options.strength.compression() == Compression::UNCOMPRESSED => false,
        PageHeaderKind::DataV2(page) => {
            page.is_compressed = compress_v2(scratch, body_from, page, options)?;
            page.is_compressed
        }
        PageHeaderKind::Data(_) | PageHeaderKind::Dictionary(_) => {
            scratch.start_blob(HEADER_CAPACITY, body_from..body_from);
            scratch.compress(options.strength, body_from)?;
            true
        }
    };
    let (stored, body_from) = if is_compressed {
        (&mut scratch.blob, HEADER_CAPACITY)
    } else {
        (&mut scratch.body, body_from)
    };
    let body = stored.get(body_from..).unwrap_or_default();
    let header = header_of(kind, uncompressed_len, body, options.checksum)?;
    scratch.header.clear();
    write_page_header(&header, &mut scratch.header);
    let header_len = scratch.header.len();
    let from = place_header(stored, body_from, &scratch.header);
    Ok(SealedPage {
        buffer: stored,
        from,
        header_len,
        uncompressed_len,
        kind,
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
    scratch: &mut PageScratch,
    body_from: usize,
    page: &DataPageHeaderV2<'_>,
    options: &SealOptions,
) -> Result<bool> {
    let levels_len = page.repetition_levels_byte_length + page.definition_levels_byte_length;
    let levels_len = usize::try_from(levels_len)?;
    let values_from = body_from + levels_len;
    let page_len = scratch.body.len() - body_from;
    if scratch.body.len() == values_from {
        return Ok(false);
    }
    scratch.start_blob(HEADER_CAPACITY, body_from..values_from);
    scratch.compress(options.strength, values_from)?;
    let compressed_len = scratch.blob.len() - HEADER_CAPACITY - levels_len;
    #[expect(
        clippy::cast_precision_loss,
        reason = "pages are far smaller than 2^52 bytes"
    )]
    let pays = (compressed_len as f64) < page_len as f64 * options.v2_ratio_threshold;
    Ok(pays)
}
