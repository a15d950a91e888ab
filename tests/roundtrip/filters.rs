//! Bloom filters: where they lie, and that they are those that the `parquet` crate writes.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::Type;
use herringbone::bloom_filter::Sbbf;
use herringbone::budget::MemoryBudget;
use herringbone::data_type::Int64Type;
use herringbone::file::properties::{
    BloomFilterPosition, WriterProperties, WriterPropertiesBuilder,
};
use herringbone::file::writer::SerializedFileWriter;
use herringbone::schema::parser::parse_message_type;
use parquet::basic::EncodingMask;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties as theirs;

use crate::support::types::{Nesting, Nulls, batch_of_all_types};

/// How the peer and we are told the same.
#[derive(Debug, Clone, Copy)]
struct Way {
    dictionary_bytes: usize,
    at_end: bool,
    for_dictionaries: bool,
    fpp: f64,
}

const WAY: Way = Way {
    dictionary_bytes: 1 << 20,
    at_end: false,
    for_dictionaries: true,
    fpp: 0.01,
};

const ROW_GROUP: usize = 1_100;

fn ours(way: Way) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_dictionary_page_size_limit(way.dictionary_bytes)
        .set_bloom_filter_fpp(way.fpp)
        .set_bloom_filter_for_dictionary_encoded_chunks(way.for_dictionaries)
        .set_bloom_filter_position(match way.at_end {
            true => BloomFilterPosition::End,
            false => BloomFilterPosition::AfterRowGroup,
        })
}

fn by_us(batch: &RecordBatch, way: Way) -> Vec<u8> {
    let mut file = Vec::new();
    let properties = ours(way).build();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file
}

fn by_them(batch: &RecordBatch, way: Way) -> Vec<u8> {
    let properties = theirs::WriterProperties::builder()
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_dictionary_page_size_limit(way.dictionary_bytes)
        .set_bloom_filter_fpp(way.fpp)
        .set_bloom_filter_for_dictionary_encoded_chunks(way.for_dictionaries)
        .set_bloom_filter_position(match way.at_end {
            true => theirs::BloomFilterPosition::End,
            false => theirs::BloomFilterPosition::AfterRowGroup,
        });
    let mut file = Vec::new();
    let (schema, properties) = (batch.schema(), properties.build());
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut file, schema, Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file
}

fn footer(file: &[u8]) -> ParquetMetaData {
    let bytes = bytes::Bytes::copy_from_slice(file);
    ParquetMetaDataReader::new()
        .parse_and_finish(&bytes)
        .unwrap()
}

/// A chunk's filter as it stands in the file.
#[derive(Debug)]
struct Filter {
    row_group: usize,
    column: String,
    /// How the values of the chunk's data pages are encoded.
    encodings: Option<EncodingMask>,
    bytes: Option<Vec<u8>>,
}

impl Filter {
    fn is(&self, other: &Filter) -> bool {
        let place = (self.row_group, &self.column);
        place == (other.row_group, &other.column) && self.bytes == other.bytes
    }

    /// The bits, block by block.
    fn blocks(&self) -> Option<Vec<[u8; BLOCK]>> {
        let bytes = self.bytes.as_ref()?;
        let bitset = bytes.len() / BLOCK * BLOCK;
        let blocks = bytes[bytes.len() - bitset..].chunks(BLOCK);
        Some(blocks.map(|block| block.try_into().unwrap()).collect())
    }

    /// Whether both hold the same values, in filters of the same size or of half of it.
    fn holds_the_same_as(&self, other: &Filter) -> bool {
        let (Some(own), Some(other)) = (self.blocks(), other.blocks()) else {
            return self.is(other);
        };
        own == other || halved(&own) == other || own == halved(&other)
    }
}

/// Bytes of a block.
const BLOCK: usize = 32;

fn halved(blocks: &[[u8; BLOCK]]) -> Vec<[u8; BLOCK]> {
    let merged = |pair: &[[u8; BLOCK]]| std::array::from_fn(|at| pair[0][at] | pair[1][at]);
    blocks.chunks_exact(2).map(merged).collect()
}

fn filters(file: &[u8]) -> Vec<Filter> {
    let metadata = footer(file);
    let groups = metadata.row_groups().iter().enumerate();
    let chunks =
        groups.flat_map(|(at, group)| group.columns().iter().map(move |chunk| (at, chunk)));
    chunks
        .map(|(row_group, chunk)| Filter {
            row_group,
            column: chunk.column_path().string(),
            encodings: chunk.page_encoding_stats_mask().copied(),
            bytes: chunk.bloom_filter_offset().map(|from| {
                let from = from as usize;
                let len = chunk.bloom_filter_length().unwrap() as usize;
                file[from..from + len].to_vec()
            }),
        })
        .collect()
}

