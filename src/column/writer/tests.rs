//! What a typed writer says of its own memory.

use std::sync::Arc;

use super::{ColumnValueEncoderImpl, GenericColumnWriter};
use crate::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use crate::data_type::Int64Type;
use crate::errors::Result;
use crate::file::properties::WriterProperties;
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
