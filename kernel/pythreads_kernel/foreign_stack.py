"""Gives Python the bounds of a thread's stack, where JavaScript runs the thread on another one.

Since 3.14 an interpreter takes a stack pointer below the thread's own stack for a stack that is
almost full: it frees no containers any more, and counts recursion wrongly. JavaScript calls Python
on a stack of koffi's.
"""

from __future__ import annotations

import ctypes
import os
from _thread import get_ident

_ANYWHERE = (1 << 16, 1 << 46)
_CONTEXT_BYTES = 8192
_MAPS = "/proc/self/maps"
# The offset of the stack pointer in what getcontext writes.
_STACK_POINTER = (
    {"x86_64": 160, "aarch64": 432}.get(os.uname().machine) if os.path.exists(_MAPS) else None
)
_stacks: dict[int, tuple[int, int]] = {}
_protect = getattr(ctypes.pythonapi, "PyUnstable_ThreadState_SetStackProtection", None)

# Whether this Python needs the bounds of the stack.
is_needed = _protect is not None

if _protect is not None:
    _protect.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    _getcontext = ctypes.PyDLL(None).getcontext
    _state = ctypes.pythonapi.PyThreadState_Get
    _state.restype = ctypes.c_void_p


def declare() -> None:
    """Give the thread state of this thread the bounds of its stack, as long as that state lives."""
    start, end = _stack()
    if _protect is not None:
        _protect(_state(), start, end - start)


def _stack() -> tuple[int, int]:
    """Return where this thread's stack begins and ends; all of memory where that is unknown."""
    if _STACK_POINTER is None:
        return _ANYWHERE
    context = ctypes.create_string_buffer(_CONTEXT_BYTES)
    if _getcontext(context) != 0:
        return _ANYWHERE
    pointer = int.from_bytes(context.raw[_STACK_POINTER : _STACK_POINTER + 8], "little")
    known = _stacks.get(get_ident(), (0, 0))
    if known[0] <= pointer < known[1]:
        return known
    with open(_MAPS, encoding="ascii", errors="replace") as maps:
        for line in maps:
            start, end = (int(address, 16) for address in line.split(" ", 1)[0].split("-"))
            if start <= pointer < end:
                _stacks[get_ident()] = (start, end)
                return start, end
    return _ANYWHERE
