//! Physical values, column by column, and Arrow batches are written the same way: to the same bytes, wherever pages
//! wait.

use std::sync::Arc;
use std::thread;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
    compute_leaves,
};
use herringbone::budget::MemoryBudget;
#[cfg(feature = "encryption")]
use herringbone::column::page_store::{EncryptedPageStoreFactory, TempFilePageStoreFactory};
use herringbone::column::writer::ColumnWriter;
use herringbone::data_type::{ByteArray, FixedLenByteArray};
use herringbone::file::properties::WriterVersion;
use herringbone::file::writer::{SerializedFileWriter, SerializedFileWriterOptions};

use crate::support::cases::{Case, Dictionary, Paging, Statistics, Written, codecs};
use crate::support::check::{check, read};
use crate::support::covering::pairs;
use crate::support::shred::{Leaf, Slot, shred};
use crate::support::stores::Store;
use crate::support::types::{Nesting, Nulls, batch_of, pieces};

/// Writes slots to a column, in one call.
fn put(writer: &mut ColumnWriter<'_>, leaf: &Leaf, slots: &[Slot]) {
    let def: Vec<i16> = slots.iter().map(|slot| slot.def).collect();
    let rep: Vec<i16> = slots.iter().map(|slot| slot.rep).collect();
    let def = (leaf.max_def > 0).then_some(&def[..]);
    let rep = (leaf.max_rep > 0).then_some(&rep[..]);
    let values: Vec<&[u8]> = slots.iter().filter_map(|it| it.value.as_deref()).collect();
    macro_rules! put {
        ($writer:expr, $number:ty) => {{
            let numbers = values
                .iter()
                .map(|it| <$number>::from_le_bytes((*it).try_into().unwrap()));
            $writer.write_batch(&numbers.collect::<Vec<_>>(), def, rep)
        }};
    }
    let bytes = |value: &&[u8]| ByteArray::from(value.to_vec());
    let written = match writer {
        ColumnWriter::BoolColumnWriter(writer) => {
            let bits: Vec<bool> = values.iter().map(|value| value[0] == 1).collect();
            writer.write_batch(&bits, def, rep)
        }
        ColumnWriter::Int32ColumnWriter(writer) => put!(writer, i32),
        ColumnWriter::Int64ColumnWriter(writer) => put!(writer, i64),
        ColumnWriter::FloatColumnWriter(writer) => put!(writer, f32),
        ColumnWriter::DoubleColumnWriter(writer) => put!(writer, f64),
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let texts: Vec<ByteArray> = values.iter().map(bytes).collect();
            writer.write_batch(&texts, def, rep)
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
            let texts: Vec<FixedLenByteArray> =
                values.iter().map(|value| bytes(value).into()).collect();
            writer.write_batch(&texts, def, rep)
        }
        ColumnWriter::Int96ColumnWriter(_) => panic!("no Arrow type is written as INT96"),
    };
    assert_eq!(written.unwrap(), values.len());
}

/// A file that says what the one of an `ArrowWriter` says of its schema.
fn new_file(batch: &RecordBatch, options: ArrowWriterOptions) -> SerializedFileWriter<Vec<u8>> {
    let writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    writer.into_serialized_writer().unwrap().0
}

/// Writes `batch` as one row group of physical values, in the pieces that the case has.
fn write_row_group(case: &Case, batch: &RecordBatch, file: &mut SerializedFileWriter<Vec<u8>>) {
    let mut group = file.next_row_group().unwrap();
    for leaf in shred(batch) {
        let mut column = group.next_column().unwrap().unwrap();
        let mut from = 0;
        for piece in pieces(batch, case.batch) {
            let to = from + piece.num_rows();
            put(column.untyped(), &leaf, leaf.rows_between(from, to));
            from = to;
        }
        column.close().unwrap();
    }
    group.close().unwrap();
}

fn write_values(case: &Case, batch: &RecordBatch, options: ArrowWriterOptions) -> Written {
    let mut file = new_file(batch, options);
    write_row_group(case, batch, &mut file);
    let metadata = file.finish().unwrap();
    let file = file.into_inner().unwrap();
    Written { file, metadata }
}

/// One or two of each physical type.
const TYPES: [DataType; 10] = [
    DataType::Boolean,
    DataType::Int32,
    DataType::UInt64,
    DataType::Float32,
    DataType::Float64,
    DataType::Float16,
    DataType::Utf8,
    DataType::BinaryView,
    DataType::FixedSizeBinary(16),
    DataType::Decimal128(38, 6),
];

