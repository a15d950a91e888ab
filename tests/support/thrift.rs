//! A reader of the Thrift compact protocol that knows no structure: everything becomes a tree.
//!
//! SPEC (Apache Thrift): doc/specs/thrift-compact-protocol.md.

use std::collections::BTreeMap;

/// Any value of the protocol.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Double(f64),
    Binary(Vec<u8>),
    List(Vec<Value>),
    Struct(Fields),
}

/// Fields of a struct by their ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(BTreeMap<i16, Value>);

impl Fields {
    /// The field `id`, if it is there.
    pub fn get(&self, id: i16) -> Option<&Value> {
        self.0.get(&id)
    }

    /// The field ids in order.
    pub fn ids(&self) -> Vec<i16> {
        self.0.keys().copied().collect()
    }

    /// An integer that must be there.
    pub fn int(&self, id: i16) -> i64 {
        self.opt_int(id)
            .unwrap_or_else(|| panic!("no integer {id} in {self:?}"))
    }

    /// An integer.
    pub fn opt_int(&self, id: i16) -> Option<i64> {
        self.get(id).map(|value| match value {
            Value::Int(int) => *int,
            other => panic!("field {id} is {other:?}"),
        })
    }

    /// A boolean.
    pub fn opt_bool(&self, id: i16) -> Option<bool> {
        self.get(id).map(|value| match value {
            Value::Bool(bool) => *bool,
            other => panic!("field {id} is {other:?}"),
        })
    }

    /// Bytes.
    pub fn opt_bytes(&self, id: i16) -> Option<&[u8]> {
        self.get(id).map(|value| match value {
            Value::Binary(bytes) => bytes.as_slice(),
            other => panic!("field {id} is {other:?}"),
        })
    }

    /// A struct.
    pub fn opt_struct(&self, id: i16) -> Option<&Fields> {
        self.get(id).map(|value| match value {
            Value::Struct(fields) => fields,
            other => panic!("field {id} is {other:?}"),
        })
    }

    /// A list.
    pub fn opt_list(&self, id: i16) -> Option<&[Value]> {
        self.get(id).map(|value| match value {
            Value::List(list) => list.as_slice(),
            other => panic!("field {id} is {other:?}"),
        })
    }

    /// A list of structs, empty if the field is not there.
    pub fn structs(&self, id: i16) -> Vec<&Fields> {
        let list = self.opt_list(id).unwrap_or_default();
        list.iter()
            .map(|value| match value {
                Value::Struct(fields) => fields,
                other => panic!("an element of {id} is {other:?}"),
            })
            .collect()
    }

    /// A list of integers.
    pub fn opt_ints(&self, id: i16) -> Option<Vec<i64>> {
        let list = self.opt_list(id)?;
        let ints = list.iter().map(|value| match value {
            Value::Int(int) => *int,
            other => panic!("an element of {id} is {other:?}"),
        });
        Some(ints.collect())
    }
}

/// Reads one struct from the front of `bytes`; returns it and the bytes it takes.
pub fn read_struct(bytes: &[u8]) -> (Fields, usize) {
    let mut reader = Reader { bytes, at: 0 };
    let fields = reader.fields();
    (fields, reader.at)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.bytes[self.at - 1]
    }

    fn varint(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return value;
            }
            shift += 7;
        }
    }

    fn zigzag(&mut self) -> i64 {
        let raw = self.varint();
        (raw >> 1) as i64 ^ -((raw & 1) as i64)
    }

    fn fields(&mut self) -> Fields {
        let mut fields = BTreeMap::new();
        let mut id = 0i16;
        loop {
            let head = self.byte();
            if head == 0 {
                return Fields(fields);
            }
            id = match head >> 4 {
                0 => i16::try_from(self.zigzag()).unwrap(),
                delta => id + i16::from(delta),
            };
            let value = match head & 0x0f {
                1 => Value::Bool(true),
                2 => Value::Bool(false),
                kind => self.value(kind),
            };
            let twice = fields.insert(id, value);
            assert!(twice.is_none(), "field {id} stands twice");
        }
    }

    fn value(&mut self, kind: u8) -> Value {
        match kind {
            // In a list, a boolean is a byte.
            1 | 2 => match self.byte() {
                1 => Value::Bool(true),
                0 | 2 => Value::Bool(false),
                other => panic!("{other} is no boolean"),
            },
            3 => Value::Int(i64::from(self.byte() as i8)),
            4..=6 => Value::Int(self.zigzag()),
            7 => {
                let bytes = self.bytes[self.at..self.at + 8].try_into().unwrap();
                self.at += 8;
                Value::Double(f64::from_le_bytes(bytes))
            }
            8 => {
                let len = usize::try_from(self.varint()).unwrap();
                self.at += len;
                Value::Binary(self.bytes[self.at - len..self.at].to_vec())
            }
            9 => {
                let head = self.byte();
                let len = match head >> 4 {
                    15 => self.varint(),
                    len => u64::from(len),
                };
                Value::List((0..len).map(|_| self.value(head & 0x0f)).collect())
            }
            12 => Value::Struct(self.fields()),
            other => panic!("no value has kind {other} (at {})", self.at),
        }
    }
}
