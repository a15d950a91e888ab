//! A counting allocator: what this thread holds on the heap, and the most it held at once. Counts
//! only while it is told to, so that a test's input and its checks stay out of the figures.

#![allow(dead_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering};

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static TOGETHER: Cell<bool> = const { Cell::new(false) };
}

/// What all threads that count together hold, and the most they held at once.
static LIVE_TOGETHER: AtomicIsize = AtomicIsize::new(0);
static PEAK_TOGETHER: AtomicIsize = AtomicIsize::new(0);

/// The allocator; each binary that measures installs it with `#[global_allocator]`.
pub(crate) struct CountingAllocator;

// SAFETY: every call goes to the system allocator unchanged; the counters touch no memory of it.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // A block that moves exists twice for a moment; growing in place is the system's luck, not ours.
        count(new_size as isize);
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

fn count(bytes: isize) {
    // A thread that is being torn down has no counters any more.
    let _ = TOGETHER.try_with(|together| {
        if together.get() {
            let live = LIVE_TOGETHER.fetch_add(bytes, Ordering::Relaxed) + bytes;
            PEAK_TOGETHER.fetch_max(live, Ordering::Relaxed);
        }
    });
    let _ = COUNTING.try_with(|counting| {
        if counting.get() {
            let live = LIVE.get() + bytes;
            LIVE.set(live);
            PEAK.set(PEAK.get().max(live));
            if bytes > 0 {
                ALLOCATIONS.set(ALLOCATIONS.get() + 1);
            }
        }
    });
}

/// Runs `work` and counts what it allocates on this thread.
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> T {
    switched(true, work)
}

/// Runs `work` inside [`counted`] without counting it.
pub(crate) fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    switched(false, work)
}

/// Bytes held now.
pub(crate) fn live() -> usize {
    LIVE.get().max(0) as usize
}

/// Most bytes held at once since [`reset`].
pub(crate) fn peak() -> usize {
    PEAK.get().max(0) as usize
}

/// Allocations since [`reset`].
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Forgets the peak, not what is held now.
pub(crate) fn forget_peak() {
    PEAK.set(LIVE.get());
}

/// Forgets everything that was counted on this thread.
pub(crate) fn reset() {
    LIVE.set(0);
    PEAK.set(0);
    ALLOCATIONS.set(0);
}

fn switched<T>(on: bool, work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            COUNTING.set(self.0);
        }
    }
    let _restore = Restore(COUNTING.replace(on));
    work()
}

/// Runs `work` while this thread counts with all others that do. One test at a time may use this.
pub(crate) fn counted_together<T>(work: impl FnOnce() -> T) -> T {
    let before = TOGETHER.replace(true);
    let result = work();
    TOGETHER.set(before);
    result
}

/// The most that threads held together since this was called last, and what they hold.
pub(crate) fn peak_together() -> (usize, usize) {
    let live = LIVE_TOGETHER.load(Ordering::Relaxed);
    let peak = PEAK_TOGETHER.swap(live, Ordering::Relaxed);
    (peak.max(0) as usize, live.max(0) as usize)
}
