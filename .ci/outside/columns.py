"""Holds the rows that the readers give against those that were written."""

import pyarrow.parquet as pq

from . import known
from .adapt import Unlike, adapter
from .slots import leaves_of, slots_of


def check_columns(sample, report):
    readers = {"pyarrow": read_with_pyarrow, "duckdb": read_with_duckdb}
    for i, field in enumerate(sample.schema):
        report.count("columns")
        taken = [
            reader
            for reader, read in readers.items()
            if check_column(sample, report, reader, read, field, sample.slots[i])
        ]
        if not taken:
            sample.fail(report, f"{field.name}: no reader takes it")


def check_column(sample, report, reader, read, field, expected):
    """Whether the reader takes the column."""
    try:
        column = read(sample, field.name)
    except Exception as error:
        special = "no values" if has_empty_chunk(sample, field, expected) else "values"
        reason = known.refusal(reader, f"{sample.expects['codec']}, {special}: {error}")
        if reason is None:
            sample.fail(report, f"{field.name}: {field.type}: {reader} does not read it: {error}")
        report.note(reader, f"not read: {reason}")
        return False
    try:
        compare(sample, report, reader, field, expected, column)
    except Unlike as unlike:
        sample.fail(report, f"{field.name}: {reader}: {unlike}")
    return True


def has_empty_chunk(sample, field, slots):
    return any(
        not leaf.values
        for start, end in sample.row_groups
        for leaf in leaves_of(field, slots[start:end], field.name)
    )


def compare(sample, report, reader, field, expected, column):
    changed = set()
    change = adapter(field, column.type, changed)
    for text in changed:
        reason = known.change(reader, text)
        if reason is None:
            raise Unlike(f"came as another type: {text}")
        report.note(reader, f"other type: {reason}", text)
    read = slots_of(column)
    expected = expected if change is None else [change(slot) for slot in expected]
    report.count(f"values ({reader})", len(read))
    if expected == read:
        return
    if len(expected) != len(read):
        raise Unlike(f"{len(expected)} rows expected, {len(read)} read")
    row = next(row for row, slot in enumerate(expected) if slot != read[row])
    raise Unlike(f"{field.type}: row {row}: {expected[row]!r} expected, {read[row]!r} read")


def read_with_pyarrow(sample, name):
    if sample.table is None:
        try:
            sample.table = pq.read_table(sample.path, page_checksum_verification=sample.has_checksums)
        except Exception:
            sample.table = False
    if sample.table is False:
        return pq.read_table(sample.path, columns=[name]).column(0)
    return sample.table.column(name)


def read_with_duckdb(sample, name):
    return sample.query(f'select "{name}" from read_parquet(?)').to_arrow_table().column(0)
