"""What a value becomes in a reader that has another type for it."""

import math
import struct
from fractions import Fraction

import pyarrow as pa
from pyarrow import types

from .slots import is_bytes, is_list, is_text, item_field, plain_type

UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
MILLIS_PER_DAY = 86_400_000

# The two intervals that pyarrow has no type for come as their bytes, under a name in the field's metadata.
INTERVAL = b"interval"


class Unlike(Exception):
    """A reader's type that nothing says how to compare with."""


def name_of(field):
    """The name of a field's leaf type."""
    metadata = field.metadata or {}
    if INTERVAL in metadata:
        return f"interval[{metadata[INTERVAL].decode()}]"
    return str(plain_type(field.type))


def adapter(field, actual, changed):
    """A function from expected slots to those of the type `actual`; None if they are alike.

    Puts what readers change, as "type as type", into the set `changed`.
    """
    expected = plain_type(field.type)
    actual = plain_type(actual)
    if types.is_struct(expected) and types.is_struct(actual):
        return struct_adapter(expected, actual, changed)
    if is_list(expected) and is_list(actual):
        each = adapter(item_field(expected), item_field(actual).type, changed)
        return each and nullable(lambda items: [each(item) for item in items])
    if is_list(expected) or types.is_struct(expected):
        raise Unlike(f"{expected} was read as {actual}")
    if INTERVAL not in (field.metadata or {}) and alike(expected, actual):
        return None
    change = leaf_adapter(name_of(field), expected, actual)
    changed.add(f"{name_of(field)} as {actual}")
    return change and nullable(change)


def nullable(change):
    return lambda slot: None if slot is None else change(slot)


def struct_adapter(expected, actual, changed):
    names = [child.name for child in expected], [child.name for child in actual]
    if names[0] != names[1] and names[0] != ["key", "value"]:
        raise Unlike(f"the fields {names[0]} were read as {names[1]}")
    pairs = list(zip(expected, actual))
    changes = [adapter(one, other.type, changed) for one, other in pairs]
    if not any(changes):
        return None
    apply = [change or (lambda slot: slot) for change in changes]
    return nullable(lambda slot: tuple(change(part) for change, part in zip(apply, slot)))


def alike(expected, actual):
    if expected == actual or is_text(expected) and is_text(actual):
        return True
    if is_bytes(expected) and is_bytes(actual):
        return True
    if types.is_decimal(expected) and types.is_decimal(actual):
        return (expected.precision, expected.scale) == (actual.precision, actual.scale)
    if types.is_timestamp(expected) and types.is_timestamp(actual):
        same_zone = (expected.tz is None) == (actual.tz is None)
        return same_zone and expected.unit == actual.unit
    return False


def leaf_adapter(name, expected, actual):
    """How a leaf's value changes; None if it does not, but for the type's name."""
    to = str(actual)
    if to == {32: "int32", 64: "int64"}.get(bit_width(expected)) and is_time(expected):
        return None
    if types.is_time(expected) and types.is_time(actual) or is_same_clock(expected, actual):
        factor = Fraction(UNITS[actual.unit], UNITS[expected.unit])
        return lambda slot: exactly(slot * factor)
    if to == "date32[day]" and types.is_date64(expected):
        return lambda slot: exactly(Fraction(slot, MILLIS_PER_DAY))
    if to == "float" and types.is_float16(expected):
        return lambda bits: float32_bits(float16(bits))
    if to == "double" and types.is_decimal(expected):
        return lambda slot: Near(slot / 10**expected.scale)
    if name.startswith("interval"):
        if to == "fixed_size_binary[12]":
            return lambda slot: struct.pack("<iii", *interval(name, slot))
        if to == "month_day_nano_interval":
            return lambda slot: month_day_nano(*interval(name, slot))
    raise Unlike(f"{name} was read as {actual}")


def bit_width(data_type):
    return None if is_text(data_type) or is_bytes(data_type) else data_type.bit_width


def is_time(data_type):
    return types.is_temporal(data_type)


def is_same_clock(one, other):
    both = types.is_timestamp(one) and types.is_timestamp(other)
    return both and (one.tz is None) == (other.tz is None)


def exactly(fraction):
    if fraction.denominator != 1:
        raise Unlike(f"{fraction} is no whole number")
    return fraction.numerator


def float16(bits):
    return struct.unpack("<e", struct.pack("<H", bits))[0]


def float32_bits(number):
    return struct.unpack("<I", struct.pack("<f", number))[0]


class Near:
    """Equals the bits of a double that is this number but for rounding."""

    def __init__(self, number):
        self.number = number

    def __eq__(self, bits):
        read = struct.unpack("<d", struct.pack("<Q", bits))[0]
        return math.isclose(self.number, read, rel_tol=1e-14)

    def __repr__(self):
        return f"about {self.number}"


def interval(name, data):
    """Months, days and milliseconds. SPEC: LogicalTypes.md, INTERVAL."""
    if name == "interval[year_month]":
        return (*struct.unpack("<i", data), 0, 0)
    return (0, *struct.unpack("<ii", data))


def month_day_nano(months, days, millis):
    # The format's three numbers have no sign; a reader with room for more than 31 bits shows that.
    return months, days, millis % 2**32 * 1_000_000
