"""What `toJS()` makes of a value that crosses as a reference: something plain with the same contents.

The members of a value may be made as they are asked for, without end. So no more of them are taken than its length says, and
`outgoing.py` bounds how deeply copies nest.
"""

from __future__ import annotations

import sys
from itertools import islice

from . import scalars
from .arrays import is_array
from .codec import RefusedValueError

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# marshal counts members in signed 32-bit numbers.
_MAX_MEMBERS = 2**31 - 1


class _Nothing:
    """There is no copy."""


NOTHING = _Nothing()


def copied(value: Any) -> Any:  # noqa: PLR0911 - one a kind of value
    """A plain value, whose members are yet to be copied; `NOTHING` where there is none."""
    kind = type(value)
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(kind, enum.Enum):
        return value.value
    if any("__dataclass_fields__" in vars(base) for base in kind.__mro__):
        import dataclasses

        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if issubclass(kind, tuple):
        return _tuple(value, getattr(kind, "_fields", None))
    for base, exact in _EXACT:
        if issubclass(kind, base):
            return exact(value)
    if issubclass(kind, (dict, list, set, frozenset)):
        return _container(value)
    scalar = scalars.without_class(value, kind)
    if scalar is not None:
        return scalar
    if is_array(kind):
        try:
            return value.tolist()
        except (NotImplementedError, ValueError):  # a format that memoryview does not read; a view that was released
            return NOTHING
    from collections import UserString, abc

    if issubclass(kind, UserString):
        return _text(str(value))
    if issubclass(kind, (abc.Mapping, abc.Set, abc.Sequence, abc.ValuesView)):
        return _container(value)
    return NOTHING


def _tuple(value: Any, names: Any) -> Any:
    """A tuple's own members: a subclass may say other ones. Those of a named tuple have names."""
    members = list(tuple.__iter__(value))
    is_named = isinstance(names, tuple) and len(names) == len(members) and all(isinstance(name, str) for name in names)
    return dict(zip(names, members, strict=True)) if is_named else members


def _container(value: Any) -> Any:
    from collections import abc

    kind = type(value)

    if issubclass(kind, abc.Mapping):
        return {key: value[key] for key in _members(value)}
    if issubclass(kind, abc.ItemsView):
        return list(_members(value))
    if issubclass(kind, abc.Set):
        return set(_members(value))
    return list(_members(value))


def _members(value: Any) -> Iterator[Any]:
    """Yield as many members as a value says that it has. Refuses one that has more."""
    try:
        length = len(value)
    except OverflowError:
        length = _MAX_MEMBERS + 1
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if length > _MAX_MEMBERS:
        raise RefusedValueError("value", f"a {name} with more than {_MAX_MEMBERS} members")
    members = iter(value)
    yield from islice(members, length)
    for _ in members:
        raise RefusedValueError("value", f"a {name} has more members than its length says, which is {length}")


def _text(text: str) -> str:
    return "".join((str.__str__(text), ""))


# What a subclass of a plain type is without its class; by the base's own methods, as a subclass may have replaced them.
_EXACT: Any = (
    (int, lambda value: int.__add__(value, 0)),
    (float, float.__pos__),
    (str, _text),
    (bytes, lambda value: bytes(memoryview(value))),
    (bytearray, lambda value: bytes(memoryview(value))),
)
