//! Holds a file against the batch it was written from.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::file::metadata::PageIndexPolicy;

use super::cases::{Case, Statistics, Written};
use super::shred::{self, Leaf, shred};
use super::stats::{Naive, Order, can_be_cut, check_bounds, naive};
use super::stores::Store;
use super::thrift::Fields;
use super::walker::{Chunk, Layout};

/// Everything: structure, values, schema, statistics, and what `close` returned.
pub fn check(case: &Case, batch: &RecordBatch, written: &Written) -> Layout {
    let leaves = shred(batch);
    check_read_back(case, batch, &leaves, &written.file);
    check_layout(case, batch, &leaves, written)
}

/// As [`check`], for a file that does not say which Arrow types it was written from.
pub fn check_without_schema(case: &Case, batch: &RecordBatch, written: &Written) -> Layout {
    let leaves = shred(batch);
    let found = read(&written.file);
    assert_eq!(found.num_rows(), batch.num_rows(), "{case:?}: rows");
    let mut found = shred(&found);
    for (expected, found) in leaves.iter().zip(&mut found) {
        // Without the Arrow schema that reader takes any interval for one of days.
        if expected.data_type == DataType::Interval(IntervalUnit::YearMonth) {
            let slots = found.slots.iter_mut().zip(&expected.slots);
            slots.for_each(|(found, expected)| found.value.clone_from(&expected.value));
        }
    }
    assert_same_leaves(case, &leaves, &found);
    check_layout(case, batch, &leaves, written)
}

fn check_layout(case: &Case, batch: &RecordBatch, leaves: &[Leaf], written: &Written) -> Layout {
    let layout = Layout::read(&written.file);
    check_row_groups(case, batch.num_rows(), &layout);
    check_statistics(case, leaves, &layout);
    check_returned_metadata(case, written, &layout);
    layout
}

/// The rows as `parquet` reads them.
pub fn read(file: &[u8]) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file));
    let reader = reader.unwrap_or_else(|error| panic!("opening: {error}"));
    let schema = reader.schema().clone();
    let reader = reader.with_batch_size(1000).build().unwrap();
    let batches: Result<Vec<_>, _> = reader.collect();
    let batches = batches.unwrap_or_else(|error| panic!("reading: {error}"));
    concat_batches(&schema, &batches).unwrap()
}

fn check_read_back(case: &Case, batch: &RecordBatch, leaves: &[Leaf], file: &[u8]) {
    let found = read(file);
    let expected: Vec<FieldRef> = batch.schema().fields().iter().map(stored).collect();
    assert_eq!(
        found.schema().fields().to_vec(),
        expected,
        "{case:?}: schema"
    );
    assert_eq!(found.num_rows(), batch.num_rows(), "{case:?}: rows");
    assert_same_leaves(case, leaves, &shred(&found));
    for (i, column) in found.columns().iter().enumerate() {
        // Nulls of dictionaries may have moved from values to keys.
        if column.data_type() == batch.column(i).data_type() && !is_encoded(column.data_type()) {
            let name = batch.schema().field(i).name().clone();
            assert!(
                column.to_data() == batch.column(i).to_data(),
                "{case:?}: array {name}"
            );
        }
    }
    if let Statistics::Page | Statistics::PageHeaders = case.statistics {
        check_selected_rows(case, &found, file);
    }
}

/// Reads some rows through the page indexes, as a reader does that skips pages.
fn check_selected_rows(case: &Case, all: &RecordBatch, file: &[u8]) {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let file = Bytes::copy_from_slice(file);
    let metadata = ArrowReaderMetadata::load(&file, options);
    let metadata = metadata.unwrap_or_else(|error| panic!("{case:?}: page index: {error}"));
    let rows = all.num_rows();
    let (skip, take) = (rows / 3, rows / 5);
    let selection = RowSelection::from(vec![
        RowSelector::skip(skip),
        RowSelector::select(take),
        RowSelector::skip(rows - skip - take),
    ]);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_row_selection(selection)
        .with_batch_size(rows.max(1))
        .build()
        .unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let found = concat_batches(&all.schema(), &batches).unwrap();
    assert!(
        found == all.slice(skip, take),
        "{case:?}: rows selected through the page index"
    );
}

