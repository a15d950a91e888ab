"""Reads Parquet files and what herringbone made of them with pyarrow, and compares schema and values.

    check_rewritten.py FROM INTO

For each INTO/WAY/NAME the original is FROM/NAME. What pyarrow cannot read of the originals is listed with the reason.
"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from outside.slots import is_list, item_field, plain_type, slots_of


# Milliseconds that nanoseconds in 64 bits can say.
MOST_MILLISECONDS = (2**63 - 1) // 10**6


class Original:
    """An original as pyarrow reads it, with the rows of each column that mean nothing.

    Those are timestamps of twelve bytes beyond what eight bytes of nanoseconds can say. Readers that give nanoseconds
    all the same give something else, each its own.
    """

    def __init__(self, path):
        self.table = read(path)
        coarse = read(path, coerce_int96_timestamp_unit="ms")
        self.meaningless = {}
        for name, column in zip(coarse.schema.names, coarse.columns):
            if column.type == pa.timestamp("ms") and column.type != self.table[name].type:
                rows = [row for row, value in enumerate(slots_of(column)) if is_beyond(value)]
                self.meaningless[name] = rows
                if rows:
                    print(f"passed over: {path.name}: {len(rows)} timestamps of column {name} beyond nanoseconds")

    def slots(self, table, name):
        slots = slots_of(table[name])
        for row in self.meaningless.get(name, ()):
            slots[row] = None
        return slots


def is_beyond(value):
    return value is not None and abs(value) > MOST_MILLISECONDS


def read(path, **options):
    # Not by name: pyarrow would take directories like `a=1` for columns.
    with open(path, "rb") as file:
        return pq.ParquetFile(file, pre_buffer=False, **options).read(use_threads=False)


def shape(field):
    """A field without what no file says: the names of list items and map entries."""
    data_type = plain_type(field.type)
    inner = None
    if is_list(data_type):
        inner = shape(item_field(data_type).with_name(""))
    elif types.is_struct(data_type):
        inner = [shape(data_type.field(i)) for i in range(data_type.num_fields)]
    name = "" if inner is None else type(data_type).__name__
    return field.name, field.nullable, name or str(data_type), inner


def differences(original, after):
    before = original.table
    shapes = [shape(field) for field in before.schema], [shape(field) for field in after.schema]
    for was, now in zip(*shapes):
        if was != now:
            yield f"{was} became {now}"
    if len(before.schema) != len(after.schema) or before.num_rows != after.num_rows:
        yield f"{before.num_rows} rows of {len(before.schema)} columns became {after.num_rows} of {len(after.schema)}"
        return
    for name in before.schema.names:
        if original.slots(before, name) != original.slots(after, name):
            yield f"the values of column {name} differ"


def one_line(error):
    return " ".join(f"{type(error).__name__}: {error}".split())


def main():
    if len(sys.argv) != 3:
        sys.exit("check_rewritten.py: say the directory of the originals, and the one of the rewritten files")
    origin, rewritten = map(Path, sys.argv[1:])
    originals, unread, compared, failed = {}, set(), 0, 0
    paths = sorted(path for path in rewritten.rglob("*") if path.is_file())
    for path in paths:
        name = Path(*path.relative_to(rewritten).parts[1:])
        if name in unread:
            continue
        if name not in originals:
            try:
                originals[name] = Original(origin / name)
            except Exception as error:
                print(f"not read by pyarrow: {name}: {one_line(error)}")
                unread.add(name)
                continue
        try:
            found = list(differences(originals[name], read(path)))
        except Exception as error:
            found = [one_line(error)]
        compared += 1
        failed += bool(found)
        for text in found:
            print(f"FAILED {path.relative_to(rewritten)}: {text}")
    print(
        f"{len(originals)} originals read by pyarrow {pa.__version__}, {len(unread)} not: "
        f"{compared} rewritten files compared, {failed} differ"
    )
    sys.exit(1 if failed or not compared else 0)


if __name__ == "__main__":
    main()
