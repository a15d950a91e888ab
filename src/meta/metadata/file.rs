//! `FileMetaData`: what the footer says of the file as a whole.

use std::sync::Arc;

use super::KeyValue;
use crate::basic::ColumnOrder;
use crate::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

/// A shared [`FileMetaData`].
pub type FileMetaDataPtr = Arc<FileMetaData>;

/// What the footer says of the file as a whole.
///
/// SPEC: parquet.thrift, `FileMetaData`, all but the row groups.
#[derive(Clone, Debug, PartialEq)]
pub struct FileMetaData {
    version: i32,
    num_rows: i64,
    created_by: Option<String>,
    key_value_metadata: Option<Vec<KeyValue>>,
    schema_descr: SchemaDescPtr,
    column_orders: Option<Vec<ColumnOrder>>,
}

impl FileMetaData {
    /// A description of these parts; `column_orders` has one entry a leaf of the schema.
    pub fn new(
        version: i32,
        num_rows: i64,
        created_by: Option<String>,
        key_value_metadata: Option<Vec<KeyValue>>,
        schema_descr: SchemaDescPtr,
        column_orders: Option<Vec<ColumnOrder>>,
    ) -> Self {
        Self {
            version,
            num_rows,
            created_by,
            key_value_metadata,
            schema_descr,
            column_orders,
        }
    }

    /// The root of the schema.
    pub fn schema(&self) -> &Type {
        self.schema_descr.root_schema()
    }

    /// The schema and its leaves.
    pub fn schema_descr(&self) -> &SchemaDescriptor {
        &self.schema_descr
    }

    /// The schema and its leaves, shared.
    pub fn schema_descr_ptr(&self) -> SchemaDescPtr {
        self.schema_descr.clone()
    }

    /// The version of the format, 1 or 2.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Number of rows.
    pub fn num_rows(&self) -> i64 {
        self.num_rows
    }

    /// The program that wrote the file.
    pub fn created_by(&self) -> Option<&str> {
        self.created_by.as_deref()
    }

    /// Pairs of text that programs keep with the file.
    pub fn key_value_metadata(&self) -> Option<&Vec<KeyValue>> {
        self.key_value_metadata.as_ref()
    }

    /// By which order the bounds of each column are taken, if the file says.
    pub fn column_orders(&self) -> Option<&Vec<ColumnOrder>> {
        self.column_orders.as_ref()
    }

    /// By which order the bounds of the `i`-th column are taken; undefined if the file does not say.
    pub fn column_order(&self, i: usize) -> ColumnOrder {
        let order = self.column_orders.as_ref().and_then(|orders| orders.get(i));
        order.copied().unwrap_or(ColumnOrder::UNDEFINED)
    }

    /// Bytes on the heap, the schema among them.
    pub(crate) fn memory_size(&self) -> usize {
        // The counts of an `Arc` stand before what it shares.
        let schema = 2 * size_of::<usize>() + size_of::<SchemaDescriptor>();
        self.own_memory_size() + schema + self.schema_descr.memory_size()
    }

    /// Bytes on the heap without the schema, which is shared.
    pub(crate) fn own_memory_size(&self) -> usize {
        let created_by = self.created_by.as_ref().map_or(0, String::capacity);
        let pairs = self.key_value_metadata.as_ref().map_or(0, |pairs| {
            let text = pairs.iter().map(KeyValue::memory_size);
            pairs.capacity() * size_of::<KeyValue>() + text.sum::<usize>()
        });
        let orders = self.column_orders.as_ref();
        let orders = orders.map_or(0, |orders| orders.capacity() * size_of::<ColumnOrder>());
        created_by + pairs + orders
    }
}
