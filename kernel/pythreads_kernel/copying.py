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
    if enum is not None and isinstance(value, enum.Enum):
        return value.value
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None:
        import dataclasses

        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        names = getattr(kind, "_fields", None)
        return list(value) if names is None else dict(zip(names, value, strict=True))
    for base, exact in _EXACT:
        if isinstance(value, base):
            return exact(value)
    if isinstance(value, (dict, list, set, frozenset)):
        return _container(value)
    if is_array(kind) and hasattr(value, "tolist"):
        return value.tolist()
    from collections import abc

    if isinstance(value, (abc.Mapping, abc.Set, abc.Sequence, abc.ValuesView)):
        return _container(value)
    return NOTHING


def _container(value: Any) -> Any:
    from collections import abc

    if isinstance(value, abc.Mapping):
        return {key: value[key] for key in value}
    if isinstance(value, abc.ItemsView):
        return list(value)
    if isinstance(value, abc.Set):
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
