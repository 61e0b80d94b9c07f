"""Values with escapes, from JavaScript. Frames without the flag ESCAPED are not decoded here.

As a value, a tuple is always an escape, because an array of JavaScript arrives as a list. As a key,
a tuple is an escape or a key of the user. Only keys are decoded by recursion: they consist of
tuples and frozensets alone.
"""

from __future__ import annotations

from . import arrays, borrow, dates, escapes, scalars, tables
from .plain import RefusedValueError, loads
from .targets import resolve

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .interfaces import Channel


def unescape(payload: Any, channel: Channel, *, readonly: bool = False) -> Any:
    """Replace the escapes in the payload of a request, a tuple of its fields, by their values.

    `readonly`: arrays cannot be written to.
    """
    payload, has_escapes = _fetch(payload)
    return _unescape(payload, channel, readonly=readonly) if has_escapes else payload


def unescape_value(value: Any, channel: Channel) -> Any:
    """Replace the escapes in one value of any type, such as the result of a callback."""
    value, has_escapes = _fetch(value)
    if not has_escapes:
        return value
    if type(value) is tuple and value[1] == escapes.DEEP:
        chunks = value[2]
        chunks[0] = (chunks[0],)
        return _unescape(value, channel, readonly=False)[0]
    return _unescape((value,), channel, readonly=False)[0]


def _fetch(payload: Any) -> tuple[Any, bool]:
    """Read a payload that was lent rather than sent; also return whether it has escapes."""
    if type(payload) is tuple and payload[0] is ... and payload[1] == escapes.FRAME:
        return loads(borrow.borrow(*payload[2:6])), payload[6]
    return payload, True


def _unescape(payload: Any, channel: Channel, *, readonly: bool) -> Any:
    deep = payload[0] is ...
    if not deep and _take_arrays(payload, readonly=readonly):
        return payload
    decoder = _Decoder(channel, readonly=readonly)
    root = list(payload[2][0] if deep else payload)
    if deep:
        decoder.chunks = payload[2]
        decoder.chunks[0] = root
    try:
        decoder.fill(decoder.chunks if deep else root)
    except BaseException:
        _give_back(decoder.chunks if deep else root, decoder.taken)
        raise
    return root


def _take_arrays(payload: Any, *, readonly: bool) -> bool:
    """Put arrays in the place of escapes in the lists of a payload. Return whether that was all
    there is to do.

    It is for most calls that pass arrays, and takes half the time of a walk through everything.
    """
    is_all = True
    try:
        for part in payload:
            if type(part) is list:
                for index, item in enumerate(part):
                    if type(item) is tuple and item[1] == escapes.ARRAY:
                        part[index] = arrays.from_javascript(item[2], item[3], readonly=readonly)
                    elif item and type(item) in _COMPOSITE:
                        is_all = False
            elif part and type(part) in _COMPOSITE:
                is_all = False
    except BaseException:
        _give_back(payload, set())
        raise
    return is_all


def _give_back(root: Any, taken: set[tuple[int, int]]) -> None:
    """End the loans in a payload that could not be read, except those that were borrowed: these end
    by themselves.
    """
    seen: set[int] = set()
    stack = [root]
    while stack:
        item = stack.pop()
        if type(item) is tuple:
            if item and item[0] is ... and item[1] == escapes.SHARED:
                if item[4:6] in taken:
                    continue
                borrow.give_back(item[4], item[5])
            else:
                stack.extend(item)
        elif type(item) in _COMPOSITE and id(item) not in seen:
            seen.add(id(item))
            stack.extend(item.values() if type(item) is dict else item)


