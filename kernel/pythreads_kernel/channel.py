"""The worker's end of a channel: requests come in and replies go out; while a call waits for
JavaScript, more requests come.

A channel has two sockets. The main socket belongs to the thread that serves it, so it needs no
lock. Other threads write to the side socket (`side_channel.py`).
"""

from __future__ import annotations

import marshal
import weakref
from _thread import get_ident
from time import perf_counter_ns

from . import frames, gil, lend
from .current import current
from .decode import unescape_value
from .encode import dumps
from .frames import write_all, write_frame
from .interrupts import CallCancelled, guard_of_this_thread, shielded
from .javascript import JavaScriptError, JavaScriptFunction, JavaScriptIterator
from .output import finish_call, unfinished
from .plain import RefusedValueError, loads
from .references import Reference
from .requests import describe_bytes, handle
from .status_page import PAUSE_NS

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Requests = Iterator[tuple[int, int, memoryview]]

    from .event_loop import EventLoop
    from .interfaces import Output
    from .interrupts import InterruptGuard
    from .scope import Scope
    from .side_channel import SideChannel
    from .status_page import StatusPage

_NONE = marshal.dumps(None)
_CALLBACK_REPLIES = frozenset(
    {
        frames.CALLBACK_RESULT,
        frames.CALLBACK_ERROR,
        frames.CALLBACK_CANCELLED,
        frames.CALLBACK_REFUSED,
    }
)
# The reply to a cancelled call, which nobody reads.
_CANCELLED = (frames.RESULT, _NONE)


class Channel:
    """A scope and the sockets for requests of one channel."""

    is_sync = False
    # Interrupts calls of this channel.
    guard: InterruptGuard | None = None
    # Where printed text goes; whether warnings or log records go to JavaScript.
    output: Output | None = None
    emits = False
    # The name of the worker.
    title = ""

    def __init__(self, scope: Scope, side: SideChannel | None) -> None:
        """Belong to a scope. `side` is where other threads write; the entry point of sync calls has
        none.
        """
        self.scope = scope
        self.side = side
        if side is not None:
            side.channel = self

    @property
    def is_serving(self) -> bool:
        """Whether this is the thread that serves the main socket."""
        return False

    @property
    def loop(self) -> EventLoop:
        """The event loop for coroutines that requests of this channel start."""
        raise NotImplementedError

    def start(self, request: int, awaitable: Any, flags: int) -> None:
        """Hand a request over to the event loop."""
        self.loop.start(request, awaitable, flags)

    def call_back(self, number: int, args: tuple[Any, ...]) -> Any:
        """Call a JavaScript function from the serving thread."""
        raise NotImplementedError

    def call(self) -> int | None:
        """The number of the call that this thread runs, if it is known."""
        return current.call

    def interrupt(self, _request: int) -> bool:
        """Interrupt the serving thread if it runs this request. Return whether it does."""
        return False

    def send(self, kind: int, payload: bytes) -> None:
        """Send a frame that is no reply, from any thread. What cannot be sent any more is
        dropped.
        """
        if self.side is not None:
            try:
                self.side.write(kind, 0, payload)
            except ConnectionError:
                pass

    def function(self, number: int, name: str, is_async: bool) -> JavaScriptFunction:
        """The Python side of a JavaScript function, the same one as long as Python holds it."""
        function: JavaScriptFunction = shielded(self._function, number, name, is_async)
        return function

    def _function(self, number: int, name: str, is_async: bool) -> JavaScriptFunction:
        counts = self.scope.references
        with counts.lock:
            held = counts.functions.get(number)
            known: JavaScriptFunction | None = None if held is None else held()
            if known is not None:
                known.reference.note.sent += 1
                return known
            function = JavaScriptFunction(Reference(number, counts), name, is_async, self)
            counts.functions[number] = weakref.ref(function)
            return function

    def iterator(self, number: int, is_async: bool) -> JavaScriptIterator:
        """The Python side of a JavaScript iterator."""
        return JavaScriptIterator(Reference(number, self.scope.references), is_async, self)

    def load(self, kind: int, payload: Any) -> Any:
        """Return what a callback returned. Raises what it threw, and what is wrong with its
        arguments.
        """
        if not payload:
            raise MemoryError("there is no memory for what a JavaScript function returned")
        value = loads(payload)
        if kind & frames.ESCAPED:
            value = unescape_value(value, self)
        what = kind & frames.KIND_MASK
        if what == frames.CALLBACK_REFUSED:
            raise RefusedValueError(*value)
        if what == frames.CALLBACK_ERROR:
            number, name, message, stack = value
            raise JavaScriptError(
                name, message, stack, Reference(number, self.scope.references) if number else None
            )
        return value

    def send_dropped(self, write: Callable[[bytes], object]) -> None:
        """Send the counts of what Python has dropped. What cannot be sent is kept for another
        worker.
        """
        references = self.scope.references
        dropped = references.take_dropped() if references.dropped else None
        if not dropped:
            return
        try:
            write(frames.frame(frames.RELEASED, 0, marshal.dumps(dropped)))
        except OSError:
            references.put_back(dropped)
            raise


