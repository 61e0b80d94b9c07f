"""Functions that the tests of the command line call."""

import asyncio
import ctypes
import dataclasses
import datetime as dt
import decimal
import enum
import os
import sys
import time


@dataclasses.dataclass
class Point:
    x: int
    label: object


class Color(enum.Enum):
    RED = "red"


def same(*args, **kwargs):
    return [*args, kwargs] if kwargs else list(args)


def first_in_path():
    return sys.path[:1]


async def later(value):
    await asyncio.sleep(0)
    return value


def prints_everywhere():
    """Print to stdout from Python, from C and from a child."""
    print("from Python")
    sys.stdout.buffer.write(b"from bytes\n")
    sys.stdout.flush()
    ctypes.CDLL(None).puts(b"from C")
    ctypes.CDLL(None).fflush(None)
    os.system("echo from a child")
    return "result"


def kinds():
    utc = dt.timezone.utc
    dates = [dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 3, 4, tzinfo=utc)]
    keys = {"a": {None: 1, True: 2, 3: 4}}
    return [
        Point(1, [Color.RED]),
        {1, 2},
        (3, 4),
        range(2),
        *dates,
        decimal.Decimal("1.10"),
        keys,
        10**30,
        2.0,
    ]


def of_numpy():
    import numpy as np

    return [np.arange(4.0).reshape(2, 2), np.int64(7), np.float32(1.5), np.bool_(1)]


def surrogate():
    return "é\ud800"


def no_json(kind):
    cycle = []
    cycle.append(cycle)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    values = {
        "object": lambda: {"a": [1, object()]},
        "nan": lambda: {"a": [1.0, float("nan")]},
        "key": lambda: {"a": {(1, 2): 3}},
        "generator": lambda: {"a": (i for i in "ab")},
        "bytes": lambda: {"a": b"x"},
        "cycle": lambda: cycle,
        "deep": lambda: deep,
        "function": lambda: len,
    }
    return values[kind]()


def binary():
    return b"\x00\xff\n"


def large(size):
    return "x" * size


def fails_for(number):
    if number == 1:
        raise ValueError("one is not allowed")
    return number


def waits(path):
    """Say that it has begun, and wait for ever; say how it ended."""
    print("begun", flush=True)
    try:
        while True:
            time.sleep(0.01)
    finally:
        with open(path, "a") as file:
            file.write("ended\n")


def never_ends():
    print("begun", flush=True)
    while True:
        try:
            while True:
                time.sleep(0.01)
        except BaseException:  # nothing can interrupt it
            pass


def set_of(items):
    return set(items)
