"""Functions of the C library for the start of a worker process, by `_ctypes` alone: `ctypes` takes
1 ms more to import.
"""

from __future__ import annotations

import _ctypes as _ctypes_typed

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

# Its types know no metaclasses.
_ctypes: Any = _ctypes_typed
_library = _ctypes.dlopen(None, 0)


def _simple(code: str) -> Any:
    return type(_ctypes._SimpleCData)("_Simple", (_ctypes._SimpleCData,), {"_type_": code})  # noqa: SLF001


_pointer = _simple("P")
_function = type(_ctypes.CFuncPtr)(
    "_Function", (_ctypes.CFuncPtr,), {"_flags_": _ctypes.FUNCFLAG_CDECL, "_restype_": _simple("i")}
)


def stdout() -> Any:
    """The stream of C that is called stdout."""
    return _pointer.from_address(_ctypes.dlsym(_library, "stdout"))


prctl, setvbuf, mallopt = (
    _function(_ctypes.dlsym(_library, name)) for name in ("prctl", "setvbuf", "mallopt")
)
