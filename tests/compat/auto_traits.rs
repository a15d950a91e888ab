//! What may be shared between threads, and what may be used after a caught panic: as much as with `parquet`.

use std::fs::File;
use std::panic::{RefUnwindSafe, UnwindSafe};

use herringbone::column::writer::ColumnWriter;
use herringbone::file::metadata::{
    ColumnIndexBuilder, OffsetIndexBuilder, ParquetMetaData, ParquetMetaDataWriter,
};
use herringbone::file::properties::WriterProperties;
use herringbone::file::writer::{
    SerializedFileWriter, SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite,
};
use parquet::file::writer as theirs;

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}
fn is_unwind_safe<T: UnwindSafe>() {}
fn is_ref_unwind_safe<T: RefUnwindSafe>() {}

/// That this compiles is the test.
#[test]
fn auto_traits_are_those_of_the_parquet_crate() {
    is_send::<SerializedFileWriter<File>>();
    is_sync::<SerializedFileWriter<File>>();
    is_sync::<theirs::SerializedFileWriter<File>>();
    is_sync::<TrackedWrite<File>>();
    is_sync::<ParquetMetaDataWriter<'_, File>>();
    is_sync::<ParquetMetaData>();
    is_sync::<WriterProperties>();
    is_sync::<SerializedPageWriter<'_, File>>();
    is_send::<SerializedRowGroupWriter<'_, File>>();
    is_send::<ColumnWriter<'_>>();

    is_unwind_safe::<SerializedFileWriter<File>>();
    is_unwind_safe::<theirs::SerializedFileWriter<File>>();
    is_ref_unwind_safe::<SerializedFileWriter<File>>();
    is_unwind_safe::<TrackedWrite<File>>();
    is_ref_unwind_safe::<TrackedWrite<File>>();
    is_ref_unwind_safe::<SerializedPageWriter<'_, File>>();
    is_ref_unwind_safe::<theirs::SerializedPageWriter<'_, File>>();
    is_unwind_safe::<ColumnIndexBuilder>();
    is_ref_unwind_safe::<ColumnIndexBuilder>();
    is_unwind_safe::<OffsetIndexBuilder>();
}
