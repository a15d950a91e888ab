//! Physical values, column by column, and encoded chunks that are copied in.

use std::io::ErrorKind;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use herringbone::budget::MemoryBudget;
use herringbone::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use herringbone::column::writer::{
    ColumnCloseResult, ColumnWriter, OnSpillLimit, get_column_writer,
};
use herringbone::data_type::ByteArray;
use herringbone::errors::Result;
use herringbone::file::properties::{WriterProperties, WriterPropertiesPtr, WriterVersion};
use herringbone::file::writer::{
    SerializedFileWriter, SerializedFileWriterOptions, SerializedPageWriter, TrackedWrite,
};
use herringbone::schema::parser::parse_message_type;
use herringbone::schema::types::{SchemaDescriptor, TypePtr};
use tempfile::TempDir;

use crate::cases::Stack;
use crate::faulty::{Call, Fault, FaultySink, Plan, When, hush_planned_panics};
use crate::run::{Ending, Outcome, Steps, Subject, World};

const ROWS: usize = 120;

/// A row group written from values, and one whose chunks are appended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed {
    pub(crate) version: WriterVersion,
    /// Where pages wait and what memory they may take; nothing of either is said where there is none.
    pub(crate) within: Option<Within>,
}

/// Options of a file whose pages wait in stores that fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within {
    pub(crate) stack: Stack,
    pub(crate) limit: Option<usize>,
    pub(crate) on_spill_limit: OnSpillLimit,
    pub(crate) has_filters: bool,
}

type File = SerializedFileWriter<FaultySink>;

/// The values of a row group.
struct Rows {
    ids: Vec<i64>,
    tags: Vec<Option<String>>,
}

impl Rows {
    fn of(group: usize) -> Self {
        let rows = group * ROWS..(group + 1) * ROWS;
        Self {
            ids: rows.clone().map(|row| row as i64).collect(),
            tags: rows
                .map(|row| (row % 4 != 0).then(|| format!("{row:0150}")))
                .collect(),
        }
    }

    fn tag_levels(&self) -> Vec<i16> {
        self.tags
            .iter()
            .map(|tag| i16::from(tag.is_some()))
            .collect()
    }

    fn present_tags(&self) -> Vec<ByteArray> {
        let present = self.tags.iter().flatten();
        present.map(|tag| ByteArray::from(tag.as_str())).collect()
    }

    /// Writes the column that `writer` is for, in two batches.
    fn write(&self, writer: &mut ColumnWriter<'_>, half: usize) -> Result<usize> {
        let middle = ROWS / 2;
        match writer {
            ColumnWriter::Int64ColumnWriter(writer) => {
                let (first, second) = self.ids.split_at(middle);
                writer.write_batch([first, second][half], None, None)
            }
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let levels = self.tag_levels();
                let (first, second) = levels.split_at(middle);
                let present = first.iter().filter(|level| **level == 1).count();
                let tags = self.present_tags();
                let (before, after) = tags.split_at(present);
                writer.write_batch([before, after][half], Some([first, second][half]), None)
            }
            other => panic!("{other:?}"),
        }
    }
}

impl Typed {
    pub(crate) fn schema() -> TypePtr {
        let message = "message rows { required int64 id; optional binary tag (STRING); }";
        Arc::new(parse_message_type(message).unwrap())
    }

    pub(crate) fn properties(self) -> WriterPropertiesPtr {
        let has_filters = self.within.is_some_and(|within| within.has_filters);
        let builder = WriterProperties::builder()
            .set_bloom_filter_enabled(has_filters)
            .set_bloom_filter_max_ndv(20_000)
            .set_writer_version(self.version)
            .set_write_batch_size(16)
            .set_data_page_row_count_limit(50);
        Arc::new(builder.build())
    }

    fn options(self, world: &World<'_>) -> SerializedFileWriterOptions {
        let options = SerializedFileWriterOptions::new();
        let Some(within) = self.within else {
            return options;
        };
        let options = options
            .with_page_store_factory(within.stack.stores(world))
            .with_on_spill_limit(within.on_spill_limit);
        match within.limit {
            Some(_) => options.with_memory_budget(world.budget.clone()),
            None => options,
        }
    }

    /// Encoded chunks outside any file, with their bytes.
    pub(crate) fn chunks(self) -> Vec<(Bytes, ColumnCloseResult)> {
        let descr = SchemaDescriptor::new(Self::schema());
        let columns = descr.columns().iter();
        let chunks = columns.map(|column| {
            let mut bytes = TrackedWrite::new(Vec::new());
            let pages = SerializedPageWriter::new(&mut bytes);
            let mut writer = get_column_writer(column.clone(), self.properties(), Box::new(pages));
            for half in 0..2 {
                Rows::of(1).write(&mut writer, half).unwrap();
            }
            let close = writer.close().unwrap();
            (Bytes::from(bytes.into_inner().unwrap()), close)
        });
        chunks.collect()
    }

