"""What `toJS()` makes of a value that crosses as a reference: something plain with the same contents."""

from __future__ import annotations

import sys

from .arrays import is_array

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any


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
        names = getattr(kind, "_fields", None)
        return list(value) if names is None else dict(zip(names, value, strict=True))
    for base, exact in _EXACT:
        if issubclass(kind, base):
            return exact(value)
    if issubclass(kind, (dict, list, set, frozenset)):
        return _container(value)
    if is_array(kind):
        try:
            return value.tolist()
        except (NotImplementedError, ValueError):  # a format that memoryview does not read; a view that was released
            return NOTHING
    from collections import abc

    if issubclass(kind, (abc.Mapping, abc.Set, abc.Sequence, abc.ValuesView)):
        return _container(value)
    return NOTHING


def _container(value: Any) -> Any:
    from collections import abc

    kind = type(value)

    if issubclass(kind, abc.Mapping):
        return {key: value[key] for key in value}
    if issubclass(kind, abc.ItemsView):
        return list(value)
    if issubclass(kind, abc.Set):
        return set(value)
    return list(value)


# What a subclass of a plain type is without its class; by the base's own methods, as a subclass may have replaced them.
_EXACT: Any = (
    (int, lambda value: int.__add__(value, 0)),
    (float, float.__pos__),
    (str, lambda value: "".join((str.__str__(value), ""))),
    (bytes, lambda value: bytes(memoryview(value))),
    (bytearray, lambda value: bytes(memoryview(value))),
)
