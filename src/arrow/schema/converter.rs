//! Arrow fields to Parquet groups and leaves.
//!
//! SPEC: LogicalTypes.md, "Nested Types".

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};

use super::leaf::{Leaf, Names};
use super::{PARQUET_FIELD_ID_META_KEY, encoded};
use crate::basic::{LogicalType, Repetition};
use crate::errors::{ParquetError, Result};
use crate::schema::types::{SchemaDescriptor, Type, TypePtr};

const DEFAULT_ROOT: &str = "arrow_schema";

/// Turns an Arrow schema into the Parquet schema that a writer uses for it.
///
/// A nullable field becomes OPTIONAL, any other REQUIRED; dictionaries and run-end encoding give
/// way to their values; lists and maps take the format's three-level shape.
///
/// ```
/// use arrow_schema::{DataType, Field, Schema};
/// use herringbone::arrow::ArrowSchemaConverter;
///
/// let tags = Field::new("tags", DataType::new_list(DataType::Utf8, true), true);
/// let schema = Schema::new(vec![Field::new("price", DataType::Decimal128(12, 2), false), tags]);
/// let descriptor = ArrowSchemaConverter::new().convert(&schema)?;
/// assert_eq!(descriptor.num_columns(), 2);
/// assert_eq!(descriptor.column(1).path().string(), "tags.list.item");
/// # Ok::<(), herringbone::errors::ParquetError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArrowSchemaConverter<'a> {
    root: &'a str,
    names: Names,
}

impl Default for ArrowSchemaConverter<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> ArrowSchemaConverter<'a> {
    /// A converter that names the root `arrow_schema` and coerces nothing.
    pub fn new() -> Self {
        Self {
            root: DEFAULT_ROOT,
            names: Names::Arrow,
        }
    }

    /// Chooses the shape that other systems expect over the one that reads back as the same Arrow type:
    /// `Date64` becomes DATE in days, the fields inside lists are named `list` and `element`, those
    /// inside maps `key_value`, `key` and `value`. Off by default.
    pub fn with_coerce_types(mut self, coerce_types: bool) -> Self {
        self.names = if coerce_types {
            Names::Format
        } else {
            Names::Arrow
        };
        self
    }

    /// Names the root of the schema; `arrow_schema` by default.
    pub fn schema_root(mut self, schema_root: &'a str) -> Self {
        self.root = schema_root;
        self
    }

    /// Converts `schema`.
    ///
    /// # Errors
    /// [`ParquetError::ArrowError`] for a struct without fields; [`ParquetError::NYI`] for a union;
    /// [`ParquetError::General`] for a map with nullable keys, a decimal whose precision or scale the format
    /// cannot hold, and binary values of fixed size zero or less.
    pub fn convert(&self, schema: &Schema) -> Result<SchemaDescriptor> {
        let root = Type::group_type_builder(self.root)
            .with_fields(self.fields(schema.fields())?)
            .build()?;
        Ok(SchemaDescriptor::new(Arc::new(root)))
    }

    fn fields(&self, fields: &Fields) -> Result<Vec<TypePtr>> {
        fields
            .iter()
            .map(|field| self.field(&Slot::of(field)))
            .collect()
    }

    fn field(&self, slot: &Slot<'_>) -> Result<TypePtr> {
        match encoded::value_type(slot.field.data_type()) {
            DataType::Struct(fields) => self.struct_group(slot, fields),
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _) => self.list_group(slot, item),
            DataType::Map(entries, _) => self.map_group(slot, entries),
            leaf => Leaf::of(leaf, slot.field, self.names)?.build(
                slot.name,
                slot.repetition,
                slot.field_id(),
            ),
        }
        .map(Arc::new)
    }

    fn struct_group(&self, slot: &Slot<'_>, fields: &Fields) -> Result<Type> {
        if fields.is_empty() {
            return Err(ParquetError::ArrowError(format!(
                "Parquet does not support writing empty structs: field '{}' has no children",
                slot.name
            )));
        }
        slot.group(None, self.fields(fields)?)
    }

    /// SPEC: LogicalTypes.md, "Lists": the outer group has the field's repetition, the middle one is repeated,
    /// the child has its own repetition.
    fn list_group(&self, slot: &Slot<'_>, item: &FieldRef) -> Result<Type> {
        let element = self.field(&Slot::of(item).named(self.names, "element"))?;
        let list = Type::group_type_builder("list")
            .with_repetition(Repetition::REPEATED)
            .with_fields(vec![element])
            .build()?;
        slot.group(Some(LogicalType::List), vec![Arc::new(list)])
    }

    /// SPEC: LogicalTypes.md, "Maps": keys are required. Those of type `Null` are not: they cannot be present.
    fn map_group(&self, slot: &Slot<'_>, entries: &FieldRef) -> Result<Type> {
        let (key, value) = match entries.data_type() {
            DataType::Struct(fields) => match fields.as_ref() {
                [key, value] => (key, value),
                other => return Err(map_shape(slot.name, &format!("{} fields", other.len()))),
            },
            other => return Err(map_shape(slot.name, &other.to_string())),
        };
        if encoded::is_nullable(key) {
            return Err(ParquetError::General(format!(
                "Map key field '{}' must be non-nullable, including its encoded values",
                key.name()
            )));
        }
        let key = self.field(&Slot::of(key).named(self.names, "key"))?;
        let value = self.field(&Slot::of(value).named(self.names, "value"))?;
        let pairs = Type::group_type_builder(Slot::of(entries).named(self.names, "key_value").name)
            .with_repetition(Repetition::REPEATED)
            .with_fields(vec![key, value])
            .build()?;
        slot.group(Some(LogicalType::Map), vec![Arc::new(pairs)])
    }
}

/// A field in its place: the name and repetition it gets there.
struct Slot<'f> {
    field: &'f Field,
    name: &'f str,
    repetition: Repetition,
}

impl<'f> Slot<'f> {
    fn of(field: &'f Field) -> Self {
        // A column of nulls is optional whatever its field says: there is no value to write.
        let nullable = encoded::is_nullable(field)
            || *encoded::value_type(field.data_type()) == DataType::Null;
        let repetition = if nullable {
            Repetition::OPTIONAL
        } else {
            Repetition::REQUIRED
        };
        Self {
            field,
            name: field.name(),
            repetition,
        }
    }

    fn named(self, names: Names, name: &'f str) -> Self {
        match names {
            Names::Arrow => self,
            Names::Format => Self { name, ..self },
        }
    }

    fn field_id(&self) -> Option<i32> {
        self.field
            .metadata()
            .get(PARQUET_FIELD_ID_META_KEY)?
            .parse()
            .ok()
    }

    fn group(&self, meaning: Option<LogicalType>, fields: Vec<TypePtr>) -> Result<Type> {
        Type::group_type_builder(self.name)
            .with_repetition(self.repetition)
            .with_logical_type(meaning)
            .with_fields(fields)
            .with_id(self.field_id())
            .build()
    }
}

fn map_shape(name: &str, found: &str) -> ParquetError {
    ParquetError::ArrowError(format!(
        "Map field '{name}' must hold structs of a key and a value, found {found}"
    ))
}
