//! Sinks that take so many bytes and then fail for ever, as a disk does that is full: for every number of bytes.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{TempFilePageStoreFactory, TieredPageStoreFactory};
use herringbone::errors::ParquetError;
use herringbone::file::properties::WriterProperties;

use crate::faulty::Plan;
use crate::input::{Shape, joined, read};
use crate::run::{First, Steps, World};

/// A sink with room for so many bytes. What crosses the end is torn: its first bytes arrive.
#[derive(Debug, Clone)]
struct ShortSink {
    room: usize,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl ShortSink {
    fn new(room: usize) -> Self {
        Self {
            room,
            taken: Arc::default(),
        }
    }

    fn taken(&self) -> Vec<u8> {
        self.taken.lock().unwrap().clone()
    }
}

impl Write for ShortSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.taken.lock().unwrap();
        let fitting = bytes.len().min(self.room - taken.len());
        taken.extend_from_slice(&bytes[..fitting]);
        match fitting {
            0 if !bytes.is_empty() => Err(ErrorKind::StorageFull.into()),
            fitting => Ok(fitting),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether row groups are limited, and with them what waits where.
#[derive(Debug, Clone, Copy)]
enum Memory {
    Unlimited,
    Limited,
}

/// Writes two row groups and goes on after a failure.
fn write(sink: &ShortSink, memory: Memory, directory: &tempfile::TempDir) -> Option<First> {
    let budget = match memory {
        Memory::Unlimited => MemoryBudget::unlimited(),
        Memory::Limited => MemoryBudget::new(48 << 10),
    };
    let world = World::new(Plan::none(), budget, directory);
    let files = TempFilePageStoreFactory::builder()
        .with_directory(directory.path())
        .with_metrics(world.metrics.clone());
    let stores = TieredPageStoreFactory::new(world.budget.clone(), Arc::new(files.build()));
    let properties = WriterProperties::builder()
        .set_data_page_size_limit(2000)
        .set_write_batch_size(16);
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_page_store_factory(Arc::new(stores))
        .with_memory_budget(world.budget.clone());
    let batches = Shape::Flat.batches();
    let mut steps = Steps::default();
    let writer = steps.call("try_new", || {
        ArrowWriter::try_new_with_options(sink.clone(), batches[0].schema(), options)
    });
    if let Some(mut writer) = writer {
        for (at, batch) in batches.iter().enumerate() {
            steps.call("write", || writer.write(batch));
            if at == 1 {
                steps.call("flush", || writer.flush());
            }
        }
        steps.io("sync", || writer.sync());
        steps.call("finish", || writer.finish());
        steps.refused("write after finish", || writer.write(&batches[0]));
        steps.refused("second finish", || writer.finish());
        steps.call("into_inner", || writer.into_inner());
    }
    world.assert_clean(&format!("{memory:?}, {} bytes", sink.room));
    steps.into_first()
}

#[test]
fn a_sink_that_is_full_after_any_number_of_bytes_ends_the_file_there() {
    let directory = tempfile::tempdir().unwrap();
    for memory in [Memory::Unlimited, Memory::Limited] {
        let whole = ShortSink::new(usize::MAX);
        assert!(write(&whole, memory, &directory).is_none());
        let whole = whole.taken();
        assert!(read(&whole).unwrap() == joined(&Shape::Flat.batches()));
        // All of the beginning and of the indexes and the footer at the end, and what is between in steps that
        // meet every place in a page.
        let rooms = (0..100)
            .chain((100..whole.len() - 3000).step_by(97))
            .chain((whole.len() - 3000..whole.len()).step_by(7))
            .chain(whole.len() - 100..whole.len());
        for room in rooms {
            let sink = ShortSink::new(room);
            let first = write(&sink, memory, &directory);
            let what = format!("{memory:?}, {room} of {} bytes", whole.len());
            let Some(First::Error(error)) = first else {
                panic!("{what}: not reported")
            };
            let ParquetError::External(cause) = error.root_cause() else {
                panic!("{what}: {error}")
            };
            let cause = cause.downcast_ref::<io::Error>().unwrap();
            assert_eq!(cause.kind(), ErrorKind::StorageFull, "{what}: {error}");
            let taken = sink.taken();
            assert!(read(&taken).is_none(), "{what}: a file that looks whole");
            assert_eq!(taken.len(), room, "{what}");
            if let Memory::Unlimited = memory {
                assert!(taken == whole[..room], "{what}: other bytes");
            }
        }
        let exact = ShortSink::new(whole.len());
        assert!(write(&exact, memory, &directory).is_none());
        assert!(read(&exact.taken()).is_some());
    }
}