fn assert_same_leaves(case: &Case, expected: &[Leaf], found: &[Leaf]) {
    assert_eq!(expected.len(), found.len(), "{case:?}: leaves");
    for (expected, found) in expected.iter().zip(found) {
        assert_same_leaf(case, expected, found);
    }
}

fn assert_same_leaf(case: &Case, expected: &Leaf, found: &Leaf) {
    assert_eq!(
        (expected.max_def, expected.max_rep, expected.slots.len()),
        (found.max_def, found.max_rep, found.slots.len()),
        "{case:?}: levels of {}",
        expected.path
    );
    for (slot, (expected_slot, found_slot)) in expected.slots.iter().zip(&found.slots).enumerate() {
        assert_eq!(
            expected_slot, found_slot,
            "{case:?}: slot {slot} of {} ({})",
            expected.path, expected.data_type
        );
    }
}

fn check_row_groups(case: &Case, rows: usize, layout: &Layout) {
    if !case.store.keeps_layout() {
        return;
    }
    let found: Vec<usize> = layout
        .row_groups
        .iter()
        .map(|group| group.record.int(3) as usize)
        .collect();
    let most = case.row_group.unwrap_or(usize::MAX);
    let mut expected = vec![most; rows / most];
    expected.extend(Some(rows % most).filter(|rows| *rows > 0));
    assert_eq!(found, expected, "{case:?}: rows of row groups");
}

fn check_statistics(case: &Case, leaves: &[Leaf], layout: &Layout) {
    let mut from = 0;
    for group in &layout.row_groups {
        let to = from + group.record.int(3) as usize;
        assert_eq!(group.chunks.len(), leaves.len(), "{case:?}: leaves");
        for (chunk, leaf) in group.chunks.iter().zip(leaves) {
            assert_eq!(chunk.path(), leaf.path, "{case:?}");
            let what = format!("{case:?}: {} ({})", leaf.path, leaf.data_type);
            check_chunk(case, &what, leaf, chunk, from, to);
        }
        from = to;
    }
}

fn check_chunk(case: &Case, what: &str, leaf: &Leaf, chunk: &Chunk, from: usize, to: usize) {
    let order = Order::of(&leaf.data_type);
    let slots = leaf.rows_between(from, to);
    let stats = naive(slots, order, leaf.max_def, leaf.max_rep);
    let has_crc = |page: &super::walker::Page| page.header.opt_int(4).is_some();
    for page in chunk.dictionary.iter().chain(&chunk.pages) {
        assert_eq!(has_crc(page), case.checksums, "{what}: checksums");
    }
    let kinds = chunk.pages.iter().map(|page| page.header.int(1));
    let version = match case.version.as_num() {
        1 => super::walker::DATA_PAGE,
        _ => super::walker::DATA_PAGE_V2,
    };
    assert!(kinds.into_iter().all(|kind| kind == version), "{what}");
    let expects_chunk = case.statistics != Statistics::None;
    let expects_pages = matches!(case.statistics, Statistics::Page | Statistics::PageHeaders);
    let record = chunk.meta.opt_struct(12);
    assert_eq!(record.is_some(), expects_chunk, "{what}: statistics");
    if let Some(record) = record {
        check_record(case, what, leaf, record, &stats);
        check_deprecated(what, order, record);
        check_sizes(what, leaf, chunk, &stats);
    }
    let expects_offsets = case.statistics != Statistics::ChunkWithoutOffsets;
    assert_eq!(
        chunk.offset_index.is_some(),
        expects_offsets,
        "{what}: offset index"
    );
    // Without an order, pages with values have no bounds, and then there is no index.
    let is_null = slots.iter().all(|slot| slot.value.is_none());
    let has_index = expects_pages && (order != Order::None || is_null);
    let firsts = chunk.page_rows((to - from) as i64);
    let may_lack_index = || {
        let mut pages = firsts.iter().flat_map(|firsts| firsts.windows(2));
        pages.any(|rows| {
            let slots = leaf.rows_between(from + rows[0] as usize, from + rows[1] as usize);
            let stats = naive(slots, order, leaf.max_def, leaf.max_rep);
            may_lack_max(case, leaf, &stats)
        })
    };
    let is_there = chunk.column_index.is_some();
    assert!(
        is_there == has_index || !is_there && may_lack_index(),
        "{what}: column index"
    );
    if let Some(firsts) = firsts {
        for (page, rows) in firsts.windows(2).enumerate() {
            let slots = leaf.rows_between(from + rows[0] as usize, from + rows[1] as usize);
            let stats = naive(slots, order, leaf.max_def, leaf.max_rep);
            let what = format!("{what}, page {page}");
            check_page(case, &what, leaf, chunk, page, &stats);
        }
        if let Some(index) = &chunk.column_index {
            check_boundary_order(what, order, index);
        }
    }
}

