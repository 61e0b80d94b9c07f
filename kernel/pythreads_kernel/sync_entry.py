"""Sync calls: one function pointer that JavaScript calls. ctypes attaches, calls and detaches in
native code.

The request is a frame in the caller's buffer, whose request id is the pool's scope; the reply is a
frame that overwrites it. A reply that does not fit waits for the same thread to fetch it into a
larger buffer.
"""

from __future__ import annotations

import ctypes
import threading
from functools import partial

from . import foreign_stack, prepared_calls
from .current import current
from .entry_channel import channel_of
from .frames import ERROR, HEADER, HEADER_BYTES, PREPARE, RESULT
from .output import direct, unfinished
from .plain import dumps_plain, loads
from .requests import describe_bytes, handle

_FETCH = 0
_waiting: dict[int, tuple[int, bytes]] = {}
_unpack = HEADER.unpack_from
_pack_into = HEADER.pack_into
_get_ident = threading.get_ident
_ensure = ctypes.pythonapi.PyGILState_Ensure
# The buffers that callers have lent so far, by their address, each with its capacity. Only looked
# into during a call.
_views: dict[int, tuple[int, memoryview]] = {}
_MAX_VIEWS = 64


def _view(buffer: int, capacity: int) -> memoryview:
    """A view of the caller's buffer."""
    if len(_views) >= _MAX_VIEWS:
        _views.clear()
    view = memoryview((ctypes.c_ubyte * capacity).from_address(buffer)).cast("B")
    _views[buffer] = capacity, view
    return view


def _prepare_thread() -> None:
    """Let this thread keep its thread state after the call: to make one takes as long as a short
    call.

    The state is never freed, as nothing reports the end of a JavaScript thread. Where Python needs
    the bounds of the stack, the state lives for one call alone.
    """
    if not foreign_stack.is_needed:
        _ensure()
        current.is_prepared = True
    elif not hasattr(current, "on_stack"):  # `current` lives as long as the thread state
        foreign_stack.declare()
        current.on_stack = True


def _reply(view: memoryview, capacity: int, code: int, data: bytes) -> int:
    """Write a reply, or keep it until it is fetched."""
    size = HEADER_BYTES + len(data)
    if size > capacity:
        _waiting[_get_ident()] = code, data
        return -size
    _pack_into(view, 0, len(data), 0, code)
    view[HEADER_BYTES:size] = data
    return size


def _prepare(buffer: int, view: memoryview, capacity: int, target: str) -> bytes:
    """Prepare calls of a target by the function of this buffer: its address, and the number of the
    target.
    """
    number = prepared_calls.prepare(target)
    address = prepared_calls.pointer(buffer, view, partial(_reply, view, capacity), _prepare_thread)
    return dumps_plain([address, number]) or b""


def _enter(buffer: int, length: int, capacity: int) -> int:
    """Return the reply's length, negative when it is longer than `capacity`. Must not raise:
    nothing could catch that.
    """
    try:
        try:  # not `get`: see scope_of
            known, view = _views[buffer]
        except KeyError:
            known = 0
        if known != capacity:
            view = _view(buffer, capacity)
        if not hasattr(current, "is_prepared"):
            _prepare_thread()
        _, scope, kind = _unpack(view)
        if kind == _FETCH:
            return _reply(view, capacity, *_waiting.pop(_get_ident()))
        if kind == PREPARE:
            return _reply(
                view,
                capacity,
                RESULT,
                _prepare(buffer, view, capacity, loads(view[HEADER_BYTES:length])),
            )
        channel, held = channel_of(scope)
        current.channel = channel
        code, data = handle(kind, 0, view[HEADER_BYTES:length], channel)
        if unfinished:
            (held.output or direct).finish(None)
    except BaseException as error:
        code, data = ERROR, describe_bytes(error)
    return _reply(view, capacity, code, data)


_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(_enter)


def address() -> int:
    """Return the address of the entry point, which stays valid as long as the process."""
    return ctypes.cast(_ENTRY, ctypes.c_void_p).value or 0
