//! What the schema and the options alone say of a column: worked out when the writer is made, and shared by all its
//! encoders.

use std::sync::Arc;

use super::cut::{CutLimits, FORMAT, FormatLimits, PageMemoryCap};
use super::row_limit::RowLimit;
use crate::basic::{Encoding, Type};
use crate::column::stats::Truncation;
use crate::compression::{Strength, check_available};
use crate::encodings::{EncoderOptions, fallback_encoding};
use crate::errors::Result;
use crate::meta::properties::{ColumnOptions, EnabledStatistics, WriterProperties, WriterVersion};
use crate::schema::types::{ColumnDescPtr, ColumnDescriptor, SchemaDescriptor};

/// The plan of one column of a file.
#[derive(Debug)]
pub(crate) struct ColumnPlan {
    descr: ColumnDescPtr,
    options: ColumnOptions,
    /// How values are encoded that are not in a dictionary.
    direct_encoding: Encoding,
    row_limit: RowLimit,
    format: FormatLimits,
}

impl ColumnPlan {
    /// The plan of column `descr`.
    ///
    /// # Errors
    /// If the codec is not compiled in, or the encoding does not suit the column's type.
    pub(crate) fn try_new(descr: ColumnDescPtr, properties: &WriterProperties) -> Result<Self> {
        let options = properties.column(descr.path());
        check_available(options.compression)?;
        let direct_encoding = direct_encoding(&descr, &options);
        options.encoder_options(&descr).check(direct_encoding)?;
        Ok(Self {
            row_limit: RowLimit::new(&descr, &options, direct_encoding),
            format: FORMAT,
            descr,
            options,
            direct_encoding,
        })
    }

    /// The plans of all columns of `schema`.
    ///
    /// # Errors
    /// As [`ColumnPlan::try_new`].
    pub(crate) fn of_all(
        schema: &SchemaDescriptor,
        properties: &WriterProperties,
    ) -> Result<Arc<[Arc<Self>]>> {
        let columns = schema.columns().iter();
        columns
            .map(|descr| Self::try_new(descr.clone(), properties).map(Arc::new))
            .collect()
    }

    /// The same in a format that holds less.
    #[cfg(test)]
    pub(super) fn in_format(self, format: FormatLimits) -> Self {
        Self { format, ..self }
    }

    /// The column.
    pub(crate) fn descr(&self) -> &ColumnDescPtr {
        &self.descr
    }

    /// The column's options.
    pub(crate) fn options(&self) -> &ColumnOptions {
        &self.options
    }

    /// The largest row that the column takes.
    pub(crate) fn row_limit(&self) -> &RowLimit {
        &self.row_limit
    }

    /// How strong the column's codec is under `cap`.
    ///
    /// # Errors
    /// If the codec takes more than the limit that the cap is a part of.
    pub(crate) fn strength(&self, cap: Option<PageMemoryCap>) -> Result<Strength> {
        match cap {
            None => Ok(Strength::full(self.options.compression)),
            Some(cap) => Strength::within(self.options.compression, cap.codec),
        }
    }

    /// Where pages and the dictionary end under `cap`.
    pub(super) fn cut_limits(&self, cap: Option<PageMemoryCap>) -> CutLimits {
        CutLimits::new(&self.descr, &self.options, cap, self.format)
    }

    /// How values are encoded that are not in a dictionary.
    pub(super) fn direct_encoding(&self) -> Encoding {
        self.direct_encoding
    }

    /// What an encoder of values must know. Made when it is needed: with its names, this is more than an idle column
    /// should hold.
    pub(super) fn encoder_options(&self) -> EncoderOptions {
        self.options.encoder_options(&self.descr)
    }

    /// Whether a chunk begins with a dictionary.
    pub(crate) fn has_dictionary(&self) -> bool {
        self.options.dictionary_enabled && self.descr.physical_type() != Type::BOOLEAN
    }

    /// Whether the column index has an entry for each page.
    pub(super) fn keeps_page_bounds(&self) -> bool {
        self.options.statistics == EnabledStatistics::Page
    }

    /// How bounds of `len` bytes at most are cut, under `cap`.
    pub(super) fn truncation(&self, len: Option<usize>, cap: Option<PageMemoryCap>) -> Truncation {
        match cap {
            None => Truncation::new(&self.descr, len),
            Some(cap) => {
                let most = cap.bound_bytes.min(len.unwrap_or(usize::MAX));
                Truncation::new(&self.descr, Some(most)).whole_up_to(cap.bound_bytes)
            }
        }
    }
}

fn direct_encoding(descr: &ColumnDescriptor, options: &ColumnOptions) -> Encoding {
    options
        .encoding
        .unwrap_or_else(|| match options.writer_version {
            WriterVersion::PARQUET_1_0 => fallback_encoding::v1(descr.physical_type()),
            WriterVersion::PARQUET_2_0 => fallback_encoding::v2(descr.physical_type()),
        })
}
