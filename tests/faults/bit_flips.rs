//! Every single-bit flip in a spilled blob is found when the blob is taken, through the whole writer.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int32Array, ListBuilder, RecordBatch, StringArray, StringBuilder};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    GuardedPageStoreFactory, InMemoryPageStoreFactory, PageKey, PageStore, PageStoreArgs,
    PageStoreFactory,
};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::{WriterProperties, WriterVersion};

use crate::input::{joined, read};

/// A flat column with a dictionary, and nested strings.
fn batch() -> RecordBatch {
    let numbers: Int32Array = (0..14)
        .map(|row| (row % 4 > 0).then_some(row % 3))
        .collect();
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..14 {
        for item in 0..row % 3 {
            lists.values().append_value(format!("text {row} {item}"));
        }
        lists.append(row % 5 > 0);
    }
    let names = StringArray::from_iter_values((0..14).map(|row| format!("name {}", row % 2)));
    let columns: [(&str, ArrayRef); 3] = [
        ("number", Arc::new(numbers)),
        ("list", Arc::new(lists.finish())),
        ("name", Arc::new(names)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

pub(crate) fn options(
    version: WriterVersion,
    stores: Arc<dyn PageStoreFactory>,
) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_writer_version(version)
        .set_data_page_row_count_limit(7)
        .set_write_batch_size(7);
    ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_page_store_factory(stores)
        // Lets page indexes wait in the store too.
        .with_memory_budget(MemoryBudget::unlimited())
}

/// The error of a run, and what reached the sink.
pub(crate) fn write(
    options: ArrowWriterOptions,
    before_flush: impl FnOnce(),
) -> (Option<ParquetError>, Vec<u8>) {
    let batch = batch();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    before_flush();
    let error = writer.close().err();
    (error, file)
}

/// The error names column and page, and says that the blob is not what was put.
pub(crate) fn assert_found(error: Option<ParquetError>, file: &[u8], store: &str, what: &str) {
    let error = error.unwrap_or_else(|| panic!("{what}: not found"));
    let ParquetError::PageStore {
        step: "take",
        column,
        ..
    } = &error
    else {
        panic!("{what}: {error}")
    };
    assert!(
        ["number", "list.list.item", "name"].contains(&column.as_str()),
        "{what}: {error}"
    );
    let ParquetError::CorruptBlob(text) = error.root_cause() else {
        panic!("{what}: {error}")
    };
    assert!(text.contains(store), "{what}: {error}");
    assert!(read(file).is_none(), "{what}: a file that looks whole");
}

/// Flips one bit of one of the blobs that are taken, counted over all stores.
struct Flipping {
    inner: InMemoryPageStoreFactory,
    plan: Arc<Flip>,
}

struct Flip {
    blob: usize,
    bit: usize,
    taken: AtomicUsize,
    /// Bits of each blob.
    lengths: Mutex<Vec<usize>>,
}

struct FlippingStore {
    inner: Box<dyn PageStore>,
    plan: Arc<Flip>,
}

impl Flip {
    fn new(blob: usize, bit: usize) -> Arc<Self> {
        Arc::new(Self {
            blob,
            bit,
            taken: AtomicUsize::new(0),
            lengths: Mutex::default(),
        })
    }

    fn stores(self: &Arc<Self>, guard: Guard) -> Arc<dyn PageStoreFactory> {
        guard(Arc::new(Flipping {
            inner: InMemoryPageStoreFactory,
            plan: Arc::clone(self),
        }))
    }
}

/// Puts a store that checks in front of one that flips.
type Guard = fn(Arc<dyn PageStoreFactory>) -> Arc<dyn PageStoreFactory>;

impl fmt::Debug for Flipping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flipping")
    }
}

impl PageStoreFactory for Flipping {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(FlippingStore {
            inner: self.inner.create(args)?,
            plan: Arc::clone(&self.plan),
        }))
    }
}

impl PageStore for FlippingStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.inner.put(value)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut value = Vec::from(self.inner.take(key)?);
        self.plan.lengths.lock().unwrap().push(value.len() * 8);
        if self.plan.taken.fetch_add(1, Ordering::Relaxed) == self.plan.blob {
            value[self.plan.bit / 8] ^= 1 << (self.plan.bit % 8);
        }
        Ok(value.into())
    }
}

fn every_flipped_bit_is_found(guard: Guard, told: &str) {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let none = Flip::new(usize::MAX, 0);
        let (error, file) = write(options(version, none.stores(guard)), || {});
        assert!(error.is_none());
        assert!(read(&file).unwrap() == joined(&[batch()]));
        let lengths = none.lengths.lock().unwrap().clone();
        assert!(lengths.len() > 8, "pages and dictionaries: {lengths:?}");
        for (blob, bits) in lengths.into_iter().enumerate() {
            for bit in 0..bits {
                let stores = Flip::new(blob, bit).stores(guard);
                let (error, file) = write(options(version, stores), || {});
                assert_found(error, &file, told, &format!("blob {blob}, bit {bit}"));
            }
        }
    }
}

#[test]
fn a_guarded_store_finds_every_flipped_bit() {
    every_flipped_bit_is_found(
        |inner| Arc::new(GuardedPageStoreFactory::new(inner)),
        "Flipping",
    );
}

#[test]
#[cfg(feature = "encryption")]
fn an_encrypting_store_finds_every_flipped_bit() {
    use herringbone::column::page_store::EncryptedPageStoreFactory;
    let guard: Guard = |inner| Arc::new(EncryptedPageStoreFactory::try_new(inner).unwrap());
    every_flipped_bit_is_found(guard, "encrypted");
}
