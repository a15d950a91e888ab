"""Finds rows by value: readers then skip by statistics and indexes, and must not skip too much."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types



def check_filters(sample, report):
    for i, field in enumerate(sample.schema):
        value = wanted(field, sample.slots[i])
        if value is None:
            continue
        slot, literal = value
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

