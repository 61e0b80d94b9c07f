"""Values that are not plain, to JavaScript: a copy of the structure, with escapes for what marshal
cannot hold.

Nothing here recurses, so depth and cycles do not matter. In the copy a tuple is a list, and a set
or a dict whose keys are not plain is an escape with a list: only lists and dicts can be made first
and filled later.

A mutable value that occurs several times is one object in the copy. An immutable value has no
identity in Python, and is mutable in JavaScript: there each occurrence is an object of its own.
"""

from __future__ import annotations

import marshal
import sys
from types import MappingProxyType

from . import arrays, escapes, frames, lend, scalars
from .interrupts import seal, shielded
from .javascript import JavaScriptError, JavaScriptFunction
from .mappings import FROZEN_DICT, shown_dict
from .packages import Escaped
from .plain import BYTES, CONTAINERS, INLINE_BYTES, NESTED, SCALARS, RefusedValueError, dumps_plain
from .subclasses import without_class
from .to_plain import NO_COPY, ForcedCopy, members_copier, scalar_copier

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .interfaces import Channel
    from .references import Reference

# Each level of the value is at most three of marshal's, which stops at 2,000 (1,000 in a debug
# build of Windows).
_CHUNK_DEPTH = 300
# An Enum whose value is an Enum whose value ...
_MAX_REPLACEMENTS = 10
# A payload of this size or more is lent rather than sent, where memory is shared.
FRAME_BYTES = 256 * 1024
# The longest frame, and the longest text or bytes that marshal writes.
_MAX_BYTES = 2**31 - 1
# How deeply copied objects may nest. An object that makes its members on request may nest without
# end.
_MAX_COPIES = 1000
# How many members of immutable values are written again, besides some for each member that is
# written; and how many bytes. Beyond that the copy is shared: `t = (t, t)`, forty times, has 2**40
# members.
_MOST_AGAIN = 2**16
_AGAIN_PER_MEMBER = 4
_MOST_BYTES_AGAIN = 64 * 1024 * 1024
_TEXT = frozenset({str})
_IMMUTABLE = (tuple, frozenset, range, *([FROZEN_DICT] if FROZEN_DICT else []))
_FROM_JAVASCRIPT = frozenset({JavaScriptFunction, JavaScriptError})


def dumps(value: Any, channel: Channel, flags: int = 0, *, is_not_plain: bool = False) -> bytes:
    """Bytes for JavaScript. A value without a copy becomes a reference to an object of `channel`'s
    scope.

    `flags`: COPY, with its depth, and EXACT. `is_not_plain`: the value is known not to be plain.
    References in the bytes are counted as sent, so from here on nothing interrupts the call. Do not
    call this within `shielded`.
    """
    is_forced = type(value) is ForcedCopy
    if is_forced:
        value = value.value
    data = None if is_not_plain else dumps_plain(value)
    if data is None:
        encoder = _Encoder(channel, flags)
        try:
            data = encoder.dumps(value)
            if is_forced and encoder.is_reference:
                name = f"{type(value).__module__}.{type(value).__qualname__}"
                raise RefusedValueError("toJS", f"a value of type {name} has no copy in JavaScript")
            seal()
        except BaseException:  # an interrupt, or of the user's code, where something is copied
            shielded(encoder.retract)
            raise
    return data if len(data) < FRAME_BYTES else lend_payload(data, channel)


def lend_payload(data: bytes, channel: Channel) -> bytes:
    """Lend a large payload, and return a payload that says where it is; the payload itself where it
    cannot be lent. As in `dumps`, nothing interrupts the call any more.
    """
    seal()
    lender = lend.lender()
    lent = None if lender is None else lender.lend(memoryview(data), channel)
    if lent is not None:
        return marshal.dumps((..., escapes.FRAME, *lent), NESTED)
    if len(data) > _MAX_BYTES:
        raise RefusedValueError("value", f"takes {len(data)} bytes; {_MAX_BYTES} is the most")
    return data