/// Whether a maximum may be missing: a long one under a limit that cannot be cut.
fn may_lack_max(case: &Case, leaf: &Leaf, stats: &Naive) -> bool {
    const ALWAYS_KEPT: usize = 64;
    let Some((_, max)) = &stats.min_max else {
        return false;
    };
    let cut = case
        .truncation
        .map_or(ALWAYS_KEPT, |len| len.min(ALWAYS_KEPT));
    case.store == Store::Limited
        && max.len() > ALWAYS_KEPT
        && !can_be_cut(&leaf.data_type, max, cut)
}

/// Checks a `Statistics` struct of a chunk or a page header.
fn check_record(case: &Case, what: &str, leaf: &Leaf, record: &Fields, stats: &Naive) {
    assert_eq!(record.opt_int(3), Some(stats.nulls), "{what}: null count");
    assert_eq!(record.opt_int(4), None, "{what}: distinct count");
    assert_eq!(record.opt_int(9), stats.nans, "{what}: NaN count");
    let (min, mut max) = (record.opt_bytes(6), record.opt_bytes(5));
    let mut exact = record.opt_bool(8).zip(record.opt_bool(7));
    if let (None, None, Some((_, naive_max))) = (max, record.opt_bool(7), &stats.min_max)
        && may_lack_max(case, leaf, stats)
    {
        // What is there is checked as if the maximum were whole.
        max = Some(naive_max);
        exact = record.opt_bool(8).zip(Some(true));
    }
    let min_max = min.zip(max);
    assert_eq!(
        (min.is_some(), max.is_some()),
        (stats.min_max.is_some(), stats.min_max.is_some()),
        "{what}: whether there are bounds"
    );
    if let Some((bounds, naive)) = min_max.zip(stats.min_max.as_ref()) {
        let order = Order::of(&leaf.data_type);
        assert!(exact.is_some(), "{what}: whether bounds are exact");
        let kind = (order, order == Order::Bytes);
        check_bounds(what, kind, case.truncation, bounds, naive, exact);
    }
}

/// Checks the deprecated bounds of a chunk: they are for orders that readers of their time knew.
fn check_deprecated(what: &str, order: Order, record: &Fields) {
    if let Some(bounds) = record.opt_bytes(6).zip(record.opt_bytes(5)) {
        let old = record.opt_bytes(2).zip(record.opt_bytes(1));
        if let Some(old) = old {
            assert_eq!(old, bounds, "{what}: deprecated bounds");
            assert!(
                matches!(
                    order,
                    Order::Int32
                        | Order::Int64
                        | Order::Float32
                        | Order::Float64
                        | Order::Float16
                        | Order::Bool
                        | Order::BigEndian
                ),
                "{what}: deprecated bounds of an order that is not signed"
            );
        } else {
            assert!(
                !matches!(order, Order::Int32 | Order::Int64),
                "{what}: no deprecated bounds"
            );
        }
    }
}

