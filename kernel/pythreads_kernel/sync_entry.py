"""Sync calls: one function pointer that JavaScript calls. ctypes attaches, calls and detaches in native code.

The request is a frame in the caller's buffer, whose request id is the pool's scope; the reply is a frame that overwrites
it. A reply that does not fit waits for the same thread to fetch it into a larger buffer.
"""

from __future__ import annotations

import ctypes
import threading

from . import foreign_stack
from .channel import Channel
from .frames import ERROR, HEADER, HEADER_BYTES
from .javascript import current
from .requests import answer, describe_bytes
from .scope import Scope, scope_of

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from .aio import EventLoop

_FETCH = 0
_waiting: dict[int, bytes] = {}
_string_at = ctypes.string_at
_memmove = ctypes.memmove
_unpack = HEADER.unpack_from
_pack = HEADER.pack
_get_ident = threading.get_ident


class EntryChannel(Channel):
    """The channel of one sync call. The JavaScript thread is in it: nothing can be asked of JavaScript before it ends."""

    is_sync = True
    _loop: EventLoop | None = None

    @property
    def loop(self) -> EventLoop:
        """The event loop of all sync calls."""
        with _lock:
            if EntryChannel._loop is None:
                from .aio import EventLoop  # asyncio takes 30 ms to import

                EntryChannel._loop = EventLoop(EntryChannel(Scope(), None))
            return EntryChannel._loop


_lock = threading.Lock()


def _enter(buffer: int, length: int, capacity: int) -> int:
    """Answer the reply's length, negative when it is longer than `capacity`. Must not raise: nobody could catch it."""
    try:
        if foreign_stack.is_needed and not hasattr(current, "on_stack"):  # `current` lives as long as the thread state
            foreign_stack.tell()
            current.on_stack = True
        frame = _string_at(buffer, length)
        _, scope, kind = _unpack(frame)
        if kind == _FETCH:
            reply = _waiting.pop(_get_ident())
        else:
            current.channel = channel = EntryChannel(scope_of(scope), None)
            code, data = answer(kind, 0, memoryview(frame)[HEADER_BYTES:], channel)
            current.channel = None  # it would keep the scope, and what is in its variables, after the pool is closed
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
