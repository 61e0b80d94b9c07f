"""The side socket of a channel: for threads other than the one that serves, and for results of
coroutines. On Windows it is two pipes: while a thread reads from a pipe there, nobody can write to
that pipe.

Any thread writes to it, under a lock. One thread reads from it, and interrupts the others. For sync
calls, which cannot be interrupted, the reading thread starts when a thread first waits for a reply.
"""

from __future__ import annotations

import marshal
import os
import threading
from _thread import allocate_lock
from functools import partial

from . import frames, lend, start_failures
from .current import current
from .encode import dumps
from .forking import descriptors
from .frames import read_frames, write_all
from .interrupts import shielded
from .process_titles import name_thread
from .threads import thread

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .event_loop import EventLoop
    from .interfaces import Channel

# Flags of a CALLBACK for the thread that waits: an event loop runs there; a worker owns the thread,
# so no sync call waits for it.
_HAS_LOOP, _OWN_THREAD = 1, 2

_HOST_IS_GONE = "the host is gone, or the pool was closed"
_GONE = marshal.dumps((0, "", _HOST_IS_GONE, ""))


class _Waiter:
    """A thread, or an event loop, that waits for the reply to a callback."""

    __slots__ = ("_future", "_loop", "_ready", "reply")

    def __init__(self, loop: Any) -> None:
        self.reply = (0, b"")
        self._ready = allocate_lock()
        self._ready.acquire()
        self._loop = loop
        self._future: Any = None

    def wait(self) -> tuple[int, bytes]:
        self._ready.acquire()
        return self.reply

    def future(self) -> Any:
        if self._future is None:
            self._future = self._loop.create_future()
        return self._future

    def take_reply(self, kind: int, payload: bytes, channel: Channel) -> bool:
        """Take a reply. Return whether another one follows."""
        pending = kind & frames.KIND_MASK == frames.CALLBACK_PENDING
        if pending:
            self.future()
        elif self._future is not None:
            try:
                self._loop.call_soon_threadsafe(_settle, self._future, channel, kind, payload)
            except RuntimeError:  # the loop was closed: nobody waits
                _forget(channel, kind, payload)
            return False
        self.reply = (kind, payload)
        try:
            self._ready.release()
        except RuntimeError:  # it knows already that the channel ends
            pass
        return pending


def _settle(future: Any, channel: Channel, kind: int, payload: bytes) -> None:
    if future.done():  # cancelled
        _forget(channel, kind, payload)
        return
    try:
        future.set_result(channel.load(kind, payload))
    except BaseException as error:
        future.set_exception(error)


def _forget(channel: Channel, kind: int, payload: bytes) -> None:
    """Read a reply that nobody waits for, so that references in it are dropped."""
    try:
        channel.load(kind, payload)
    except Exception:
        pass