fn check_sizes(what: &str, leaf: &Leaf, chunk: &Chunk, stats: &Naive) {
    let sizes = chunk.meta.opt_struct(16);
    let is_bytes = chunk.meta.int(1) == 6;
    let bytes = sizes.and_then(|sizes| sizes.opt_int(1));
    let expected = is_bytes.then_some(stats.bytes);
    if !chunk.pages.is_empty() {
        assert_eq!(bytes, expected, "{what}: unencoded bytes");
        let histogram = |max: i16, counts: &[i64]| (max > 0).then(|| counts.to_vec());
        assert_eq!(
            sizes.and_then(|sizes| sizes.opt_ints(2)),
            histogram(leaf.max_rep, &stats.rep_histogram),
            "{what}: repetition level histogram"
        );
        assert_eq!(
            sizes.and_then(|sizes| sizes.opt_ints(3)),
            histogram(leaf.max_def, &stats.def_histogram),
            "{what}: definition level histogram"
        );
    }
}

fn check_page(case: &Case, what: &str, leaf: &Leaf, chunk: &Chunk, page: usize, stats: &Naive) {
    let header = chunk.pages[page].statistics();
    let in_header = case.statistics == Statistics::PageHeaders;
    assert_eq!(
        header.is_some(),
        in_header,
        "{what}: statistics in the page header"
    );
    if let Some(header) = header {
        check_record(case, &format!("{what}, header"), leaf, header, stats);
        let old = header.opt_bytes(1).or(header.opt_bytes(2));
        assert_eq!(old, None, "{what}: deprecated bounds in the page header");
    }
    let Some(index) = &chunk.column_index else {
        return;
    };
    let at = |field: i16| index.opt_list(field).map(|list| &list[page]);
    use super::thrift::Value;
    let is_null = stats.nulls == stats.def_histogram.iter().sum::<i64>();
    assert_eq!(at(1), Some(&Value::Bool(is_null)), "{what}: null page");
    assert_eq!(
        at(5),
        Some(&Value::Int(stats.nulls)),
        "{what}: null count in the index"
    );
    assert_eq!(
        at(8),
        stats.nans.map(Value::Int).as_ref(),
        "{what}: NaN count in the index"
    );
    let bytes = |field: i16| match at(field) {
        Some(Value::Binary(bytes)) => bytes.as_slice(),
        other => panic!("{what}: bound {other:?}"),
    };
    match &stats.min_max {
        Some(naive) => {
            let order = Order::of(&leaf.data_type);
            let kind = (order, order == Order::Bytes);
            check_bounds(
                what,
                kind,
                case.truncation,
                (bytes(2), bytes(3)),
                naive,
                None,
            );
        }
        None => assert!(
            bytes(2).is_empty() && bytes(3).is_empty(),
            "{what}: bounds of a null page"
        ),
    }
    for (field, counts) in [(6, &stats.rep_histogram), (7, &stats.def_histogram)] {
        if let Some(found) = index.opt_ints(field) {
            let width = counts.len();
            assert_eq!(
                found[page * width..(page + 1) * width],
                counts[..],
                "{what}: histogram {field}"
            );
        }
    }
}

/// Readers search by the boundary order: what it promises must hold for the bounds in the index.
fn check_boundary_order(what: &str, order: Order, index: &Fields) {
    use super::thrift::Value;
    let null_pages = index.opt_list(1).unwrap();
    let bounds = |field: i16| -> Vec<&[u8]> {
        let values = index.opt_list(field).unwrap().iter().zip(null_pages);
        let values = values.filter(|(_, is_null)| **is_null == Value::Bool(false));
        values
            .map(|(value, _)| match value {
                Value::Binary(bytes) => bytes.as_slice(),
                other => panic!("{what}: bound {other:?}"),
            })
            .collect()
    };
    let (mins, maxs) = (bounds(2), bounds(3));
    let sorted = |wanted: std::cmp::Ordering| {
        let holds = |values: &[&[u8]]| {
            let mut pairs = values.windows(2);
            pairs.all(|pair| {
                [wanted, std::cmp::Ordering::Equal].contains(&order.compare(pair[0], pair[1]))
            })
        };
        holds(&mins) && holds(&maxs)
    };
    use std::cmp::Ordering::{Greater, Less};
    let expected = match (sorted(Less), sorted(Greater)) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    };
    assert_eq!(index.int(4), expected, "{what}: the boundary order");
}

