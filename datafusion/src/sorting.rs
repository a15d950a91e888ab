//! The order of rows, as a file states it.

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::physical_expr::LexRequirement;
use datafusion::physical_expr::expressions::Column;
use herringbone::file::metadata::SortingColumn;

/// The columns that a file of `written` is sorted by if its rows, of the schema `input`, come in `order`. `None` if there
/// is no order, or one that a file cannot state: one by an expression, or by a column that is not a single leaf.
///
/// Columns of `input` that the file has not are the write's partition columns. They have one value in a file, so that the
/// order of its rows is that of the other columns.
///
/// A file names a column by the number of its leaf. DataFusion's own sink gives the number of the field, which is another
/// column's leaf where a column in front of it is nested; DataFusion's reader takes the number for that of a leaf.
///
/// SPEC: parquet.thrift, `SortingColumn.column_idx`.
pub(crate) fn sorting_columns(
    order: Option<&LexRequirement>,
    input: &Schema,
    written: &Schema,
) -> Option<Vec<SortingColumn>> {
    let leaves = leaves_in_file(input, written)?;
    let mut sorting = Vec::new();
    for requirement in order?.iter() {
        let column = requirement.expr.downcast_ref::<Column>()?;
        // Without options rows may rise or fall, as they like.
        let options = requirement.options?;
        match leaves.get(column.index())? {
            Leaf::NotInFile => {}
            Leaf::Several => return None,
            Leaf::At(index) => sorting.push(SortingColumn {
                column_idx: i32::try_from(*index).ok()?,
                descending: options.descending,
                nulls_first: options.nulls_first,
            }),
        }
    }
    (!sorting.is_empty()).then_some(sorting)
}

/// Where a column of the input is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaf {
    NotInFile,
    /// The number of its only leaf.
    At(usize),
    /// It is nested.
    Several,
}

/// The leaf of each column of `input`. `None` unless `written` is `input` less some columns.
///
/// Columns are told by their places, not by their names alone: a join may have two of one name.
fn leaves_in_file(input: &Schema, written: &Schema) -> Option<Vec<Leaf>> {
    let mut to_come = written.fields().iter().peekable();
    let mut next_leaf = 0;
    let leaves = input.fields().iter().map(|field| {
        let Some(in_file) = to_come.next_if(|next| next.name() == field.name()) else {
            return Leaf::NotInFile;
        };
        let first = next_leaf;
        next_leaf += count_leaves(in_file.data_type());
        if in_file.data_type().is_nested() {
            Leaf::Several
        } else {
            Leaf::At(first)
        }
    });
    let leaves = leaves.collect();
    to_come.next().is_none().then_some(leaves)
}

/// How many leaves a column of the type has in a Parquet schema.
fn count_leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields
            .iter()
            .map(|field| count_leaves(field.data_type()))
            .sum(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _)
        | DataType::RunEndEncoded(_, item) => count_leaves(item.data_type()),
        DataType::Dictionary(_, values) => count_leaves(values),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::compute::SortOptions;
    use datafusion::arrow::datatypes::{Field, Fields};
    use datafusion::logical_expr::Operator;
    use datafusion::physical_expr::PhysicalExpr;
    use datafusion::physical_expr::PhysicalSortRequirement;
    use datafusion::physical_expr::expressions::{BinaryExpr, lit};

    use super::*;

    const FALLING: SortOptions = SortOptions {
        descending: true,
        nulls_first: false,
    };

    /// `day`, `place` (a struct of `x` and `tags`, a list), `ship`, `day` again.
    fn input() -> Schema {
        let tags = DataType::new_list(DataType::Utf8View, true);
        let place = Fields::from(vec![
            Field::new("x", DataType::Float64, true),
            Field::new("tags", tags, true),
        ]);
        Schema::new(vec![
            Field::new("day", DataType::Date32, true),
            Field::new("place", DataType::Struct(place), true),
            Field::new("ship", DataType::Utf8, true),
            Field::new("day", DataType::Date32, true),
        ])
    }

    fn column(index: usize) -> Arc<dyn PhysicalExpr> {
        Arc::new(Column::new(input().field(index).name(), index))
    }

    fn order(by: &[(Arc<dyn PhysicalExpr>, Option<SortOptions>)]) -> LexRequirement {
        let by = by
            .iter()
            .map(|(expr, options)| PhysicalSortRequirement::new(Arc::clone(expr), *options));
        LexRequirement::new(by).unwrap()
    }

    fn stated(
        by: &[(Arc<dyn PhysicalExpr>, Option<SortOptions>)],
        written: &Schema,
    ) -> Option<Vec<(i32, bool, bool)>> {
        let sorting = sorting_columns(Some(&order(by)), &input(), written)?;
        let columns = sorting.iter();
        Some(
            columns
                .map(|by| (by.column_idx, by.descending, by.nulls_first))
                .collect(),
        )
    }

    fn plain(index: usize) -> (Arc<dyn PhysicalExpr>, Option<SortOptions>) {
        (column(index), Some(SortOptions::default()))
    }

    #[test]
    fn a_column_behind_a_nested_one_is_named_by_its_leaf() {
        assert_eq!(
            stated(&[(column(2), Some(FALLING)), plain(0)], &input()),
            Some(vec![(3, true, false), (0, false, true)])
        );
    }

    #[test]
    fn of_two_columns_of_one_name_the_right_one_is_named() {
        assert_eq!(stated(&[plain(3)], &input()), Some(vec![(4, false, true)]));
        assert_eq!(stated(&[plain(0)], &input()), Some(vec![(0, false, true)]));
    }

    #[test]
    fn partition_columns_are_left_out() {
        let written = input().project(&[1, 2]).unwrap();
        assert_eq!(
            stated(&[plain(0), plain(2)], &written),
            Some(vec![(2, false, true)])
        );
        assert_eq!(stated(&[plain(0)], &written), None);
    }

    #[test]
    fn an_order_that_a_file_cannot_state_is_none() {
        let sum: Arc<dyn PhysicalExpr> =
            Arc::new(BinaryExpr::new(column(0), Operator::Plus, lit(1)));
        let by_sum = (sum, Some(FALLING));
        assert_eq!(stated(&[plain(2), by_sum], &input()), None);
        assert_eq!(stated(&[plain(2), plain(1)], &input()), None, "nested");
        assert_eq!(
            stated(&[(column(2), None)], &input()),
            None,
            "rising or falling"
        );
        assert_eq!(
            stated(&[(Arc::new(Column::new("x", 9)), Some(FALLING))], &input()),
            None
        );
        assert_eq!(sorting_columns(None, &input(), &input()), None);
        let other = Schema::new(vec![Field::new("other", DataType::Int8, true)]);
        assert_eq!(stated(&[plain(2)], &other), None, "of another schema");
    }
}
