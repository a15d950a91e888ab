//! `Slim`: an optional number that takes no more room than the number. A file of many columns and row
//! groups holds millions of them.

/// Numbers with a value that no file holds, and which can therefore stand for absence.
pub(crate) trait Sentinel: Copy + Eq {
    /// The value that stands for absence.
    const ABSENT: Self;
}

impl Sentinel for u64 {
    const ABSENT: Self = u64::MAX;
}

impl Sentinel for i64 {
    const ABSENT: Self = i64::MIN;
}

impl Sentinel for i32 {
    const ABSENT: Self = i32::MIN;
}

/// An `Option` in the size of `T`. The sentinel itself reads back as absent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slim<T>(T);

impl<T: Sentinel> Slim<T> {
    /// No number.
    pub(crate) const NONE: Self = Self(T::ABSENT);

    /// The number, if there is one.
    #[inline]
    pub(crate) fn get(self) -> Option<T> {
        (self.0 != T::ABSENT).then_some(self.0)
    }
}

impl<T: Sentinel> Default for Slim<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T: Sentinel> From<Option<T>> for Slim<T> {
    #[inline]
    fn from(value: Option<T>) -> Self {
        Self(value.unwrap_or(T::ABSENT))
    }
}

impl<T: Sentinel + std::fmt::Debug> std::fmt::Debug for Slim<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slim_number_is_as_large_as_the_number() {
        assert_eq!(size_of::<Slim<i64>>(), size_of::<i64>());
    }

    #[test]
    fn numbers_and_their_absence_come_back() {
        for value in [None, Some(0), Some(-1), Some(i64::MAX)] {
            assert_eq!(Slim::from(value).get(), value);
        }
        assert_eq!(format!("{:?}", Slim::from(Some(7_i32))), "Some(7)");
        assert_eq!(Slim::<u64>::default().get(), None);
    }
}