class _Decoder:
    __slots__ = ("_channel", "_open", "_readonly", "_seen", "chunks", "taken")

    def __init__(self, channel: Channel, *, readonly: bool) -> None:
        self._channel = channel
        self._readonly = readonly
        # Segment and flag of each loan that was borrowed.
        self.taken: set[tuple[int, int]] = set()
        self.chunks: list[Any] = []
        self._seen: set[int] = set()
        self._open: list[Any] = []

    def fill(self, root: list[Any]) -> None:
        self._open.append(root)
        while self._open:
            container = self._open.pop()
            kind = type(container)
            if kind is list:
                for index, item in enumerate(container):
                    if type(item) in _COMPOSITE:
                        container[index] = self._value(item)
            elif kind is dict:
                if not _KEYS.isdisjoint(map(type, container)):
                    items = [(self._key(key), item) for key, item in container.items()]
                    _refill(container, items, "Map")
                for key, item in container.items():
                    if type(item) in _COMPOSITE:
                        container[key] = self._value(item)
            elif not _KEYS.isdisjoint(map(type, container)):
                _refill(container, [self._key(item) for item in container], "Set")

    def _value(self, item: Any) -> Any:
        """The value of `item`, which may be an escape. The members of a container follow later."""
        if type(item) is tuple:
            if item[1] != escapes.NODE:
                return self._make(item)
            item = self.chunks[item[2]]
        if id(item) not in self._seen:
            self._seen.add(id(item))
            self._open.append(item)
        return item

    def _key(self, key: Any) -> Any:
        kind = type(key)
        if kind is tuple:
            # Each escape in the place of a key ends with a unique number.
            return (
                self._make(key[:-1])
                if key and key[0] is ...
                else tuple(self._key(item) for item in key)
            )
        return frozenset(self._key(item) for item in key) if kind is frozenset else key

    def _make(self, escape: tuple[Any, ...]) -> Any:
        code = escape[1]
        if code == escapes.ARRAY:
            return self._memory(*escape[2:])
        if code == escapes.NDARRAY:
            dtype, shape, strides, offset, letter, data = escape[2:]
            return arrays.to_numpy(dtype, (shape, strides, offset), self._memory(letter, data))
        if code == escapes.TABLE:
            return tables.from_ipc(escape[2], self._memory("B", escape[3]))
        return _MAKERS[code](self._channel, *escape[2:])

    def _memory(self, letter: str, data: Any) -> memoryview:
        if type(data) is tuple:
            self.taken.add(data[4:6])
        return arrays.from_javascript(letter, data, readonly=self._readonly)


def _refill(container: Any, items: list[Any], what: str) -> None:
    """Replace the entries of a dict or a set. Refuses entries with equal keys: 1 and Decimal(1) are
    one key in Python.
    """
    container.clear()
    try:
        container.update(items)
    except Exception as error:  # a key that is not hashable, or an error in its __hash__ or __eq__
        raise RefusedValueError(
            "args", f"a {what} has a key that cannot be hashed in Python: {error}"
        ) from error
    if len(container) != len(items):
        raise RefusedValueError("args", f"a {what} has keys that are equal in Python")


_COMPOSITE = frozenset({tuple, list, dict, set})
_KEYS = frozenset({tuple, frozenset})


def _scalar(_channel: Channel, name: str, text: str) -> Any:
    try:
        return scalars.from_text(name, text)
    except ValueError as error:
        raise RefusedValueError("args", str(error)) from None


def _date(_channel: Channel, milliseconds: float, *parts: Any) -> Any:
    try:
        return (
            dates.to_datetime(milliseconds, *parts)
            if parts
            else dates.from_milliseconds(milliseconds)
        )
    except Exception as error:  # a zone that this Python does not know, a package that is not there
        raise RefusedValueError("args", f"a date cannot be made in Python: {error!r}") from None


_MAKERS: dict[int, Callable[..., Any]] = {
    escapes.DATE: _date,
    escapes.SCALAR: _scalar,
    escapes.OBJECT: lambda channel, number: channel.scope.kept(number),
    escapes.FUNCTION: lambda channel, *facts: channel.function(*facts),
    escapes.ITERATOR: lambda channel, *facts: channel.iterator(*facts),
    escapes.TARGET: lambda _channel, target: resolve(target),
}
