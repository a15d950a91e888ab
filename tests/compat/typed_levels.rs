//! Levels that do not describe rows of the column are refused by the call that brings them, which then writes nothing.

use std::sync::Arc;

use herringbone::data_type::Int32Type;
use herringbone::file::properties::WriterProperties;
use herringbone::file::writer::SerializedFileWriter;
use parquet::data_type as peer;
use proptest::prelude::*;

use crate::typed::{read, schema};

type Levels = (Vec<i16>, Option<Vec<i16>>);

const FLAT: &str = "message m { optional int32 a; }";
const LIST: &str =
    "message m { optional group a (LIST) { repeated group list { optional int32 element; } } }";
const LISTS: &str = "message m { optional group a (LIST) { repeated group list {
    optional group element (LIST) { repeated group list { optional int32 element; } } } } }";

/// Writes each batch, as many values as its definition levels call for. Returns what was said to each, and the file.
fn write(message: &str, batches: &[Levels]) -> (Vec<Result<usize, String>>, Vec<u8>) {
    let properties = WriterProperties::builder().set_write_batch_size(7);
    let mut file =
        SerializedFileWriter::new(Vec::new(), schema(message), Arc::new(properties.build()))
            .unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let typed = column.typed::<Int32Type>();
    let max_def = typed.get_descriptor().max_def_level();
    let mut first = 0;
    let mut said = Vec::new();
    for (def, rep) in batches {
        let count = def.iter().filter(|level| **level >= max_def).count() as i32;
        let values: Vec<i32> = (first..first + count).collect();
        let result = typed.write_batch(&values, Some(def), rep.as_deref());
        first += if result.is_ok() { count } else { 0 };
        said.push(result.map_err(|error| error.to_string()));
    }
    column.close().unwrap();
    group.close().unwrap();
    (said, file.into_inner().unwrap())
}

/// Each batch of levels is refused in words that have `message`, and the batches around it are all that the file has.
fn assert_refused(column: &str, good: Levels, bad: &[(Levels, &str)]) {
    for (levels, message) in bad {
        let batches = [good.clone(), levels.clone(), good.clone()];
        let (said, file) = write(column, &batches);
        let error = said[1].clone().unwrap_err();
        assert!(error.contains(message), "{levels:?}: {error}");
        assert!(said[0].is_ok() && said[0] == said[2], "{said:?}");
        let (expected, once) = (write(column, &[good.clone(), good.clone()]).1, good.0.len());
        assert_eq!(file, expected);
        assert_eq!(read::<peer::Int32Type>(&file, 0, 0).1.len(), 2 * once);
    }
}

#[test]
fn definition_levels_stay_between_zero_and_the_highest() {
    let flat = |levels: [i16; 3]| (levels.to_vec(), None);
    assert_refused(
        FLAT,
        flat([1, 0, 1]),
        &[
            (
                flat([1, 2, 1]),
                "Column 'a': definition level 2 of slot 1 is not between 0 and 1",
            ),
            (
                flat([1, 1, -1]),
                "Column 'a': definition level -1 of slot 2 is not between 0 and 1",
            ),
            (flat([316; 3]), "Column 'a': definition level 316 of slot 0"),
            (flat([0, 0, i16::MIN]), "definition level -32768 of slot 2"),
        ],
    );
    let list = |def: [i16; 3]| (def.to_vec(), Some(vec![0, 1, 0]));
    assert_refused(
        LIST,
        list([3, 2, 0]),
        &[(
            list([3, 4, 3]),
            "Column 'a.list.element': definition level 4 of slot 1 is not between 0 and 3",
        )],
    );
    // A level where the column has none says of a value that it may be missing.
    let required = "message m { required int32 a; }";
    let (said, _) = write(required, &[flat([0; 3]), flat([0, 1, 0])]);
    assert_eq!(said[0], Ok(3));
    let error = said[1].clone().unwrap_err();
    assert!(
        error.contains("definition level 1 of slot 1 is not between 0 and 0"),
        "{error}"
    );
}

