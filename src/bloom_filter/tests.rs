use parquet::bloom_filter::Sbbf as Theirs;
use proptest::prelude::*;

use super::*;

fn bits(filter: &Sbbf) -> Vec<u8> {
    let mut bytes = Vec::new();
    filter.write_bitset(&mut bytes).unwrap();
    bytes
}

fn file_bytes(filter: &Sbbf) -> Vec<u8> {
    let mut bytes = Vec::new();
    filter.write(&mut bytes).unwrap();
    bytes
}

fn their_file_bytes(filter: &Theirs) -> Vec<u8> {
    let mut bytes = Vec::new();
    filter.write(&mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn bytes_are_those_of_the_parquet_crate(
        size in 0_usize..20_000,
        numbers in prop::collection::vec(any::<i64>(), 0..200),
        doubles in prop::collection::vec(any::<f64>(), 0..50),
        texts in prop::collection::vec(".{0,40}", 0..50),
    ) {
        let mut ours = Sbbf::new_with_num_of_bytes(size);
        let mut theirs = Theirs::new_with_num_of_bytes(size);
        for number in &numbers {
            ours.insert(number);
            theirs.insert(number);
        }
        for double in &doubles {
            ours.insert(double);
            theirs.insert(double);
        }
        for text in &texts {
            ours.insert(text.as_str());
            theirs.insert(text.as_str());
        }
        prop_assert_eq!(file_bytes(&ours), their_file_bytes(&theirs));
        prop_assert!((ours.estimated_fpp() - theirs.estimated_fpp()).abs() < 1e-12);
    }

    #[test]
    fn a_value_once_inserted_is_found_also_after_folding(
        values in prop::collection::vec(any::<i32>(), 0..500),
        size in 0_usize..10_000,
        target in 0.0_f64..1.0,
    ) {
        let mut filter = Sbbf::new_with_num_of_bytes(size);
        for value in &values {
            filter.insert(value);
        }
        prop_assert!(values.iter().all(|value| filter.check(value)));
        filter.fold_to_target_fpp(target);
        prop_assert!(values.iter().all(|value| filter.check(value)));
    }

    #[test]
    fn folding_ends_where_that_of_the_parquet_crate_ends(
        values in prop::collection::vec(any::<i64>(), 0..2000),
        size in 0_usize..40_000,
        target in prop_oneof![Just(0.05), Just(0.01), 1e-6..0.999_f64],
    ) {
        let mut ours = Sbbf::new_with_num_of_bytes(size);
        let mut theirs = Theirs::new_with_num_of_bytes(size);
        for value in &values {
            ours.insert(value);
            theirs.insert(value);
        }
        ours.fold_to_target_fpp(target);
        theirs.fold_to_target_fpp(target);
        prop_assert_eq!(file_bytes(&ours), their_file_bytes(&theirs));
    }

    #[test]
    fn sizes_are_those_of_the_parquet_crate(ndv in 0_u64..10_000_000, fpp in 1e-9..1.0_f64) {
        let ours = Sbbf::new_with_ndv_fpp(ndv, fpp).unwrap();
        let theirs = Theirs::new_with_ndv_fpp(ndv, fpp).unwrap();
        prop_assert_eq!(ours.num_blocks(), theirs.num_blocks());
    }

    #[test]
    fn what_was_written_reads_back(
        values in prop::collection::vec(any::<u64>(), 0..100),
        size in 0_usize..5000,
    ) {
        let mut filter = Sbbf::new_with_num_of_bytes(size);
        for value in &values {
            filter.insert(value);
        }
        prop_assert_eq!(&Sbbf::from_bytes(&file_bytes(&filter)).unwrap(), &filter);
        prop_assert_eq!(&Sbbf::new(&bits(&filter)), &filter);
        let theirs = Theirs::from_bytes(&file_bytes(&filter)).unwrap();
        prop_assert!(values.iter().all(|value| theirs.check(value)));
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = Sbbf::from_bytes(&bytes);
        let mut filter = Sbbf::new(&bytes);
        filter.insert(&1);
        filter.fold_to_target_fpp(0.5);
        prop_assert!(filter.check(&1));
    }
}

#[test]
fn sizes_are_powers_of_two_within_the_bounds() {
    for (asked, blocks) in [
        (0, 1),
        (31, 1),
        (32, 1),
        (33, 2),
        (1000, 32),
        (BITSET_MAX_LENGTH - 1, 1 << 22),
        (BITSET_MAX_LENGTH, 1 << 22),
        (usize::MAX, 1 << 22),
    ] {
        assert_eq!(
            Sbbf::new_with_num_of_bytes(asked).num_blocks(),
            blocks,
            "{asked}"
        );
    }
    let largest = Sbbf::new_with_ndv_fpp(u64::MAX, 0.01).unwrap();
    assert_eq!(largest.memory_size(), BITSET_MAX_LENGTH);
    assert_eq!(BITSET_MAX_LENGTH, parquet::bloom_filter::BITSET_MAX_LENGTH);
    assert_eq!(BITSET_MIN_LENGTH, parquet::bloom_filter::BITSET_MIN_LENGTH);
}

#[test]
fn a_probability_outside_of_0_to_1_is_refused() {
    for fpp in [-1.0, -1e-300, 1.0, 2.0, f64::NAN] {
        Theirs::new_with_ndv_fpp(10, fpp).unwrap_err();
        let error = Sbbf::new_with_ndv_fpp(10, fpp).unwrap_err().to_string();
        let words = format!("False positive probability must be between 0.0 and 1.0, got {fpp}");
        assert!(error.contains(&words), "{error}");
    }
}

#[test]
fn a_full_filter_keeps_to_its_probability() {
    let mut filter = Sbbf::new_with_ndv_fpp(50_000, 0.01).unwrap();
    for value in 0..50_000_i64 {
        filter.insert(&value);
    }
    let wrong = (50_000..150_000_i64)
        .filter(|value| filter.check(value))
        .count();
    assert!(wrong < 1_000, "{wrong} of 100,000");
    assert!(filter.estimated_fpp() < 0.01);
}

#[test]
fn a_filter_made_too_large_folds_to_its_content() {
    let mut filter = Sbbf::new_with_ndv_fpp(1_000_000, 0.01).unwrap();
    for value in 0..1000_i64 {
        filter.insert(&value);
    }
    filter.fold_to_target_fpp(0.01);
    assert_eq!(filter.num_blocks(), 64);
    assert_eq!(filter.memory_size(), 64 * 32);
    let wrong = (1000..101_000_i64)
        .filter(|value| filter.check(value))
        .count();
    assert!(wrong < 1_500, "{wrong} of 100,000");
}

#[test]
fn an_empty_filter_folds_to_one_block() {
    let mut filter = Sbbf::new_with_num_of_bytes(4096);
    filter.fold_to_target_fpp(0.01);
    assert_eq!(filter.num_blocks(), 1);
    assert!(!filter.check(&1));
}

#[test]
fn an_odd_number_of_blocks_is_left_alone() {
    let mut filter = Sbbf::new(&[0; 3 * 32]);
    filter.insert(&5);
    filter.fold_to_target_fpp(0.9);
    assert_eq!(filter.num_blocks(), 3);
    assert!(filter.check(&5));
}

#[test]
fn the_header_is_sixteen_bytes_of_the_specification() {
    let bytes = file_bytes(&Sbbf::new_with_num_of_bytes(256));
    let header = [
        0x15, 0x80, 0x04, 0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0,
    ];
    assert_eq!(bytes[..16], header);
    assert_eq!(bytes.len(), 16 + 256);
}

#[test]
fn damaged_bytes_are_refused() {
    let whole = file_bytes(&Sbbf::new_with_num_of_bytes(64));
    for len in 0..whole.len() {
        assert!(Sbbf::from_bytes(&whole[..len]).is_err(), "{len} bytes");
    }
    let longer = [&whole[..], &[0]].concat();
    assert!(
        Sbbf::from_bytes(&longer)
            .unwrap_err()
            .to_string()
            .contains("65 bytes")
    );
    for at in 0..15 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x04;
        assert!(Sbbf::from_bytes(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn a_probability_of_zero_gives_the_smallest_filter_as_with_the_parquet_crate() {
    for (ndv, fpp) in [
        (0, 0.0),
        (10, 0.0),
        (10, -0.0),
        (u64::MAX, 0.0),
        (100, 1e-300),
        (100, 1e-17),
    ] {
        let ours = Sbbf::new_with_ndv_fpp(ndv, fpp).unwrap();
        let theirs = Theirs::new_with_ndv_fpp(ndv, fpp).unwrap();
        assert_eq!(ours.num_blocks(), theirs.num_blocks(), "{ndv} at {fpp}");
    }
    assert_eq!(Sbbf::new_with_ndv_fpp(10, 0.0).unwrap().num_blocks(), 1);
}

#[test]
fn a_filter_without_blocks_lets_everything_pass_and_says_so() {
    let filter = Sbbf::new(&[]);
    assert!(filter.check(&1));
    assert_eq!(filter.estimated_fpp(), 1.0);
    assert_eq!(filter.estimated_fpp(), Theirs::new(&[]).estimated_fpp());
}
