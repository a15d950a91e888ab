//! A file without its sink: what its row groups draw on, and what waits for the footer.

use std::sync::Arc;

use super::footer::{FooterDrain, FooterParts};
use super::options::SerializedFileWriterOptions;
use super::output::FileOutput;
use super::pending::Pending;
use super::resources::FileResources;
use crate::budget::Reservation;
use crate::column::writer::{ColumnPlan, MemoryReclaimer, OnMemoryLimit};
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::{KeyValue, ParquetMetaData};
use crate::meta::properties::{WriterProperties, WriterPropertiesPtr};
use crate::schema::types::{SchemaDescPtr, SchemaDescriptor, TypePtr};

/// The state of a file that is being written, whatever its bytes go into.
pub(crate) struct FileCore {
    pub(super) descr: SchemaDescPtr,
    pub(super) props: WriterPropertiesPtr,
    pub(super) resources: FileResources,
    pub(super) reclaimer: MemoryReclaimer,
    pub(super) on_memory_limit: OnMemoryLimit,
    pub(super) pending: Pending,
    row_groups_begun: usize,
    end: End,
    /// Pays for what stays the same as long as the writer lives.
    fixed: Reservation,
}

/// How far the end of the file is.
enum End {
    /// Row groups may follow.
    Open,
    /// The footer is being written.
    Begun(Box<FooterDrain>),
    Written,
}

impl FileCore {
    /// A file for `schema`, a group, of which nothing is written.
    ///
    /// # Errors
    /// If the properties ask for what cannot be written, or a codec takes more than the memory limit.
    pub(crate) fn try_new(
        schema: TypePtr,
        properties: WriterPropertiesPtr,
        options: SerializedFileWriterOptions,
    ) -> Result<Self> {
        let descr: SchemaDescPtr = Arc::new(SchemaDescriptor::new(schema));
        properties.check_supported(&descr)?;
        let plans = ColumnPlan::of_all(&descr, &properties)?;
        let (is_limited, on_memory_limit) = (options.is_limited(), options.on_memory_limit);
        let resources = options.resources(plans);
        let member = resources.member();
        let shape = resources.shape()?;
        let mut pending = Pending::on_heap(&properties, Arc::clone(&descr));
        if is_limited {
            let stores = resources.stores().clone();
            pending.park_in(stores, member, resources.when_full());
        }
        let mut fixed = member.reserve();
        fixed.resize(fixed_memory_size(&descr, &properties) + resources.fixed_memory_size());
        Ok(Self {
            descr,
            props: properties,
            reclaimer: MemoryReclaimer::new(member.clone(), resources.scratch().clone(), shape),
            resources,
            on_memory_limit,
            pending,
            row_groups_begun: 0,
            end: End::Open,
            fixed,
        })
    }

    /// Pays for `bytes` more that stay the same as long as the writer lives.
    pub(crate) fn pay_fixed(&mut self, bytes: usize) {
        self.fixed.grow(bytes);
    }

    /// An error if no row group may be begun: the footer is there, or a row group was begun and not closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        if !matches!(self.end, End::Open) {
            return Err(ParquetError::General(
                "SerializedFileWriter already finished".to_owned(),
            ));
        }
        if self.row_groups_begun == self.pending.num_row_groups() {
            Ok(())
        } else {
            Err(ParquetError::General(
                "Previous row group writer was not closed".to_owned(),
            ))
        }
    }

    /// Counts the row group that begins, and says which it is.
    pub(super) fn begin_row_group(&mut self) -> Result<i32> {
        self.check_open()?;
        let ordinal = i32::try_from(self.row_groups_begun).map_err(|_| {
            ParquetError::General(format!(
                "Parquet does not support more than {} row groups per file (currently: {})",
                i32::MAX,
                self.row_groups_begun
            ))
        })?;
        self.row_groups_begun += 1;
        Ok(ordinal)
    }

    /// Writes the next part of what follows the row groups. Returns the file's metadata once all is written.
    ///
    /// # Errors
    /// If a row group is not closed, the footer was written before, or a store or the sink fails.
    pub(crate) fn write_footer(
        &mut self,
        out: &mut dyn FileOutput,
    ) -> Result<Option<ParquetMetaData>> {
        let parts = FooterParts {
            descr: &self.descr,
            props: &self.props,
        };
        if let End::Begun(drain) = &mut self.end {
            let metadata = drain.step(&mut self.pending, parts, out)?;
            if metadata.is_some() {
                self.pending.end();
                self.end = End::Written;
            }
            return Ok(metadata);
        }
        self.check_open()?;
        let drain = FooterDrain::begin(&mut self.pending, out)?;
        self.end = End::Begun(Box::new(drain));
        Ok(None)
    }

    /// Whether the whole footer is written.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.end, End::Written)
    }

    /// Takes over a pair for the footer; one that comes too late for it is dropped.
    ///
    /// # Errors
    /// If a store fails.
    pub(crate) fn add_pair(&mut self, pair: KeyValue) -> Result<()> {
        match self.end {
            End::Open => self.pending.add_pair(pair),
            End::Begun(_) | End::Written => Ok(()),
        }
    }
}

/// Heap bytes of the schema and of the pairs of text in the properties, which a writer holds from its first to its last
/// moment.
fn fixed_memory_size(descr: &SchemaDescriptor, props: &WriterProperties) -> usize {
    let pairs = props.key_value_metadata().into_iter().flatten();
    size_of::<SchemaDescriptor>()
        + descr.memory_size()
        + size_of::<WriterProperties>()
        + pairs
            .map(|pair| size_of::<KeyValue>() + pair.memory_size())
            .sum::<usize>()
}

impl std::fmt::Debug for FileCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileCore")
            .field("row_groups_begun", &self.row_groups_begun)
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
