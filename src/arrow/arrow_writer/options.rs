//! What an [`ArrowWriter`](super::ArrowWriter) is made with.

use std::sync::Arc;

use super::parallel::Parallelism;
use crate::arrow::adapt::DecimalPrecision;
use crate::arrow::leaves::ColumnNames;
use crate::budget::MemoryBudget;
use crate::column::page_store::PageStoreFactory;
use crate::column::writer::{OnMemoryLimit, OnSpillLimit};
use crate::file::writer::SerializedFileWriterOptions;
use crate::meta::properties::WriterProperties;
use crate::schema::types::SchemaDescriptor;

/// Options of an [`ArrowWriter`](super::ArrowWriter).
///
/// By default: default [`WriterProperties`], the Arrow schema kept in the file's metadata, pages on
/// the heap, no memory limit.
#[derive(Debug, Clone, Default)]
pub struct ArrowWriterOptions {
    pub(super) properties: WriterProperties,
    pub(super) skip_arrow_metadata: bool,
    pub(super) schema_root: Option<String>,
    pub(super) parquet_schema: Option<SchemaDescriptor>,
    pub(super) file: SerializedFileWriterOptions,
    pub(super) decimal_precision: DecimalPrecision,
    pub(super) column_names: ColumnNames,
    pub(super) parallelism: Parallelism,
}

