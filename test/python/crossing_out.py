"""Values on their way to JavaScript: what could be taken for a promise, cannot be held there, has
no end, or is shared.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import decimal
import fractions
import marshal
import os
import struct
import threading
import uuid
import warnings
from collections import abc
from typing import Any

NAN_KEYS = {float("nan"): 1, float("nan"): 2}
SAME_TEXT = {"\ud83d\ude00", "\U0001f600"}
REFUSED: dict[str, Any] = {
    "nan keys": NAN_KEYS,
    "nan members": set(NAN_KEYS),
    "keys of one text": dict.fromkeys(SAME_TEXT, 1),
    "members of one text": SAME_TEXT,
    "keys of one text among others": {**dict.fromkeys(SAME_TEXT, 1), 5: 1},
    "keys of one text beside an object": [object(), dict.fromkeys(SAME_TEXT, 1)],
}


class Rule:
    """Has a `then` that can be called."""

    def then(self, *_: Any) -> str:
        return "tea"

    def __call__(self) -> str:
        return "called"


@dataclasses.dataclass
class Choice:
    then: Any = len


def rule() -> dict[str, Any]:
    return {"if": 1, "then": len}


async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


def refused(name: str) -> Any:
    return REFUSED[name]


async def refused_later(name: str) -> Any:
    return REFUSED[name]


def refused_third(item: int) -> Any:
    return NAN_KEYS if item == 3 else item


def rules() -> Any:
    """Give rules, and say afterwards that it was closed."""
    try:
        while True:
            yield rule()
    finally:
        log.append("closed")


def refused_items() -> Any:
    try:
        yield 1
        yield NAN_KEYS
    finally:
        log.append("closed")


log: list[str] = []


def take_log() -> list[str]:
    taken = list(log)
    log.clear()
    return taken


def give(function: Any, name: str) -> Any:
    """Call a function with what is refused; answer what came of it, and what a proper call
    gives.
    """
    try:
        function(1, [REFUSED[name]])
    except ValueError as error:
        return [
            type(error).__name__,
            isinstance(error, TypeError),
            error.code,
            error.path,
            function(2, "fine"),
        ]  # type: ignore[attr-defined]
    return "nothing was raised"


def give_uncaught(function: Any, name: str) -> Any:
    return function([REFUSED[name]])


def give_in_thread(function: Any, name: str) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(give(function, name)))
    thread.start()
    thread.join()
    return results[0]


async def give_in_coroutine(function: Any, name: str) -> Any:
    try:
        answer = function(1, [REFUSED[name]])
        if hasattr(answer, "__await__"):
            await answer
    except ValueError as error:
        answer = function(2, "fine")
        return [
            type(error).__name__,
            isinstance(error, TypeError),
            error.code,  # type: ignore[attr-defined]
            error.path,  # type: ignore[attr-defined]
            await answer if hasattr(answer, "__await__") else answer,
        ]
    return "nothing was raised"


def give_afterwards(function: Any, name: str, done: Any) -> None:
    """Call a function once this call is over, and tell `done` what came of it."""

    def run() -> None:
        done(give(function, name))

    threading.Timer(0.05, run).start()


def _frame(kind: int, payload: bytes) -> bytes:
    return struct.pack("<III", len(payload), 1, kind) + payload


# The kinds of a callback, and of what was dropped.
MALFORMED = {
    "no frame": b"\xff" * 64,
    "a kind that there is not": _frame(99, b""),
    "a value that is none": _frame(68, b"?"),
    "a callback without its function": _frame(68, marshal.dumps(5)),
    "dropped values that are no list": _frame(69, marshal.dumps(5)),
}


def write_malformed(what: str, told: Any = None) -> None:
    """Write what is no frame to JavaScript: while it waits, or, where it is to be told,
    afterwards.
    """
    from pythreads_kernel.current import current

    channel: Any = current.channel
    if told is None:
        os.write(channel._fd, MALFORMED[what])
        threading.Event().wait()  # for nothing: the channel ends

    def write() -> None:
        told()
        os.write(channel.side.writes, MALFORMED[what])

    threading.Timer(0.05, write).start()


class OddError(Exception):
    """Carries what is refused, and cannot be shown."""

    def __str__(self) -> str:
        raise ValueError(NAN_KEYS)


def raises_odd() -> None:
    error = OddError(NAN_KEYS)
    error.__notes__ = ["\ud83d\ude00", NAN_KEYS]  # type: ignore[attr-defined]
    raise error from ValueError(NAN_KEYS, SAME_TEXT)


def shows_refused() -> None:
    print(NAN_KEYS, SAME_TEXT)
    warnings.warn(repr(NAN_KEYS), UserWarning, stacklevel=1)


class Text(str):
    """A text by class, equal to nothing but itself."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class Own(abc.Sequence):  # type: ignore[type-arg]
    """Its items are sequences of its kind, made anew."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: Any) -> Any:
        if index >= len(self):
            raise IndexError
        return Own()


class OwnMap(abc.Mapping):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Any:
        return iter("ab")

    def __getitem__(self, key: Any) -> Any:
        return OwnMap()


class Lists(abc.Sequence):  # type: ignore[type-arg]
    """Of another kind in between."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        if index:
            raise IndexError
        return {"next": [Lists()]}


class Endless(abc.Sequence):  # type: ignore[type-arg]
    """Has more items than it says."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        return index


class EndlessTuple(tuple):  # type: ignore[type-arg]
    __slots__ = ()

    def __iter__(self) -> Any:
        while True:
            yield 1


@dataclasses.dataclass
class Lazy:
    inner: Any = None

    def __getattribute__(self, name: str) -> Any:
        return Lazy() if name == "inner" else object.__getattribute__(self, name)


class MyDatetime(dt.datetime):
    pass


class MyDate(dt.date):
    pass


class MyTime(dt.time):
    pass


class MyTimedelta(dt.timedelta):
    pass


class MyDecimal(decimal.Decimal):
    pass


class MyFraction(fractions.Fraction):
    pass


class MyUUID(uuid.UUID):
    pass


class MyComplex(complex):
    pass


class NotATime(dt.datetime):
    """As pandas.NaT: a datetime that is no moment."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __ne__(self, other: object) -> bool:
        return True


class Nanoseconds(dt.datetime):
    """As pandas.Timestamp, with more than a datetime has."""

    nanosecond = 5


def evaluate(source: str) -> Any:
    return eval(source)


def nested_twice(levels: int, leaf: Any) -> Any:
    value = leaf
    for _ in range(levels):
        value = (value, value)
    return value


def raise_shared(levels: int) -> None:
    """Raise a group that holds one group twice, that one another one twice, and so on."""
    error: BaseException = ValueError("the bottom")
    for _ in range(levels):
        error = ExceptionGroup("group", [error, error])  # type: ignore[list-item]  # noqa: F821
    raise error


class HolderError(Exception):
    """Holds exceptions as groups do, before Python 3.11 too."""

    def __init__(self, *exceptions: BaseException) -> None:
        super().__init__(len(exceptions))
        self.exceptions = exceptions


def raise_held(levels: int) -> None:
    error: BaseException = ValueError("the bottom")
    for _ in range(levels):
        error = HolderError(error, error)
    raise error


def raise_cycle() -> None:
    first, second = HolderError(), HolderError()
    first.exceptions, second.exceptions = (second, first), (first,)
    first.__cause__ = second
    second.__cause__ = first
    raise first


class FreshError(Exception):
    """Makes its members as they are asked for, without end."""

    @property
    def exceptions(self) -> tuple[BaseException, ...]:
        return FreshError(), FreshError()


def raise_fresh() -> None:
    raise FreshError
