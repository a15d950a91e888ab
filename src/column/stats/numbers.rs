//! Smallest and largest number of a slice.

/// Smallest and largest of `key(value)`; none of no values.
#[inline]
pub(super) fn extremes<T: Copy, K: Copy + Ord>(
    values: &[T],
    key: impl Fn(T) -> K,
) -> Option<(K, K)> {
    // What every x86-64 processor has cannot compare 64-bit integers in vectors.
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { extremes_avx2(values, key) };
    }
    fold(values, key)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn extremes_avx2<T: Copy, K: Copy + Ord>(values: &[T], key: impl Fn(T) -> K) -> Option<(K, K)> {
    fold(values, key)
}

/// A plain loop, which compilers turn into vectors of any width.
#[inline(always)]
fn fold<T: Copy, K: Copy + Ord>(values: &[T], key: impl Fn(T) -> K) -> Option<(K, K)> {
    let first = key(*values.first()?);
    Some(values.iter().fold((first, first), |(low, high), value| {
        let key = key(*value);
        (low.min(key), high.max(key))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn extremes_are_those_of_the_values(values in prop::collection::vec(any::<i64>(), 1..100)) {
            let (min, max) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
            prop_assert_eq!(extremes(&values, |value| value), Some((min, max)));
            prop_assert_eq!(fold(&values, |value| value), Some((min, max)));
            let unsigned = values.iter().map(|value| value.cast_unsigned());
            let bounds = (unsigned.clone().min().unwrap(), unsigned.max().unwrap());
            prop_assert_eq!(extremes(&values, |value| value.cast_unsigned()), Some(bounds));
        }
    }

    #[test]
    fn no_values_have_no_extremes() {
        assert_eq!(extremes(&[], |value: i32| value), None);
    }
}
