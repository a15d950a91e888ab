//! The conformance kit finds what is wrong with a store: each flaw alone is enough.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::super::*;
use crate::errors::{ParquetError, Result};

/// What a store does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    FlipsABit,
    CutsTheLastByte,
    AddsAByte,
    RefusesEmptyBlobs,
    RefusesLargeBlobs,
    /// Equal blobs have one key.
    KeysByContent,
    GivesBackTwice,
    KnowsEveryKey,
    /// Keys of one store are good in another.
    OneTable,
    /// Another store's blobs go with a dropped one's.
    DropsAll,
    TakesInOrderOnly,
    AppendsToTheBuffer,
    KeepsTheBufferBriefly,
    HoldsTooMuch,
    NeverShrinks,
    ReservesMoreThanItHolds,
    SpillLosesABlob,
    SpillSaysTooMuch,
    /// An unused store holds a megabyte.
    CostsAMegabyte,
    /// Put on one thread, gone on another.
    StaysOnItsThread,
    /// A refused put costs an earlier blob.
    LosesABlobWhenFull,
    /// Want of room is an error like any other.
    HidesThatItIsFull,
    /// Room that is given back is not used again.
    StaysFull,
}

const FLAWS: [Flaw; 20] = [
    Flaw::FlipsABit,
    Flaw::CutsTheLastByte,
    Flaw::AddsAByte,
    Flaw::RefusesEmptyBlobs,
    Flaw::RefusesLargeBlobs,
    Flaw::KeysByContent,
    Flaw::GivesBackTwice,
    Flaw::KnowsEveryKey,
    Flaw::OneTable,
    Flaw::DropsAll,
    Flaw::TakesInOrderOnly,
    Flaw::AppendsToTheBuffer,
    Flaw::KeepsTheBufferBriefly,
    Flaw::HoldsTooMuch,
    Flaw::NeverShrinks,
    Flaw::ReservesMoreThanItHolds,
    Flaw::SpillLosesABlob,
    Flaw::SpillSaysTooMuch,
    Flaw::CostsAMegabyte,
    Flaw::StaysOnItsThread,
];

/// Those that show when there is no room.
const FLAWS_WHEN_FULL: [Flaw; 3] = [
    Flaw::LosesABlobWhenFull,
    Flaw::HidesThatItIsFull,
    Flaw::StaysFull,
];

/// Bytes that a store has room for.
const ROOM: usize = 300_000;

type Table = Arc<Mutex<HashMap<u64, Bytes>>>;

#[derive(Debug, Clone)]
struct Broken {
    flaw: Flaw,
    is_small: bool,
    /// For the flaws that stores share.
    common: Table,
}

struct BrokenStore {
    flaw: Flaw,
    is_small: bool,
    common: Table,
    blobs: Table,
    next: u64,
    next_taken: u64,
    put_bytes: usize,
    thread: Option<std::thread::ThreadId>,
}

impl PageStoreFactory for Broken {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        let blobs = match self.flaw {
            Flaw::OneTable => Arc::clone(&self.common),
            _ => Table::default(),
        };
        Ok(Box::new(BrokenStore {
            flaw: self.flaw,
            is_small: self.is_small,
            common: Arc::clone(&self.common),
            blobs,
            next: 0,
            next_taken: 0,
            put_bytes: 0,
            thread: None,
        }))
    }
}

fn held(table: &Table) -> usize {
    table.lock().unwrap().values().map(Bytes::len).sum()
}

impl BrokenStore {
    fn refuse<T>(&self) -> Result<T> {
        Err(ParquetError::General("no such key".to_owned()))
    }
}

