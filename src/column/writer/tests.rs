//! What a typed writer says of its own memory, and that no page is larger than the format allows.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::chunk_writer::{ChunkParts, ChunkWriter, Grant};
use super::cut::{FORMAT, FormatLimits};
use super::{
    ColumnPlan, ColumnValueEncoderImpl, GenericColumnWriter, ScratchPool, Slots, ValueFeed,
};
use crate::basic::Encoding;
use crate::budget::MemoryBudget;
use crate::column::chunk::{ChunkPages, HandedPages};
use crate::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use crate::data_type::Int64Type;
use crate::data_type::levels::Levels;
use crate::data_type::values::{ByteSource, ByteValues, Picks, Values};
use crate::errors::Result;
use crate::meta::properties::{WriterProperties, WriterVersion};
use crate::schema::parser::parse_message_type;
use crate::schema::types::SchemaDescriptor;

/// Keeps every page.
#[derive(Default)]
struct Keeping {
    pages: Vec<CompressedPage>,
}

impl PageWriter for Keeping {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        self.pages.push(page);
        Ok(PageWriteSpec::new())
    }

    fn buffered_memory_size(&self) -> usize {
        self.pages.iter().map(CompressedPage::memory_usage).sum()
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn pages_that_wait_anywhere_count_as_memory() {
    let schema = parse_message_type("message m { required int64 n; }").unwrap();
    let schema = SchemaDescriptor::new(Arc::new(schema));
    // Pages wait for the dictionary in the sink, or without one in the page writer.
    for dictionary in [true, false] {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(dictionary)
            .set_data_page_row_count_limit(1000)
            .set_write_batch_size(1000)
            .build();
        let mut writer = GenericColumnWriter::<ColumnValueEncoderImpl<Int64Type>>::new(
            schema.column(0),
            Arc::new(properties),
            Box::new(Keeping::default()),
        );
        let values: Vec<i64> = (0..20_000).map(|n| n % 256).collect();
        let mut sizes = Vec::new();
        for _ in 0..2 {
            writer.write_batch(&values, None, None).unwrap();
            sizes.push(writer.memory_size());
        }
        let bytes_a_value = if dictionary { 1 } else { 8 };
        assert!(
            sizes[1] - sizes[0] >= values.len() * bytes_a_value,
            "{sizes:?}"
        );
    }
}

/// The sizes of pages that are put: bytes before compression, rows that begin.
#[derive(Debug, Default, Clone)]
struct Sizes {
    data: Vec<(usize, u32)>,
    dictionary: Option<usize>,
}

/// Remembers the sizes of pages.
#[derive(Default, Clone)]
struct Measuring(Arc<Mutex<Sizes>>);

impl PageWriter for Measuring {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let mut sizes = self.0.lock().unwrap();
        match page.compressed_page() {
            Page::DataPageV2 { num_rows, .. } => {
                sizes.data.push((page.uncompressed_size(), *num_rows));
            }
            Page::DataPage { .. } => panic!("pages of the second layout were asked for"),
            Page::DictionaryPage { .. } => sizes.dictionary = Some(page.uncompressed_size()),
        }
        Ok(PageWriteSpec::new())
    }

    fn defers_dictionary_ordering(&self) -> bool {
        true
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

struct Feed<'a>(Values<'a>);

impl ValueFeed for Feed<'_> {
    fn next(&mut self, count: usize) -> Result<Values<'_>> {
        Ok(self.0.take_front(count))
    }

    fn give_back(&mut self, _count: usize) {
        unreachable!("memory is never short");
    }

    fn held_bytes(&self) -> usize {
        0
    }
}

/// The page that a value may share with others, and far more than that.
const SHARED: usize = 4 << 20;

/// A format that unit tests can fill.
const SMALL: FormatLimits = FormatLimits {
    shared_bytes: SHARED,
    ..FORMAT
};

