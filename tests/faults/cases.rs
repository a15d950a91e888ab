//! Ways to write a file, each as one run.

use std::sync::Arc;

use arrow::array::RecordBatch;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, OnSpillLimit, compute_leaves,
};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    BackgroundPageStoreFactory, GuardedPageStoreFactory, PageStoreFactory,
    TempFilePageStoreFactory, TieredPageStoreFactory,
};
use herringbone::file::properties::{BloomFilterPosition, WriterProperties, WriterVersion};
use tempfile::TempDir;

use crate::faulty::{Call, FaultyStores, Plan};
use crate::input::Shape;
use crate::run::{Ending, First, Outcome, Steps, Subject, World};

/// Where the faults strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stack {
    /// The faulty store is the writer's own.
    Top,
    /// Behind one that guards it.
    Guarded,
    /// Behind one that keeps pages on the heap while the budget grants it.
    Cold,
    /// In front of such a one.
    AboveTiers,
    /// Behind one that calls it on a thread, so that the order of calls may differ from run to run.
    Background,
    /// As that one, with buffers that a budget pays for.
    PaidBackground,
}

/// Through which doors the rows come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Batches.
    Writer,
    /// Columns that the caller encodes.
    Pieces,
}

/// Bytes that the limited runs may keep.
pub(crate) const LIMIT: usize = 40 << 10;

/// Bytes on their way to a thread: a few pages.
const BUFFER_BYTES: usize = 10_000;

/// Distinct values that Bloom filters are made for: one takes half of the limit.
const FILTER_VALUES: u64 = 20_000;

/// One way to write a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) way: Way,
    pub(crate) shape: Shape,
    pub(crate) version: WriterVersion,
    pub(crate) keeps_dictionary: bool,
    pub(crate) row_group_rows: usize,
    pub(crate) is_limited: bool,
    pub(crate) stack: Stack,
    pub(crate) on_spill_limit: OnSpillLimit,
    pub(crate) filters: Option<BloomFilterPosition>,
}

impl Stack {
    /// The steps that the error of this call may name.
    pub(crate) fn steps(self, call: Call) -> Vec<&'static str> {
        match call {
            // Tiers make their cold stores when they need one, and fill them when they are told to spill.
            Call::Create | Call::Put if self == Stack::Cold => vec!["put", "spill"],
            Call::Create => vec!["create"],
            Call::Put => vec!["put"],
            Call::Take => vec!["take"],
            Call::Spill => vec!["spill"],
            _ => vec!["sink"],
        }
    }

    /// These stores over temporary files of `world`.
    pub(crate) fn stores(self, world: &World<'_>) -> Arc<dyn PageStoreFactory> {
        let files = TempFilePageStoreFactory::builder()
            .with_directory(world.directory.path())
            .with_metrics(world.metrics.clone())
            .build();
        let files: Arc<dyn PageStoreFactory> = Arc::new(files);
        let faulty = |inner| Arc::new(FaultyStores::new(world.plan.clone(), inner));
        match self {
            Stack::Top => faulty(files),
            Stack::Guarded => Arc::new(GuardedPageStoreFactory::new(faulty(files))),
            Stack::Cold => Arc::new(TieredPageStoreFactory::new(
                world.budget.clone(),
                faulty(files),
            )),
            Stack::Background => Arc::new(
                BackgroundPageStoreFactory::new(faulty(files)).with_buffer_bytes(BUFFER_BYTES),
            ),
            Stack::PaidBackground => {
                let stores = BackgroundPageStoreFactory::new(faulty(files));
                let stores = stores.with_buffer_bytes(BUFFER_BYTES);
                Arc::new(stores.with_memory_budget(world.budget.clone()))
            }
            Stack::AboveTiers => faulty(Arc::new(TieredPageStoreFactory::new(
                world.budget.clone(),
                files,
            ))),
        }
    }
}

