//! Arrays taken apart into levels and values the slow and obvious way: slot by slot, by recursion.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, PrimitiveArray, RecordBatch, RunArray,
    UInt32Array, new_null_array,
};
use arrow::compute::{cast, nullif, take};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    Field, FieldRef, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalDayTimeType, IntervalUnit, IntervalYearMonthType, RunEndIndexType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

/// The slots of one leaf column.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// The path's parts, joined by dots.
    pub path: String,
    /// The type of the values, without encodings.
    pub data_type: DataType,
    pub max_def: i16,
    pub max_rep: i16,
    pub slots: Vec<Slot>,
}

/// One slot: levels, and the value as the bytes of PLAIN encoding (without a length) if it is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub def: i16,
    pub rep: i16,
    pub value: Option<Vec<u8>>,
}

impl Leaf {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.slots.iter().filter(|slot| slot.rep == 0).count()
    }

    /// The slots of rows `from .. to`.
    pub fn rows_between(&self, from: usize, to: usize) -> &[Slot] {
        let mut starts = self.slots.iter().enumerate().filter(|(_, s)| s.rep == 0);
        let begin = starts.clone().nth(from).map_or(self.slots.len(), |s| s.0);
        let end = starts.nth(to).map_or(self.slots.len(), |s| s.0);
        &self.slots[begin..end]
    }
}

/// The leaves of a batch's columns, depth first.
pub fn shred(batch: &RecordBatch) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let node = Node::new(field, array);
        let first = leaves.len();
        node.declare(field.name(), &mut leaves, Depth { def: 0, rep: 0 });
        for row in 0..array.len() {
            node.slot(row, 0, 0, 0, &mut leaves[first..]);
        }
    }
    leaves
}

/// A leaf's maximum levels so far.
#[derive(Debug, Clone, Copy)]
struct Depth {
    def: i16,
    rep: i16,
}

/// A field and an array for it without dictionaries and runs; children likewise.
struct Node {
    nullable: bool,
    name: String,
    array: ArrayRef,
    kind: Kind,
    /// Number of leaves below.
    leaves: usize,
}

enum Kind {
    Leaf,
    Struct(Vec<Node>),
    /// Elements, the name of the repeated group, and the elements of each slot.
    List(Box<Node>, String, Vec<(usize, usize)>),
    /// The repeated group itself is the struct.
    Map(Vec<Node>, String, Vec<(usize, usize)>),
}

impl Node {
    fn new(field: &Field, array: &ArrayRef) -> Self {
        let nullable = is_nullable(field);
        let array = plain(array);
        let kind = match array.data_type() {
            DataType::Struct(fields) => Kind::Struct(children(fields, &array)),
            DataType::List(item) => {
                let list = array.as_list::<i32>();
                let spans = list.offsets().windows(2).map(|w| (w[0], w[1] - w[0]));
                Kind::list(
                    item,
                    list.values(),
                    spans.map(|(a, b)| (a as usize, b as usize)),
                )
            }
            DataType::LargeList(item) => {
                let list = array.as_list::<i64>();
                let spans = list.offsets().windows(2).map(|w| (w[0], w[1] - w[0]));
                Kind::list(
                    item,
                    list.values(),
                    spans.map(|(a, b)| (a as usize, b as usize)),
                )
            }
            DataType::ListView(item) => {
                let list = array.as_list_view::<i32>();
                let spans = list.offsets().iter().zip(list.sizes().iter());
                Kind::list(
                    item,
                    list.values(),
                    spans.map(|(a, b)| (*a as usize, *b as usize)),
                )
            }
            DataType::LargeListView(item) => {
                let list = array.as_list_view::<i64>();
                let spans = list.offsets().iter().zip(list.sizes().iter());
                Kind::list(
                    item,
                    list.values(),
                    spans.map(|(a, b)| (*a as usize, *b as usize)),
                )
            }
            DataType::FixedSizeList(item, size) => {
                let list: &FixedSizeListArray = array.as_fixed_size_list();
                let size = *size as usize;
                let spans = (0..list.len()).map(|slot| (slot * size, size));
                Kind::list(item, list.values(), spans)
            }
            DataType::Map(entries, _) => {
                let map = array.as_map();
                let DataType::Struct(fields) = entries.data_type() else {
                    panic!("the entries of a map are no struct");
                };
                let structs: ArrayRef = Arc::new(map.entries().clone());
                let mut nodes = children(fields, &structs);
                nodes[0].nullable = false;
                let spans = map.offsets().windows(2).map(|w| (w[0], w[1] - w[0]));
                let spans = spans.map(|(a, b)| (a as usize, b as usize)).collect();
                Kind::Map(nodes, entries.name().clone(), spans)
            }
            _ => Kind::Leaf,
        };
        let leaves = match &kind {
            Kind::Leaf => 1,
            Kind::Struct(children) | Kind::Map(children, ..) => {
                children.iter().map(|child| child.leaves).sum()
            }
            Kind::List(child, ..) => child.leaves,
        };
        Self {
            nullable,
            name: field.name().clone(),
            array,
            kind,
            leaves,
        }
    }