/// Writes rows of values of these lengths without any limit but the format's, and returns the sizes of the pages.
fn sizes_of(rows: &[Vec<usize>], encoding: Encoding, dictionary: bool, batch: usize) -> Sizes {
    let schema = parse_message_type("message m { repeated binary a; }").unwrap();
    let schema = SchemaDescriptor::new(Arc::new(schema));
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_dictionary_enabled(dictionary)
        .set_dictionary_page_size_limit(usize::MAX)
        .set_encoding(encoding)
        .set_data_page_size_limit(usize::MAX)
        .set_data_page_row_count_limit(usize::MAX)
        .set_write_batch_size(batch);
    let plan = ColumnPlan::try_new(schema.column(0), &properties.build()).unwrap();
    let budget = MemoryBudget::unlimited();
    let measuring = Measuring::default();
    let mut chunk = ChunkWriter::try_new(ChunkParts {
        plan: Arc::new(plan.in_format(SMALL)),
        cap: None,
        pages: ChunkPages::Handed(HandedPages::new(Box::new(measuring.clone()))),
        filter_parts: None,
        scratch: ScratchPool::new(budget.clone()),
        reservation: budget.reserve(),
    })
    .unwrap();
    let lengths: Vec<usize> = rows.iter().flatten().copied().collect();
    let data: Vec<u8> = (0..lengths.iter().sum::<usize>())
        .map(|at| {
            (at as u64)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .to_be_bytes()[at % 3]
        })
        .collect();
    let mut offsets = vec![0_i64];
    for len in &lengths {
        offsets.push(offsets[offsets.len() - 1] + *len as i64);
    }
    let source = ByteSource::Offsets64 {
        offsets: &offsets,
        data: &data,
    };
    let picks = Picks::Range {
        from: 0,
        len: lengths.len(),
    };
    let mut feed = Feed(Values::Bytes(ByteValues::new(source, picks)));
    let repetition: Vec<i16> = rows
        .iter()
        .flat_map(|row| (0..row.len()).map(|at| i16::from(at > 0)))
        .collect();
    let mut leaf = Slots {
        count: lengths.len(),
        definition: Some(Levels::uniform(1, lengths.len())),
        repetition: Some(Levels::Slice(&repetition)),
    };
    chunk
        .write(&mut leaf, &mut feed, None, Grant::ENDLESS)
        .unwrap();
    chunk.close().unwrap();
    let sizes = measuring.0.lock().unwrap();
    sizes.clone()
}

fn any_rows() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let len = prop_oneof![
        6 => 0..100_usize,
        3 => SHARED / 8..SHARED / 2,
        2 => SHARED - 100..SHARED + 100,
        1 => SHARED..SHARED * 2,
    ];
    let row = proptest::collection::vec(len, 1..4);
    proptest::collection::vec(row, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever the options allow: only a row that is larger alone makes a larger page.
    #[test]
    fn pages_of_several_rows_stay_far_below_what_the_format_holds(
        rows in any_rows(),
        encoding in prop::sample::select(vec![
            Encoding::PLAIN,
            Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Encoding::DELTA_BYTE_ARRAY,
        ]),
        dictionary in any::<bool>(),
        batch in prop::sample::select(vec![1_usize, 3, 1024]),
    ) {
        let sizes = sizes_of(&rows, encoding, dictionary, batch);
        let largest_row = rows.iter().map(|row| row.iter().sum::<usize>()).max().unwrap();
        for (bytes, page_rows) in &sizes.data {
            let most = match page_rows {
                0 | 1 => largest_row.max(SHARED),
                _ => SHARED,
            };
            prop_assert!(*bytes <= most + 2000, "{bytes} bytes in {page_rows} rows");
        }
        prop_assert!(sizes.dictionary.unwrap_or(0) <= largest_row.max(SHARED) + 2000);
        let written: usize = sizes.data.iter().map(|(_, rows)| *rows as usize).sum();
        prop_assert_eq!(written, rows.len());
    }
}

/// What fits is not cut: no row is lost to caution.
#[test]
fn a_page_takes_rows_up_to_half_of_what_the_format_holds() {
    let row = vec![SHARED / 8];
    let rows = vec![row; 20];
    for encoding in [Encoding::PLAIN, Encoding::DELTA_LENGTH_BYTE_ARRAY] {
        let pages = sizes_of(&rows, encoding, false, 1024).data;
        assert_eq!(pages.len(), 3, "{pages:?}");
        assert_eq!(pages[0].1, 7, "{pages:?}");
    }
}
