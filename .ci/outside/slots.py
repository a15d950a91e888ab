"""Arrow arrays as plain Python objects, bit for bit.

A null is None, a list or map a list, a struct or map entry a tuple. Numbers, dates and times are the
integers that stand in memory; floats are their bits, so that zeros of either sign and every
not-a-number count; decimals are unscaled integers; text and binary are bytes.

Written by hand, because pyarrow's kernels lack views and runs, and its scalars lack nanoseconds.
"""

import struct

import pyarrow as pa
from pyarrow import types

# How memoryview names the integers of a type.
INTEGERS = {
    pa.int8(): "b",
    pa.int16(): "h",
    pa.int32(): "i",
    pa.int64(): "q",
    pa.uint8(): "B",
    pa.uint16(): "H",
    pa.uint32(): "I",
    pa.uint64(): "Q",
    pa.float16(): "H",
    pa.float32(): "I",
    pa.float64(): "Q",
}


def is_list(data_type):
    return (
        types.is_list(data_type)
        or types.is_large_list(data_type)
        or types.is_fixed_size_list(data_type)
        or types.is_list_view(data_type)
        or types.is_large_list_view(data_type)
        or types.is_map(data_type)
    )


def item_field(data_type):
    """The field of a list's items; those of a map are structs of key and value."""
    if types.is_map(data_type):
        return pa.field("entries", pa.struct([data_type.key_field, data_type.item_field]))
    return data_type.value_field


def plain_type(data_type):
    """The type without dictionaries and runs at its top."""
    while types.is_dictionary(data_type) or types.is_run_end_encoded(data_type):
        data_type = data_type.value_type
    return data_type


def is_text(data_type):
    return (
        types.is_string(data_type)
        or types.is_large_string(data_type)
        or types.is_string_view(data_type)
    )


def is_bytes(data_type):
    return (
        types.is_binary(data_type)
        or types.is_large_binary(data_type)
        or types.is_binary_view(data_type)
        or types.is_fixed_size_binary(data_type)
    )


def slots_of(array):
    """The objects of an array or chunked array."""
    if isinstance(array, pa.ChunkedArray):
        return [slot for chunk in array.chunks for slot in slots_of(chunk)]
    if types.is_null(array.type):
        return [None] * len(array)
    if types.is_dictionary(array.type):
        values = slots_of(array.dictionary)
        return [None if key is None else values[key] for key in slots_of(array.indices)]
    if types.is_run_end_encoded(array.type):
        return run_slots(array)
    slots = present_slots(array)
    if array.null_count == 0:
        return slots
    valid = array.is_valid().to_pylist()
    return [slot if is_valid else None for slot, is_valid in zip(slots, valid)]


def run_slots(array):
    slots, start = [], 0
    for value, end in zip(slots_of(array.values), slots_of(array.run_ends)):
        end = max(0, min(end - array.offset, len(array)))
        slots += [value] * (end - start)
        start = end
    return slots


def present_slots(array):
    """The objects; of whatever kind where the array is null."""
    data_type = array.type
    if types.is_struct(data_type):
        columns = [slots_of(array.field(i)) for i in range(data_type.num_fields)]
        return list(zip(*columns))
    if is_list(data_type):
        items = slots_of(array.values)
        return [items[start:end] for start, end in list_ranges(array)]
    if types.is_boolean(data_type) or is_bytes(data_type):
        return array.to_pylist()
    if is_text(data_type):
        return [None if text is None else text.encode() for text in array.to_pylist()]
    return fixed_width_slots(array)


def list_ranges(array):
    if types.is_fixed_size_list(array.type):
        size = array.type.list_size
        rows = range(array.offset, array.offset + len(array))
        return [(row * size, row * size + size) for row in rows]
    offsets = slots_of(array.offsets)
    if types.is_list_view(array.type) or types.is_large_list_view(array.type):
        return [(start, start + size) for start, size in zip(offsets, slots_of(array.sizes))]
    return list(zip(offsets, offsets[1:]))


def fixed_width_slots(array):
    buffer = array.buffers()[1]
    if buffer is None:
        return []
    width = array.type.bit_width // 8
    data = memoryview(buffer)[array.offset * width : (array.offset + len(array)) * width]
    if types.is_decimal(array.type):
        pieces = (data[i : i + width] for i in range(0, len(data), width))
        return [int.from_bytes(piece, "little", signed=True) for piece in pieces]
    if types.is_interval(array.type):
        return list(struct.iter_unpack("<iiq", data))
    return data.cast(INTEGERS.get(array.type) or {4: "i", 8: "q"}[width]).tolist()


class Leaf:
    """A leaf column as Parquet stores it: its present values, and how many slots hold none.

    Slots are what the format calls values: present ones, nulls, and lists that are null or empty.
    """

    def __init__(self, path, field, values, slots):
        self.path = path
        self.field = field
        self.values = values
        self.slots = slots

    @property
    def nulls(self):
        return self.slots - len(self.values)


def leaves_of(field, slots, path, absent=0):
    """The leaves of a column, depth first."""
    data_type = plain_type(field.type)
    present = [slot for slot in slots if slot is not None]
    absent += len(slots) - len(present)
    if types.is_struct(data_type):
        for i, child in enumerate(data_type):
            children = [slot[i] for slot in present]
            yield from leaves_of(child, children, f"{path}.{child.name}", absent)
    elif is_list(data_type):
        items = [item for slot in present for item in slot]
        empty = sum(not slot for slot in present)
        yield from leaves_of(item_field(data_type), items, f"{path}[]", absent + empty)
    else:
        yield Leaf(path, field, present, absent + len(present))
