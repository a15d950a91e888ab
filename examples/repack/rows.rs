//! Whether a Parquet footer counts its rows as the pages do. A reader believes the footer: one that says too little
//! would make it leave rows out in silence, and one that says none would give an empty table.

use std::fs::File;

use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

/// Records that are read at a time where only the levels tell the rows.
const RECORDS: usize = 8_192;

/// Checks `file`, whose footer is `metadata`.
///
/// # Errors
/// If the footer is not of one mind with itself or with the pages.
pub(crate) fn check(file: &File, metadata: &ParquetMetaData) -> Result<()> {
    let said = metadata.file_metadata().num_rows();
    let groups: i64 = metadata
        .row_groups()
        .iter()
        .map(|group| group.num_rows())
        .sum();
    if said != groups {
        return Err(wrong(format!(
            "it says {said} rows for the file, and {groups} for its row groups together"
        )));
    }
    let file = SerializedFileReader::new(file.try_clone()?)?;
    for (number, group) in metadata.row_groups().iter().enumerate() {
        check_row_group(&file, number, group)?;
    }
    Ok(())
}

fn check_row_group(
    file: &SerializedFileReader<File>,
    number: usize,
    group: &RowGroupMetaData,
) -> Result<()> {
    let (rows, reader) = (group.num_rows(), file.get_row_group(number)?);
    let wrong_rows = |column: &str, found: i64| {
        wrong(format!(
            "it says {rows} rows for row group {number}, and column {column} has {found}"
        ))
    };
    for (place, chunk) in group.columns().iter().enumerate() {
        let name = chunk.column_path().string();
        let levels = levels(reader.get_column_page_reader(place)?.as_mut())?;
        if levels != chunk.num_values() {
            return Err(wrong(format!(
                "it says {} values for column {name} of row group {number}, and its pages have {levels}",
                chunk.num_values()
            )));
        }
        if chunk.column_descr().max_rep_level() == 0 && levels != rows {
            return Err(wrong_rows(&name, levels));
        }
    }
    let all_repeated = group
        .columns()
        .iter()
        .all(|chunk| chunk.column_descr().max_rep_level() > 0);
    let smallest =
        (0..group.num_columns()).min_by_key(|place| group.column(*place).compressed_size());
    if let Some(place) = smallest.filter(|_| all_repeated) {
        let found = records(reader.get_column_reader(place)?)?;
        if found != rows {
            return Err(wrong_rows(
                &group.column(place).column_path().string(),
                found,
            ));
        }
    }
    Ok(())
}

/// What the headers of a chunk's data pages say.
fn levels(pages: &mut dyn PageReader) -> Result<i64> {
    let mut levels: i64 = 0;
    while let Some(page) = pages.peek_next_page()? {
        if !page.is_dict {
            let of_page = page.num_levels.or(page.num_rows).unwrap_or(0);
            levels += i64::try_from(of_page)?;
        }
        pages.skip_next_page()?;
    }
    Ok(levels)
}

/// The rows of a repeated column, by its levels.
fn records(reader: ColumnReader) -> Result<i64> {
    match reader {
        ColumnReader::BoolColumnReader(typed) => records_of(typed),
        ColumnReader::Int32ColumnReader(typed) => records_of(typed),
        ColumnReader::Int64ColumnReader(typed) => records_of(typed),
        ColumnReader::Int96ColumnReader(typed) => records_of(typed),
        ColumnReader::FloatColumnReader(typed) => records_of(typed),
        ColumnReader::DoubleColumnReader(typed) => records_of(typed),
        ColumnReader::ByteArrayColumnReader(typed) => records_of(typed),
        ColumnReader::FixedLenByteArrayColumnReader(typed) => records_of(typed),
    }
}

fn records_of<T: DataType>(mut reader: ColumnReaderImpl<T>) -> Result<i64> {
    let (mut definition, mut repetition, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut records = 0;
    loop {
        definition.clear();
        repetition.clear();
        values.clear();
        let (read, _, _) = reader.read_records(
            RECORDS,
            Some(&mut definition),
            Some(&mut repetition),
            &mut values,
        )?;
        if read == 0 {
            return Ok(records);
        }
        records += i64::try_from(read)?;
    }
}

fn wrong(why: String) -> ParquetError {
    ParquetError::General(format!("its footer counts wrongly: {why}"))
}