impl Subject for Case {
    fn run(&self, plan: Plan, ending: Ending, directory: &TempDir) -> Outcome {
        let budget = match (self.is_limited, self.way) {
            (false, _) => MemoryBudget::unlimited(),
            // Less than this leaves nothing for buffers.
            (true, _) if self.stack == Stack::PaidBackground => MemoryBudget::new(32 << 20),
            (true, Way::Writer) => MemoryBudget::new(LIMIT),
            // Columns of one row group, which would fit into twice as much.
            (true, Way::Pieces) => MemoryBudget::new(LIMIT / 2),
        };
        let world = World::new(plan.clone(), plan.budget_over(budget), directory);
        let mut steps = Steps::default();
        let batches = self.shape.batches();
        let finished = match self.way {
            Way::Writer => self.write(&world, &mut steps, &batches, ending),
            Way::Pieces => self.write_pieces(&world, &mut steps, &batches, ending),
        };
        world.assert_clean(&format!("{self:?}"));
        Outcome {
            first: steps.into_first(),
            file: world.sink.taken(),
            plan: world.plan,
            finished,
        }
    }

    fn batches(&self) -> Vec<RecordBatch> {
        self.shape.batches()
    }

    fn expected_calls(&self) -> Vec<Call> {
        let mut calls = vec![Call::Create, Call::Put, Call::Take, Call::DropStore];
        calls.extend([Call::Write, Call::Flush]);
        if self.stack == Stack::AboveTiers {
            calls.push(Call::Spill);
        }
        calls
    }

    fn goes_on_when_full(&self, call: Call) -> bool {
        let is_put = match call {
            Call::Put | Call::Spill => true,
            Call::Create => self.stack == Stack::Cold,
            _ => false,
        };
        is_put && self.on_spill_limit == OnSpillLimit::FlushRowGroup
    }

    fn steps(&self, call: Call) -> Vec<&'static str> {
        self.stack.steps(call)
    }
}

impl Case {
    pub(crate) fn properties(&self) -> WriterProperties {
        let dictionary_bytes = match self.keeps_dictionary {
            true => 1 << 20,
            false => 40,
        };
        let mut properties = WriterProperties::builder();
        if let Some(position) = self.filters {
            properties = properties
                .set_bloom_filter_max_ndv(FILTER_VALUES)
                .set_bloom_filter_position(position);
        }
        properties
            .set_writer_version(self.version)
            .set_dictionary_page_size_limit(dictionary_bytes)
            .set_data_page_size_limit(3000)
            .set_data_page_row_count_limit(match self.shape {
                Shape::Flat | Shape::Nested => 50,
                Shape::Numbers => 1000,
            })
            .set_write_batch_size(16)
            .set_max_row_group_row_count(Some(self.row_group_rows))
            .build()
    }

    fn stores(&self, world: &World<'_>) -> Arc<dyn PageStoreFactory> {
        self.stack.stores(world)
    }

