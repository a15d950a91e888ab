//! The contract between a writer and a page store: keys, the store, its factory. No store lives
//! here.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::SpillMetrics;
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};
use crate::schema::types::{ColumnDescPtr, ColumnDescriptor};

/// Names one blob of one [`PageStore`].
///
/// The store chooses the number and the writer only hands it back, so a store may put a slot, an
/// offset or a database key into it. Keys of different stores may be equal; keys of one store differ
/// as long as their blobs are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageKey(u64);

impl PageKey {
    /// The key with this number.
    pub const fn new(key: u64) -> Self {
        Self(key)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Holds the finished pages of one column chunk until the chunk is written to the file.
///
/// # Life of a store
///
/// 1. **Create.** A [`PageStoreFactory`] makes one store for each leaf column of each row group.
///    Most stores of a wide schema receive few pages, and some none, so a new store should cost next
///    to nothing and open what it needs at the first put.
/// 2. **Put.** Data pages are put in the order in which they are made, the dictionary page, if there is
///    one, after or between them. A page is one blob, page header included. The writer may call
///    [`spill`](Self::spill) and [`memory_size`](Self::memory_size) at any time.
/// 3. **Take.** When the chunk is written, the dictionary page is taken first and then the data
///    pages in the order of their puts. Each key is taken at most once; a taken blob leaves the store,
///    which may release or reuse its space at once. No put follows the first take.
/// 4. **Drop.** A store may be dropped in any state: never used, with blobs that nobody took, halfway
///    through the takes, after an error. Dropping it releases everything it holds, in memory and
///    outside, and does not panic.
///
/// # What an implementation promises
///
/// - [`take`](Self::take) returns exactly the bytes of the put, or an error. Never others: the writer
///   copies them into the file without looking at them.
/// - A blob may have any length, also none, and may be larger than all those before it.
/// - A key that the store did not give out, or whose blob has been taken, is an error.
/// - Stores of one factory are independent. They are used from different threads at once (each store
///   by one thread at a time), and keys of one mean nothing to another.
/// - A call may block, but not until some other store is used or dropped.
///
/// # After an error
///
/// An error from [`put`](Self::put) or [`spill`](Self::spill) leaves every blob that was put before
/// where a take finds it. When the cause is want of space ([`ParquetError::SpillLimitExceeded`], or an
/// [`io::Error`] of the kind `StorageFull`, `QuotaExceeded` or `FileTooLarge`, or one of the system that says that
/// too many files are open, by itself or as the source of an `io::Error`), a writer with that option takes the
/// earlier blobs, ends the row group early and goes on with new stores. After any other error it makes no further
/// call but drop, and gives up. It reports an error with the column and the page it belongs to, so the message need
/// not name them.
pub trait PageStore: Send {
    /// Takes over a blob and returns the key under which it can be taken.
    ///
    /// # Errors
    /// If the store cannot keep the blob. What that leaves behind is told above.
    fn put(&mut self, value: Bytes) -> Result<PageKey>;

    /// Returns the blob of `key` and forgets it.
    ///
    /// # Errors
    /// If the key names no blob, or the blob cannot be had as it was put.
    fn take(&mut self, key: PageKey) -> Result<Bytes>;

    /// The bytes of heap that this store occupies now, its tables included. The writer adds them to its
    /// own, and calls this often: the answer should be at hand. The default says that nothing worth
    /// counting stays in memory.
    fn memory_size(&self) -> usize {
        0
    }

    /// The part of [`memory_size`](Self::memory_size) that this store has reserved itself, from the
    /// [`MemoryBudget`](crate::budget::MemoryBudget) it shares with the writer. The writer reserves
    /// the rest. The default says that the store reserves nothing.
    fn reserved_size(&self) -> usize {
        0
    }

    /// Puts a copy of `buffer[from..]`, or keeps the buffer itself and leaves another one of about its capacity in its
    /// place, so that nothing is copied. Either way the contents of `buffer` mean nothing afterwards, except after
    /// an error: then they are what they were. A store that writes blobs somewhere else can do so straight from the
    /// buffer; the default makes the copy and calls [`put`](Self::put).
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        let blob = buffer.get(from..).unwrap_or_default();
        self.put(Bytes::copy_from_slice(blob))
    }

    /// Takes the blob of `key` into `buffer`, in place of what it holds, so that the caller can use one
    /// buffer for many blobs. The default copies what [`take`](Self::take) returns.
    ///
    /// # Errors
    /// As [`take`](Self::take). The contents of `buffer` then mean nothing.
    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let value = self.take(key)?;
        buffer.clear();
        buffer.extend_from_slice(&value);
        Ok(())
    }

