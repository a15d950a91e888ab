//! A page store of one's own: spilled pages in a key-value database, here `redb`.
//!
//! ```text
//! cargo run --example custom_page_store
//! cargo run --example custom_page_store --features test-util    # checks the contract first
//! ```

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::column::page_store::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use herringbone::errors::{ParquetError, Result};
use redb::{Database, Durability, ReadableTableMetadata, Table, TableDefinition};

fn main() -> Result<(), Box<dyn Error>> {
    let stores = Arc::new(RedbPageStoreFactory::try_new()?);

    #[cfg(feature = "test-util")]
    {
        herringbone::column::page_store::conformance::check(stores.as_ref());
        println!("the store keeps the contract");
    }

    let options = ArrowWriterOptions::new().with_page_store_factory(stores.clone());
    let spilled = write(options, |batch| {
        if batch % 20 == 0 {
            println!("batch {batch}: {} pages in the database", stores.pages()?);
        }
        Ok(())
    })?;
    let in_memory = write(ArrowWriterOptions::new(), |_| Ok(()))?;
    println!(
        "{} bytes, {} the file written through the heap; {} pages left in the database",
        spilled.len(),
        match spilled == in_memory {
            true => "the same as",
            false => "DIFFERENT from",
        },
        stores.pages()?
    );
    Ok(())
}

/// Blobs of all stores, by number of the store and number of the page in it.
const PAGES: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("pages");

/// One database for all stores of a writer. Its cache is the only memory it needs.
struct RedbPageStoreFactory {
    database: Arc<Database>,
    stores: AtomicU64,
}

/// The pages of one column chunk: a range of keys in the database.
struct RedbPageStore {
    database: Arc<Database>,
    number: u64,
    pages: u64,
}

impl RedbPageStoreFactory {
    fn try_new() -> Result<Self> {
        // Without a name the file goes with the process, and nobody else opens it.
        let file = tempfile::tempfile()?;
        let database = redb::Builder::new()
            .set_cache_size(4 << 20)
            .create_file(file)
            .map_err(external)?;
        Ok(Self {
            database: Arc::new(database),
            stores: AtomicU64::new(0),
        })
    }

    fn pages(&self) -> Result<u64> {
        change(&self.database, |table| table.len())
    }
}

impl PageStoreFactory for RedbPageStoreFactory {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(RedbPageStore {
            database: Arc::clone(&self.database),
            number: self.stores.fetch_add(1, Ordering::Relaxed),
            pages: 0,
        }))
    }
}

impl PageStore for RedbPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.insert(&value)
    }

    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        self.insert(buffer.get(from..).unwrap_or_default())
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut buffer = Vec::new();
        self.take_into(key, &mut buffer)?;
        Ok(buffer.into())
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let is_there = change(&self.database, |table| {
            let value = table.remove((self.number, key.get()))?;
            Ok(value.map(|value| {
                buffer.clear();
                buffer.extend_from_slice(value.value());
            }))
        })?;
        is_there.ok_or_else(|| ParquetError::General(format!("no page has the key {key:?}")))
    }
}

impl RedbPageStore {
    fn insert(&mut self, value: &[u8]) -> Result<PageKey> {
        let page = self.pages;
        change(&self.database, |table| {
            table.insert((self.number, page), value).map(drop)
        })?;
        self.pages += 1;
        Ok(PageKey::new(page))
    }
}

/// What was not taken is removed, in whatever state the store is dropped.
impl Drop for RedbPageStore {
    fn drop(&mut self) {
        let all: RangeInclusive<(u64, u64)> = (self.number, 0)..=(self.number, u64::MAX);
        // Nobody is left to be told of an error.
        let _ = change(&self.database, |table| table.retain_in(all, |_, _| false));
    }
}

impl fmt::Debug for RedbPageStoreFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbPageStoreFactory")
            .finish_non_exhaustive()
    }
}

/// Runs one transaction. Pages need not survive the process, so nothing is forced to disk.
fn change<T>(
    database: &Database,
    step: impl FnOnce(&mut Table<'_, (u64, u64), &'static [u8]>) -> Result<T, redb::StorageError>,
) -> Result<T> {
    let mut transaction = database.begin_write().map_err(external)?;
    transaction
        .set_durability(Durability::None)
        .map_err(external)?;
    let mut table = transaction.open_table(PAGES).map_err(external)?;
    let outcome = step(&mut table).map_err(external)?;
    drop(table);
    transaction.commit().map_err(external)?;
    Ok(outcome)
}

fn external(error: impl Error + Send + Sync + 'static) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// Writes a file of 60 batches in one row group, and shows each batch's number to `watch`.
fn write(
    options: ArrowWriterOptions,
    mut watch: impl FnMut(i64) -> Result<()>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let batch = |number: i64| {
        let ids = Int64Array::from_iter_values((0..10_000).map(|row| number * 10_000 + row));
        let names = (0..10_000).map(|row| format!("item {row} of batch {number}"));
        let names = StringArray::from_iter_values(names);
        RecordBatch::try_from_iter([
            ("id", Arc::new(ids) as ArrayRef),
            ("name", Arc::new(names) as ArrayRef),
        ])
    };
    let mut file = Vec::new();
    let schema = batch(0)?.schema();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, schema, options)?;
    for number in 0..60 {
        writer.write(&batch(number)?)?;
        watch(number)?;
    }
    writer.close()?;
    Ok(file)
}