impl PageStore for BrokenStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        match self.flaw {
            Flaw::RefusesEmptyBlobs if value.is_empty() => return self.refuse(),
            Flaw::RefusesLargeBlobs if value.len() > 1 << 20 => return self.refuse(),
            _ => {}
        }
        let used = match self.flaw {
            Flaw::StaysFull => held(&self.common),
            _ => held(&self.blobs),
        };
        if self.is_small && used + value.len() > ROOM {
            if self.flaw == Flaw::LosesABlobWhenFull {
                self.blobs.lock().unwrap().remove(&0);
            }
            return match self.flaw {
                Flaw::HidesThatItIsFull => self.refuse(),
                _ => Err(io::Error::from(io::ErrorKind::StorageFull).into()),
            };
        }
        self.thread.get_or_insert(std::thread::current().id());
        let key = match self.flaw {
            Flaw::KeysByContent => u64::from(crc32fast::hash(&value)),
            _ => self.next,
        };
        self.next += 1;
        self.put_bytes += value.len();
        if self.flaw == Flaw::StaysFull {
            let mut all = self.common.lock().unwrap();
            let place = all.len() as u64;
            all.insert(place, value.clone());
        }
        self.blobs.lock().unwrap().insert(key, value);
        if self.flaw == Flaw::DropsAll {
            // One drop ends the lives of all others.
            self.common.lock().unwrap().insert(key, Bytes::new());
        }
        Ok(PageKey::new(key))
    }

    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        let mut value = buffer[from..].to_vec();
        if self.flaw == Flaw::KeepsTheBufferBriefly {
            value.fill(0xEE);
        }
        self.put(value.into())
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let is_elsewhere = self
            .thread
            .is_some_and(|id| id != std::thread::current().id());
        if self.flaw == Flaw::StaysOnItsThread && is_elsewhere {
            return self.refuse();
        }
        if self.flaw == Flaw::TakesInOrderOnly && key.get() != self.next_taken {
            return self.refuse();
        }
        self.next_taken += 1;
        if self.flaw == Flaw::DropsAll && !self.common.lock().unwrap().contains_key(&key.get()) {
            return self.refuse();
        }
        let mut blobs = self.blobs.lock().unwrap();
        let taken = match self.flaw {
            Flaw::GivesBackTwice => blobs.get(&key.get()).cloned(),
            _ => blobs.remove(&key.get()),
        };
        drop(blobs);
        let Some(taken) = taken else {
            return match self.flaw {
                Flaw::KnowsEveryKey => Ok(Bytes::new()),
                _ => self.refuse(),
            };
        };
        let mut value = taken.to_vec();
        match self.flaw {
            Flaw::FlipsABit => {
                if let Some(last) = value.last_mut() {
                    *last ^= 1;
                }
            }
            Flaw::CutsTheLastByte => drop(value.pop()),
            Flaw::AddsAByte => value.push(0),
            _ => {}
        }
        Ok(value.into())
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let value = self.take(key)?;
        if self.flaw != Flaw::AppendsToTheBuffer {
            buffer.clear();
        }
        buffer.extend_from_slice(&value);
        Ok(())
    }

    fn spill(&mut self) -> Result<usize> {
        match self.flaw {
            Flaw::SpillLosesABlob => {
                self.blobs.lock().unwrap().remove(&0);
                Ok(0)
            }
            Flaw::SpillSaysTooMuch => Ok(held(&self.blobs) + (1 << 20)),
            _ => Ok(0),
        }
    }

    fn memory_size(&self) -> usize {
        match self.flaw {
            Flaw::HoldsTooMuch => 2 * held(&self.blobs),
            Flaw::NeverShrinks => self.put_bytes,
            Flaw::CostsAMegabyte => held(&self.blobs) + (1 << 20),
            _ => held(&self.blobs),
        }
    }

    fn reserved_size(&self) -> usize {
        match self.flaw {
            Flaw::ReservesMoreThanItHolds => held(&self.blobs) + 1,
            _ => 0,
        }
    }
}

impl Drop for BrokenStore {
    fn drop(&mut self) {
        if self.flaw == Flaw::DropsAll {
            self.common.lock().unwrap().clear();
        }
    }
}

/// What `check` says of stores; nothing if they pass.
fn verdict(check: fn(&dyn PageStoreFactory), flaw: Flaw, is_small: bool) -> Option<String> {
    let stores = Broken {
        flaw,
        is_small,
        common: Table::default(),
    };
    let panic = catch_unwind(AssertUnwindSafe(|| check(&stores))).err()?;
    Some(match panic.downcast::<String>() {
        Ok(text) => *text,
        // What a thread of the kit finds reaches the caller without its words.
        Err(_) => "page store: ".to_owned(),
    })
}

#[test]
fn the_kit_finds_every_flaw_and_says_what_is_claimed() {
    assert_eq!(verdict(conformance::check, Flaw::None, false), None);
    for flaw in FLAWS {
        let verdict = verdict(conformance::check, flaw, false);
        let verdict = verdict.unwrap_or_else(|| panic!("{flaw:?} passes"));
        assert!(verdict.starts_with("page store: "), "{flaw:?}: {verdict}");
    }
}

#[test]
fn the_kit_finds_every_flaw_of_stores_without_room() {
    assert_eq!(verdict(conformance::check_full, Flaw::None, true), None);
    for flaw in FLAWS_WHEN_FULL {
        let verdict = verdict(conformance::check_full, flaw, true);
        let verdict = verdict.unwrap_or_else(|| panic!("{flaw:?} passes"));
        assert!(verdict.starts_with("page store: "), "{flaw:?}: {verdict}");
    }
    let endless = verdict(conformance::check_full, Flaw::None, false).unwrap();
    assert!(endless.contains("64 MB"), "{endless}");
}
