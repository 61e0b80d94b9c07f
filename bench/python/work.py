"""The work of the scenarios. Every driver calls these functions, the floors too: what differs is
only how they are called.
"""

import json
import time

# What only some scenarios need is imported where it is used: starts and memory are measured with
# this file, too.


def dumps(value):
    return json.dumps(value)


def busy(n):
    """About 5 ms for 160,000, in pure Python."""
    return sum(i * i for i in range(n))


def small(x):
    return x + 1


def smalls(items):
    """For callers that have no map: a chunk of them at once."""
    return [small(x) for x in items]


def total(view):
    """The sum of doubles, of anything that has them as a buffer."""
    numpy = _numpy()
    return float(numpy.frombuffer(view, numpy.float64).sum())


def total_list(items):
    """For callers that can only send a list."""
    numpy = _numpy()
    return float(numpy.array(items, numpy.float64).sum())


def total_plain(view):
    """The same without numpy."""
    return sum(memoryview(view).cast("B").cast("d"))


_kept = {}


def doubles(n):
    """A numpy array that is made once."""
    numpy = _numpy()
    return _keep("doubles", n, lambda: numpy.arange(n, dtype=numpy.float64))


def double_bytes(n):
    """For callers that know bytes, but no arrays."""
    return doubles(n).tobytes()


def double_list(n):
    """For callers that know lists alone."""
    return doubles(n).tolist()


def doubles_plain(n):
    """The same without numpy."""
    import array

    return _keep("plain", n, lambda: array.array("d", range(n)))


def floats(n):
    return _keep("floats", n, lambda: [i + 0.5 for i in range(n)])


def strings(n):
    """A dict with n values."""
    return _keep("strings", n, lambda: {f"key{i}": i for i in range(n)})


def times(function, n):
    """Calls back n times."""
    for i in range(n):
        if function(i) != i + 1:
            raise AssertionError("a wrong answer of the callback")
    return n


def numbers(n):
    """A generator."""
    yield from range(n)


def hold(gate):
    """Keep the worker until a file is there."""
    import os

    while not os.path.exists(gate):
        time.sleep(0.01)


def fail():
    raise ValueError("no such id")


async def later(x):
    import asyncio

    await asyncio.sleep(0.1)
    return x


def dumps_slowly(value):
    """A call that waits for something, as for a database: without the GIL."""
    text = json.dumps(value)
    time.sleep(0.001)
    return text


_numpies = []


def _numpy():
    """Raises an ImportError where it does not load, as in most interpreters with a GIL of their
    own.
    """
    if not _numpies:
        try:
            import numpy
        except Exception as error:
            raise ImportError("numpy does not load here") from error
        _numpies.append(numpy)
    return _numpies[0]


def _keep(kind, n, make):
    key = (kind, n)
    if key not in _kept:
        _kept[key] = make()
    return _kept[key]
