//! What may be shared between threads, what may be used after a caught panic, and what an implementation of a trait
//! must say: as with `parquet`.

use std::any::Any;
use std::fs::File;
use std::panic::{RefUnwindSafe, UnwindSafe};

use herringbone::column::writer::ColumnWriter;
use herringbone::file::metadata::page_index::PageIndexProvider;
use herringbone::file::metadata::{
    ColumnIndexBuilder, OffsetIndexBuilder, ParquetMetaData, ParquetMetaDataWriter,
};
use herringbone::file::page_index::column_index::ColumnIndexMetaData;
use herringbone::file::page_index::offset_index::OffsetIndexMetaData;
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

/// A provider as it is written for the `parquet` crate: without a word on completeness.
#[derive(Debug)]
struct HalfAnIndex(OffsetIndexMetaData);

impl PageIndexProvider for HalfAnIndex {
    fn has_offset_indexes(&self) -> bool {
        true
    }

    fn has_column_indexes(&self) -> bool {
        false
    }

    fn column_index(&self, _: usize, _: usize) -> Option<&ColumnIndexMetaData> {
        None
    }

    fn offset_index(&self, _: usize, _: usize) -> Option<&OffsetIndexMetaData> {
        Some(&self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn a_provider_need_not_say_whether_it_is_complete() {
    let half = HalfAnIndex(OffsetIndexMetaData::default());
    assert!(!half.is_complete());
    assert_eq!(half.num_data_pages(0, 0), Some(0));
}
