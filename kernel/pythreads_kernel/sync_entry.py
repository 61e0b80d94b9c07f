"""Sync calls: one function pointer that JavaScript calls. ctypes attaches, calls and detaches in native code.

The request is a frame in the caller's buffer, whose request id is the pool's scope; the reply is a frame that overwrites
it. A reply that does not fit waits for the same thread to fetch it into a larger buffer.
"""

from __future__ import annotations

import ctypes
import threading

from .frames import ERROR, HEADER, HEADER_BYTES
from .requests import answer, describe_bytes
from .scope import scope_of

_FETCH = 0
_waiting: dict[int, bytes] = {}
_string_at = ctypes.string_at
_memmove = ctypes.memmove
_unpack = HEADER.unpack_from
_pack = HEADER.pack
_get_ident = threading.get_ident


def _enter(buffer: int, length: int, capacity: int) -> int:
    """Answer the reply's length, negative when it is longer than `capacity`. Must not raise: nobody could catch it."""
    try:
        frame = _string_at(buffer, length)
        _, scope, kind = _unpack(frame)
        if kind == _FETCH:
            reply = _waiting.pop(_get_ident())
        else:
            code, data = answer(kind, memoryview(frame)[HEADER_BYTES:], scope_of(scope))
            reply = _pack(len(data), 0, code) + data
    except BaseException as error:
        data = describe_bytes(error)
        reply = _pack(len(data), 0, ERROR) + data
    if len(reply) > capacity:
        _waiting[_get_ident()] = reply
        return -len(reply)
    _memmove(buffer, reply, len(reply))
    return len(reply)


_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(_enter)


def address() -> int:
    """Return the address of the entry point, which stays valid as long as the process."""
    return ctypes.cast(_ENTRY, ctypes.c_void_p).value or 0
