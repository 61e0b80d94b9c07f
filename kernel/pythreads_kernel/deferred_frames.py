"""Frames that a thread cannot send itself, as it is in the middle of another frame, or as
JavaScript waits for it and reads nothing. Another thread sends them.
"""

from __future__ import annotations

import sys
from threading import Lock

from . import frames
from .side_channel import SideChannel
from .threads import thread

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Any

    from .interfaces import Channel

# How many frames wait at most.
_MAX_WAITING = 10_000
_END_S = 1.0
# While one of these functions runs, its thread must write no other frame. A finalizer or a signal's
# handler may interrupt the function and want to write one.
_WRITING = frozenset(
    {frames.write_all.__code__, frames.write_frame.__code__, SideChannel._write.__code__}  # noqa: SLF001
)
_lock = Lock()
_sender: _Sender | None = None


def is_writing() -> bool:
    """Whether this thread is in the middle of a frame."""
    frame: Any = sys._getframe(1)  # noqa: SLF001 - there is no other way to look
    while frame is not None:
        if frame.f_code in _WRITING:
            return True
        frame = frame.f_back
    return False


def send_later(channel: Channel, kind: int, payload: bytes, lost: Callable[[int], bytes]) -> None:
    """Send a frame soon, over the side socket. Where too many wait, it is lost: `lost` makes a
    frame that says how many are.
    """
    global _sender  # noqa: PLW0603
    sender = _sender
    if sender is None:
        try:
            sender = _sender = _Sender()
        except RuntimeError:  # no thread can be started
            return
    sender.put(channel, kind, payload, lost)


def end() -> None:
    """Send the frames that wait, and end the thread."""
    global _sender
    with _lock:
        sender, _sender = _sender, None
    if sender is not None:
        sender.end()


class _Sender:
    def __init__(self) -> None:
        from _queue import SimpleQueue  # may be put to in the middle of itself

        self._queue: Any = SimpleQueue()
        self._lost = 0
        self._thread: threading.Thread = thread(self._run, "pythreads-later")
        self._thread.start()

    def put(
        self, channel: Channel, kind: int, payload: bytes, lost: Callable[[int], bytes]
    ) -> None:
        if self._queue.qsize() >= _MAX_WAITING:
            self._lost += 1
        else:
            self._queue.put((channel, kind, payload, lost))

    def end(self) -> None:
        self._queue.put(None)
        self._thread.join(_END_S)

    def _run(self) -> None:
        for channel, kind, payload, lost in iter(self._queue.get, None):
            _write(channel, kind, payload)
            if self._lost and self._queue.empty():
                count, self._lost = self._lost, 0
                _write(channel, kind, lost(count))


def _write(channel: Channel, kind: int, payload: bytes) -> None:
    try:
        if channel.side is not None:
            channel.side.write(kind, 0, payload)
    except (ConnectionError, OSError):  # the worker has ended
        pass
