"""Sync calls: one function pointer that JavaScript calls. ctypes attaches, calls and detaches in
native code.

The request is a frame in the caller's buffer, whose request id is the pool's scope; the reply is a
frame that overwrites it. A reply that does not fit waits for the same thread to fetch it into a
larger buffer.
"""

from __future__ import annotations

import ctypes
import threading

from . import foreign_stack, start_failures
from .channel import Channel
from .current import current
from .frames import ERROR, HEADER, HEADER_BYTES
from .output import direct, unfinished
from .requests import describe_bytes, handle
from .scope import Scope, scope_of

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from .event_loop import EventLoop

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


class EntryChannel(Channel):
    """The channel of one sync call. The JavaScript thread is in that call, so no callback can run
    before it ends.
    """

    is_sync = True
    side = None
    _loop: EventLoop | None = None

    def __init__(self, scope: Scope) -> None:
        """Belong to a scope. Runs for each call."""
        self.scope = scope

    @property
    def loop(self) -> EventLoop:
        """The event loop of all sync calls."""
        with _lock:
            if EntryChannel._loop is None:
                try:
                    from .event_loop import EventLoop  # asyncio takes 30 ms to import

                    EntryChannel._loop = EventLoop(EntryChannel(Scope()))
                except (Exception, SystemExit) as error:
                    raise start_failures.unavailable("coroutines are", error) from error
            return EntryChannel._loop


_lock = threading.Lock()


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
        current.channel = channel = EntryChannel(scope_of(scope))
        code, data = handle(kind, 0, view[HEADER_BYTES:length], channel)
        if unfinished:
            (channel.scope.output or direct).finish(None)
        current.channel = (
            None  # it would keep the scope, and what is in its variables, after the pool is closed
        )
    except BaseException as error:
        code, data = ERROR, describe_bytes(error)
    return _reply(view, capacity, code, data)


_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(_enter)


def address() -> int:
    """Return the address of the entry point, which stays valid as long as the process."""
    return ctypes.cast(_ENTRY, ctypes.c_void_p).value or 0
