"""Arrays of numbers (`array.array`, `memoryview`, numpy) to typed arrays and back. Their bytes are
lent where JavaScript can see this memory.
"""

from __future__ import annotations

import sys

from . import borrow, escapes, lend
from .plain import INLINE_BYTES, RefusedValueError

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# For each format of an item: the name of the dtype in JavaScript, and the format of the typed array
# that holds the bytes.
_DTYPES = {
    **{
        "?": ("bool", "B"),
        "b": ("int8", "b"),
        "B": ("uint8", "B"),
        "c": ("uint8", "B"),
        "h": ("int16", "h"),
        "H": ("uint16", "H"),
    },
    **{
        "i": ("int32", "i"),
        "I": ("uint32", "I"),
        "q": ("int64", "q"),
        "Q": ("uint64", "Q"),
        "e": ("float16", "H"),
    },
    **{
        "f": ("float32", "f"),
        "d": ("float64", "d"),
        "Zf": ("complex64", "f"),
        "Zd": ("complex128", "d"),
    },
}
# The formats of C's long and size_t depend on their size.
_BY_SIZE = {
    ("l", 4): "i",
    ("l", 8): "q",
    ("L", 4): "I",
    ("L", 8): "Q",
    ("n", 8): "q",
    ("N", 8): "Q",
}
_NUMPY = {
    **{
        ("b", 1): "?",
        ("i", 1): "b",
        ("u", 1): "B",
        ("i", 2): "h",
        ("u", 2): "H",
        ("i", 4): "i",
        ("u", 4): "I",
    },
    **{
        ("i", 8): "q",
        ("u", 8): "Q",
        ("f", 2): "e",
        ("f", 4): "f",
        ("f", 8): "d",
        ("c", 8): "Zf",
        ("c", 16): "Zd",
    },
}
# Formats whose typed array needs no dtype beside it, where the array has one dimension.
_TYPED = frozenset("bBchHiIqQfd")
_NATIVE = "@=<" if sys.byteorder == "little" else "@=>"


def to_escape(value: Any, kind: type, owner: object) -> Any:
    """The escape of an array, or its bytes; `None` where JavaScript has no such array. `owner`: of
    the loan.
    """
    if not is_array(kind):
        return None
    if kind.__name__ == "ndarray":
        return _from_numpy(value, owner)
    view = _view(value, kind)
    if view is None:
        return None
    dtype, letter = _DTYPES[_letter(view)]
    shape = list(view.shape or ())
    contiguous = view.c_contiguous and view.ndim > 0 and view.nbytes > 0
    data = share(view.cast("B") if contiguous else memoryview(bytearray(view.tobytes())), owner)
    if view.ndim == 1 and _letter(view) in _TYPED:
        return _typed(letter, data)
    return (..., escapes.NDARRAY, dtype, shape, _strides(shape), letter, data)


def _view(value: Any, kind: type) -> memoryview | None:
    """The memory of an array that is not numpy's; `None` where JavaScript has no such array."""
    try:
        view = value if kind is memoryview else memoryview(value)
        known = _letter(view) in _DTYPES
    except (TypeError, ValueError, BufferError):  # it was released
        return None
    return None if not known or (kind is not memoryview and value.typecode in ("u", "w")) else view


def _letter(view: memoryview) -> str:
    letter = view.format.lstrip(_NATIVE)
    return _BY_SIZE.get((letter, view.itemsize), letter)


def _typed(letter: str, data: Any) -> Any:
    return data if letter == "B" else (..., escapes.ARRAY, letter, data)


