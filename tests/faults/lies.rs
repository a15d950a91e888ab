//! Stores that break their contract do not break the writer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, OnMemoryLimit};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    InMemoryPageStoreFactory, PageKey, PageStore, PageStoreArgs, PageStoreFactory,
};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterProperties;

use crate::input::{Shape, joined, read};

/// What a store says that is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// It holds all memory there is.
    MostMemory,
    /// Its memory is another size each time it is asked.
    ChangingMemory,
    /// It has reserved more than it holds.
    ReservedTooMuch,
    /// It has spilled all memory there is.
    SpilledTooMuch,
    /// Blobs come back one byte longer.
    LongerBlobs,
    /// Blobs come back one byte shorter.
    ShorterBlobs,
    /// All blobs have the same key.
    OneKey,
}

struct LyingStores(Lie);

struct LyingStore {
    lie: Lie,
    inner: Box<dyn PageStore>,
    asked: AtomicUsize,
}

impl fmt::Debug for LyingStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LyingStores")
    }
}

impl PageStoreFactory for LyingStores {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(LyingStore {
            lie: self.0,
            inner: InMemoryPageStoreFactory.create(args)?,
            asked: AtomicUsize::new(0),
        }))
    }
}

impl PageStore for LyingStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        let key = self.inner.put(value)?;
        match self.lie {
            Lie::OneKey => Ok(PageKey::new(0)),
            _ => Ok(key),
        }
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut value = Vec::from(self.inner.take(key)?);
        match self.lie {
            Lie::LongerBlobs => value.push(0),
            Lie::ShorterBlobs => value.truncate(value.len() - 1),
            _ => {}
        }
        Ok(value.into())
    }

    fn spill(&mut self) -> Result<usize> {
        match self.lie {
            Lie::SpilledTooMuch => Ok(usize::MAX),
            _ => Ok(0),
        }
    }

    fn memory_size(&self) -> usize {
        match self.lie {
            Lie::MostMemory => usize::MAX,
            Lie::ChangingMemory => {
                let asked = self.asked.fetch_add(1, Ordering::Relaxed);
                asked.wrapping_mul(0x9E37_79B9_7F4A_7C15)
            }
            _ => self.inner.memory_size(),
        }
    }

    fn reserved_size(&self) -> usize {
        match self.lie {
            Lie::ReservedTooMuch => usize::MAX,
            _ => self.inner.reserved_size(),
        }
    }
}

/// Writes through lying stores, and returns the error and what reached the sink.
fn write(
    lie: Lie,
    budget: MemoryBudget,
    on_limit: OnMemoryLimit,
) -> (Option<ParquetError>, Vec<u8>) {
    let batches = Shape::Flat.batches();
    let properties = WriterProperties::builder()
        .set_data_page_size_limit(2000)
        .set_write_batch_size(16);
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_page_store_factory(Arc::new(LyingStores(lie)))
        .with_memory_budget(budget)
        .with_on_memory_limit(on_limit);
    let mut file = Vec::new();
    let schema = batches[0].schema();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, schema, options).unwrap();
    let mut error = None;
    for batch in &batches {
        error = error.or(writer.write(batch).err());
        writer.memory_size();
    }
    let close = writer.close();
    assert!(
        error.is_none() || close.is_err(),
        "{lie:?}: closed after {error:?}"
    );
    let error = error.or(close.err());
    (error, file)
}

#[test]
fn wrong_sizes_cost_early_row_groups_at_most() {
    let sizes = [
        Lie::MostMemory,
        Lie::ChangingMemory,
        Lie::ReservedTooMuch,
        Lie::SpilledTooMuch,
    ];
    for lie in sizes {
        for limit in [None, Some(30 << 10)] {
            let budget = limit.map_or_else(MemoryBudget::unlimited, MemoryBudget::new);
            let (error, file) = write(lie, budget.clone(), OnMemoryLimit::FlushRowGroup);
            assert!(error.is_none(), "{lie:?}: {}", error.unwrap());
            assert!(
                read(&file).unwrap() == joined(&Shape::Flat.batches()),
                "{lie:?}"
            );
            assert_eq!((budget.used(), budget.members()), (0, 0), "{lie:?}");
        }
    }
}

#[test]
fn a_limit_that_must_not_end_row_groups_is_an_error_when_it_is_passed() {
    let budget = MemoryBudget::new(30 << 10);
    let (error, file) = write(Lie::MostMemory, budget.clone(), OnMemoryLimit::Fail);
    let error = error.unwrap();
    assert!(
        matches!(error, ParquetError::MemoryLimitExceeded { .. }),
        "{error}"
    );
    assert!(read(&file).is_none());
    assert_eq!((budget.used(), budget.members()), (0, 0));
}

#[test]
fn blobs_of_other_lengths_and_keys_given_twice_are_errors() {
    for lie in [Lie::LongerBlobs, Lie::ShorterBlobs, Lie::OneKey] {
        let budget = MemoryBudget::unlimited();
        let (error, file) = write(lie, budget.clone(), OnMemoryLimit::FlushRowGroup);
        assert!(error.is_some(), "{lie:?}");
        assert!(read(&file).is_none(), "{lie:?}: a file that looks whole");
        assert_eq!((budget.used(), budget.members()), (0, 0), "{lie:?}");
    }
}
