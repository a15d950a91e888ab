//! A page store and a sink whose n-th call fails. Calls of both are counted together, in the order in
//! which they are made.

use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::panic::panic_any;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use herringbone::budget::{MemoryBudget, MemorySource};
use herringbone::column::page_store::{
    PageKey, PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics,
};
use herringbone::errors::Result;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Create,
    Put,
    Take,
    Spill,
    DropStore,
    Write,
    Flush,
    // Counted only by a plan for them: there are too many.
    MemorySize,
    ReservedSize,
    TryGrow,
    Grow,
    Shrink,
    Limit,
    Used,
}

/// Calls of a memory source.
pub const SOURCE_CALLS: [Call; 5] = [
    Call::TryGrow,
    Call::Grow,
    Call::Shrink,
    Call::Limit,
    Call::Used,
];

/// What happens instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An I/O error of this kind; nothing is moved.
    Error(io::ErrorKind),
    /// A write takes half of its bytes, and other calls work.
    Short,
    /// A write takes no byte, and other calls work.
    Nothing,
    /// Half of a write's bytes arrive before an error; other calls just fail.
    Torn,
    Panic,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Never,
    /// The call with this ordinal.
    Once(usize),
    /// That call and all later ones of its kind: a disk that stays full.
    From(usize),
}

const SIZES: [Call; 2] = [Call::MemorySize, Call::ReservedSize];

/// The plan of one run. Clones share the count.
#[derive(Debug, Clone)]
pub struct Plan {
    fault: Fault,
    when: When,
    only: Option<Call>,
    log: Arc<Mutex<Vec<Call>>>,
}

impl Plan {
    pub fn none() -> Self {
        Self::new(Fault::Short, When::Never)
    }

    pub fn new(fault: Fault, when: When) -> Self {
        Self {
            fault,
            when,
            only: None,
            log: Arc::default(),
        }
    }

    /// Counts and strikes this call alone.
    pub fn only(self, call: Call) -> Self {
        let only = Some(call);
        Self { only, ..self }
    }

    /// `budget`, or one over it whose source fails if that is the plan.
    pub fn budget_over(&self, budget: MemoryBudget) -> MemoryBudget {
        match self.only.is_some_and(|call| SOURCE_CALLS.contains(&call)) {
            true => MemoryBudget::with_source(Arc::new(FaultySource {
                plan: self.clone(),
                inner: budget,
            })),
            false => budget,
        }
    }

    /// The calls made so far.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.log).clone()
    }

    /// Whether the planned fault has happened.
    pub fn has_struck(&self) -> bool {
        match self.when {
            When::Never => false,
            When::Once(at) | When::From(at) => lock(&self.log).len() > at,
        }
    }

    /// Counts a call; what is to happen instead of it.
    pub fn strikes(&self, call: Call) -> Option<Fault> {
        let is_counted = match self.only {
            Some(only) => call == only,
            None => !SOURCE_CALLS.contains(&call) && !SIZES.contains(&call),
        };
        if !is_counted {
            return None;
        }
        let mut log = lock(&self.log);
        log.push(call);
        let strikes = match self.when {
            When::Never => false,
            When::Once(at) => log.len() == at + 1,
            When::From(at) => log.get(at) == Some(&call),
        };
        strikes.then_some(self.fault)
    }

    /// A call that cannot fail but by a panic.
    pub fn panic_at(&self, call: Call) {
        if let Some(Fault::Panic) = self.strikes(call) {
            panic_any(Injected(call));
        }
    }

    /// A call that moves all or nothing.
    pub fn pass(&self, call: Call) -> io::Result<()> {
        match self.strikes(call) {
            None | Some(Fault::Short | Fault::Nothing) => Ok(()),
            Some(Fault::Error(kind)) => Err(injected(kind, call)),
            Some(Fault::Torn) => Err(injected(io::ErrorKind::Other, call)),
            Some(Fault::Panic) => panic_any(Injected(call)),
        }
    }
}

/// What a planned panic carries.
#[derive(Debug)]
pub struct Injected(#[allow(dead_code, reason = "for whoever debugs")] pub Call);

/// Planned panics print nothing.
pub fn hush_planned_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() {
                print(info);
            }
        }));
    });
}