def _strides(shape: list[int]) -> list[int]:
    """The strides of an array whose last dimension is the innermost, in items."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * shape[axis]
    return strides


def _numpy_letter(dtype: Any) -> str | None:
    return "q" if dtype.kind in "mM" else _NUMPY.get((dtype.kind, dtype.itemsize))


def _from_numpy(value: Any, owner: object) -> Any:
    """As `to_escape`, for numpy. An array that is not contiguous, or has the other byte order, is
    copied once.
    """
    dtype = value.dtype
    letter = _numpy_letter(dtype)
    if letter is None:  # objects, records, texts, long doubles
        return None
    shape = list(value.shape)
    name, typed = _DTYPES[letter]
    if dtype.kind in "mM":
        name = dtype.name
    flags = value.flags
    if dtype.isnative and (flags.c_contiguous or flags.f_contiguous):
        strides = (
            [stride // dtype.itemsize for stride in value.strides]
            if value.size
            else _strides(shape)
        )
        numpy: Any = sys.modules["numpy"]
        data = share(memoryview(value.ravel(order="K").view(numpy.uint8)), owner)
    else:
        strides = _strides(shape)
        data = _share_copy(value, dtype.newbyteorder("="), owner)
    if len(shape) == 1 and letter in _TYPED and dtype.kind not in "mM":
        return _typed(typed, data)
    return (..., escapes.NDARRAY, name, shape, strides, typed, data)


def _share_copy(value: Any, dtype: Any, owner: object) -> Any:
    """The bytes of a copy in another layout; a large copy is made where JavaScript sees it."""
    numpy: Any = sys.modules["numpy"]

    def fill(memory: memoryview) -> None:
        numpy.ndarray(value.shape, dtype, memory)[...] = value

    lender = lend.lender() if value.nbytes >= INLINE_BYTES else None
    if isinstance(lender, lend.FileLender):
        lent = lender.lend_filled(value.nbytes, fill, owner)
        if lent is not None:
            return (..., escapes.SHARED, *lent)
    memory = memoryview(bytearray(value.nbytes))
    fill(memory)
    return share(memory, owner)


def share(view: memoryview, owner: object) -> Any:
    """The bytes of a contiguous view, or the escape of a loan.

    Memory that is read-only in Python would be writable in JavaScript: a copy is lent instead.
    """
    is_small = view.nbytes < INLINE_BYTES
    if is_small and (view.readonly or not view.nbytes or not lend.shares_memory()):
        return view.tobytes()
    lender = lend.lender()
    if lender is None:
        return view.tobytes()
    if view.readonly and lender.shares_memory:
        view = memoryview(bytearray(view))
    lent = lender.lend(view, owner)
    return view.tobytes() if lent is None else (..., escapes.SHARED, *lent)


def is_array(kind: type) -> bool:
    """Whether values of exactly this type are arrays of numbers."""
    if kind is memoryview:
        return True
    name = kind.__qualname__
    if name == "array":
        return kind is getattr(sys.modules.get("array"), "array", None)
    return name == "ndarray" and kind is getattr(sys.modules.get("numpy"), "ndarray", None)


def from_javascript(letter: str, data: Any, *, readonly: bool) -> memoryview:
    """The typed array that JavaScript sent. `data`: its bytes, or the escape of a loan."""
    view = (
        borrow.borrow(*data[2:])
        if type(data) is tuple
        else memoryview(data if readonly else bytearray(data))
    )
    if letter != "B":
        view = view.cast(letter)  # type: ignore[call-overload]
    return view.toreadonly() if readonly else view


def to_numpy(dtype: str, layout: tuple[list[int], list[int], int], memory: memoryview) -> Any:
    """The numpy array that an NdArray of JavaScript is. `layout`: shape, strides and offset, the
    latter in items.
    """
    try:
        import numpy as np  # is the user's
    except ImportError as error:
        reason = f"an NdArray arrives as a numpy.ndarray, and numpy does not load in {sys.executable}: {error}"
        raise RefusedValueError("args", reason) from None
    shape, strides, offset = layout
    kind = np.dtype(dtype)
    size = kind.itemsize
    make: Callable[..., Any] = np.ndarray
    return make(shape, kind, memory.cast("B"), offset * size, [stride * size for stride in strides])