    fn write_values(steps: &mut Steps, file: &mut File) {
        let row_group = steps.call("next_row_group", || file.next_row_group());
        let Some(mut row_group) = row_group else {
            return;
        };
        for _ in 0..2 {
            let column = steps.call("next_column", || row_group.next_column());
            let Some(Some(mut column)) = column else {
                continue;
            };
            for half in 0..2 {
                steps.call("write_batch", || Rows::of(0).write(column.untyped(), half));
            }
            steps.call("close column", || column.close());
        }
        steps.call("close row group", || row_group.close());
    }

    fn append_chunks(self, steps: &mut Steps, file: &mut File) {
        let row_group = steps.call("next_row_group", || file.next_row_group());
        let Some(mut row_group) = row_group else {
            return;
        };
        for (bytes, close) in self.chunks() {
            steps.call("append_column", || row_group.append_column(&bytes, close));
        }
        steps.call("close row group", || row_group.close());
    }
}

impl Subject for Typed {
    fn run(&self, plan: Plan, ending: Ending, directory: &TempDir) -> Outcome {
        let limit = self.within.and_then(|within| within.limit);
        let budget = limit.map_or_else(MemoryBudget::unlimited, MemoryBudget::new);
        let world = World::new(plan.clone(), plan.budget_over(budget), directory);
        let mut steps = Steps::default();
        let mut is_finished = false;
        let file = steps.call("new", || {
            SerializedFileWriter::new_with_options(
                world.sink.clone(),
                Self::schema(),
                self.properties(),
                self.options(&world),
            )
        });
        if let Some(mut file) = file {
            Self::write_values(&mut steps, &mut file);
            self.append_chunks(&mut steps, &mut file);
            is_finished = steps.call("finish", || file.finish()).is_some();
            steps.refused("row group after finish", || file.next_row_group().map(drop));
            match ending {
                Ending::Drop => steps.drop(file),
                Ending::Close => steps.refused("close after finish", || file.close()),
                Ending::IntoInner => drop(steps.call("into_inner", || file.into_inner())),
            }
        }
        world.assert_clean(&format!("{self:?}"));
        Outcome {
            first: steps.into_first(),
            file: world.sink.taken(),
            plan: world.plan,
            finished: is_finished.then(|| vec![0, 1]),
        }
    }

    fn batches(&self) -> Vec<RecordBatch> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("tag", DataType::Utf8, true),
        ]));
        let batches = (0..2).map(Rows::of).map(|rows| {
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(rows.ids)),
                Arc::new(StringArray::from(rows.tags)),
            ];
            RecordBatch::try_new(schema.clone(), columns).unwrap()
        });
        batches.collect()
    }

    fn expected_calls(&self) -> Vec<Call> {
        let mut calls = vec![Call::Write, Call::Flush];
        if let Some(within) = self.within {
            calls.extend([Call::Create, Call::Put, Call::Take, Call::DropStore]);
            if within.stack == Stack::AboveTiers {
                calls.push(Call::Spill);
            }
        }
        calls
    }

    fn goes_on_when_full(&self, call: Call) -> bool {
        self.within.is_some_and(|within| {
            let is_put = match call {
                Call::Put | Call::Spill => true,
                Call::Create => within.stack == Stack::Cold,
                _ => false,
            };
            is_put && within.on_spill_limit == OnSpillLimit::FlushRowGroup
        })
    }

    fn steps(&self, call: Call) -> Vec<&'static str> {
        self.within
            .map_or_else(|| vec!["sink"], |within| within.stack.steps(call))
    }
}

/// Drops pages; one of its calls fails.
struct FailingPages {
    plan: Plan,
}

impl PageWriter for FailingPages {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        self.plan.pass(Call::Write)?;
        Ok(PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: page.uncompressed_size(),
            compressed_size: page.compressed_size(),
            num_values: page.num_values(),
            offset: 0,
            bytes_written: page.compressed_size() as u64,
        })
    }

    fn close(&mut self) -> Result<()> {
        Ok(self.plan.pass(Call::Flush)?)
    }
}

#[test]
fn a_column_takes_no_more_after_its_page_writer_failed_once() {
    hush_planned_panics();
    let descr = SchemaDescriptor::new(Typed::schema());
    for column in descr.columns() {
        for fault in [Fault::Error(ErrorKind::Other), Fault::Panic] {
            let mut at = 0;
            loop {
                let plan = Plan::new(fault, When::Once(at));
                let pages = FailingPages { plan: plan.clone() };
                // Pages of a dictionary would wait for the end.
                let properties = WriterProperties::builder()
                    .set_dictionary_enabled(false)
                    .set_write_batch_size(16)
                    .set_data_page_row_count_limit(50);
                let properties = Arc::new(properties.build());
                let mut writer = get_column_writer(column.clone(), properties, Box::new(pages));
                let mut steps = Steps::default();
                for group in 0..3 {
                    for half in 0..2 {
                        let rows = Rows::of(group);
                        steps.call("write_batch", || rows.write(&mut writer, half));
                    }
                }
                steps.call("close", || writer.close());
                assert_eq!(
                    steps.has_failed(),
                    plan.has_struck(),
                    "call {at}, {fault:?}"
                );
                if !plan.has_struck() {
                    break;
                }
                at += 1;
            }
            assert!(at > 5, "{at} calls");
        }
    }
}