class MainChannel(Channel):
    """A channel with a thread of its own."""

    def __init__(
        self,
        fd: int,
        side: SideChannel,
        status_page: StatusPage | None,
        scope: Scope,
        requests: Requests,
        *,
        is_sync: bool,
        own_process: bool,
        after: Callable[[], None],
    ) -> None:
        """`requests` yields the frames of `fd`. `is_sync`: JavaScript waits for each reply. `after`
        runs before each reply.
        """
        super().__init__(scope, side)
        self.is_sync = is_sync
        self._side = side
        self._references = scope.references
        self._status_page = status_page
        self._fd = fd
        self.guard: InterruptGuard = guard_of_this_thread(own_process=own_process)
        self._requests = requests
        self._after = after
        self._thread = get_ident()
        self._calls = 0
        self._gil_is_off = not gil.is_enabled()
        # The request that the thread handles.
        self._request: int | None = None
        # Replies to callbacks that came while the thread waited for a callback further in.
        self._replies: dict[int, tuple[int, bytes]] = {}

    @property
    def is_serving(self) -> bool:
        """Whether this is the thread that serves the main socket."""
        return get_ident() == self._thread

    @property
    def call_of_thread(self) -> int | None:
        """The request that the serving thread runs."""
        return self._request

    @property
    def loop(self) -> EventLoop:
        """The worker's event loop."""
        return self._side.loop

    def call(self) -> int | None:
        """The request that the serving thread handles; on other threads what the context says."""
        return self._request if self.is_serving else current.call

    def send(self, kind: int, payload: bytes) -> None:
        """Send a frame that is no reply. On the serving thread it precedes the reply to the
        request that the thread handles.
        """
        if self.is_serving:
            shielded(write_frame, self._fd, kind, 0, payload)
        else:
            super().send(kind, payload)

    def interrupt(self, request: int) -> bool:
        """Interrupt the serving thread if it runs this request. Return whether it does."""
        return self.guard.interrupt(request)

    def serve(self) -> bool:
        """Handle requests until the channel ends. Return whether it was closed politely rather than
        dropped.
        """
        current.channel = self
        _serving.add(self)
        try:
            for kind, request, payload in self._requests:
                if kind == frames.CLOSE:
                    self._after()
                    write_frame(self._fd, frames.RESULT, request, _NONE)
                    return True
                self._handle_frame(kind, request, payload)
            return False
        finally:
            _serving.discard(self)

    def _handle_frame(self, kind: int, request: int, payload: memoryview) -> None:
        if kind == frames.RELEASE:
            self.scope.release(loads(payload))
        elif kind == frames.INLINE:
            lend.stop()
        else:
            self._reply(kind, request, payload)
        if self._references.dropped:
            self.send_dropped(self._write)

    def _write(self, data: bytes) -> None:
        write_all(self._fd, data)

    def _reply(self, kind: int, request: int, payload: memoryview) -> None:
        status_page = self._status_page
        if status_page is not None and not status_page.begin(request):
            write_frame(self._fd, frames.SKIPPED, request, b"")
            return
        outer, self._request = self._request, request
        began = perf_counter_ns()
        if status_page is not None and outer is None and began - status_page.ended > PAUSE_NS:
            status_page.look(began)
        if self.is_sync:
            waiting, self.scope.waiting = self.scope.waiting, self
            reply, data = handle(kind, request, payload, self)
            self.scope.waiting = (
                waiting  # before JavaScript has its reply, and hears other channels again
            )
        else:
            reply, data = self._interruptible(kind, request, payload)
        now = perf_counter_ns()
        elapsed = now - began
        if status_page is not None and outer is None:
            status_page.end(elapsed, now)
        self._after()
        if unfinished:
            finish_call(self, request)
        self._request = outer
        if self._gil_is_off and gil.is_enabled():
            self._gil_is_off = False
            write_frame(self._fd, frames.GIL_ENABLED, 0, marshal.dumps(gil.culprit()))
        if self.is_sync and self._references.dropped:  # nobody reads what comes behind the reply
            self.send_dropped(self._write)
        elapsed //= 1000
        if elapsed >= frames.MAX_TIME:
            elapsed = self._send_time(request, elapsed)
        try:
            write_frame(self._fd, reply | elapsed << frames.TIME_SHIFT, request, data)
        except frames.TooLargeError as error:
            data = describe_bytes(RefusedValueError("result", str(error)))
            write_frame(self._fd, frames.ERROR | elapsed << frames.TIME_SHIFT, request, data)

    def _send_time(self, request: int, elapsed: int) -> int:
        """Send a time that is too long for a reply. Return the time that the reply has instead."""
        if not self.is_sync:
            write_frame(self._fd, frames.THREAD_TIME, request, marshal.dumps(elapsed))
        return frames.MAX_TIME

    def _interruptible(self, kind: int, request: int, payload: memoryview) -> tuple[int, bytes]:
        """Handle a request that may be cancelled meanwhile."""
        try:
            reply: tuple[int, bytes] = self.guard.run(None, handle, kind, request, payload, self)
        except CallCancelled:
            return _CANCELLED
        return reply

    def start(self, request: int, awaitable: Any, flags: int) -> None:
        """Hand a request over to the event loop. From now on the loop cancels it."""
        try:
            self.guard.close()
        except CallCancelled:
            if hasattr(awaitable, "close"):
                awaitable.close()
            raise
        super().start(request, awaitable, flags)

    def call_back(self, number: int, args: tuple[Any, ...]) -> Any:
        """Call a JavaScript function from the serving thread; other requests are served while it
        waits.
        """
        return shielded(self._send_and_wait, number, args)

    def _send_and_wait(self, number: int, args: tuple[Any, ...]) -> Any:
        """Send a callback, and wait for the reply and read it: then all references in both frames
        have arrived.
        """
        data = dumps([number, list(args), 0, self._request or 0], self, self.scope.flags)
        self._calls = call = (self._calls + 1) & 0xFFFFFFFF or 1
        self._after()
        write_frame(self._fd, frames.CALLBACK, call, data)
        kind, payload = self._wait(call)
        if kind & frames.KIND_MASK == frames.CALLBACK_CANCELLED:
            raise CallCancelled
        return self.load(kind, payload)

    def _wait(self, call: int) -> tuple[int, Any]:
        """Serve other requests until the reply to a callback comes."""
        replies = self._replies
        for kind, request, payload in self._requests:
            what = kind & frames.KIND_MASK
            if what in _CALLBACK_REPLIES:
                if request == call:
                    return kind, payload
                replies[request] = (kind, bytes(payload))
            else:
                self._handle_frame(kind, request, payload)
                if call in replies:
                    return replies.pop(call)
        raise ConnectionError("the host is gone, or the pool was closed")


_serving: set[MainChannel] = set()


def is_busy() -> bool:
    """Whether a call runs in this interpreter."""
    return any(channel.call_of_thread is not None for channel in list(_serving))
