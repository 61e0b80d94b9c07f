"""The arguments and the attributes of an exception, as far as they are plain values.

Reading them must not cost more than the exception: values are bounded, and values that are not
plain are left out rather than sent as references.
"""

from __future__ import annotations

from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType

from .interrupts import CallCancelled
from .mappings import FROZEN_DICT, shown

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    _T = TypeVar("_T")

# Returned instead of a value that is not plain.
MISSING: Any = object()
_MAX_TEXT = 16 << 10
_MAX_BITS = 1 << 12
_MAX_DEPTH = 8
_MAX_VALUES = 500
_MAX_NAMES = 100
_SCALARS = (str, int, float, bytes, type(None))
_HAS_OWN = (MemberDescriptorType, GetSetDescriptorType)
_own = BaseException.__dict__["__dict__"].__get__
_args = BaseException.__dict__["args"].__get__
_ROOTS = (BaseException, Exception, object)
_MAX_KNOWN = 1000
# The names of attributes that the instances of a class have without a dictionary of their own.
_names: dict[type, tuple[str, ...]] = {}


def arguments(error: BaseException) -> tuple[list[Any], list[int]]:
    """The arguments of an exception, and the positions of those that are not plain, for which None
    stands.
    """
    args = _args(error)  # a class may have an attribute of that name
    values = [plain(arg) for arg in args[:_MAX_NAMES]] if type(args) is tuple else []
    missing = [at for at, value in enumerate(values) if value is MISSING]
    for at in missing:
        values[at] = None
    return values, missing


def attributes(error: BaseException, paths: Iterable[str] = ()) -> dict[str, Any]:
    """The public attributes of an exception that are plain, and the values at `paths`, e.g.
    `response.status_code`.
    """
    found: dict[str, Any] = {}
    kind = type(error)
    names = _names.get(kind)
    if names is None:
        if len(_names) >= _MAX_KNOWN:
            _names.clear()
        names = _names[kind] = _names_of(kind)
    for name in names:
        value = plain(_get(error, name))
        if value is not MISSING:
            found[name] = value
    # Read from the `__dict__`, not by `getattr`, which first looks up the name in each base of the
    # class: that costs 1 us a name.
    own = _own(error)
    if own:
        for name in list(own)[:_MAX_NAMES]:
            if type(name) is str and name[0:1] != "_" and name.isidentifier():
                value = plain(own[name])
                if value is not MISSING:
                    found[name] = value
    for path in paths:
        value = plain(_walk(error, path))
        if value is not MISSING:
            found[path] = value
    return found


def _names_of(kind: type) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for base in type.__dict__["__mro__"].__get__(kind):
        if base in _ROOTS:
            continue
        for name, member in list(type.__dict__["__dict__"].__get__(base).items()):
            if name[:1] == "_" or not (
                type(member) in _HAS_OWN or issubclass(type(member), _SCALARS)
            ):
                continue
            names[name] = None
    return tuple(names)[:_MAX_NAMES]


def _walk(error: BaseException, path: str) -> Any:
    value: Any = error
    for name in path.split("."):
        following = _get(value, name)
        if following is MISSING:
            following = _item(value, name)
        if following is MISSING:
            return MISSING
        value = following
    return value


def _get(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, MISSING)
    except CallCancelled:
        raise
    except BaseException:  # a property is the user's code
        return MISSING


def _item(value: Any, name: str) -> Any:
    try:
        if issubclass(type(value), (list, tuple)):
            return value[int(name)]
        return value[name]
    except CallCancelled:
        raise
    except BaseException:  # it has no items, or its class is the user's
        return MISSING


def plain(value: Any) -> Any:
    """A copy of a plain value: text, numbers, bytes, None, and containers of these; `MISSING` for
    any other value.
    """
    kind = type(value)
    if kind is str:  # most are texts
        return value if len(value) <= _MAX_TEXT else MISSING
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if value.bit_length() <= _MAX_BITS else MISSING
    try:
        return _copy(value, kind, 0, [_MAX_VALUES])
    except CallCancelled:
        raise
    except BaseException:  # it is not plain, or changes while it is copied
        return MISSING


class _NotPlainError(Exception):
    """A value is not plain, or too large."""


def _copy(value: Any, kind: type, depth: int, left: list[int]) -> Any:
    """Subclasses are copied as what they derive from, by none of their own methods."""
    left[0] -= 1
    if left[0] < 0 or depth > _MAX_DEPTH:
        raise _NotPlainError
    if value is None or kind is bool or kind is float:
        return value
    for base, convert in _CONVERTERS:
        if issubclass(kind, base):
            return convert(value)
    for base, gather in _CONTAINERS:
        if issubclass(kind, base):
            return gather(value, depth + 1, left)
    raise _NotPlainError


def _string(value: str) -> str:
    text = str.__str__(value)
    return _checked(text, len(text) <= _MAX_TEXT)


def _integer(value: int) -> int:
    number = int.__int__(value)
    return _checked(number, number.bit_length() <= _MAX_BITS)


def _bytes(value: bytes) -> bytes:
    data = bytes.__getitem__(value, slice(None))
    return _checked(data, len(data) <= _MAX_TEXT)


def _dict(value: Any, depth: int, left: list[int]) -> dict[Any, Any]:
    base = dict if issubclass(type(value), dict) else FROZEN_DICT
    return {
        _key(key, left): _copy(item, type(item), depth, left) for key, item in base.items(value)
    }


def _proxy(value: Any, depth: int, left: list[int]) -> Any:
    """What a proxy shows, as if it stood in its place."""
    mapping = shown(value)
    left[0] += 1
    return _copy(mapping, type(mapping), depth - 1, left)


def _list(value: Any, depth: int, left: list[int]) -> list[Any]:
    return [_copy(item, type(item), depth, left) for item in list.__iter__(value)]


def _tuple(value: Any, depth: int, left: list[int]) -> tuple[Any, ...]:
    return tuple([_copy(item, type(item), depth, left) for item in tuple.__iter__(value)])


def _set(value: Any, _depth: int, left: list[int]) -> set[Any]:
    return {
        _key(item, left)
        for item in (set if issubclass(type(value), set) else frozenset).__iter__(value)
    }


def _key(value: Any, left: list[int]) -> Any:
    """A key that is one of its own in JavaScript, too: a value that JavaScript refuses would
    take the place of the exception.
    """
    key = _copy(value, type(value), _MAX_DEPTH, left)
    if type(key) is str:
        key.encode()
    elif type(key) is not int:
        raise _NotPlainError
    return key


def _checked(value: _T, is_small: bool) -> _T:
    if not is_small:
        raise _NotPlainError
    return value


_CONVERTERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, _string),
    (int, _integer),
    (float, float.__float__),
    (bytes, _bytes),
)
_CONTAINERS: tuple[tuple[type, Callable[[Any, int, list[int]], Any]], ...] = (
    (dict, _dict),
    (list, _list),
    (tuple, _tuple),
    (set, _set),
    (frozenset, _set),
    (MappingProxyType, _proxy),
    *([(FROZEN_DICT, _dict)] if FROZEN_DICT else []),
)
