"""Dicts that cannot be changed, and the same values with plain dicts in their places."""

import asyncio
import builtins
import enum
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict  # noqa: F401
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from types import MappingProxyType as Proxy

MOMENT = datetime(2020, 1, 2, tzinfo=timezone.utc)
frozen = getattr(builtins, "frozendict", None)


class Text(str):
    __slots__ = ()


class Table(dict):
    """A dict that has methods of its own."""

    def __iter__(self):
        return iter(["a lie"])

    items = keys = values = __getitem__ = None


@dataclass
class Node:
    value: object


MAKERS = {
    "dict": dict,
    "proxy": Proxy,
    "proxy of a proxy": lambda content: Proxy(Proxy(content)),
    "frozendict": frozen,
    "proxy of a frozendict": lambda content: Proxy(frozen(content)),
}

CONTENTS = {
    "nothing": lambda d: d({}),
    "texts": lambda d: d({"b": 1, "a": [2], "10": 3, "__proto__": 4}),
    "numbers": lambda d: d({1: "a", None: 2, 2.5: 3, 2**70: 4}),
    "texts of a subclass": lambda d: d({Text("a"): Text("b")}),
    "something to call under then": lambda d: d({"if": 1, "then": len}),
    "itself": lambda d: d({"inner": d({"deep": d({"deeper": [d({})]})}), 1: d({2: 3})}),
    "members of a list": lambda d: [d({"a": 1}), (d({2: 3}), {"b": d({})})],
    "scalars": lambda d: d({"at": MOMENT, "price": Decimal("1.10"), Decimal(1): 1j}),
    "tuples and sets": lambda d: d(
        {(1, (2,)): {3}, frozenset({4}): frozenset({5}), "bytes": b"ab"}
    ),
    "objects": lambda d: d({"node": Node(d({"a": Node(d({}))}))}),
    "an array": lambda d: d({"bytes": bytearray(b"abc"), "view": memoryview(b"x" * 40_000)}),
    "400 kB": lambda d: d({"text": "x" * 400_000, "more": [d({"n": n}) for n in range(100)]}),
    "many": lambda d: d({f"key {i}": d({"id": i}) for i in range(3000)}),
    "5,000 levels": lambda d: nested(
        5000, lambda inner, level: d({"a" if level % 2 else 1: inner})
    ),
    "1,500 levels with a date": lambda d: nested(1500, lambda inner, _: d({"a": inner}), MOMENT),
    "two NaN in a set": lambda d: d({"a": [1, d({2: {float("nan"), float("nan")}})]}),
    "900 objects": lambda d: nested(900, lambda inner, _: Node(d({"a": inner}))),
}


def nested(levels, wrap, bottom="bottom"):
    for level in range(levels):
        bottom = wrap(bottom, level)
    return bottom


def made(content, maker):
    return CONTENTS[content](MAKERS[maker])


def evaluate(source):
    return eval(source, globals())


async def later(content, maker):
    await asyncio.sleep(0)
    return made(content, maker)


def give(function, content, maker):
    function(made(content, maker))


def give_as_keyword(function, content, maker):
    function(value=made(content, maker))


async def give_in_coroutine(function, content, maker):
    await asyncio.sleep(0)
    function(made(content, maker))


def items(content, maker):
    yield made(content, maker)


class Holder:
    def __init__(self, content, maker):
        self.value = made(content, maker)


def fail(content, maker):
    error = ValueError(made(content, maker))
    error.value = made(content, maker)
    raise error


class Choice(enum.Enum):
    PROXY = Proxy({"a": 1})
    OTHER = Proxy(OrderedDict(a=1))


def doubled(levels):
    value = frozen(a=1)
    for _ in range(levels):
        value = frozen(a=value, b=value)
    return value


def proxies_of_one(count, size):
    """Proxies of one dict: each has as many members as the dict, which crosses once."""
    one = dict.fromkeys(range(size), 1j)
    return [Proxy(one) for _ in range(count)]


def filled(value, fill):
    fill(value)
    return value