    /// Appends an empty leaf for each leaf below.
    fn declare(&self, path: &str, out: &mut Vec<Leaf>, depth: Depth) {
        let depth = Depth {
            def: depth.def + i16::from(self.nullable),
            ..depth
        };
        let repeated = Depth {
            def: depth.def + 1,
            rep: depth.rep + 1,
        };
        match &self.kind {
            Kind::Leaf => out.push(Leaf {
                path: path.to_owned(),
                data_type: self.array.data_type().clone(),
                max_def: depth.def,
                max_rep: depth.rep,
                slots: Vec::new(),
            }),
            Kind::Struct(children) => {
                for child in children {
                    child.declare(&format!("{path}.{}", child.name), out, depth);
                }
            }
            Kind::List(child, group, _) => {
                child.declare(&format!("{path}.{group}.{}", child.name), out, repeated);
            }
            Kind::Map(children, group, _) => {
                for child in children {
                    child.declare(&format!("{path}.{group}.{}", child.name), out, repeated);
                }
            }
        }
    }

    /// Appends what slot `index` becomes to each leaf below. `depth` is the repetition level of the nearest
    /// list around.
    fn slot(&self, index: usize, mut def: i16, rep: i16, depth: i16, out: &mut [Leaf]) {
        if self.nullable {
            if is_null(&self.array, index) {
                return absent(def, rep, out);
            }
            def += 1;
        }
        let nodes: &[Node] = match &self.kind {
            Kind::Leaf => {
                let value = Some(physical(&self.array, index));
                return out[0].slots.push(Slot { def, rep, value });
            }
            Kind::Struct(children) => {
                return each(children, out, |child, out| {
                    child.slot(index, def, rep, depth, out);
                });
            }
            Kind::List(child, ..) => std::slice::from_ref(child),
            Kind::Map(children, ..) => children,
        };
        let (Kind::List(_, _, spans) | Kind::Map(_, _, spans)) = &self.kind else {
            unreachable!("only lists are left");
        };
        let (from, len) = spans[index];
        if len == 0 {
            return absent(def, rep, out);
        }
        for at in 0..len {
            let rep = if at == 0 { rep } else { depth + 1 };
            each(nodes, out, |child, out| {
                child.slot(from + at, def + 1, rep, depth + 1, out);
            });
        }
    }
}

impl Kind {
    fn list(
        item: &FieldRef,
        values: &ArrayRef,
        spans: impl Iterator<Item = (usize, usize)>,
    ) -> Self {
        Kind::List(
            Box::new(Node::new(item, values)),
            "list".to_owned(),
            spans.collect(),
        )
    }
}

fn children(fields: &arrow::datatypes::Fields, array: &ArrayRef) -> Vec<Node> {
    let columns = array.as_struct().columns();
    let pairs = fields.iter().zip(columns);
    pairs
        .map(|(field, array)| Node::new(field, array))
        .collect()
}

fn each(nodes: &[Node], out: &mut [Leaf], mut visit: impl FnMut(&Node, &mut [Leaf])) {
    let mut from = 0;
    for node in nodes {
        visit(node, &mut out[from..from + node.leaves]);
        from += node.leaves;
    }
}

fn absent(def: i16, rep: i16, out: &mut [Leaf]) {
    for leaf in out {
        leaf.slots.push(Slot {
            def,
            rep,
            value: None,
        });
    }
}

fn is_null(array: &ArrayRef, index: usize) -> bool {
    *array.data_type() == DataType::Null || array.is_null(index)
}

/// Whether a column of this field has a definition level of its own.
pub fn is_nullable(field: &Field) -> bool {
    fn inside(data_type: &DataType) -> bool {
        match data_type {
            DataType::RunEndEncoded(_, values) => is_nullable(values),
            DataType::Dictionary(_, values) => inside(values),
            other => *other == DataType::Null,
        }
    }
    field.is_nullable() || inside(field.data_type())
}

/// `take`, also for values that it refuses to pick with null keys: those with runs inside.
fn pick(values: &ArrayRef, keys: &PrimitiveArray<Int64Type>) -> ArrayRef {
    if keys.null_count() == 0 {
        return take(values, keys, None).unwrap();
    }
    if values.is_empty() {
        return new_null_array(values.data_type(), keys.len());
    }
    let any: PrimitiveArray<Int64Type> = keys.iter().map(|key| Some(key.unwrap_or(0))).collect();
    let nulls = keys.iter().map(|key| Some(key.is_none())).collect();
    nullif(&take(values, &any, None).unwrap(), &nulls).unwrap()
}

