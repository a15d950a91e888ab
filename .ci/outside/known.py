"""What the two readers cannot take, or take as something else, and why.

Whatever is not listed here fails the check.
"""

import re

NO_NAME = "Parquet cannot name it, and the reader does not restore it from ARROW:schema"

# Types that come back as others: (reader, pattern of "type as type", reason).
CHANGES = [
    ("pyarrow", r"(date64\[ms\]|timestamp\[s.*\]) as int64|time32\[s\] as int32", NO_NAME),
    ("pyarrow", r"interval\[.*\] as fixed_size_binary\[12\]", "it has no type for the format's INTERVAL"),
    ("pyarrow", r"duration\[.*\] as int64", "the file does not keep the Arrow schema"),
    ("duckdb", r"(date64\[ms\]|timestamp\[s.*\]|duration\[.*\]) as int64|time32\[s\] as int32", NO_NAME),
    ("duckdb", r"interval\[.*\] as month_day_nano_interval", "its interval has microseconds"),
    ("duckdb", r"time32\[ms\] as time64\[us\]", "its times have microseconds"),
    ("duckdb", r"timestamp\[ms.*\] as timestamp\[us.*\]", "its timestamps have microseconds"),
    ("duckdb", r"halffloat as float", "it has no half-precision float"),
    ("duckdb", r"decimal256\(.*\) as double", "its decimals have 38 digits at most"),
    ("both", r"date64\[ms\] as date32\[day\]", "coerced, as asked for"),
]

# Columns that cannot be read: (reader, pattern of "codec, what is special: message", reason).
REFUSALS = [
    (
        "pyarrow",
        r"DecodeArrow of DictAccumulator for Delta",
        "it does not read DELTA_BYTE_ARRAY into an Arrow dictionary",
    ),
    (
        "duckdb",
        r"BYTE_STREAM_SPLIT encoding is only supported for FLOAT",
        "it does not read BYTE_STREAM_SPLIT of fixed-size values",
    ),
    (
        "duckdb",
        r"^LZ4, no values: .*LZ4 decompression failure",
        "it does not take an empty page, here of a dictionary, in LZ4's older framing",
    ),
    (
        "duckdb",
        r"Could not convert Timestamp\(MS\) to Timestamp\(US\)",
        "it does not take milliseconds beyond the range of microseconds",
    ),
]

# Statistics that cannot be read: (reader, pattern of its message, reason).
HIDDEN = [
    (
        "duckdb",
        r"Could not convert Timestamp\(MS\)|Date out of range in timestamp conversion",
        "it prints no file's statistics of which one is a timestamp before its first",
    ),
]


def change(reader, text):
    return find([entry for entry in CHANGES if entry[0] in (reader, "both")], text, re.fullmatch)


def refusal(reader, message):
    return find([entry for entry in REFUSALS if entry[0] == reader], message, re.search)


def hidden(reader, message):
    return find([entry for entry in HIDDEN if entry[0] == reader], message, re.search)


def find(entries, text, match):
    return next((reason for _, pattern, reason in entries if match(pattern, text)), None)
