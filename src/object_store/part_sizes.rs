//! How large the parts of an upload are.

/// SPEC: S3, GCS and R2 take parts numbered 1 to 10,000.
pub(super) const MOST_PARTS: usize = 10_000;

/// SPEC: S3, GCS and R2 take parts of at most 5 GiB.
const LARGEST_PART: u64 = 5 << 30;

/// Parts that have the first part's size. Whatever the size of a file, its last part is then about eight times as large
/// as that of the file in 10,000 equal parts, if it is larger than the first at all.
const PARTS_OF_FIRST_SIZE: u64 = 1_250;

/// The sizes of the parts of one upload, but for the last part, which has what is left.
#[derive(Debug, Clone, Copy)]
pub(super) enum PartSizes {
    /// The size of the first part. From a certain size of the file on parts grow with it, so that 5 TiB fit.
    Growing(usize),
    /// The size of every part.
    Equal(usize),
}

impl PartSizes {
    /// The size of the part that follows `sent` bytes in parts. Growing parts grow to `most` bytes, if that is
    /// more than the first.
    pub(super) fn next(self, sent: u64, most: usize) -> usize {
        match self {
            PartSizes::Equal(size) => size,
            PartSizes::Growing(first) => {
                let wanted = (sent / PARTS_OF_FIRST_SIZE).min(LARGEST_PART);
                let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
                wanted.min(most).max(first)
            }
        }
    }

    /// The size of the first part.
    pub(super) fn first(self) -> usize {
        match self {
            PartSizes::Equal(size) | PartSizes::Growing(size) => size,
        }
    }

    /// The same with another size of the first part, which is at least a byte and at most what stores take.
    pub(super) fn with_first(self, size: usize) -> Self {
        let largest = usize::try_from(LARGEST_PART).unwrap_or(usize::MAX);
        let size = size.clamp(1, largest);
        match self {
            PartSizes::Equal(_) => PartSizes::Equal(size),
            PartSizes::Growing(_) => PartSizes::Growing(size),
        }
    }

    /// The same with all parts as large as the first.
    pub(super) fn made_equal(self) -> Self {
        PartSizes::Equal(self.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;
    const TIB: u64 = 1 << 40;

    /// How many parts `bytes` take, and how large the largest is.
    fn cut(sizes: PartSizes, bytes: u64, most: usize) -> (usize, usize) {
        let (mut sent, mut parts, mut largest) = (0, 0, 0);
        while sent < bytes {
            let part = sizes.next(sent, most);
            sent += part as u64;
            (parts, largest) = (parts + 1, largest.max(part));
        }
        (parts, largest)
    }

    #[test]
    fn five_tebibytes_fit_from_the_smallest_part_on() {
        for first in [5 * MIB, 8 * MIB, 100 * MIB, 1024 * MIB] {
            let (parts, largest) = cut(PartSizes::Growing(first), 5 * TIB, usize::MAX);
            assert!(parts <= MOST_PARTS, "{first}: {parts} parts");
            assert!(largest as u64 <= LARGEST_PART, "{first}: {largest} bytes");
        }
    }

    #[test]
    fn parts_stay_as_small_as_the_file_allows() {
        let sizes = PartSizes::Growing(5 * MIB);
        assert_eq!(cut(sizes, 6 << 30, usize::MAX).1, 5 * MIB);
        for gib in [20_u64, 100, 1000] {
            let (parts, largest) = cut(sizes, gib << 30, usize::MAX);
            let equal = (gib << 30) / MOST_PARTS as u64;
            assert!(largest as u64 <= 8 * equal, "{gib} GiB: {largest} bytes");
            assert!(parts <= MOST_PARTS, "{gib} GiB: {parts} parts");
        }
    }

    #[test]
    fn parts_grow_no_further_than_they_may() {
        let sizes = PartSizes::Growing(5 * MIB);
        assert_eq!(cut(sizes, TIB / 8, 16 * MIB).1, 16 * MIB);
        assert_eq!(cut(sizes, TIB / 8, MIB).1, 5 * MIB);
    }

    #[test]
    fn equal_parts_are_equal() {
        let sizes = PartSizes::Growing(1).with_first(6 * MIB).made_equal();
        for sent in [0, 6 * MIB as u64, TIB] {
            assert_eq!(sizes.next(sent, usize::MAX), 6 * MIB);
        }
    }

    #[test]
    fn no_part_is_empty_or_larger_than_stores_take() {
        assert_eq!(PartSizes::Growing(5).with_first(0).first(), 1);
        let largest = PartSizes::Growing(5).with_first(usize::MAX).first();
        assert_eq!(largest as u64, LARGEST_PART);
    }
}