class SideChannel:
    """The side socket. Owns its descriptors: the thread that reads closes them, or `close` where
    there is none.
    """

    channel: Channel

    def __init__(
        self, fd: int, writes: int | None = None, hung_up: Callable[[], None] | None = None
    ) -> None:
        """Nothing is read before somebody waits. `writes`: where it writes, if that is not `fd`.
        `hung_up` is called when the host has closed the channel, on the thread that reads.
        """
        self.fd = fd
        self.writes = fd if writes is None else writes
        self._hung_up = hung_up
        self._write_lock = allocate_lock()
        self._start_lock = allocate_lock()
        self._loop_lock = allocate_lock()
        self._reader: threading.Thread | None = None
        self._waiters: dict[int, _Waiter] = {}
        # The threads that wait for the bytes of a loan, by its flag.
        self._fetches: dict[int, tuple[Any, list[bytearray]]] = {}
        self._calls = 0
        self._closed = False
        self._loop: EventLoop | None = None
        # The last requests that were interrupted: JavaScript may cancel again before it knows.
        self._interrupted: list[int] = []

    @property
    def loop(self) -> EventLoop:
        """The worker's event loop, started when it is first needed."""
        loop = self._loop
        if loop is None:
            try:
                from .event_loop import EventLoop  # asyncio takes 30 ms to import

                with self._loop_lock:
                    loop = self._loop = self._loop or EventLoop(self.channel)
            except (
                Exception,
                SystemExit,
            ) as error:  # a file in the place of a module that asyncio needs, or no thread
                raise start_failures.unavailable("coroutines are", error) from error
        return loop

    def write(self, kind: int, request: int, payload: bytes) -> None:
        """Write one frame."""
        self.write_bytes(frames.frame(kind, request, payload))

    def write_bytes(self, data: bytes) -> None:
        """Write whole frames."""
        shielded(self._write, data)

    def _write(self, data: bytes) -> None:
        with self._write_lock:
            if self._closed:
                raise ConnectionError("the pool was closed")
            write_all(self.writes, data)

    def listen(self) -> None:
        """Start the thread that reads, unless it runs."""
        if self._reader is None:
            with self._start_lock:
                if self._reader is None:
                    reader = thread(self._read, f"pythreads-{self.channel.title or self.fd}-side")
                    # raises where no thread can be started: the next one who waits tries again
                    reader.start()
                    self._reader = reader

    def call_back(self, number: int, args: tuple[Any, ...], loop: Any, is_async: bool) -> Any:
        """Call a JavaScript function from any thread. Where `loop` runs, the result may be a future
        of it.
        """
        self.listen()
        caller = 0 if loop is None else _HAS_LOOP
        if current.channel is not None and not current.channel.is_sync:
            caller |= _OWN_THREAD
        fields = [number, list(args), caller, self.channel.call() or 0]
        waiter = _Waiter(loop)
        future = waiter.future() if loop is not None and is_async else None
        if future is None:
            return shielded(self._send_and_wait, waiter, fields)
        shielded(self._send_callback, waiter, fields)
        return future

    def fetch(self, flag: int) -> bytearray:
        """Fetch the bytes of a loan whose memory this process cannot see. The thread that reads
        must not call this.
        """
        self.listen()
        if self._reader is threading.current_thread():
            raise ConnectionError("the thread that reads cannot wait for memory")
        arrived = allocate_lock()
        arrived.acquire()
        fetched: list[bytearray] = []
        with self._write_lock:
            if self._closed:
                raise ConnectionError(_HOST_IS_GONE)
            self._fetches[flag] = (arrived, fetched)
            write_all(self.writes, frames.frame(frames.FETCH, flag, b""))
        arrived.acquire()
        if not fetched:
            raise ConnectionError(_HOST_IS_GONE)
        return fetched[0]

    def _fetched(self, flag: int, data: bytearray | None) -> None:
        waiting = self._fetches.pop(flag, None)
        if waiting is None:  # the channel has ended meanwhile
            return
        arrived, fetched = waiting
        if data is not None:
            fetched.append(data)
        arrived.release()

    def _send_and_wait(self, waiter: _Waiter, fields: list[Any]) -> Any:
        """Send a callback, and wait for the reply and read it: then all references in it have
        arrived.
        """
        self._send_callback(waiter, fields)
        reply = waiter.wait()
        if reply[0] & frames.KIND_MASK == frames.CALLBACK_PENDING:
            return waiter.future()
        return self.channel.load(*reply)

    def _send_callback(self, waiter: _Waiter, fields: list[Any]) -> None:
        data = dumps(fields, self.channel, self.channel.scope.flags)
        with self._write_lock:
            if self._closed:
                raise ConnectionError("the pool was closed")
            self._calls = call = (self._calls + 1) & 0xFFFFFFFF or 1
            self._waiters[call] = waiter
            write_all(self.writes, frames.frame(frames.CALLBACK, call, data))
            self.channel.send_dropped(partial(write_all, self.writes))

    def _read(self) -> None:
        name_thread(self.channel.title, "/s")
        for kind, request, payload in read_frames(self.fd):
            if kind & frames.KIND_MASK == frames.CANCEL:
                self._cancel(request, is_last=bool(payload))
                continue
            if kind == frames.TRIM:
                lend.trim()
                continue
            if kind == frames.MEMORY:
                self._fetched(request, bytearray(payload))
                continue
            waiter = self._waiters.get(request)
            if waiter is not None and not waiter.take_reply(kind, bytes(payload), self.channel):
                self._waiters.pop(request, None)
            waiter = None  # its future is not held while no frame comes
        self.close()
        if self._hung_up is not None:
            self._hung_up()
        self._close_descriptor()

    def _cancel(self, request: int, *, is_last: bool) -> None:
        """Cancel a coroutine, by its loop; or interrupt the serving thread, and acknowledge that.

        A thread that was interrupted may be cleaning up. Only the last attempt (`is_last`)
        interrupts it once more.
        """
        if self._loop is not None and self._loop.cancel(request):
            return
        if request in self._interrupted and not is_last:
            return
        if self.channel.interrupt(request):
            self._interrupted = [*self._interrupted[-15:], request]
            try:
                self.write(frames.ACKNOWLEDGED, request, b"")
            except ConnectionError:
                pass

    def close(self) -> None:
        """Wake everybody who waits."""
        with self._write_lock:
            if self._closed:
                return
            self._closed = True
        for waiter in list(self._waiters.values()):
            waiter.take_reply(frames.CALLBACK_ERROR, _GONE, self.channel)
        for flag in list(self._fetches):
            self._fetched(flag, None)
        if self._loop is not None:
            self._loop.stop()
        with self._start_lock:
            if self._reader is None:
                self._reader = threading.current_thread()  # none is started any more
                self._close_descriptor()

    def _close_descriptor(self) -> None:
        for fd in {self.fd, self.writes}:
            descriptors.discard(fd)
            os.close(fd)
