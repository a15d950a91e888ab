//! Kernel: memory that is asked for before it is read, so that nothing has to wait for it.

/// Asks memory for an item that is needed soon; nothing happens if there is no such item.
#[inline(always)]
pub(crate) fn fetch<T>(items: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has SSE. The place is only named, not read, wherever it lies.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(items.as_ptr().wrapping_add(at).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, at);
}