    fn options(&self, world: &World<'_>) -> ArrowWriterOptions {
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties())
            .with_page_store_factory(self.stores(world))
            .with_on_spill_limit(self.on_spill_limit);
        match self.is_limited {
            true => options.with_memory_budget(world.budget.clone()),
            false => options,
        }
    }

    fn write(
        &self,
        world: &World<'_>,
        steps: &mut Steps,
        batches: &[RecordBatch],
        ending: Ending,
    ) -> Option<Vec<usize>> {
        let schema = batches[0].schema();
        let writer = steps.call("try_new", || {
            let sink = world.sink.clone();
            ArrowWriter::try_new_with_options(sink, schema, self.options(world))
        });
        let mut writer = writer?;
        for (at, batch) in batches.iter().enumerate() {
            steps.call("write", || writer.write(batch));
            steps.look(|| (writer.memory_size(), writer.in_progress_size()));
            if at == 1 {
                steps.call("flush", || writer.flush());
            }
        }
        steps.io("sync", || writer.sync());
        let is_finished = steps.call("finish", || writer.finish()).is_some();
        steps.refused("write after finish", || writer.write(&batches[0]));
        steps.refused("empty write after finish", || {
            writer.write(&batches[0].slice(0, 0))
        });
        steps.refused("flush after finish", || writer.flush());
        steps.refused("write_all after finish", || Ok(writer.write_all(b"tail")?));
        steps.refused("second finish", || writer.finish());
        if steps.has_failed() {
            steps.io("sync", || writer.sync());
        }
        match ending {
            Ending::Drop => steps.drop(writer),
            Ending::Close => steps.refused("close after finish", || writer.close()),
            Ending::IntoInner => drop(steps.call("into_inner", || writer.into_inner())),
        }
        is_finished.then(|| (0..batches.len()).collect())
    }

    fn write_pieces(
        &self,
        world: &World<'_>,
        steps: &mut Steps,
        batches: &[RecordBatch],
        ending: Ending,
    ) -> Option<Vec<usize>> {
        let schema = batches[0].schema();
        let (mut file, factory) = steps.call("try_new", || {
            let (sink, options) = (world.sink.clone(), self.options(world));
            ArrowWriter::try_new_with_options(sink, schema.clone(), options)?
                .into_serialized_writer()
        })?;
        // The failure of a column is not the file's, as long as nothing of the column went there.
        let mut whole_groups = Vec::new();
        let mut first_of_columns = None;
        for (at, group) in batches.chunks(2).enumerate() {
            match encoded(&factory, at, group) {
                Err(first) if !steps.has_failed() => {
                    first_of_columns.get_or_insert(first);
                }
                Err(_) => {}
                Ok(chunks) => {
                    let Some(mut row_group) =
                        steps.call("next_row_group", || file.next_row_group())
                    else {
                        steps.drop(chunks);
                        continue;
                    };
                    for chunk in chunks {
                        steps.call("append", || chunk.append_to_row_group(&mut row_group));
                    }
                    if steps
                        .call("close row group", || row_group.close())
                        .is_some()
                    {
                        whole_groups.extend((at * 2..).take(group.len()));
                    }
                }
            }
        }
        steps.io("flush", || file.flush());
        let is_finished = steps.call("finish", || file.finish()).is_some();
        steps.refused("row group after finish", || file.next_row_group().map(drop));
        steps.refused("write_all after finish", || Ok(file.write_all(b"tail")?));
        steps.refused("second finish", || file.finish());
        match ending {
            Ending::Drop => steps.drop(file),
            Ending::Close => steps.refused("close after finish", || file.close()),
            Ending::IntoInner => drop(steps.call("into_inner", || file.into_inner())),
        }
        steps.drop(factory);
        steps.note_earlier(first_of_columns);
        is_finished.then_some(whole_groups)
    }
}

/// The chunks of a row group, or what failed first in one of its columns. The others go on.
fn encoded(
    factory: &ArrowRowGroupWriterFactory,
    row_group: usize,
    batches: &[RecordBatch],
) -> Result<Vec<ArrowColumnChunk>, First> {
    let mut steps = Steps::default();
    let writers = steps.call("create", || factory.create_column_writers(row_group));
    let mut chunks = Vec::new();
    let mut first = steps.into_first();
    for (column, mut writer) in writers.into_iter().flatten().enumerate() {
        let mut steps = Steps::default();
        for batch in batches {
            let schema = batch.schema();
            let fields = schema.fields().iter().zip(batch.columns());
            let leaves = fields.flat_map(|(field, array)| compute_leaves(field, array).unwrap());
            let leaf = leaves.into_iter().nth(column).unwrap();
            steps.call("write", || writer.write(&leaf));
            steps.look(|| writer.memory_size());
        }
        if let Some(chunk) = steps.call("close", || writer.close()) {
            chunks.push(chunk);
        }
        first = first.or(steps.into_first());
    }
    match first {
        None => Ok(chunks),
        Some(first) => {
            Steps::default().drop(chunks);
            Err(first)
        }
    }
}
