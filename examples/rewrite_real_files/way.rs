//! How a file is written anew.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{Compression, ZstdLevel};
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::{WriterProperties, WriterVersion};

use crate::table::{Table, one_line};

/// Options that differ in all that touches the layout of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Without any option.
    Defaults,
    /// Data pages of version 2, compressed, values without dictionaries.
    SecondVersion,
    /// Pages of a few values, kept in temporary files under a limit.
    Spilled,
}

/// What the writer may keep in memory when it spills.
const LIMIT: usize = 4 << 20;

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Defaults, Self::SecondVersion, Self::Spilled];

    /// The directory of the files that are written so.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Defaults => "defaults",
            Self::SecondVersion => "version-2-zstd",
            Self::Spilled => "spilled-tiny-pages",
        }
    }

    /// Writes `table` to `path`.
    ///
    /// # Errors
    /// In one line.
    pub(crate) fn write(self, table: &Table, path: &Path) -> Result<(), String> {
        self.try_write(table, path)
            .map_err(|error| one_line(&format!("writing failed: {error}")))
    }

    fn try_write(self, table: &Table, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let sink = File::create(path)?;
        let options = self.options();
        let mut writer = ArrowWriter::try_new_with_options(sink, table.schema().clone(), options)?;
        for batch in table.batches() {
            writer.write(batch)?;
        }
        writer.close()?;
        Ok(())
    }

    fn options(self) -> ArrowWriterOptions {
        let properties = WriterProperties::builder();
        let options = ArrowWriterOptions::new();
        match self {
            Self::Defaults => options,
            Self::SecondVersion => options.with_properties(
                properties
                    .set_writer_version(WriterVersion::PARQUET_2_0)
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_dictionary_enabled(false)
                    .build(),
            ),
            Self::Spilled => options
                .with_properties(
                    properties
                        .set_write_batch_size(3)
                        .set_data_page_row_count_limit(7)
                        .set_data_page_size_limit(64)
                        .build(),
                )
                .with_page_store_factory(Arc::new(TempFilePageStoreFactory::builder().build()))
                .with_memory_limit(LIMIT),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