/// Where levels are not one number throughout, that is: batches of such are larger.
#[test]
fn values_and_batches_give_the_same_bytes() {
    let batches = [
        (Nesting::Flat, Nulls::Required),
        (Nesting::Flat, Nulls::Half),
        (Nesting::ListOfStructOfList, Nulls::Half),
    ]
    .map(|(nesting, nulls)| batch_of(&TYPES, nesting, nulls, 300));
    for row in pairs(&[batches.len(), codecs().len(), 2, 3, 2, 4, 3, 2]) {
        let case = Case {
            compression: codecs()[row[1]],
            version: [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0][row[2]],
            dictionary: [Dictionary::On, Dictionary::Off, Dictionary::Fallback][row[3]],
            checksums: [false, true][row[4]],
            paging: [
                Paging::Default,
                Paging::Bytes,
                Paging::Rows,
                Paging::Batches,
            ][row[5]],
            statistics: [
                Statistics::Page,
                Statistics::PageHeaders,
                Statistics::ChunkWithoutOffsets,
            ][row[6]],
            batch: [300, 77][row[7]],
            ..Case::default()
        };
        let batch = &batches[row[0]];
        let expected = case.write(batch);
        let written = write_values(&case, batch, case.options());
        assert!(written.file == expected.file, "{case:?}: other bytes");
    }
}

#[test]
fn every_store_and_a_roomy_limit_give_the_same_bytes_of_values() {
    let batch = batch_of(&TYPES, Nesting::ListOfStructOfList, Nulls::Few, 250);
    for (at, dictionary) in [Dictionary::On, Dictionary::Off, Dictionary::Fallback]
        .into_iter()
        .enumerate()
    {
        let case = Case {
            version: [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0][at % 2],
            compression: codecs()[at],
            dictionary,
            paging: [Paging::Bytes, Paging::Batches, Paging::Rows][at],
            checksums: at == 1,
            batch: 110,
            ..Case::default()
        };
        let write = |options| write_values(&case, &batch, options);
        let expected = write(case.options());
        check(&case, &batch, &expected);
        for store in Store::ALL {
            let stored = Case {
                store,
                ..case.clone()
            };
            if store.keeps_layout() {
                let found = write(stored.options()).file;
                assert!(found == expected.file, "{stored:?}: other bytes");
            }
        }
        let found = write(case.options().with_memory_limit(64 << 20)).file;
        assert!(found == expected.file, "{case:?}: other bytes with a limit");
        #[cfg(feature = "encryption")]
        {
            let files = Arc::new(TempFilePageStoreFactory::new());
            let sealed = EncryptedPageStoreFactory::try_new(files).unwrap();
            let options = case.options().with_page_store_factory(Arc::new(sealed));
            let found = write(options).file;
            assert!(found == expected.file, "{case:?}: other bytes when sealed");
        }
    }
}

/// A limit that is reached again and again, on the way of values alone and after columns of batches, which are
/// encoded on threads of the caller's own.
#[test]
fn values_and_columns_of_batches_stand_in_one_file_under_a_limit() {
    let batch = batch_of(&TYPES, Nesting::List, Nulls::Few, 400);
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let case = Case {
            version,
            ..Case::default()
        };
        let budget = MemoryBudget::new(60_000);
        let schema = new_file(&batch, case.options())
            .schema_descr()
            .root_schema_ptr();
        let options = SerializedFileWriterOptions::new().with_memory_budget(budget.clone());
        let properties = Arc::new(case.properties());
        let mut file =
            SerializedFileWriter::new_with_options(Vec::new(), schema, properties, options)
                .unwrap();
        let factory = ArrowRowGroupWriterFactory::new(&file, batch.schema());
        let writers = factory.create_column_writers(0).unwrap();
        let fields = batch.schema().fields().clone();
        let leaves = fields.iter().zip(batch.columns());
        let leaves = leaves.flat_map(|(field, array)| compute_leaves(field, array).unwrap());
        let mut columns: Vec<_> = writers.into_iter().zip(leaves).collect();
        let chunks: Vec<ArrowColumnChunk> = thread::scope(|scope| {
            let others = columns.split_off(columns.len() / 2);
            let threads = [columns, others].map(|columns| {
                scope.spawn(move || {
                    let encode = |(mut writer, leaf): (ArrowColumnWriter, _)| {
                        writer.write(&leaf).unwrap();
                        writer.close().unwrap()
                    };
                    columns.into_iter().map(encode).collect::<Vec<_>>()
                })
            });
            let encoded = threads.into_iter().map(|thread| thread.join().unwrap());
            encoded.flatten().collect()
        });
        let mut group = file.next_row_group().unwrap();
        for chunk in chunks {
            chunk.append_to_row_group(&mut group).unwrap();
        }
        group.close().unwrap();
        write_row_group(&case, &batch, &mut file);
        drop(factory);
        assert_eq!(file.finish().unwrap().file_metadata().num_rows(), 800);
        let found = read(&file.into_inner().unwrap());
        let (first, second) = (found.slice(0, 400), found.slice(400, 400));
        assert!(first == second, "{version:?}");
        // Without the Arrow schema types come back as what they are in the file.
        for (expected, found) in shred(&batch).iter().zip(shred(&first)) {
            let is_interval = matches!(expected.data_type, DataType::Interval(_));
            assert!(
                is_interval || expected.slots == found.slots,
                "{}",
                found.path
            );
        }
        assert_eq!((budget.used(), budget.members()), (0, 0));
    }
}