fn check_returned_metadata(case: &Case, written: &Written, layout: &Layout) {
    let metadata = &written.metadata;
    assert_eq!(metadata.file_metadata().num_rows(), layout.footer.int(3));
    if case.store == Store::Limited && metadata.row_groups().is_empty() {
        // All of them take too much under the limit.
        return;
    }
    assert_eq!(metadata.num_row_groups(), layout.row_groups.len());
    for (returned, group) in metadata.row_groups().iter().zip(&layout.row_groups) {
        assert_eq!(returned.num_rows(), group.record.int(3));
        assert_eq!(returned.total_byte_size(), group.record.int(2));
        assert_eq!(returned.compressed_size(), group.record.int(6));
        assert_eq!(returned.file_offset(), group.record.opt_int(5));
        for (returned, chunk) in returned.columns().iter().zip(&group.chunks) {
            assert_eq!(returned.num_values(), chunk.meta.int(5));
            assert_eq!(returned.data_page_offset(), chunk.meta.int(9));
            assert_eq!(returned.dictionary_page_offset(), chunk.meta.opt_int(11));
            let record = chunk.meta.opt_struct(12);
            let statistics = returned.statistics();
            assert_eq!(statistics.is_some(), record.is_some());
            if let Some((statistics, record)) = statistics.zip(record) {
                assert_eq!(
                    statistics.null_count_opt(),
                    record.opt_int(3).map(|n| n as u64)
                );
                assert_eq!(statistics.min_bytes_opt(), record.opt_bytes(6));
                assert_eq!(statistics.max_bytes_opt(), record.opt_bytes(5));
            }
            assert_eq!(
                returned.offset_index_offset().is_some(),
                chunk.offset_index.is_some()
            );
            assert_eq!(
                returned.column_index_offset().is_some(),
                chunk.column_index.is_some()
            );
        }
    }
}

/// A field as it comes back: runs become values, and dictionaries stay around plain values only.
pub fn stored(field: &FieldRef) -> FieldRef {
    let data_type = stored_type(field.data_type());
    let nullable = shred::is_nullable(field);
    Arc::new(Field::new(field.name(), data_type, nullable).with_metadata(field.metadata().clone()))
}

fn stored_type(data_type: &DataType) -> DataType {
    use DataType::*;
    match data_type {
        RunEndEncoded(_, values) => stored_type(values.data_type()),
        Dictionary(keys, values) => match stored_type(values) {
            nested if nested.is_nested() => nested,
            plain => Dictionary(keys.clone(), Box::new(plain)),
        },
        List(item) => List(stored(item)),
        LargeList(item) => LargeList(stored(item)),
        ListView(item) => ListView(stored(item)),
        LargeListView(item) => LargeListView(stored(item)),
        FixedSizeList(item, size) => FixedSizeList(stored(item), *size),
        Map(entries, sorted) => Map(stored(entries), *sorted),
        Struct(fields) => Struct(fields.iter().map(stored).collect()),
        plain => plain.clone(),
    }
}

fn is_encoded(data_type: &DataType) -> bool {
    match data_type {
        DataType::RunEndEncoded(..) | DataType::Dictionary(..) => true,
        nested => children(nested).iter().any(|f| is_encoded(f.data_type())),
    }
}

fn children(data_type: &DataType) -> Vec<FieldRef> {
    use DataType::*;
    match data_type {
        List(item)
        | LargeList(item)
        | ListView(item)
        | LargeListView(item)
        | FixedSizeList(item, _)
        | Map(item, _) => vec![item.clone()],
        Struct(fields) => fields.iter().cloned().collect(),
        _ => Vec::new(),
    }
}
