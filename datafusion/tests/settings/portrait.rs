//! What there is to see of a Parquet file, as text, as another reader sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use parquet::schema::printer::print_schema;

/// A file's features by their names. What its writer is free in, such as offsets and compressed sizes, is none.
pub(crate) type Portrait = BTreeMap<String, String>;

/// The portrait of the file at `path`.
pub(crate) fn of(path: &Path) -> Portrait {
    let options = ReadOptionsBuilder::new().with_page_index().build();
    let reader =
        SerializedFileReader::new_with_options(File::open(path).unwrap(), options).unwrap();
    let mut portrait = of_the_file(reader.metadata());
    for group in 0..reader.num_row_groups() {
        of_row_group(&mut portrait, &reader, group);
    }
    portrait
}

/// The features in which two portraits differ, each as both have it.
pub(crate) fn differences(one: &Portrait, other: &Portrait) -> Vec<String> {
    let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| one.get(*name) != other.get(*name));
    let of = |portrait: &Portrait, name| {
        let text = portrait.get(name).cloned().unwrap_or_default();
        text.chars().take(400).collect::<String>()
    };
    differing
        .map(|name| format!("{name}\n   {}\n   {}", of(one, name), of(other, name)))
        .collect()
}

fn of_the_file(metadata: &ParquetMetaData) -> Portrait {
    let file = metadata.file_metadata();
    let mut schema = Vec::new();
    print_schema(&mut schema, file.schema());
    let mut pairs: Vec<_> = file.key_value_metadata().into_iter().flatten().collect();
    pairs.sort_by(|one, other| one.key.cmp(&other.key));
    let rows: Vec<_> = metadata
        .row_groups()
        .iter()
        .map(|group| group.num_rows())
        .collect();
    Portrait::from([
        ("schema".to_owned(), String::from_utf8(schema).unwrap()),
        ("created by".to_owned(), format!("{:?}", file.created_by())),
        ("version".to_owned(), file.version().to_string()),
        ("pairs".to_owned(), format!("{pairs:?}")),
        ("rows of row groups".to_owned(), format!("{rows:?}")),
    ])
}

fn of_row_group(portrait: &mut Portrait, reader: &SerializedFileReader<File>, index: usize) {
    let metadata = reader.metadata();
    let group = reader.get_row_group(index).unwrap();
    let sorting = format!("{:?}", group.metadata().sorting_columns());
    portrait.insert(format!("{index} sorting"), sorting);
    for (leaf, chunk) in group.metadata().columns().iter().enumerate() {
        let mut insert = |feature: &str, value: String| {
            portrait.insert(
                format!("{index} {} {feature}", chunk.column_path().string()),
                value,
            );
        };
        insert("codec", format!("{:?}", chunk.compression()));
        insert(
            "encodings",
            format!(
                "{:?}",
                chunk
                    .encodings()
                    .map(|e| e.to_string())
                    .collect::<BTreeSet<_>>()
            ),
        );
        insert("statistics", format!("{:?}", chunk.statistics()));
        insert("size statistics", size_statistics(chunk));
        insert("Bloom filter", format!("{:?}", chunk.bloom_filter_length()));
        let pages = pages(group.get_column_page_reader(leaf).unwrap());
        insert("pages", format!("{pages:?}"));
        let column_index = metadata
            .column_index()
            .and_then(|all| all.get(index)?.get(leaf));
        insert("column index", format!("{column_index:?}"));
        let offsets = metadata
            .offset_index()
            .and_then(|all| all.get(index)?.get(leaf));
        let first_rows: Option<Vec<_>> = offsets.map(|offsets| {
            let pages = offsets.page_locations().iter();
            pages.map(|page| page.first_row_index).collect()
        });
        insert("rows that pages begin with", format!("{first_rows:?}"));
    }
}

fn size_statistics(chunk: &ColumnChunkMetaData) -> String {
    format!(
        "{:?} {:?} {:?}",
        chunk.unencoded_byte_array_data_bytes(),
        chunk.repetition_level_histogram(),
        chunk.definition_level_histogram()
    )
}

/// The pages of a chunk: type, encoding and values. How many bytes these take is left to the writer: there are several
/// ways to write one and the same level or dictionary key.
fn pages(mut reader: Box<dyn PageReader>) -> Vec<String> {
    let mut pages = Vec::new();
    while let Some(page) = reader.get_next_page().unwrap() {
        let statistics = match &page {
            Page::DictionaryPage { .. } => None,
            page => page.statistics(),
        };
        pages.push(format!(
            "{:?} {} {} values {statistics:?}",
            page.page_type(),
            page.encoding(),
            page.num_values(),
        ));
    }
    pages
}