#[test]
fn repetition_levels_stay_between_zero_and_the_highest_and_begin_with_a_row() {
    let list = |rep: [i16; 3]| (vec![3; 3], Some(rep.to_vec()));
    assert_refused(
        LIST,
        list([0, 1, 0]),
        &[
            (
                list([0, 2, 1]),
                "Column 'a.list.element': repetition level 2 of slot 1 is not between 0 and 1",
            ),
            (
                list([0, 1, -1]),
                "repetition level -1 of slot 2 is not between 0 and 1",
            ),
            (
                list([1, 0, 0]),
                "Write must start at a record boundary, got non-zero repetition level of 1",
            ),
        ],
    );
    let flat = |rep: [i16; 3]| (vec![1; 3], Some(rep.to_vec()));
    assert_refused(
        FLAT,
        flat([0; 3]),
        &[(
            flat([0, 1, 0]),
            "repetition level 1 of slot 1 is not between 0 and 0",
        )],
    );
}

#[test]
fn a_list_that_is_empty_or_null_does_not_go_on() {
    let list = |def: [i16; 3]| (def.to_vec(), Some(vec![0, 0, 1]));
    assert_refused(
        LIST,
        list([0, 3, 2]),
        &[
            (
                list([3, 1, 3]),
                "Column 'a.list.element': repetition level 1 of slot 2 goes on with a list that has no \
              element, by the definition levels 1 and 3 of slots 1 and 2",
            ),
            (
                list([3, 3, 0]),
                "definition levels 3 and 0 of slots 1 and 2",
            ),
        ],
    );
    let lists = |def: [i16; 4], rep: [i16; 4]| (def.to_vec(), Some(rep.to_vec()));
    assert_refused(
        LISTS,
        lists([5, 4, 3, 2], [0, 2, 1, 1]),
        &[
            (
                lists([5, 3, 5, 5], [0, 1, 2, 0]),
                "repetition level 2 of slot 2",
            ),
            (
                lists([5, 5, 5, 1], [0, 1, 2, 1]),
                "repetition level 1 of slot 3",
            ),
        ],
    );
}

#[test]
fn a_torn_list_is_found_far_back() {
    let slots = 20_000;
    let (mut def, mut rep) = (vec![3; slots], vec![1; slots]);
    rep[0] = 0;
    assert!(write(LIST, &[(def.clone(), Some(rep.clone()))]).0[0].is_ok());
    for torn in [1, 4096, 4097, 19_999] {
        def[torn] = 1;
        let said = write(LIST, &[(def.clone(), Some(rep.clone()))]).0;
        let place = format!("repetition level 1 of slot {torn} goes on");
        assert!(said[0].clone().unwrap_err().contains(&place), "{said:?}");
        def[torn] = 3;
    }
}

/// Whether levels describe rows, told slot by slot from how deep the lists of the slot before reach.
fn describe_rows(def: &[i16], rep: &[i16]) -> bool {
    let mut depth = None;
    for (def, rep) in def.iter().zip(rep) {
        let deepest = match *def {
            0 | 1 => 0,
            2 | 3 => 1,
            4 | 5 => 2,
            _ => return false,
        };
        match (rep, depth) {
            (0, _) => {}
            (1 | 2, Some(before)) if *rep <= before && *rep <= deepest => {}
            _ => return false,
        }
        depth = Some(deepest);
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn levels_are_taken_if_they_describe_rows_and_read_back(
        slots in prop::collection::vec((prop_oneof![9 => 0..=5i16, 1 => -1..=6i16], 0..=2i16), 1..12),
    ) {
        let (def, rep): (Vec<i16>, Vec<i16>) = slots.into_iter().unzip();
        let (said, file) = write(LISTS, &[(def.clone(), Some(rep.clone()))]);
        prop_assert_eq!(said[0].is_ok(), describe_rows(&def, &rep), "{:?}", said);
        if said[0].is_ok() {
            let (_, found_def, found_rep) = read::<peer::Int32Type>(&file, 0, 0);
            prop_assert_eq!((found_def, found_rep), (def, rep));
        }
    }
}
