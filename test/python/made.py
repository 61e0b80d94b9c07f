"""Values that are made in Python, in every position in which they come to JavaScript."""

import asyncio
import threading
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone  # noqa: F401
from enum import Enum, IntEnum, IntFlag
from types import SimpleNamespace


class Text(str):
    __slots__ = ()


class Bytes(bytes):
    pass


class Level(IntEnum):
    HIGH = 2


class Access(IntFlag):
    READ = 1


class Letter(str, Enum):
    A = "a"


class Real(float):
    pass


class Moment(datetime):
    pass


utc = timezone.utc


@dataclass
class Node:
    value: object
    next: object = None


def chain(count):
    """Objects, one in the other."""
    node = None
    for value in range(count, 0, -1):
        node = SimpleNamespace(value=value, next=node) if value % 2 else Node(value, node)
    return node


def nested(levels, value):
    for _ in range(levels):
        value = [value]
    return value


def make(source):
    return eval(source, globals())


async def make_later(source):
    await asyncio.sleep(0)
    return make(source)


def items(source):
    yield make(source)


class Holder:
    def __init__(self, source):
        self.value = make(source)

    def __getitem__(self, _key):
        return self.value


def give(function, source):
    function(make(source))


def give_keyword(function, source):
    function(value=make(source))


async def give_in_coroutine(function, source):
    await asyncio.sleep(0)
    function(make(source))


def give_in_thread(function, source):
    thread = threading.Thread(target=give, args=(function, source))
    thread.start()
    thread.join()


def _zones():
    """Expressions of zones, those of zoneinfo where it loads."""
    found = [
        "timezone.utc",
        "timezone(timedelta(hours=2))",
        'timezone(-timedelta(seconds=3661), "LMT")',
    ]
    try:
        from zoneinfo import ZoneInfo

        ZoneInfo("Europe/Rome")
    except Exception:  # no data, or a subinterpreter of 3.12
        return found
    return [
        *found,
        '__import__("zoneinfo").ZoneInfo("Europe/Rome")',
        '__import__("zoneinfo").ZoneInfo("UTC")',
    ]


zones = _zones()