fn injected(kind: io::ErrorKind, call: Call) -> io::Error {
    io::Error::new(kind, format!("injected fault in {call:?}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// A sink that keeps what reaches it, also after its writer is gone.
#[derive(Clone)]
pub struct FaultySink {
    plan: Plan,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl FaultySink {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            taken: Arc::default(),
        }
    }

    /// The bytes that have reached the sink.
    pub fn taken(&self) -> Vec<u8> {
        lock(&self.taken).clone()
    }

    fn take(&self, bytes: &[u8]) -> usize {
        lock(&self.taken).extend_from_slice(bytes);
        bytes.len()
    }
}

impl Write for FaultySink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let half = &bytes[..bytes.len().div_ceil(2)];
        match self.plan.strikes(Call::Write) {
            None => Ok(self.take(bytes)),
            Some(Fault::Short) => Ok(self.take(half)),
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::Error(kind)) => Err(injected(kind, Call::Write)),
            Some(Fault::Torn) => {
                self.take(half);
                Err(injected(io::ErrorKind::Other, Call::Write))
            }
            Some(Fault::Panic) => panic_any(Injected(Call::Write)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.plan.pass(Call::Flush)
    }
}

impl Debug for FaultySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultySink")
    }
}

/// Stores of another factory whose calls fail as planned.
pub struct FaultyStores {
    plan: Plan,
    inner: Arc<dyn PageStoreFactory>,
}

struct FaultyStore {
    plan: Plan,
    inner: Box<dyn PageStore>,
}

impl FaultyStores {
    pub fn new(plan: Plan, inner: Arc<dyn PageStoreFactory>) -> Self {
        Self { plan, inner }
    }
}

impl Debug for FaultyStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyStores")
    }
}

impl PageStoreFactory for FaultyStores {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        self.plan.pass(Call::Create)?;
        Ok(Box::new(FaultyStore {
            plan: self.plan.clone(),
            inner: self.inner.create(args)?,
        }))
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        self.inner.metrics()
    }
}

impl PageStore for FaultyStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.plan.pass(Call::Put)?;
        self.inner.put(value)
    }

    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        self.plan.pass(Call::Put)?;
        self.inner.put_from(buffer, from)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        self.plan.pass(Call::Take)?;
        self.inner.take(key)
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        self.plan.pass(Call::Take)?;
        self.inner.take_into(key, buffer)
    }

    fn spill(&mut self) -> Result<usize> {
        self.plan.pass(Call::Spill)?;
        self.inner.spill()
    }

    fn memory_size(&self) -> usize {
        self.plan.panic_at(Call::MemorySize);
        self.inner.memory_size()
    }

    fn reserved_size(&self) -> usize {
        self.plan.panic_at(Call::ReservedSize);
        self.inner.reserved_size()
    }
}

/// A budget behind another, whose calls panic as planned.
#[derive(Debug)]
struct FaultySource {
    plan: Plan,
    inner: MemoryBudget,
}

impl MemorySource for FaultySource {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        self.plan.panic_at(Call::TryGrow);
        MemorySource::try_grow(&self.inner, bytes)
    }

    fn grow(&self, bytes: usize) {
        self.plan.panic_at(Call::Grow);
        MemorySource::grow(&self.inner, bytes);
    }

    /// Also while another panic unwinds.
    fn shrink(&self, bytes: usize) {
        MemorySource::shrink(&self.inner, bytes);
        self.plan.panic_at(Call::Shrink);
    }

    fn limit(&self) -> Option<usize> {
        self.plan.panic_at(Call::Limit);
        MemorySource::limit(&self.inner)
    }

    fn used(&self) -> Option<usize> {
        self.plan.panic_at(Call::Used);
        MemorySource::used(&self.inner)
    }
}

impl Drop for FaultyStore {
    fn drop(&mut self) {
        // A drop cannot report an error, and a second panic would end the process.
        match self.plan.strikes(Call::DropStore) {
            Some(Fault::Panic) if !std::thread::panicking() => panic_any(Injected(Call::DropStore)),
            _ => {}
        }
    }
}
