"""What the expressions of test/support/conversions.ts use; the names of docs/values.md come before
this.
"""

import enum
from array import array
from collections import ChainMap, UserDict, UserList, namedtuple  # noqa: F401
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal


def type_name(value):
    """The name of its type, as every version of Python would say it."""
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else kind.__module__.removesuffix("._local") + "."
    return module + kind.__qualname__


def evaluate(source):
    return eval(source, globals())


def holds(source, value):
    return eval(source, globals(), {"v": value}) is True


def identity(value):
    return value


def depth(value):
    """How deep it is along its last members."""
    levels = 0
    seen = set()
    while isinstance(value, (list, dict)) and id(value) not in seen and value:
        seen.add(id(value))
        levels += 1
        value = value[-1] if isinstance(value, list) else [*value.values()][-1]
    return levels


def nested(levels, wrap, bottom="bottom"):
    for level in range(levels):
        bottom = wrap(bottom, level)
    return bottom


def filled(value, fill):
    fill(value)
    return value


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Letter(str, enum.Enum):
    A = "a"


class Shape(enum.Enum):
    SQUARE = (1, [2])


class Whole(int):
    pass


class Wrapped(enum.Enum):
    ONE = Whole(1)


@dataclass(slots=True)
class Slotted:
    a: object
    b: object


@dataclass(frozen=True)
class Frozen:
    pair: tuple


@dataclass
class Parent:
    x: int
    y: int


@dataclass
class Child(Parent):
    z: int


@dataclass
class Nothing:
    pass


class Three(tuple):
    __slots__ = ()


class Real(float):
    pass


class Bytes(bytes):
    pass


class Changing(bytearray):
    pass


class Items(list):
    pass


class Table(dict):
    pass


class Members(set):
    pass


class FrozenMembers(frozenset):
    pass


class Doubles(array):
    pass


class Money(Decimal):
    pass


class Moment(datetime):
    pass


class Lying(str):
    __slots__ = ()

    def __str__(self):
        return "a lie"

    def __repr__(self):
        return "'a lie'"


class LyingNumber(int):
    def __int__(self):
        return 1

    __index__ = __add__ = __pos__ = __int__


class Guarded(type):
    """A metaclass that minds being asked."""

    def __getattr__(cls, name):
        raise LookupError(name)


class Refusing(metaclass=Guarded):
    pass


def released(view):
    view.release()
    return view


class Summer(tzinfo):
    """Two hours ahead of UTC, and one after the clock was put back."""

    def utcoffset(self, moment):
        return timedelta(hours=1 if moment is not None and moment.fold else 2)

    def dst(self, _moment):
        return timedelta(0)


class Failing(tzinfo):
    def utcoffset(self, _moment):
        raise LookupError

    def dst(self, _moment):
        return timedelta(0)


class Unknown(tzinfo):
    """A zone that does not know its offset: a datetime of it is naive all the same."""

    def utcoffset(self, _moment):
        return None

    def dst(self, _moment):
        return None