impl ArrowWriterOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the properties of the file and its columns.
    pub fn with_properties(self, properties: WriterProperties) -> Self {
        Self { properties, ..self }
    }

    /// Sets where finished pages wait for the end of their row group, and under a memory limit what the footer needs.
    /// The default is the heap; under a limit it is the heap as far as the limit allows, then a temporary file.
    ///
    /// Stores that have nothing but the heap, such as those of
    /// [`InMemoryPageStoreFactory`](super::InMemoryPageStoreFactory), leave a limit no other way than to end row groups
    /// early, and for the footer there is none: of each column chunk about 150 bytes stay, with 40 for each of its
    /// pages, and longer bounds and Bloom filters besides. Files of many row groups pass the limit by that in the end,
    /// as [`MemoryPressure::most_bytes_over_limit`](super::MemoryPressure::most_bytes_over_limit) tells.
    pub fn with_page_store_factory(self, page_store_factory: Arc<dyn PageStoreFactory>) -> Self {
        let file = self.file.with_page_store_factory(page_store_factory);
        Self { file, ..self }
    }

    /// Limits what the writer keeps in memory to `bytes`.
    ///
    /// Under the limit fall finished pages on the heap, open pages, dictionaries, Bloom filters, scratch buffers, and
    /// everything that waits for the footer. When it is near, the writer moves pages and filters out, cuts open pages
    /// early, gives up dictionaries, and only then ends the row group early; see [`MemoryBudget`] for what holds at
    /// any time. Batches that the caller holds do not count. What codecs take while they work counts: one that would
    /// take too much works with a smaller window or at a lower level, and one that cannot keep the limit at all is
    /// refused with [`CodecExceedsLimit`](crate::errors::ParquetError::CodecExceedsLimit). Bounds longer than a 512th
    /// part of the limit are cut in statistics and indexes, whatever the properties say, and left out where they
    /// cannot be.
    ///
    /// What the footer needs waits in page stores. What the writer gives back of it depends on the file and the limit
    /// alone:
    ///
    /// - [`flushed_row_groups`](super::ArrowWriter::flushed_row_groups) and the metadata that
    ///   [`close`](super::ArrowWriter::close) returns hold the row groups as long as the metadata of all of them
    ///   takes no more than a sixteenth of the limit (about 600 bytes a column chunk), and no row group from then on.
    ///   [`row_groups_flushed`](super::ArrowWriter::row_groups_flushed) counts them, and the number of rows is always
    ///   there.
    /// - The key-value pairs come back if all of them take no more than a sixteenth of the limit, and else none.
    /// - Page indexes do not come back.
    ///
    /// The file has all of it. Of a limit that several writers share, each counts the part that was its own when it
    /// was made: the limit divided by the number of writers at that time. Where a budget asks a source that does not
    /// tell its limit, a sixteenth is 1 MiB.
    ///
    /// The limit should be 9 KiB a leaf column or more. Below that the columns alone may take more; writing goes on,
    /// and [`MemoryPressure::most_bytes_over_limit`](super::MemoryPressure::most_bytes_over_limit) says by how much
    /// the limit was passed.
    pub fn with_memory_limit(self, bytes: usize) -> Self {
        self.with_memory_budget(MemoryBudget::new(bytes))
    }

    /// As [`ArrowWriterOptions::with_memory_limit`], with a budget that any number of writers may share, on one
    /// thread or many. Each of them keeps to its fair share while the budget is short, and pages are the smaller the
    /// more there are. A writer that is idle frees nothing: what it has more than its share it gives back at the end
    /// of a batch, once half of the limit is in use. Those that keep pages where they do by default share the
    /// temporary files, too, and the thread that writes them, so that many writers need few of either.
    pub fn with_memory_budget(self, budget: MemoryBudget) -> Self {
        let file = self.file.with_memory_budget(budget);
        Self { file, ..self }
    }

    /// Sets what happens when nothing but ending the row group early can keep the memory limit. The
    /// default is to end it.
    pub fn with_on_memory_limit(self, on_memory_limit: OnMemoryLimit) -> Self {
        let file = self.file.with_on_memory_limit(on_memory_limit);
        Self { file, ..self }
    }

    /// Sets what happens when the page store has no room: past the quota of a temporary file
    /// ([`SpillLimitExceeded`](crate::errors::ParquetError::SpillLimitExceeded)), on a full disk, in a file that may
    /// grow no further, or where no more files can be opened (an I/O error of the kind `StorageFull`, `QuotaExceeded`
    /// or `FileTooLarge`, or of the system's for too many open files). The default is to fail.
    ///
    /// Columns that a caller encodes on its own, see
    /// [`ArrowWriter::into_serialized_writer`](super::ArrowWriter::into_serialized_writer), always fail.
    pub fn with_on_spill_limit(self, on_spill_limit: OnSpillLimit) -> Self {
        let file = self.file.with_on_spill_limit(on_spill_limit);
        Self { file, ..self }
    }

    /// Sets how many threads encode the columns of a batch. By default it is the calling one alone.
    ///
    /// The threads take columns, those first that took longest before, and a batch is still checked as a whole before
    /// anything of it is encoded. Pages of a large column that is compressed may be sealed by one thread while another
    /// encodes the next; a store that fails to keep such a page may then show in a later call, at the latest when the
    /// row group ends. Small batches are encoded by the calling thread.
    ///
    /// Without a memory limit the file is the same for any number of threads. Under one only so many work that pages
    /// need not be smaller for it, one for each 37 MiB of the limit with pages of the default size, and all that
    /// they hold is paid for; where pages end then depends on how memory happened to be used.
    ///
    /// Other programs read from several threads through [`into_serialized_writer`](
    /// super::ArrowWriter::into_serialized_writer), which gives up these.
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self {
            parallelism,
            ..self
        }
    }

    /// Sets whether a batch is refused in which a decimal has more digits than its column declares. By default only one
    /// that the column's bytes cannot hold is refused.
    pub fn with_decimal_precision_check(self, decimal_precision: DecimalPrecision) -> Self {
        Self {
            decimal_precision,
            ..self
        }
    }

    /// Sets whether a batch is refused whose columns, or fields of structs, have other names than the writer's schema
    /// gives them. By default names do not count, and columns are taken by their position alone.
    pub fn with_column_name_check(self, column_names: ColumnNames) -> Self {
        Self {
            column_names,
            ..self
        }
    }

    /// Leaves the Arrow schema out of the file's metadata: readers then see the types that Parquet
    /// itself can name. False by default.
    pub fn with_skip_arrow_metadata(self, skip_arrow_metadata: bool) -> Self {
        Self {
            skip_arrow_metadata,
            ..self
        }
    }

    /// Names the root of the Parquet schema; `arrow_schema` by default.
    pub fn with_schema_root(self, schema_root: String) -> Self {
        Self {
            schema_root: Some(schema_root),
            ..self
        }
    }

    /// Sets the Parquet schema instead of deriving it. It must have the Arrow schema's leaves in their
    /// order; the physical types decide how values are converted.
    ///
    /// Structs, lists and maps must be nested as in the Arrow schema; names, what is nullable, and which of the
    /// format's layouts a list has may differ. A null that the Parquet schema forbids is refused with its batch. The
    /// Arrow schema is kept in the metadata under the names of this one.
    pub fn with_parquet_schema(self, schema_descr: SchemaDescriptor) -> Self {
        Self {
            parquet_schema: Some(schema_descr),
            ..self
        }
    }
}
