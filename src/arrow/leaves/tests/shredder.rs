//! The plain way: one row after the other, one slot after the other.
//!
//! SPEC: README.md, "Nested Encoding".

use std::ops::Range;
use std::sync::Arc;

use arrow::util::display::array_value_to_string;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};

/// One leaf, shredded.
#[derive(Debug, Default, Clone)]
pub(super) struct Shredded {
    pub(super) def: Vec<i16>,
    pub(super) rep: Vec<i16>,
    /// Present values as text.
    pub(super) values: Vec<String>,
    /// Definition level of present values.
    pub(super) max_def: i16,
    /// Required fields in which a null was met.
    pub(super) refused: Vec<String>,
}

pub(super) fn shred(field: &Field, array: &ArrayRef) -> Vec<Shredded> {
    let mut out = Vec::new();
    for_each_leaf(field, 0, &mut |max_def| {
        out.push(Shredded {
            max_def,
            ..Shredded::default()
        })
    });
    for row in 0..array.len() {
        Slot {
            def: 0,
            rep: 0,
            lists: 0,
        }
        .shred(field, array, row, &mut out);
    }
    out
}

/// Where a slot stands: levels so far, and lists around it.
#[derive(Clone, Copy)]
struct Slot {
    def: i16,
    rep: i16,
    lists: i16,
}

impl Slot {
    fn shred(self, field: &Field, array: &ArrayRef, at: usize, out: &mut [Shredded]) {
        let present = resolve(array, at);
        let Some((array, at)) = present else {
            if !is_optional(field) {
                out.iter_mut()
                    .for_each(|leaf| leaf.refused.push(field.name().clone()));
            }
            return self.absent(out);
        };
        let slot = Slot {
            def: self.def + i16::from(is_optional(field)),
            ..self
        };
        match array.data_type() {
            DataType::Struct(_) => {
                let DataType::Struct(fields) = plain(field.data_type()) else {
                    unreachable!()
                };
                let mut first = 0;
                for (child, column) in fields.iter().zip(array.as_struct().columns()) {
                    let width = leaves(child);
                    slot.shred(child, column, at, &mut out[first..first + width]);
                    first += width;
                }
            }
            data_type if data_type.is_nested() => {
                let (elements, range) = elements(&array, at);
                if range.is_empty() {
                    return slot.absent(out);
                }
                let child = match plain(field.data_type()) {
                    DataType::List(child)
                    | DataType::LargeList(child)
                    | DataType::ListView(child)
                    | DataType::LargeListView(child)
                    | DataType::FixedSizeList(child, _)
                    | DataType::Map(child, _) => child,
                    other => unreachable!("{other}"),
                };
                for (n, element) in range.enumerate() {
                    let rep = if n == 0 { slot.rep } else { slot.lists + 1 };
                    let inner = Slot {
                        def: slot.def + 1,
                        rep,
                        lists: slot.lists + 1,
                    };
                    inner.shred(child, &elements, element, out);
                }
            }
            _ => {
                out[0].def.push(slot.def);
                out[0].rep.push(slot.rep);
                out[0]
                    .values
                    .push(array_value_to_string(&array, at).unwrap());
            }
        }
    }

    fn absent(self, out: &mut [Shredded]) {
        for leaf in out {
            leaf.def.push(self.def);
            leaf.rep.push(self.rep);
        }
    }
}

/// The array and place that hold the value itself; `None` for a null.
fn resolve(array: &ArrayRef, at: usize) -> Option<(ArrayRef, usize)> {
    let (values, key) = match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            if dictionary.is_null(at) {
                return None;
            }
            let key = array_value_to_string(dictionary.keys(), at)
                .unwrap()
                .parse()
                .unwrap();
            (Arc::clone(dictionary.values()), key)
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => {
                let runs = array.as_run::<Int16Type>();
                (Arc::clone(runs.values()), runs.get_physical_index(at))
            }
            DataType::Int32 => {
                let runs = array.as_run::<Int32Type>();
                (Arc::clone(runs.values()), runs.get_physical_index(at))
            }
            _ => {
                let runs = array.as_run::<Int64Type>();
                (Arc::clone(runs.values()), runs.get_physical_index(at))
            }
        },
        DataType::Null => return None,
        _ => return array.is_valid(at).then(|| (Arc::clone(array), at)),
    };
    resolve(&values, key)
}

fn elements(array: &ArrayRef, at: usize) -> (ArrayRef, Range<usize>) {
    let list: ArrayRef = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(at),
        DataType::LargeList(_) => array.as_list::<i64>().value(at),
        DataType::ListView(_) => array.as_list_view::<i32>().value(at),
        DataType::LargeListView(_) => array.as_list_view::<i64>().value(at),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(at),
        DataType::Map(..) => Arc::new(array.as_map().value(at)),
        other => unreachable!("{other}"),
    };
    let len = list.len();
    (list, 0..len)
}

fn plain(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain(values),
        DataType::RunEndEncoded(_, values) => plain(values.data_type()),
        other => other,
    }
}

fn is_optional(field: &Field) -> bool {
    fn by_type(data_type: &DataType) -> bool {
        match data_type {
            DataType::Dictionary(_, values) => by_type(values),
            DataType::RunEndEncoded(_, values) => {
                values.is_nullable() || by_type(values.data_type())
            }
            other => *other == DataType::Null,
        }
    }
    field.is_nullable() || by_type(field.data_type())
}

fn leaves(field: &Field) -> usize {
    let mut count = 0;
    for_each_leaf(field, 0, &mut |_| count += 1);
    count
}

fn for_each_leaf(field: &Field, def: i16, each: &mut dyn FnMut(i16)) {
    let def = def + i16::from(is_optional(field));
    match plain(field.data_type()) {
        DataType::Struct(fields) => fields
            .iter()
            .for_each(|child| for_each_leaf(child, def, each)),
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::ListView(child)
        | DataType::LargeListView(child)
        | DataType::FixedSizeList(child, _)
        | DataType::Map(child, _) => for_each_leaf(child, def + 1, each),
        _ => each(def),
    }
}