#[test]
fn filters_are_those_of_the_parquet_crate() {
    let ways = [
        WAY,
        Way {
            at_end: true,
            ..WAY
        },
        Way {
            dictionary_bytes: 0,
            fpp: 0.2,
            ..WAY
        },
        Way {
            dictionary_bytes: 500,
            for_dictionaries: false,
            ..WAY
        },
    ];
    let (mut seen, mut differ) = (0, 0);
    for (nesting, nulls) in [
        (Nesting::Flat, Nulls::Required),
        (Nesting::Flat, Nulls::Half),
        (Nesting::List, Nulls::Few),
        (Nesting::Struct, Nulls::All),
    ] {
        let batch = batch_of_all_types(nesting, nulls, 2_500);
        for way in ways {
            let (ours, theirs) = (by_us(&batch, way), by_them(&batch, way));
            let (ours, theirs) = (filters(&ours), filters(&theirs));
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(&theirs) {
                // Runs are expanded before the peer cuts them, and then its dictionary may end sooner.
                if ours.encodings != theirs.encodings && !way.for_dictionaries {
                    continue;
                }
                assert!(
                    ours.holds_the_same_as(theirs),
                    "{nesting:?}, {nulls:?}, {way:?}: {ours:?}"
                );
                seen += 1;
                differ += usize::from(!ours.is(theirs));
            }
            let some = ours.iter().filter(|filter| filter.bytes.is_some()).count();
            assert!(some > 0, "{way:?}");
            assert_eq!(some == ours.len(), way.for_dictionaries, "{way:?}");
        }
    }
    // How far a filter may be folded is estimated, and estimated here from smaller filters.
    assert!(differ * 100 < seen, "{differ} of {seen} differ in size");
}

#[test]
fn filters_lie_behind_their_row_group_or_before_the_indexes() {
    let batch = batch_of_all_types(Nesting::Flat, Nulls::Few, 2_500);
    for at_end in [false, true] {
        let file = by_us(&batch, Way { at_end, ..WAY });
        let metadata = footer(&file);
        let groups = metadata.row_groups();
        let chunks = groups.iter().flat_map(|group| group.columns());
        let indexes = chunks
            .filter_map(|chunk| chunk.column_index_offset())
            .min()
            .unwrap();
        for (at, group) in groups.iter().enumerate() {
            let end = |group: &parquet::file::metadata::RowGroupMetaData| {
                let last = group.columns().last().unwrap().byte_range();
                (last.0 + last.1) as i64
            };
            let (from, to) = match (at_end, groups.get(at + 1)) {
                (true, _) => (end(groups.last().unwrap()), indexes),
                (false, Some(next)) => (end(group), next.file_offset().unwrap()),
                (false, None) => (end(group), indexes),
            };
            for chunk in group.columns() {
                let filter = chunk.bloom_filter_offset().unwrap();
                let filter_end = filter + i64::from(chunk.bloom_filter_length().unwrap());
                assert!(from <= filter && filter_end <= to, "{at_end}, group {at}");
            }
        }
    }
}

/// A table whose filters alone are many times the limit.
fn random_numbers(columns: usize, rows: usize) -> RecordBatch {
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 8) as i64
    };
    let columns = (0..columns).map(|column| {
        let array: ArrayRef = match column % 3 {
            2 => Arc::new(StringArray::from_iter_values(
                (0..rows).map(|_| next().to_string()),
            )),
            _ => Arc::new(Int64Array::from_iter_values((0..rows).map(|_| next()))),
        };
        (format!("c{column}"), array)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn a_memory_limit_leaves_filters_as_they_are() {
    let batch = random_numbers(9, 60_000);
    for at_end in [false, true] {
        let write = |options: ArrowWriterOptions| {
            let properties = ours(Way { at_end, ..WAY })
                .set_max_row_group_row_count(Some(30_000))
                .set_data_page_size_limit(20_000);
            let options = options.with_properties(properties.build());
            let mut file = Vec::new();
            let mut writer =
                ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).unwrap();
            for from in (0..batch.num_rows()).step_by(2_000) {
                writer.write(&batch.slice(from, 2_000)).unwrap();
            }
            writer.finish().unwrap();
            let pressure = writer.memory_pressure();
            drop(writer);
            (file, pressure)
        };
        let (free, _) = write(ArrowWriterOptions::new());
        let budget = MemoryBudget::new(700_000);
        let (limited, pressure) =
            write(ArrowWriterOptions::new().with_memory_budget(budget.clone()));
        assert_eq!(pressure.row_groups_flushed_early, 0, "{pressure:?}");
        assert!(budget.peak() <= 720_000, "{}", budget.peak());
        assert_eq!(budget.used(), 0);
        let (free, limited) = (filters(&free), filters(&limited));
        let bytes = free.iter().flat_map(|filter| &filter.bytes);
        let bytes: usize = bytes.map(Vec::len).sum();
        assert!(bytes > 700_000, "{bytes}");
        assert_eq!(free.len(), limited.len());
        assert!(
            free.iter()
                .zip(&limited)
                .all(|(free, limited)| free.is(limited))
        );
    }
}

#[test]
fn typed_writers_write_filters_too() {
    let schema = parse_message_type("message m { required int64 a; }").unwrap();
    let properties = ours(WAY).set_dictionary_enabled(false).build();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties));
    let file = file.as_mut().unwrap();
    let mut row_group = file.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    let values: Vec<i64> = (0..500).map(|n| n * 3).collect();
    let typed = column.typed::<Int64Type>();
    typed.write_batch(&values, None, None).unwrap();
    column.close().unwrap();
    row_group.close().unwrap();
    let metadata = file.finish().unwrap();
    let chunk = metadata.row_group(0).column(0);
    assert_eq!(chunk.column_type(), Type::INT64);
    let from = chunk.bloom_filter_offset().unwrap() as usize;
    let len = chunk.bloom_filter_length().unwrap() as usize;
    file.flush().unwrap();
    let filter = Sbbf::from_bytes(&file.inner()[from..from + len]).unwrap();
    assert!(values.iter().all(|value| filter.check(value)));
    let others = (0..10_000).map(|n| n * 3 + 1);
    let passed = others.filter(|value| filter.check(value)).count();
    assert!(passed < 300, "{passed} of 10,000 pass");
}
