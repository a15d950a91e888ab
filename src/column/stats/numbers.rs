//! Smallest and largest integer of a slice.

/// Values that are folded side by side: enough for the widest vectors.
const LANES: usize = 16;

/// Smallest and largest of `key(value)`; none of no values.
#[inline]
pub(super) fn extremes<T: Copy, K: Copy + Ord>(
    values: &[T],
    key: impl Fn(T) -> K,
) -> Option<(K, K)> {
    let first = key(*values.first()?);
    let (mut min, mut max) = ([first; LANES], [first; LANES]);
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for ((min, max), value) in min.iter_mut().zip(&mut max).zip(chunk) {
            let key = key(*value);
            *min = if key < *min { key } else { *min };
            *max = if key > *max { key } else { *max };
        }
    }
    let tail = rest.iter().map(|value| key(*value));
    let low = min.into_iter().chain(tail.clone()).min()?;
    let high = max.into_iter().chain(tail).max()?;
    Some((low, high))
}
