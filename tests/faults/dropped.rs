//! Writers and their parts that are dropped before they are done.

use std::sync::Arc;

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{TempFilePageStoreFactory, TieredPageStoreFactory};
use herringbone::file::properties::{WriterProperties, WriterVersion};
use herringbone::file::writer::SerializedFileWriter;

use crate::faulty::{FaultySink, Plan};
use crate::input::{Shape, read};
use crate::run::World;
use crate::typed::Typed;

#[test]
fn a_writer_that_is_not_closed_leaves_no_file_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let batches = Shape::Flat.batches();
    for steps in 0..6 {
        let world = World::new(Plan::none(), MemoryBudget::new(64 << 10), &directory);
        let files = TempFilePageStoreFactory::builder()
            .with_directory(directory.path())
            .with_metrics(world.metrics.clone())
            .build();
        let stores = TieredPageStoreFactory::new(world.budget.clone(), Arc::new(files));
        let properties = WriterProperties::builder().set_dictionary_enabled(false);
        let options = ArrowWriterOptions::new()
            .with_properties(properties.set_data_page_size_limit(2000).build())
            .with_page_store_factory(Arc::new(stores))
            .with_memory_budget(world.budget.clone());
        let sink = world.sink.clone();
        let mut writer =
            ArrowWriter::try_new_with_options(sink, batches[0].schema(), options).unwrap();
        for step in 0..steps {
            match step {
                2 => writer.flush().unwrap(),
                _ => writer.write(&batches[step % 3]).unwrap(),
            }
        }
        assert!(world.budget.used() > 0 || steps == 0);
        drop(writer);
        assert!(read(&world.sink.taken()).is_none(), "{steps}");
        world.assert_clean(&format!("{steps} steps"));
    }
}

#[test]
fn a_row_group_or_column_that_is_not_closed_is_the_end_of_the_file() {
    for is_column in [false, true] {
        let sink = FaultySink::new(Plan::none());
        let version = WriterVersion::PARQUET_1_0;
        let properties = Typed {
            version,
            within: None,
        }
        .properties();
        let mut file =
            SerializedFileWriter::new(sink.clone(), Typed::schema(), properties).unwrap();
        let mut row_group = file.next_row_group().unwrap();
        if is_column {
            drop(row_group.next_column().unwrap());
            let error = row_group.next_column().err().unwrap().to_string();
            assert!(
                error.contains("Previous column writer was not closed"),
                "{error}"
            );
            row_group.close().unwrap_err();
        } else {
            drop(row_group);
        }
        let unfinished = match is_column {
            true => "Previous column writer was not closed",
            false => "Previous row group writer was not closed",
        };
        for error in [
            file.next_row_group().err().unwrap().to_string(),
            file.write_all(b"tail").unwrap_err().to_string(),
            file.finish().unwrap_err().to_string(),
            file.into_inner().unwrap_err().to_string(),
        ] {
            assert!(error.contains(unfinished), "{error}");
        }
        assert!(read(&sink.taken()).is_none());
    }
}
