//! The Arrow schema that travels in the footer, so that a reader can restore the types the format cannot name.
//!
//! SPEC (Arrow, Format.rst): "Encapsulated message format".

use std::sync::Arc;

use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{ARROW_SCHEMA_META_KEY, encoded};
use crate::meta::metadata::KeyValue;
use crate::meta::properties::WriterProperties;

/// Marks an encapsulated message, before its length.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The schema as text: an IPC schema message with its continuation marker and length, in base64.
pub fn encode_arrow_schema(schema: &Schema) -> String {
    let mut dictionaries = DictionaryTracker::new(true);
    let message = IpcDataGenerator::default()
        .schema_to_bytes_with_dictionary_tracker(
            schema,
            &mut dictionaries,
            &IpcWriteOptions::default(),
        )
        .ipc_message;
    // A schema message of 2 GiB cannot be described by its length; no reader would take it either.
    let length = i32::try_from(message.len()).unwrap_or(i32::MAX);
    let framed = [&CONTINUATION, length.to_le_bytes().as_slice(), &message].concat();
    BASE64_STANDARD.encode(framed)
}

/// Adds `schema` to the footer metadata of `props` as its last entry, in place of an entry of the same key,
/// as the text of [`encode_arrow_schema`].
///
/// Encodings that Parquet does not keep are taken out first: run-end encoded fields become fields of their
/// values, and so do dictionaries around nested types. Dictionaries of plain values stay.
pub fn add_encoded_arrow_schema_to_metadata(schema: &Schema, props: &mut WriterProperties) {
    let text = encode_arrow_schema(&stored_schema(schema));
    let entries = props.key_value_metadata_mut().get_or_insert_default();
    entries.retain(|entry| entry.key != ARROW_SCHEMA_META_KEY);
    entries.push(KeyValue::new(ARROW_SCHEMA_META_KEY.to_string(), text));
}

/// The schema that reads back as what is stored: run-end encoded fields become fields of their values, and so do
/// dictionaries around nested types, for Parquet keeps neither. Dictionaries of plain values stay.
pub(super) fn stored_schema(schema: &Schema) -> Schema {
    let fields: Fields = schema.fields().iter().map(normalized).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

fn normalized(field: &FieldRef) -> FieldRef {
    let data_type = stored(field.data_type());
    let nullable = encoded::is_nullable(field);
    if data_type == *field.data_type() && nullable == field.is_nullable() {
        return Arc::clone(field);
    }
    Arc::new(Field::new(field.name(), data_type, nullable).with_metadata(field.metadata().clone()))
}

fn stored(data_type: &DataType) -> DataType {
    match data_type {
        DataType::RunEndEncoded(_, values) => stored(values.data_type()),
        DataType::Dictionary(key, values) => match stored(values) {
            nested if nested.is_nested() => nested,
            plain => DataType::Dictionary(key.clone(), Box::new(plain)),
        },
        DataType::List(item) => DataType::List(normalized(item)),
        DataType::LargeList(item) => DataType::LargeList(normalized(item)),
        DataType::ListView(item) => DataType::ListView(normalized(item)),
        DataType::LargeListView(item) => DataType::LargeListView(normalized(item)),
        DataType::FixedSizeList(item, len) => DataType::FixedSizeList(normalized(item), *len),
        DataType::Map(entries, sorted) => DataType::Map(normalized(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(normalized).collect()),
        plain => plain.clone(),
    }
}
