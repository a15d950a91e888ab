"""The bounds that a column chunk must state. SPEC: parquet.thrift, ColumnOrder and Statistics."""

from pyarrow import types

from .adapt import INTERVAL, MILLIS_PER_DAY
from .slots import is_bytes, is_text, plain_type

# Bytes that a bound may always have, also where a memory limit keeps bounds short.
ALWAYS_KEPT = 64

FLOATS = {"halffloat": 16, "float": 32, "double": 64}


class Bounds:
    """Smallest and largest value, shortened, and whether they are values of the chunk."""

    def __init__(self, smallest, largest, is_smallest_exact=True, is_largest_exact=True):
        self.smallest = smallest
        self.largest = largest
        self.is_smallest_exact = is_smallest_exact
        self.is_largest_exact = is_largest_exact
        # Under a memory limit: the chunk's own, or that of some page.
        self.may_lack_largest = False
        self.may_lack_some = False


def bounds_of(leaf, limit):
    """The bounds of a leaf's values, bytes no longer than `limit`; None where the type has no order."""
    data_type = plain_type(leaf.field.type)
    if types.is_null(data_type) or INTERVAL in (leaf.field.metadata or {}) or not leaf.values:
        return None
    if str(data_type) in FLOATS:
        return Bounds(*float_range(leaf.values, FLOATS[str(data_type)]))
    smallest, largest = min(leaf.values), max(leaf.values)
    if is_text(data_type):
        ways = text_prefix, text_above
    elif is_bytes(data_type):
        ways = bytes_prefix, bytes_above
    else:
        return Bounds(smallest, largest)
    found = shortened(smallest, largest, limit, *ways)
    found.may_lack_largest = is_too_long(largest, limit, *ways)
    found.may_lack_some = any(is_too_long(value, limit, *ways) for value in leaf.values)
    return found


def float_range(values, width):
    """By IEEE 754's total order; not-a-number counts only where there is nothing else."""
    numbers = [bits for bits in values if not is_nan(bits, width)] or values
    def key(bits):
        sign = 1 << width - 1
        return (1 << width) - 1 - bits if bits & sign else bits | sign
    return min(numbers, key=key), max(numbers, key=key)


def is_nan(bits, width):
    exponent = {16: 0x7C00, 32: 0x7F80_0000, 64: 0x7FF0_0000_0000_0000}[width]
    return bits & ((1 << width - 1) - 1) > exponent


def nans_of(leaf):
    """How many values are not-a-number; None if the type has none."""
    width = FLOATS.get(str(plain_type(leaf.field.type)))
    return width and sum(is_nan(bits, width) for bits in leaf.values)


def shortened(smallest, largest, limit, prefix, above):
    exact = [True, True]
    if limit is not None and len(smallest) > limit:
        smallest, exact[0] = prefix(smallest, limit), False
    if limit is not None and len(largest) > limit:
        higher = above(prefix(largest, limit))
        if higher is not None:
            largest, exact[1] = higher, False
    return Bounds(smallest, largest, *exact)


def is_too_long(value, limit, prefix, above):
    """Whether a maximum is left out under a small memory limit: it is long, and no prefix of it can be made larger."""
    cut = min(limit or ALWAYS_KEPT, ALWAYS_KEPT)
    return len(value) > ALWAYS_KEPT and above(prefix(value, cut)) is None


def bytes_prefix(value, limit):
    return value[:limit]


def text_prefix(value, limit):
    return value[:limit].decode(errors="ignore").encode()


def bytes_above(prefix):
    """The least of the shortest that is larger than all that begin with `prefix`."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None


def text_above(prefix):
    """As bytes_above, with whole characters that keep their length."""
    text = prefix.decode()
    for i in reversed(range(len(text))):
        code = ord(text[i]) + 1
        code = 0xE000 if code == 0xD800 else code
        if code <= 0x10FFFF and len(chr(code).encode()) == len(text[i].encode()):
            return (text[:i] + chr(code)).encode()
    return None


def stored(leaf, is_coerced):
    """The leaf with its values as they stand in the file."""
    if is_coerced and types.is_date64(plain_type(leaf.field.type)):
        leaf.values = [value // MILLIS_PER_DAY for value in leaf.values]
    return leaf


def value_of(raw, field):
    """A bound as pyarrow shows it, in the leaf's own terms."""
    data_type = plain_type(field.type)
    if types.is_decimal(data_type) and isinstance(raw, bytes):
        return int.from_bytes(raw, "big", signed=True)
    if types.is_unsigned_integer(data_type):
        return raw % (1 << (64 if data_type.bit_width == 64 else 32))
    return raw