class _Encoder:
    def __init__(self, channel: Channel, flags: int) -> None:
        self._channel = channel
        self._scope = channel.scope
        self._copy = bool(flags & frames.COPY)
        # How deeply copied objects may nest; deeper objects stay in Python.
        self._most_copies = (flags >> frames.DEPTH_SHIFT or _MAX_COPIES + 1) if self._copy else 0
        self._exact = bool(flags & frames.EXACT) and not self._copy
        # Functions that make plain values of the values of a class; `None` where there is none.
        self._scalar_copiers: dict[type, Callable[[Any], Any] | None] = {}
        self._members_copiers: dict[type, Callable[[Any], Any] | None] = {}
        # Whether the value itself stays in Python.
        self.is_reference = False
        # JavaScript's own values, which return in the frame.
        self._returned: list[Reference] = []
        # The flags of the loans.
        self._lent: list[int] = []
        # The numbers of the objects that JavaScript is to hold.
        self._kept: list[int] = []
        # id of a value -> its copy or escape; and the value itself, so that no other value gets its
        # id meanwhile.
        self._known: dict[int, tuple[Any, Any]] = {}
        # Containers that are to be filled: the source, the target, and how many levels and copied
        # objects it is in.
        self._open: list[tuple[Any, Any, int, int]] = []
        self._chunks: list[Any] = []
        self._again = _MOST_AGAIN
        self._bytes_again = _MOST_BYTES_AGAIN

    def dumps(self, value: Any) -> bytes:
        self._chunks.append(self._convert(value, 0, 0))
        self.is_reference = len(self._kept) > 0
        while self._open:
            source, target, depth, copies = self._open.pop()
            if type(target) is dict:
                for key, item in source.items():
                    target[key] = self._convert(item, depth, copies)
            elif isinstance(source, dict):
                for key, item in source.items():
                    target += (
                        self._convert(key, depth, copies),
                        self._convert(item, depth, copies),
                    )
            else:
                target.extend([self._convert(item, depth, copies) for item in source])
        root = self._chunks[0] if len(self._chunks) == 1 else (..., escapes.DEEP, self._chunks)
        try:
            return marshal.dumps(root, NESTED)
        except ValueError as error:
            raise RefusedValueError(
                "value", f"has a member of more than {_MAX_BYTES} bytes"
            ) from error

    def retract(self) -> None:
        """Undo references, returns and loans, as the value is not sent."""
        self._scope.release(self._kept)
        for reference in self._returned:
            reference.retract()
        lender = lend.lender()
        for flag in self._lent:
            if lender is not None:
                lender.retract(flag)

    def _convert(self, value: Any, depth: int, copies: int) -> Any:
        kind = type(value)
        if kind in SCALARS and (kind not in BYTES or (kind is bytes and len(value) < INLINE_BYTES)):
            return value
        known = self._known.get(id(value))
        if known is not None and not self._is_again(value, kind):
            return (*known[0],) if _is_date(known[0]) else known[0]
        plain = value
        if kind not in CONTAINERS:
            mapping = shown_dict(value) if kind is MappingProxyType else None
            if (
                mapping is not None
            ):  # shares the object in JavaScript with the dict itself, and with other proxies of it
                return self._convert(mapping, depth, copies)
            plain = self._replaced(value, kind, copies)
            if type(plain) not in CONTAINERS or type(plain) is tuple:  # a tuple here is an escape
                self._known[id(value)] = (plain, value)
                return plain
            copies += kind is not FROZEN_DICT
            if copies > _MAX_COPIES:
                name = f"{kind.__module__}.{kind.__qualname__}"
                reason = f"copies of objects nest deeper than {_MAX_COPIES} levels; one is a {name}"
                raise RefusedValueError("value", reason)
        result = self._container(plain, type(plain), depth, copies)
        if known is None:
            self._again += len(plain) * _AGAIN_PER_MEMBER
            self._known[id(value)] = (result, (value, plain))
        return result

    def _is_again(self, value: Any, kind: type) -> bool:
        """Whether a value that occurred before is written again, as it has no identity."""
        if kind is bytes:
            self._bytes_again -= len(value)
            return self._bytes_again >= 0
        if not issubclass(kind, _IMMUTABLE):
            return False
        self._again -= len(value) + 1
        return self._again >= 0

    def _container(self, value: Any, kind: type, depth: int, copies: int) -> Any:
        target: Any = []
        if kind is dict:
            kinds = set(map(type, value))
            if (
                not self._exact
                and not kinds <= SCALARS
                and any(issubclass(kind, str) for kind in kinds - SCALARS)
            ):
                value = self._with_texts(value)
                kinds = set(map(type, value))
            if kinds <= _TEXT and _is_object(value):
                target = {}
        result: Any = target
        if kind is dict and type(target) is list:
            result = (..., escapes.MAP, target)
        elif kind is set or kind is frozenset:
            result = (..., escapes.SET, target)
        if depth < _CHUNK_DEPTH:
            self._open.append((value, target, depth + 1, copies))
            return result
        self._chunks.append(result)
        self._open.append((value, target, 1, copies))
        return (..., escapes.NODE, len(self._chunks) - 1)

    def _with_texts(self, value: dict[Any, Any]) -> dict[Any, Any]:
        """A dict with plain texts in the place of keys of subclasses of str."""
        result = {self._key(key): item for key, item in value.items()}
        if len(result) != len(value):
            raise RefusedValueError(
                "value", "a dict has keys of a subclass of str that are the same text"
            )
        return result

    def _key(self, key: Any) -> Any:
        """A plain text for one of a subclass of str; other keys as they are."""
        return str.__str__(key) if isinstance(key, str) else key

    def _replaced(self, value: Any, kind: type, copies: int) -> Any:
        """What is sent instead of a value that is no plain scalar and no plain container."""
        for _ in range(_MAX_REPLACEMENTS):
            plain = self._scalar(value, kind)
            if plain is NO_COPY or type(plain) is kind:
                escape = scalars.to_escape(value, kind) or self._array(value, kind)
                if escape is not None:
                    return (
                        escape
                        if type(escape) is not bytes or kind is bytes
                        else (..., escapes.ARRAY, "B", escape)
                    )
                if kind in _FROM_JAVASCRIPT and value.is_from(self._scope.references):
                    return (..., escapes.FUNCTION, shielded(self._add_return, value.reference))
                plain = self._members(value, kind) if copies < self._most_copies else NO_COPY
                if plain is NO_COPY or type(plain) is kind:
                    break
            value, kind = plain, type(plain)
            if kind is Escaped:
                return value.escape
            if kind in SCALARS and kind not in BYTES:
                return value
            if kind in CONTAINERS:
                return list(value) if kind is tuple else value
        return shielded(self._keep, value)

    def _scalar(self, value: Any, kind: type) -> Any:
        """A plain value instead of one without members; `NO_COPY` where there is none."""
        try:
            copier = self._scalar_copiers[kind]
        except KeyError:
            copier = self._scalar_copiers[kind] = self._scalar_copier(kind)
        return NO_COPY if copier is None else copier(value)

    def _scalar_copier(self, kind: type) -> Callable[[Any], Any] | None:
        copier = _ALWAYS.get(kind)
        if copier is not None or kind in BYTES:
            return copier
        if _is_numpy_number(kind):
            return _item
        if self._copy:
            return scalar_copier(kind)
        if self._exact:
            return None
        return without_class(kind) or (
            _if_aware(scalar_copier(kind)) if _is_datetime(kind) else None
        )

    def _members(self, value: Any, kind: type) -> Any:
        """A list, a dict or an array instead of an object; `NO_COPY` where there is none."""
        try:
            copier = self._members_copiers[kind]
        except KeyError:
            copier = self._members_copiers[kind] = members_copier(kind)
        return NO_COPY if copier is None else copier(value)

    def _keep(self, value: Any) -> Any:
        kept = self._scope.keep(value)
        self._kept.append(kept[2])
        return kept

    def _add_return(self, reference: Reference) -> int:
        self._returned.append(reference)
        return reference.add_return()

    def _array(self, value: Any, kind: type) -> Any:
        """The escape of an array, or its bytes; `None` for another value."""
        if kind in BYTES:
            value, kind = memoryview(value), memoryview
        escape = arrays.to_escape(value, kind, self._channel)
        data = escape if type(escape) is not tuple or escape[1] == escapes.SHARED else escape[-1]
        if type(data) is tuple:
            self._lent.append(data[-1])
        return escape


