//! A foreign memory pool stands behind the budget: what it refuses is not taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::{MemoryBudget, MemorySource};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterProperties;

use super::data::{Column, batches_of, schema_of};
use super::watch::{KIB, MIB, assert_holds, assert_near, scratch_file};
use crate::heap::{self, counted};

/// The pool of a query engine that has other things in it.
#[derive(Debug)]
struct Pool {
    limit: usize,
    tells: Tells,
    used: AtomicUsize,
    peak: AtomicUsize,
    refused: AtomicUsize,
}

/// What a pool says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Nothing,
    LimitAndUse,
}

impl Pool {
    fn new(limit: usize, tells: Tells) -> Arc<Self> {
        Arc::new(Self {
            limit,
            tells,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        })
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl MemorySource for Pool {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        if self.used() + bytes > self.limit {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(ParquetError::General("the pool is empty".to_owned()));
        }
        self.grow(bytes);
        Ok(())
    }

    fn grow(&self, bytes: usize) {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.peak.fetch_max(used, Ordering::Relaxed);
    }

    fn shrink(&self, bytes: usize) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        assert!(before >= bytes, "more comes back than was taken");
    }

    fn limit(&self) -> Option<usize> {
        (self.tells == Tells::LimitAndUse).then_some(self.limit)
    }

    fn used(&self) -> Option<usize> {
        (self.tells == Tells::LimitAndUse).then(|| self.used())
    }
}

const COLUMNS: [Column; 4] = [
    Column::Int64,
    Column::Utf8,
    Column::Int32Of16,
    Column::Decimal,
];
const PAGE: usize = 64 * KIB;

fn options(pool: &Arc<Pool>) -> (ArrowWriterOptions, MemoryBudget) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_dictionary_page_size_limit(PAGE)
        .set_data_page_size_limit(PAGE);
    let budget = MemoryBudget::with_source(pool.clone());
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_budget(budget.clone());
    (options, budget)
}

#[test]
fn a_pool_that_refuses_makes_pages_spill() {
    for tells in [Tells::Nothing, Tells::LimitAndUse] {
        heap::reset();
        let pool = Pool::new(2 * MIB, tells);
        let (options, budget) = options(&pool);
        let (file, reader) = scratch_file();
        let schema = schema_of(&COLUMNS);
        let mut writer =
            counted(|| ArrowWriter::try_new_with_options(file, schema, options).unwrap());
        for batch in batches_of(&COLUMNS, 16, 8_192) {
            counted(|| writer.write(&batch)).unwrap();
            assert_near(pool.used(), heap::live(), 0, "the pool");
            assert_eq!(pool.used(), budget.used());
        }
        let metadata = counted(|| writer.finish()).unwrap();
        let (peak, pressure) = (heap::peak(), writer.memory_pressure());
        drop(writer);
        println!(
            "{tells:?}: peak {peak}, pool {}, refused {}, {pressure:?}",
            pool.peak.load(Ordering::Relaxed),
            pool.refused.load(Ordering::Relaxed),
        );
        assert_eq!(pool.used(), 0);
        assert_eq!(metadata.num_row_groups(), 1);
        assert!(peak <= 2 * MIB + 2 * PAGE, "{peak}");
        assert_holds(reader, batches_of(&COLUMNS, 16, 8_192));
    }
}

/// Another user of the pool takes most of it: the writer moves out what it can.
#[test]
fn a_writer_gives_way_to_other_users_of_its_pool() {
    for tells in [Tells::Nothing, Tells::LimitAndUse] {
        heap::reset();
        let pool = Pool::new(8 * MIB, tells);
        let (options, budget) = options(&pool);
        let schema = schema_of(&COLUMNS);
        let (file, reader) = scratch_file();
        let mut writer =
            counted(|| ArrowWriter::try_new_with_options(file, schema, options).unwrap());
        let mut before = 0;
        let mut after = 0;
        for (index, batch) in batches_of(&COLUMNS, 12, 8_192).enumerate() {
            if index == 6 {
                before = budget.used();
                pool.grow(pool.limit - pool.used());
            }
            counted(|| writer.write(&batch)).unwrap();
            after = budget.used();
        }
        println!(
            "{tells:?}: before {before}, after {after}, {:?}",
            writer.memory_pressure()
        );
        assert!(before > 2 * MIB, "{before}");
        assert!(after < MIB, "{after}");
        writer.finish().unwrap();
        assert_holds(reader, batches_of(&COLUMNS, 12, 8_192));
    }
}
