"""A value of a subclass of `str`, `bytes`, `int` or `float` as a plain value.

The value is read by the methods of the base class, because a subclass may override them.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PLAIN: Any = (
    (str, str.__str__),
    (int, lambda value: int.__add__(value, 0)),
    (float, float.__pos__),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
)


def exact_text(value: object) -> str:
    """Copy the text of a value. It may be of a subclass of str, which marshal does not write."""
    return "".join((str(value), ""))


def without_class(kind: type) -> Callable[[Any], Any] | None:
    """The function that makes a plain value of a value of this class; `None` for other classes."""
    for base, exact in _PLAIN:
        if issubclass(kind, base):
            return exact  # type: ignore[no-any-return]
    return None