def _is_date(escape: Any) -> bool:
    """Whether it is the escape of a date. A Date is mutable in JavaScript, unlike the values of
    other escapes.
    """
    return type(escape) is tuple and escape[1] == escapes.DATE


def _is_object(value: dict[Any, Any]) -> bool:
    """Whether a dict of texts is an object in JavaScript rather than a Map: `await` takes an object
    with a callable `then` for a promise.
    """
    then = value.get("then")
    return then is None or not (callable(then) or type(then) in _FROM_JAVASCRIPT)


def _is_numpy_number(kind: type) -> bool:
    """Whether values of this type are numbers of numpy that equal a plain number. Dates, records
    and long doubles of numpy equal none.
    """
    if kind.__module__ != "numpy":
        return False
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not issubclass(kind, (numpy.number, numpy.bool_)):
        return False
    return not issubclass(kind, (numpy.timedelta64, numpy.longdouble, numpy.clongdouble))


def _item(value: Any) -> Any:
    return value.item()


def _shown_dict(proxy: Any) -> Any:
    mapping = shown_dict(proxy)
    return NO_COPY if mapping is None else mapping


# What is made of a value of exactly this type, whatever the flags say.
_ALWAYS: dict[type, Callable[[Any], Any]] = {
    FROZEN_DICT: dict,
    MappingProxyType: _shown_dict,  # as the value of an Enum; `_convert` sees the others
}


def _is_datetime(kind: type) -> bool:
    """Whether it is a subclass of `datetime`."""
    datetime: Any = getattr(sys.modules.get("datetime"), "datetime", None)
    return datetime is not None and issubclass(kind, datetime)


def _if_aware(copier: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    """The same for datetimes with a zone alone: without one, a datetime is no moment in time."""
    return (
        None if copier is None else lambda value: NO_COPY if value.tzinfo is None else copier(value)
    )
