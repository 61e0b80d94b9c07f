"""What a soak calls: a function for each kind of traffic."""

import asyncio
import logging
import os
import time
import warnings


class Point:
    def __init__(self, x):
        self.x = x

    def add(self, y):
        return self.x + y


def echo(value):
    return value


def twice(array):
    """Lend an array of the same size back."""
    return bytes(byte * 2 & 255 for byte in array[:16]) + bytes(len(array) - 16)


def ask(function, value):
    return function(value)


def total(numbers):
    return sum(numbers)


def count(end):
    yield from range(end)


async def later(value):
    await asyncio.sleep(0)
    return value


def spin():
    while True:
        time.sleep(0.001)


def fails(value):
    try:
        raise KeyError(value)
    except KeyError as error:
        raise ValueError(value) from error


def says(value):
    print("said", value)
    logging.getLogger("soak").warning("logged %s", value)
    warnings.warn(f"warned {value}", stacklevel=2)
    return value


def dies():
    os._exit(9)