/// The same values without dictionaries and runs at the top.
pub fn plain(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            // A key under a null may be anything.
            let keys = cast(dictionary.keys(), &DataType::Int64).unwrap();
            pick(&plain(dictionary.values()), keys.as_primitive())
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => expand::<Int16Type>(array),
            DataType::Int32 => expand::<Int32Type>(array),
            _ => expand::<Int64Type>(array),
        },
        _ => array.clone(),
    }
}

fn expand<R: RunEndIndexType>(array: &ArrayRef) -> ArrayRef {
    let runs = array.as_any().downcast_ref::<RunArray<R>>().unwrap();
    let picks: UInt32Array = (0..runs.len())
        .map(|i| Some(runs.get_physical_index(i) as u32))
        .collect();
    take(&plain(runs.values()), &picks, None).unwrap()
}

/// A value in its column's physical type, as little-endian bytes or as it is.
fn physical(array: &ArrayRef, index: usize) -> Vec<u8> {
    use DataType::*;
    match array.data_type() {
        Boolean => vec![u8::from(array.as_boolean().value(index))],
        Int8 => i32::from(value::<Int8Type>(array, index))
            .to_le_bytes()
            .to_vec(),
        Int16 => i32::from(value::<Int16Type>(array, index))
            .to_le_bytes()
            .to_vec(),
        UInt8 => u32::from(value::<UInt8Type>(array, index))
            .to_le_bytes()
            .to_vec(),
        UInt16 => u32::from(value::<UInt16Type>(array, index))
            .to_le_bytes()
            .to_vec(),
        UInt32 => value::<UInt32Type>(array, index).to_le_bytes().to_vec(),
        UInt64 => value::<UInt64Type>(array, index).to_le_bytes().to_vec(),
        Float16 => value::<Float16Type>(array, index).to_le_bytes().to_vec(),
        Float32 => value::<Float32Type>(array, index).to_le_bytes().to_vec(),
        Float64 => value::<Float64Type>(array, index).to_le_bytes().to_vec(),
        Utf8 => array.as_string::<i32>().value(index).as_bytes().to_vec(),
        LargeUtf8 => array.as_string::<i64>().value(index).as_bytes().to_vec(),
        Utf8View => array.as_string_view().value(index).as_bytes().to_vec(),
        Binary => array.as_binary::<i32>().value(index).to_vec(),
        LargeBinary => array.as_binary::<i64>().value(index).to_vec(),
        BinaryView => array.as_binary_view().value(index).to_vec(),
        FixedSizeBinary(_) => array.as_fixed_size_binary().value(index).to_vec(),
        Interval(IntervalUnit::YearMonth) => {
            let months = value::<IntervalYearMonthType>(array, index).to_le_bytes();
            [months, [0; 4], [0; 4]].concat()
        }
        Interval(_) => {
            let value = value::<IntervalDayTimeType>(array, index);
            [
                [0; 4],
                value.days.to_le_bytes(),
                value.milliseconds.to_le_bytes(),
            ]
            .concat()
        }
        Decimal32(p, _) => decimal(*p, &value::<Decimal32Type>(array, index).to_be_bytes()),
        Decimal64(p, _) => decimal(*p, &value::<Decimal64Type>(array, index).to_be_bytes()),
        Decimal128(p, _) => decimal(*p, &value::<Decimal128Type>(array, index).to_be_bytes()),
        Decimal256(p, _) => decimal(*p, &value::<Decimal256Type>(array, index).to_be_bytes()),
        other => {
            // Whatever is left is a number of 32 or 64 bits by another name.
            let width = other.primitive_width().unwrap();
            let data = array.to_data();
            let from = (data.offset() + index) * width;
            data.buffers()[0].as_slice()[from..from + width].to_vec()
        }
    }
}

fn value<T: ArrowPrimitiveType>(array: &ArrayRef, index: usize) -> T::Native {
    let array: &PrimitiveArray<T> = array.as_primitive();
    array.value(index)
}

/// A decimal of `precision` digits as its column stores it: 4 or 8 little-endian bytes, or as many big-endian
/// ones as the digits need.
fn decimal(precision: u8, big_endian: &[u8]) -> Vec<u8> {
    let width = match precision {
        0..=9 => 4,
        10..=18 => 8,
        // The smallest n with 2^(8n - 1) - 1 >= 10^precision - 1.
        digits => (1..=32usize)
            .find(|n| f64::from(digits) * 10f64.log2() <= (8 * n - 1) as f64)
            .unwrap(),
    };
    let fill = if big_endian[0] & 0x80 == 0 { 0 } else { 0xff };
    let mut bytes = vec![fill; width.saturating_sub(big_endian.len())];
    bytes.extend(&big_endian[big_endian.len().saturating_sub(width)..]);
    if precision <= 18 {
        bytes.reverse();
    }
    bytes
}
