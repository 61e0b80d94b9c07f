"""Arrays of numbers by copy: `array.array`, `memoryview` and whatever numpy shows as a flat buffer, to typed arrays and back."""

from __future__ import annotations

import sys

from . import escapes

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

# Format characters of the struct module to the ones that JavaScript has an array for; those of C's long depend on its size.
_FORMATS = {**{char: char for char in "bBhHiIfdqQ"}, "c": "B"}
_BY_SIZE = {("l", 4): "i", ("l", 8): "q", ("L", 4): "I", ("L", 8): "Q", ("n", 8): "q", ("N", 8): "Q"}


def to_escape(value: Any, kind: type) -> Any:
    """Bytes or the escape of a typed array; `None` where `value` is not an array that JavaScript has."""
    if not is_array(kind):
        return None
    try:
        view = value if kind is memoryview else memoryview(value)
        if view.ndim != 1:
            return None
    except (TypeError, ValueError, BufferError):  # numpy's dates and objects; a view that was released
        return None
    letter = view.format.lstrip("@=<" if sys.byteorder == "little" else "@=>")
    letter = _BY_SIZE.get((letter, view.itemsize)) or _FORMATS.get(letter, "")
    if not letter or (kind is not memoryview and _is_text(value)):
        return None
    data = view.tobytes()
    if letter == "B":
        return data
    return (..., escapes.ARRAY, letter, data)


def from_bytes(letter: str, data: bytes) -> memoryview:
    """The typed array that JavaScript sent."""
    return memoryview(data).cast(letter)  # type: ignore[call-overload,no-any-return]


def is_array(kind: type) -> bool:
    """Whether values of exactly this type are arrays of numbers."""
    if kind is memoryview:
        return True
    name = kind.__qualname__
    if name == "array":
        return kind is getattr(sys.modules.get("array"), "array", None)
    return name == "ndarray" and kind is getattr(sys.modules.get("numpy"), "ndarray", None)


def _is_text(value: Any) -> bool:
    return getattr(value, "typecode", "") in ("u", "w")
