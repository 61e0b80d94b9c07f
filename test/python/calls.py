"""What the tests call."""

import os
import threading
import time

ANSWER = 42
NOTHING = None
TABLE = {"a": [1, 2], "nested": {"deep": True}}
counted = 0


def identity(value):
    return value


def echo(*args, **kwargs):
    return [list(args), kwargs]


def strict(first, /, second, *, third=3):
    return [first, second, third]


def where():
    """Which process and thread this is."""
    return [os.getpid(), threading.get_ident()]


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def count():
    """How often this was called in this interpreter."""
    global counted  # noqa: PLW0603
    counted += 1
    return counted


def text(length, part="x"):
    return part * length


def numbers(length):
    return list(range(length))


def size(value):
    return len(value)


# Names that JavaScript functions have, or objects.
def call(value):
    return ["call", value]


def apply(value):
    return ["apply", value]


def bind(value):
    return ["bind", value]


def constructor(value):
    return ["constructor", value]


def toString(value):  # noqa: N802
    return ["toString", value]


name = "the name"
length = 7
prototype = "the prototype"


class Point:
    """Something with methods and attributes."""

    ORIGIN = (0, 0)

    @classmethod
    def shifted(cls, by):
        return [part + by for part in cls.ORIGIN]

    class Inner:
        DEPTH = 2

        @staticmethod
        def deep():
            return "deep"


def measured_sleep(seconds):
    """Sleep; answer how long that took, in milliseconds of the clock that workers measure calls
    by.
    """
    began = time.perf_counter_ns()
    time.sleep(seconds)
    return (time.perf_counter_ns() - began) / 1e6