    /// As [`take_into`](Self::take_into), but the blob may stand behind other bytes: returns where in `buffer` it
    /// begins. For stores that were [given a buffer](Self::put_from) and would have to move its contents. The default
    /// calls [`take_into`](Self::take_into).
    ///
    /// # Errors
    /// As [`take_into`](Self::take_into).
    fn take_behind(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<usize> {
        self.take_into(key, buffer)?;
        Ok(0)
    }

    /// Moves what can be moved out of memory and returns by how many bytes that lessens
    /// [`memory_size`](Self::memory_size). Keys stay valid. The writer asks for this when memory is
    /// short; a store with no colder place keeps the default, which moves nothing.
    ///
    /// # Errors
    /// If something cannot be moved. What that leaves behind is told above.
    fn spill(&mut self) -> Result<usize> {
        Ok(0)
    }
}

/// What a factory is told about the column whose store it creates.
#[derive(Debug)]
pub struct PageStoreArgs<'a> {
    column_index: usize,
    column: &'a ColumnDescPtr,
}

impl<'a> PageStoreArgs<'a> {
    pub(crate) fn new(column_index: usize, column: &'a ColumnDescPtr) -> Self {
        Self {
            column_index,
            column,
        }
    }

    /// The ordinal of the leaf column in the schema, from 0.
    pub fn column_index(&self) -> usize {
        self.column_index
    }

    /// The leaf column.
    pub fn column_descriptor(&self) -> &ColumnDescriptor {
        self.column
    }

    /// The leaf column, to be kept past the call.
    pub(super) fn shared_column(&self) -> ColumnDescPtr {
        Arc::clone(self.column)
    }
}

/// Makes the [`PageStore`]s of a writer.
///
/// One factory may serve many writers and threads at once. It is asked for one store a leaf column
/// and row group, when the row group receives its first rows. A writer with a memory limit asks for
/// more of them. In up to five under the schema's first leaf column, column indexes, offset indexes, Bloom filters,
/// the metadata of row groups and key-value pairs wait until the file takes them. In one for each column whose Bloom
/// filter does not fit into memory, parts of that filter wait for the end of the row group. In these, too, blobs are
/// taken in the order of their puts. A factory may be dropped before the stores it made, which therefore share what
/// they need of it.
pub trait PageStoreFactory: Send + Sync + Debug {
    /// Makes an empty store for one column chunk.
    ///
    /// # Errors
    /// If the store cannot be made. The row group then fails, and with it the writer.
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>>;

    /// A factory of stores that keep blobs in the same place, and reserve what they hold in memory from `budget`. A
    /// writer with a memory limit asks for it once, with the budget that it shares with others, and takes all its
    /// stores from what it is given. Factories that wrap others hand the question on. The default has none: the writer
    /// then asks this factory for stores, and pays for them by what they [say](PageStore::memory_size).
    fn for_budget(&self, budget: &MemoryBudget) -> Option<Arc<dyn PageStoreFactory>> {
        let _ = budget;
        None
    }

    /// What the stores of this factory have moved out of memory, if the factory counts it. The default
    /// does not.
    fn metrics(&self) -> Option<SpillMetrics> {
        None
    }
}

/// Whether a store failed only for want of space, so that what it holds can still be taken.
pub(crate) fn is_out_of_space(error: &ParquetError) -> bool {
    match error {
        ParquetError::SpillLimitExceeded { .. } => true,
        ParquetError::PageStore { source, .. } => is_out_of_space(source),
        ParquetError::External(cause) => cause.downcast_ref::<io::Error>().is_some_and(wants_room),
        _ => false,
    }
}

/// Whether this error, or an I/O error that it was made from, is for want of disk, of room in a file, or of files.
fn wants_room(error: &io::Error) -> bool {
    let is_full = matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    );
    let inner = || error.get_ref()?.source()?.downcast_ref::<io::Error>();
    is_full || wants_files(error) || inner().is_some_and(wants_room)
}

/// Whether the process or the system has too many open files.
pub(super) fn wants_files(error: &io::Error) -> bool {
    // `EMFILE` and `ENFILE`, which have the same numbers on all systems of this family.
    #[cfg(unix)]
    const NUMBERS: [i32; 2] = [24, 23];
    // `ERROR_TOO_MANY_OPEN_FILES`.
    #[cfg(not(unix))]
    const NUMBERS: [i32; 1] = [4];
    let number = error.raw_os_error();
    number.is_some_and(|number| NUMBERS.contains(&number))
}
