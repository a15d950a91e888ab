"""Holds the metadata of column chunks against the rows."""

import struct

from . import bounds, known
from .adapt import float16
from .slots import leaves_of, plain_type
from pyarrow import types

# What pyarrow calls the codecs that it names otherwise: LZ4 in its older framing has no name.
CODECS = {"LZ4_RAW": "LZ4", "LZ4": "UNKNOWN"}


def check_chunks(sample, report):
    """Checks row groups, then every chunk, with what each reader shows of them."""
    check_row_groups(sample, report)
    shown = duckdb_rows(sample, report)
    for number, (start, end) in enumerate(sample.row_groups):
        group = sample.metadata.row_group(number)
        ordinal = 0
        for field, slots in zip(sample.schema, sample.slots):
            for leaf in leaves_of(field, slots[start:end], field.name):
                leaf = bounds.stored(leaf, sample.says("coerced"))
                check = Check(sample, report, number, group.column(ordinal), leaf)
                check.pyarrow()
                if shown is not None:
                    check.duckdb(shown[number, ordinal])
                report.count("column chunks")
                ordinal += 1
        if ordinal != group.num_columns:
            sample.fail(report, f"{ordinal} columns expected, {group.num_columns} in row group {number}")


def check_row_groups(sample, report):
    """Row groups must hold all rows, and as many each as was asked for."""
    groups = sample.row_groups
    if sum(end - start for start, end in groups) != sample.rows:
        sample.fail(report, f"{sample.rows} rows expected, but the row groups are {groups}")
    # A writer may end a row group early to keep its memory limit.
    if sample.expects["store"] != "Limited":
        size = int(sample.expects["row_group_rows"] or 1_048_576)
        starts = range(0, sample.rows, size)
        if groups != [(start, min(start + size, sample.rows)) for start in starts]:
            sample.fail(report, f"row groups of {size} rows expected, but they are {groups}")


def duckdb_rows(sample, report):
    columns = """row_group_id, column_id, num_values, compression, encodings, stats_null_count,
        stats_distinct_count, stats_nan_count, stats_min_value, stats_max_value, min_is_exact, max_is_exact"""
    try:
        rows = sample.query(f"select {columns} from parquet_metadata(?)").fetchall()
    except Exception as error:
        reason = known.hidden("duckdb", str(error))
        if reason is None:
            sample.fail(report, f"duckdb does not show the metadata: {error}")
        report.note("duckdb", f"statistics not shown: {reason}")
        return None
    names = [name.strip() for name in columns.split(",")]
    rows = [dict(zip(names, row)) for row in rows]
    return {(row["row_group_id"], row["column_id"]): row for row in rows}


