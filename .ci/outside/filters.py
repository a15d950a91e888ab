"""Finds rows by value: readers then skip by statistics and indexes, and must not skip too much."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

# Values to probe a Bloom filter for that no column has: of many, some pass.
ABSENT = range(1_000_003, 1_000_103)


def check_filters(sample, report):
    for i, field in enumerate(sample.schema):
        value = wanted(field, sample.slots[i])
        if value is None:
            continue
        slot, literal = value
        if sample.says("bloom_filters") and not types.is_boolean(field.type):
            check_bloom_filter(sample, report, field, slot, literal)
        count = sample.slots[i].count(slot)
        scalar = pa.scalar(literal, type=field.type)
        found = {
            "pyarrow": lambda: pq.read_table(
                sample.path, columns=[field.name], filters=pc.field(field.name) == scalar
            ).num_rows,
            "duckdb": lambda: sample.find(field.name, literal),
        }
        for reader, find in found.items():
            report.count("filters")
            if find() != count:
                text = f"{field.name} = {literal!r}: {reader} finds {find()} rows, not {count}"
                sample.fail(report, text)


def wanted(field, slots):
    """A value to look for, from the middle of the column: as a slot, and as a Python object.

    Only of types that Python and both readers write alike, and that pyarrow can filter.
    """
    data_type = field.type
    present = [slot for slot in slots if slot is not None]
    if not present:
        return None
    slot = present[len(present) // 2]
    if types.is_integer(data_type) or types.is_boolean(data_type):
        return slot, slot
    if types.is_string(data_type) or types.is_large_string(data_type):
        return slot, slot.decode()
    if types.is_binary(data_type) or types.is_large_binary(data_type):
        return slot, slot
    return None


def check_bloom_filter(sample, report, field, slot, literal):
    """DuckDB excludes no row group that has the value, and most of them for values that are nowhere."""
    column = sample.schema.get_field_index(field.name)
    excluded = sample.probe(field.name, literal)
    report.count("filters")
    if len(excluded) != len(sample.row_groups):
        sample.fail(report, f"{field.name}: duckdb sees filters of {len(excluded)} row groups")
    for number, (start, end) in enumerate(sample.row_groups):
        if excluded.get(number) and slot in sample.slots[column][start:end]:
            sample.fail(report, f"{field.name}: the filter of row group {number} lacks {literal!r}")
    if types.is_integer(field.type) and field.type.bit_width == 64:
        absent = [value for value in ABSENT if value not in sample.slots[column]]
        passed = sum(not out for value in absent for out in sample.probe(field.name, value).values())
        if passed > len(absent) * len(sample.row_groups) // 4:
            sample.fail(report, f"{field.name}: {passed} probes for absent values pass the filters")
