//! The end of the file: indexes, metadata, its length, the magic.

use std::sync::Arc;

use super::output::FileOutput;
use super::pending::{Ahead, NextEntry, Pending};
use crate::basic::ColumnOrder;
use crate::budget::Reservation;
use crate::errors::{ParquetError, Result};
use crate::file::PARQUET_MAGIC;
use crate::meta::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};
use crate::meta::properties::WriterProperties;
use crate::schema::types::SchemaDescPtr;
use crate::wire::footer::{FOOTER_BUFFER_BYTES, FooterWriter};

/// What the footer says of the file as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct FooterParts<'a> {
    pub(super) descr: &'a SchemaDescPtr,
    pub(super) props: &'a WriterProperties,
}

/// Writes everything behind the row groups, a bounded part at each [`step`](Self::step).
///
/// SPEC: README.md, "File Format".
pub(super) struct FooterDrain(Stage);

/// What is written next.
enum Stage {
    Ahead(Ahead),
    Metadata(MetadataDrain),
    Magic,
}

impl FooterDrain {
    /// Begins where `out` stands. No row group may be added any more.
    ///
    /// # Errors
    /// If the position does not fit the format.
    pub(super) fn begin(pending: &mut Pending, out: &dyn FileOutput) -> Result<Self> {
        pending.begin_ahead(Ahead::Filters, out.position())?;
        Ok(Self(Stage::Ahead(Ahead::Filters)))
    }

    /// Writes the next part. Returns the file's metadata once all is written and the sink was asked to keep it.
    ///
    /// # Errors
    /// If a store or the sink fails, or the footer is too large for the format.
    pub(super) fn step(
        &mut self,
        pending: &mut Pending,
        parts: FooterParts<'_>,
        out: &mut dyn FileOutput,
    ) -> Result<Option<ParquetMetaData>> {
        match &mut self.0 {
            Stage::Ahead(kind) => {
                if !pending.write_ahead(*kind, out)? {
                    self.0 = match behind(*kind) {
                        Some(next) => {
                            pending.begin_ahead(next, out.position())?;
                            Stage::Ahead(next)
                        }
                        None => Stage::Metadata(MetadataDrain::begin(pending, parts)),
                    };
                }
            }
            Stage::Metadata(drain) => {
                if let Some(len) = drain.step(pending, parts, out)? {
                    out.put(&footer_len(len)?.to_le_bytes())?;
                    self.0 = Stage::Magic;
                }
            }
            Stage::Magic => {
                // A sink that fails to flush has lost something, and then the magic must not follow.
                out.settle()?;
                out.put(&PARQUET_MAGIC)?;
                out.settle()?;
                return Ok(Some(returned(pending, parts)));
            }
        }
        Ok(None)
    }
}

/// Writes the footer but for its length and the magic.
struct MetadataDrain {
    file: FileMetaData,
    footer: FooterWriter,
    next: NextPart,
    _paid: Option<Reservation>,
}

/// What of the footer is written next.
#[derive(Debug, Clone, Copy)]
enum NextPart {
    Schema,
    RowGroups(NextEntry),
    /// The pair of the properties with this ordinal.
    GivenPairs(usize),
    AddedPairs,
    End,
}

impl MetadataDrain {
    fn begin(pending: &Pending, parts: FooterParts<'_>) -> Self {
        let file = file_metadata(parts, pending.num_rows(), None);
        let mut paid = pending.reserve();
        if let Some(paid) = &mut paid {
            paid.resize(file.own_memory_size() + FOOTER_BUFFER_BYTES);
        }
        Self {
            footer: FooterWriter::begin(&file),
            file,
            next: NextPart::Schema,
            _paid: paid,
        }
    }

    /// Writes the next part; returns the length of all parts after the last.
    fn step(
        &mut self,
        pending: &mut Pending,
        parts: FooterParts<'_>,
        out: &mut dyn FileOutput,
    ) -> Result<Option<u64>> {
        let emit = &mut |part: &[u8]| out.put(part);
        let given = parts.props.key_value_metadata();
        let footer = &mut self.footer;
        self.next = match self.next {
            NextPart::Schema => {
                if footer.schema_part(&self.file, emit)? {
                    NextPart::Schema
                } else {
                    footer.begin_row_groups(&self.file, pending.num_row_groups());
                    NextPart::RowGroups(NextEntry::default())
                }
            }
            NextPart::RowGroups(mut next) => {
                if pending.write_row_groups(&mut next, footer, emit)? {
                    NextPart::RowGroups(next)
                } else if given.is_some() || pending.num_pairs() > 0 {
                    footer.begin_pairs(given.map_or(0, Vec::len) + pending.num_pairs());
                    NextPart::GivenPairs(0)
                } else {
                    NextPart::End
                }
            }
            NextPart::GivenPairs(ordinal) => match given.and_then(|given| given.get(ordinal)) {
                Some(pair) => {
                    footer.pair(pair, emit)?;
                    NextPart::GivenPairs(ordinal + 1)
                }
                None => NextPart::AddedPairs,
            },
            NextPart::AddedPairs => {
                if pending.write_pairs(footer, emit)? {
                    NextPart::AddedPairs
                } else {
                    NextPart::End
                }
            }
            NextPart::End => return footer.end(&self.file, emit).map(Some),
        };
        Ok(None)
    }
}

fn behind(kind: Ahead) -> Option<Ahead> {
    match kind {
        Ahead::Filters => Some(Ahead::ColumnIndexes),
        Ahead::ColumnIndexes => Some(Ahead::OffsetIndexes),
        Ahead::OffsetIndexes => None,
    }
}

/// SPEC: README.md, "File Format": the footer's length has four bytes; readers take them as signed.
fn footer_len(len: u64) -> Result<i32> {
    i32::try_from(len)
        .map_err(|_| ParquetError::General(format!("The footer is too large: {len} bytes")))
}

/// What the caller is told of the file: all of it, or as much as a memory limit has left.
fn returned(pending: &mut Pending, parts: FooterParts<'_>) -> ParquetMetaData {
    let given = parts.props.key_value_metadata();
    let has_pairs = given.is_some() || pending.num_pairs() > 0;
    let pairs = pending.take_pairs(given.map_or(&[][..], Vec::as_slice));
    let (row_groups, page_index) = pending.take_row_groups();
    let file = file_metadata(parts, pending.num_rows(), pairs.filter(|_| has_pairs));
    let mut builder = ParquetMetaDataBuilder::new(file);
    if let Some(row_groups) = row_groups {
        builder = builder.set_row_groups(row_groups);
    }
    if let Some(page_index) = page_index {
        builder = builder.set_page_index(Some(Arc::new(page_index)));
    }
    builder.build()
}

fn file_metadata(parts: FooterParts<'_>, rows: i64, pairs: Option<Vec<KeyValue>>) -> FileMetaData {
    let orders = parts
        .descr
        .columns()
        .iter()
        .map(|column| {
            ColumnOrder::column_order_for_type(
                column.logical_type_ref(),
                column.converted_type(),
                column.physical_type(),
            )
        })
        .collect();
    FileMetaData::new(
        parts.props.writer_version().as_num(),
        rows,
        Some(parts.props.created_by().to_owned()),
        pairs,
        parts.descr.clone(),
        Some(orders),
    )
}