class Check:
    """One chunk against its leaf."""

    def __init__(self, sample, report, group, chunk, leaf):
        self.sample = sample
        self.report = report
        self.where = f"row group {group}, {chunk.path_in_schema}"
        self.chunk = chunk
        self.leaf = leaf
        self.statistics = sample.expects["statistics"]
        limit = sample.expects["truncation"]
        self.bounds = bounds.bounds_of(leaf, int(limit) if limit else None)

    def same(self, reader, what, expected, read):
        if expected != read:
            text = f"{self.where}: {reader}: {what}: {expected!r} expected, {read!r} read"
            self.sample.fail(self.report, text)

    def distinct(self):
        """The count of different values, where it was asked for; none is stated for no values."""
        if self.statistics == "None" or not self.sample.says("distinct") or not self.leaf.values:
            return None
        return len(set(self.leaf.values))

    def pyarrow(self):
        chunk, expects = self.chunk, self.sample.expects
        codec = CODECS.get(expects["codec"], expects["codec"])
        self.same("pyarrow", "slots", self.leaf.slots, chunk.num_values)
        self.same("pyarrow", "codec", codec, chunk.compression)
        self.encodings("pyarrow", set(chunk.encodings))
        is_by_page = self.statistics in ("Page", "PageHeaders")
        has_bounds = self.bounds is not None or not self.leaf.values
        if chunk.has_column_index or not (self.is_limited() and self.bounds and self.bounds.may_lack_some):
            self.same("pyarrow", "column index", is_by_page and has_bounds, chunk.has_column_index)
        has_offsets = self.statistics != "ChunkWithoutOffsets"
        self.same("pyarrow", "offset index", has_offsets, chunk.has_offset_index)
        if self.is_cut_at_fixed_size():
            self.report.note("pyarrow", "statistics not read: bounds of fixed-size values that are cut end the process")
            return
        stated = chunk.statistics
        if self.statistics == "None":
            self.same("pyarrow", "statistics", None, stated)
            return
        self.same("pyarrow", "nulls", self.leaf.nulls, stated.null_count)
        self.same("pyarrow", "distinct values", self.distinct(), stated.distinct_count)
        if self.bounds is not None and str(plain_type(self.leaf.field.type)) in bounds.FLOATS:
            self.report.note("pyarrow", "bounds of floats not shown: it does not know their total order yet")
            return
        if stated.has_min_max or not self.may_lack_largest():
            self.same("pyarrow", "has bounds", self.bounds is not None, stated.has_min_max)
        if self.bounds is not None and stated.has_min_max:
            field = self.leaf.field
            smallest, largest = (bounds.value_of(raw, field) for raw in (stated.min_raw, stated.max_raw))
            self.same("pyarrow", "smallest", self.bounds.smallest, smallest)
            self.same("pyarrow", "largest", self.bounds.largest, largest)
            self.report.count("bounds (pyarrow)", 2)

    def is_limited(self):
        return self.sample.expects["store"] == "Limited"

    def may_lack_largest(self):
        return self.is_limited() and self.bounds is not None and self.bounds.may_lack_largest

    def is_cut_at_fixed_size(self):
        is_fixed = types.is_fixed_size_binary(plain_type(self.leaf.field.type))
        exact = self.bounds and self.bounds.is_smallest_exact and self.bounds.is_largest_exact
        return is_fixed and self.statistics != "None" and self.bounds is not None and not exact

    def encodings(self, reader, read):
        chosen = self.sample.encodings.get(self.chunk.path_in_schema)
        if chosen is not None:
            self.same(reader, f"encoding {chosen}", True, chosen in read)
        if self.sample.expects["dictionary"] == "Off":
            self.same(reader, "dictionary", False, bool(read & {"RLE_DICTIONARY", "PLAIN_DICTIONARY"}))
        elif chosen is None and not self.is_limited():
            has_dictionary = not types.is_boolean(plain_type(self.leaf.field.type))
            self.same(reader, "dictionary", has_dictionary, "RLE_DICTIONARY" in read)

    def duckdb(self, row):
        self.same("duckdb", "slots", self.leaf.slots, row["num_values"])
        self.same("duckdb", "codec", self.sample.expects["codec"], row["compression"])
        self.encodings("duckdb", set(row["encodings"].split(", ")))
        if self.statistics == "None":
            self.same("duckdb", "nulls", None, row["stats_null_count"])
            self.same("duckdb", "smallest", None, row["stats_min_value"])
            return
        self.same("duckdb", "nulls", self.leaf.nulls, row["stats_null_count"])
        self.same("duckdb", "distinct values", self.distinct(), row["stats_distinct_count"])
        self.same("duckdb", "not-a-numbers", bounds.nans_of(self.leaf), row["stats_nan_count"])
        exact = self.bounds and (self.bounds.is_smallest_exact, self.bounds.is_largest_exact)
        stated = row["min_is_exact"], row["max_is_exact"]
        if stated[1] is None and self.may_lack_largest():
            exact = self.bounds.is_smallest_exact, None
        self.same("duckdb", "bounds are exact", exact or (None, None), stated)
        self.report.count("bounds (duckdb)", 2 if exact else 0)
        name = str(plain_type(self.leaf.field.type))
        if self.bounds is not None and name in bounds.FLOATS:
            for what, bits in (("min", self.bounds.smallest), ("max", self.bounds.largest)):
                self.float_bound(what, name, bits, row[f"stats_{what}_value"])

    def float_bound(self, what, name, bits, text):
        """DuckDB prints floats, but none that is infinite or not-a-number."""
        expected = number(name, bits)
        if expected in (float("inf"), float("-inf")) or expected != expected:
            self.same("duckdb", f"{what} of floats", None, text)
            self.report.note("duckdb", "bounds that are infinite or not-a-number not shown")
            return
        read = float(text) if name != "float" else struct.unpack("<f", struct.pack("<f", float(text)))[0]
        self.same("duckdb", f"{what} of floats", repr(expected), repr(read))


def number(name, bits):
    if name == "halffloat":
        return float16(bits)
    code, width = ("f", "I") if name == "float" else ("d", "Q")
    return struct.unpack(f"<{code}", struct.pack(f"<{width}", bits))[0]
