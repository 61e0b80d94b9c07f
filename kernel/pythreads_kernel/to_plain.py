"""How `toJS()` copies a value that is sent as a reference otherwise: as a plain value with the same
contents.

A value may make its members on request, without end. So a copy has no more members than the value's
length says, and `encode.py` bounds how deeply copies nest. The class of a value decides how it is
copied; that is looked up once for each class in a payload.
"""

from __future__ import annotations

import sys
from itertools import islice
from types import SimpleNamespace

from . import packages, scalars
from .arrays import is_array
from .plain import RefusedValueError
from .subclasses import without_class

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# marshal counts members in signed 32-bit numbers.
_MAX_MEMBERS = 2**31 - 1


class _NoCopy:
    """There is no copy."""


NO_COPY = _NoCopy()


class ForcedCopy:
    """The value on which `toJS()` is called. It is refused when it has no copy."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        """Wrap `value`, the result of the call."""
        self.value = value


def scalar_copier(kind: type) -> Callable[[Any], Any] | None:
    """The function that copies values of this class, which have no members; `None` where there is
    none.

    Its result may need a copy itself. It returns `NO_COPY` for a value that has no copy.
    """
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(kind, enum.Enum):
        return lambda value: value.value
    exact = without_class(kind)
    if exact is not None:
        return exact
    if issubclass(kind, bytearray):
        return lambda value: bytes(memoryview(value))
    copier = packages.scalar_copier(kind)
    if copier is not None:
        return copier
    name = scalars.base_of(kind)
    if name is not None:
        return lambda value: _or_no_copy(scalars.without_class(value, name))
    return _user_string if _is_a(kind, "UserString") else None


def members_copier(kind: type) -> Callable[[Any], Any] | None:  # noqa: PLR0911 - one a kind of value
    """The function that makes a list, a dict or an array of a value; `None` where there is none."""
    bases = [vars(base) for base in kind.__mro__]
    if any("__dataclass_fields__" in names for names in bases):
        return _dataclass
    if any(isinstance(names.get("__attrs_attrs__"), tuple) for names in bases):
        return _attrs
    if issubclass(kind, SimpleNamespace):
        return lambda value: dict(vars(value))
    copier = packages.members_copier(kind)  # before dicts: scipy has one
    if copier is not None:
        return copier
    if issubclass(kind, tuple):
        return _tuple
    if issubclass(kind, (dict, list, set, frozenset)):
        return _container
    if is_array(kind):
        return _array
    from collections import abc

    return (
        _container
        if issubclass(kind, (abc.Mapping, abc.Set, abc.Sequence, abc.ValuesView))
        else None
    )


def _is_a(kind: type, name: str) -> bool:
    base = getattr(sys.modules.get("collections"), name, None)
    return base is not None and issubclass(kind, base)


def _or_no_copy(value: Any) -> Any:
    return NO_COPY if value is None else value


def _user_string(value: Any) -> str:
    return str.__str__(str(value))


def _dataclass(value: Any) -> Any:
    import dataclasses

    return _fields(value, (field.name for field in dataclasses.fields(value)))


def _attrs(value: Any) -> Any:
    return _fields(value, (attribute.name for attribute in type(value).__attrs_attrs__))


def _fields(value: Any, names: Iterator[str]) -> dict[str, Any]:
    """The fields of an object; one that was never set has no value."""
    missing = NO_COPY
    members = {name: getattr(value, name, missing) for name in names}
    return {name: member for name, member in members.items() if member is not missing}


def _array(value: Any) -> Any:
    try:
        return value.tolist()
    except (
        NotImplementedError,
        ValueError,
    ):  # a format that memoryview does not read; a view that was released
        return NO_COPY


def _tuple(value: Any) -> Any:
    """A tuple's own members: a subclass may say other ones. Those of a named tuple have names."""
    names: Any = getattr(type(value), "_fields", None)
    members = list(tuple.__iter__(value))
    is_named = (
        isinstance(names, tuple)
        and len(names) == len(members)
        and all(isinstance(name, str) for name in names)
    )
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
        raise RefusedValueError(
            "value", f"a {name} has more members than its length says, which is {length}"
        )
