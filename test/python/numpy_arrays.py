"""Arrays of numpy, and what numpy says that they are."""

import numpy as np


def make(spec):
    """An array as it was asked for; its items and its shape."""
    array = _laid_out(spec, _noise(spec))
    return [array, items(array), list(array.shape)]


def _noise(spec):
    """An array of any bits, some larger than what is asked for."""
    dtype = np.dtype(spec["dtype"])
    shape = [length * abs(step) for length, step in zip(spec["shape"], spec["steps"], strict=True)]
    count = int(np.prod(shape, dtype=int))
    bits = np.frombuffer(
        bytearray(np.random.default_rng(spec["seed"]).bytes(count * dtype.itemsize)), "u1"
    )
    if dtype.kind == "b":
        bits = bits & 1
    return bits.view(dtype).reshape(shape)


def _laid_out(spec, array):
    dtype = array.dtype.newbyteorder() if spec["swapped"] else array.dtype
    array = np.array(array, dtype, order=spec["order"])
    array = array[(..., *(slice(None, None, step) for step in spec["steps"]))].transpose(
        spec["axes"]
    )
    array.flags.writeable = not spec["readonly"]
    return array


def items(array):
    """The items as lists of what JavaScript has: a complex number is a pair, a time is the count of
    its unit.
    """
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], -1)
    elif array.dtype.kind in "mM":
        array = array.astype(array.dtype.newbyteorder("=")).view("i8")
    return array.tolist()


def describe(array):
    return [
        type(array).__name__,
        array.dtype.name,
        list(array.shape),
        array.flags.writeable,
        items(array),
    ]


def total(array):
    """The sum, and each item plus 1."""
    return [float(array.sum()), array + 1]


def fill(array, value):
    array[...] = value
