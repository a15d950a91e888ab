"""Reads what DataFusion wrote through herringbone, with pyarrow and DuckDB, and compares every row."""

import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.dataset as dataset

ROWS = 100_000
COLUMNS = ["id", "k", "text", "quarter", "cents", "pair"]


def expected():
    return [
        (
            row,
            row * 7919 % 50,
            None if row % 7 == 0 else f"row {row}",
            row / 4,
            Decimal(row) / 100,
            [row, row + 1],
        )
        for row in range(ROWS)
    ]


def with_pyarrow(path):
    source = dataset.dataset(path, format="parquet", partitioning="hive" if path.is_dir() else None)
    table = source.to_table(columns=COLUMNS).sort_by("id")
    return list(zip(*(table.column(name).to_pylist() for name in COLUMNS), strict=True))


def with_duckdb(path):
    files = f"{path}/**/*.parquet" if path.is_dir() else str(path)
    columns = ", ".join(COLUMNS)
    partitions = str("partitions" in path.name).lower()
    query = f"SELECT {columns} FROM read_parquet('{files}', hive_partitioning = {partitions}) ORDER BY id"
    return duckdb.sql(query).fetchall()


def main():
    folder = Path(sys.argv[1])
    rows = expected()
    written = sorted(path for path in folder.iterdir())
    assert len(written) == 8, written
    for path in written:
        for reader in (with_pyarrow, with_duckdb):
            found = reader(path)
            differ = [pair for pair in zip(found, rows) if tuple(pair[0]) != pair[1]]
            if len(found) != len(rows) or differ:
                sys.exit(f"{path.name}: {reader.__name__} finds {len(found)} rows, {differ[:1]} differ")
        print(f"{path.name}: {len(rows)} rows")
    partitions = [path for path in (folder / "small_partitions").iterdir()]
    assert len(partitions) == 50, partitions
    assert all(len(list(path.iterdir())) == 1 for path in partitions), "one file a partition"


main()
