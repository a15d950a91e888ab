//! Statistics say and show what the independent implementation's say and show.

use parquet::data_type as oracle_type;
use parquet::file::statistics as oracle;

use super::*;

#[test]
fn every_type_is_shown_as_the_oracle_shows_it() {
    let pairs = [
        (
            Statistics::boolean(Some(false), Some(true), None, Some(1), false).to_string(),
            oracle::Statistics::boolean(Some(false), Some(true), None, Some(1), false).to_string(),
        ),
        (
            Statistics::int32(Some(-1), Some(2), Some(3), None, true).to_string(),
            oracle::Statistics::int32(Some(-1), Some(2), Some(3), None, true).to_string(),
        ),
        (
            Statistics::int64(None, None, None, None, false).to_string(),
            oracle::Statistics::int64(None, None, None, None, false).to_string(),
        ),
        (
            Statistics::int96(Some(Int96::from([1, 2, 3])), None, None, Some(0), false).to_string(),
            oracle::Statistics::int96(
                Some(oracle_type::Int96::from(vec![1, 2, 3])),
                None,
                None,
                Some(0),
                false,
            )
            .to_string(),
        ),
        (
            Statistics::float(Some(1.0), Some(f32::NAN), None, None, false).to_string(),
            oracle::Statistics::float(Some(1.0), Some(f32::NAN), None, None, false).to_string(),
        ),
        (
            Statistics::double(Some(-0.0), Some(1.5), None, None, false).to_string(),
            oracle::Statistics::double(Some(-0.0), Some(1.5), None, None, false).to_string(),
        ),
        (
            Statistics::byte_array(Some("ab".into()), None, None, Some(1), false).to_string(),
            oracle::Statistics::byte_array(Some("ab".into()), None, None, Some(1), false)
                .to_string(),
        ),
        (
            Statistics::fixed_len_byte_array(Some(vec![7].into()), None, None, None, false)
                .to_string(),
            oracle::Statistics::fixed_len_byte_array(Some(vec![7].into()), None, None, None, false)
                .to_string(),
        ),
    ];
    for (ours, theirs) in pairs {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn flags_follow_the_bounds_as_the_oracles_do() {
    for is_deprecated in [false, true] {
        for bound in [None, Some(5)] {
            let ours = ValueStatistics::<i32>::new(bound, None, Some(1), None, is_deprecated);
            let theirs =
                oracle::ValueStatistics::<i32>::new(bound, None, Some(1), None, is_deprecated);
            assert_eq!(ours.min_is_exact(), theirs.min_is_exact());
            assert_eq!(ours.max_is_exact(), theirs.max_is_exact());
            assert_eq!(
                ours.is_min_max_backwards_compatible(),
                theirs.is_min_max_backwards_compatible()
            );
            assert_eq!(ours.distinct_count(), theirs.distinct_count());
            assert_eq!(ours.min_bytes_opt(), theirs.min_bytes_opt());
        }
    }
}

#[test]
fn a_bound_can_be_marked_inexact_and_a_nan_count_added() {
    let typed = ValueStatistics::new(Some(1.0_f64), Some(2.0), None, Some(4), false)
        .with_min_is_exact(false)
        .with_backwards_compatible_min_max(true)
        .with_nan_count(Some(3));
    let statistics = Statistics::from(typed);
    assert!(!statistics.min_is_exact());
    assert!(statistics.max_is_exact());
    assert!(statistics.is_min_max_backwards_compatible());
    assert!(!statistics.is_min_max_deprecated());
    assert_eq!(statistics.nan_count_opt(), Some(3));
    assert_eq!(statistics.null_count_opt(), Some(4));
    assert_eq!(statistics.physical_type(), Type::DOUBLE);
    assert_eq!(statistics.max_bytes_opt(), Some(&2.0_f64.to_le_bytes()[..]));
}

#[test]
fn statistics_fit_in_112_bytes_and_count_their_heap() {
    assert!(size_of::<Statistics>() <= 112);
    let statistics =
        Statistics::byte_array(Some("abc".into()), Some("defg".into()), None, None, false);
    assert_eq!(statistics.memory_size(), 7);
    assert_eq!(
        Statistics::int32(Some(1), None, None, None, false).memory_size(),
        0
    );
}

#[test]
fn debug_texts_are_those_of_the_parquet_crate() {
    use parquet::file::statistics::Statistics as Theirs;

    let ours = Statistics::int32(Some(1), Some(12), None, Some(12), true);
    let theirs = Theirs::int32(Some(1), Some(12), None, Some(12), true);
    assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    let text = |bytes: &[u8]| Some(bytes.to_vec());
    for (min, max) in [(text(b"a"), text(b"\xff")), (None, text(b""))] {
        let (our_min, our_max) = (min.clone().map(Into::into), max.clone().map(Into::into));
        let ours = Statistics::byte_array(our_min, our_max, Some(3), None, false);
        let theirs = Theirs::byte_array(
            min.map(Into::into),
            max.map(Into::into),
            Some(3),
            None,
            false,
        );
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
}
