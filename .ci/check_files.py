"""Reads Parquet files with pyarrow and DuckDB, and compares them with the rows they were written from.

    check_files.py DIRECTORY [PREFIX]

Beside each NAME.parquet stands NAME.arrow: the rows as an Arrow IPC file, whose metadata say how the
Parquet file was written. Every value, null, count and bound is compared. What a reader cannot take is
listed with the reason; anything else that differs fails.
"""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from outside.chunks import check_chunks
from outside.columns import check_columns
from outside.filters import check_filters
from outside.report import Report
from outside.slots import slots_of

SHOWN_FAILURES = 3
SECONDS_A_FILE = 300
COUNTED = ["files", "columns", "column chunks", "filters"]


class Sample:
    """One file, and what it must hold."""

    def __init__(self, path):
        self.path = str(path)
        with pa.ipc.open_file(path.with_suffix(".arrow")) as file:
            rows = file.read_all()
        self.schema = rows.schema
        self.rows = rows.num_rows
        self.slots = [slots_of(column) for column in rows.columns]
        self.expects = {key.decode(): value.decode() for key, value in rows.schema.metadata.items()}
        lines = self.expects["encodings"].splitlines()
        self.encodings = dict(line.split("=") for line in lines)
        self.metadata = pq.read_metadata(path)
        self.row_groups = row_groups(self.metadata)
        self.table = None
        self.connection = duckdb.connect()

    @property
    def has_checksums(self):
        return self.says("checksums")

    def says(self, key):
        return self.expects[key] == "true"

    def query(self, text):
        return self.connection.sql(text, params=[self.path])

    def find(self, name, value):
        """How many rows of a column have a value."""
        text = f'select count(*) from read_parquet(?) where "{name}" = ?'
        return self.connection.sql(text, params=[self.path, value]).fetchall()[0][0]

    def probe(self, name, value):
        """By row group, whether its Bloom filter excludes the value."""
        text = "select row_group_id, bloom_filter_excludes from parquet_bloom_probe(?, ?, ?)"
        return dict(self.connection.sql(text, params=[self.path, name, value]).fetchall())

    def fail(self, report, text):
        report.fail(f"{Path(self.path).name}, written by {self.expects['way']}", text)


def row_groups(metadata):
    """The rows of each row group, from start to end."""
    groups, start = [], 0
    for number in range(metadata.num_row_groups):
        end = start + metadata.row_group(number).num_rows
        groups.append((start, end))
        start = end
    return groups


def check(path):
    report = Report()
    try:
        sample = Sample(path)
        check_columns(sample, report)
        check_chunks(sample, report)
        check_filters(sample, report)
    except Exception as error:
        report.fail(path.name, f"{type(error).__name__}: {error}")
    report.count("files")
    return report


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("check_files.py: say the directory, and perhaps how names begin")
    paths = sorted(Path(sys.argv[1]).glob("".join(sys.argv[2:]) + "*.parquet"))
    if not paths:
        sys.exit(f"check_files.py: no such files in {sys.argv[1]}")
    total = Report()
    with ProcessPoolExecutor() as pool:
        checks = [(path, pool.submit(check, path)) for path in paths]
        for path, pending in checks:
            try:
                total.add(pending.result(timeout=SECONDS_A_FILE))
            except (BrokenProcessPool, TimeoutError) as error:
                stop(f"check_files.py: {path.name} or one of the next few: {error!r}")
    show(total)
    sys.exit(1 if total.failures else 0)


def stop(text):
    """Ends at once: a worker that hangs would be waited for."""
    print(text, file=sys.stderr, flush=True)
    for worker in multiprocessing.active_children():
        worker.kill()
    os._exit(1)


def show(report):
    versions = {"pyarrow": pa.__version__, "duckdb": duckdb.__version__}
    for reader, version in versions.items():
        values, bounds = (report.counts.pop(f"{what} ({reader})", 0) for what in ("values", "bounds"))
        print(f"{reader} {version}: {values:,} rows of columns and {bounds:,} bounds compared; otherwise")
        for (noted, text), number in sorted(report.notes.items()):
            if noted == reader:
                print(f"  {number:>7,} x {text}")
                for detail in sorted(report.details.get((noted, text), ())):
                    print(f"  {'':>9} {detail}")
    for file, texts in sorted(report.failures.items()):
        print(f"FAILED {file}")
        for text in texts[:SHOWN_FAILURES]:
            print(f"    {text}")
        if len(texts) > SHOWN_FAILURES:
            print(f"    and {len(texts) - SHOWN_FAILURES:,} more")
    counts = ", ".join(f"{report.counts[what]:,} {what}" for what in COUNTED)
    verdict = f"{len(report.failures):,} files differ" if report.failures else "all agree"
    readers = ", ".join(f"{reader} {version}" for reader, version in versions.items())
    print(f"{counts}: {verdict} ({readers})")


if __name__ == "__main__":
    main()
