"""What a worker writes down for JavaScript, in memory that both map: it can be read while Python is
busy, and after its death.

| bytes | who writes | what |
| --- | --- | --- |
| 0..4 | Python | the last request that was begun |
| 4..12 | JavaScript | requests above the first number, up to the second, are taken back |
| 12..16 | Python | the last request with a large frame that was read |
| 16..24 | Python | nanoseconds spent on requests |
| 24..32 | Python | nanoseconds of processor time that the serving thread spent on them |
| 32..36 | Python | the first request that was skipped since some were taken back |
| 1024..4096 | Python | a length, and the last that was printed |
| 4096.. | Python | what `faulthandler` says of a crash |

`src/isolation/status-page.ts` has the same table.
"""

from __future__ import annotations

import mmap
import os
from _thread import allocate_lock
from time import thread_time_ns

from .forking import forked

BYTES = 4096
_TAIL = 1024
_TAIL_BYTES = BYTES - _TAIL - 4
# When the processor time is read, which costs a system call: after this time, or after a pause.
_CPU_EVERY_NS = 1_000_000
PAUSE_NS = 200_000


class StatusPage:
    """The status page of one worker."""

    def __init__(self, fd: int) -> None:
        """Map a file of `BYTES` bytes or more."""
        self.fd = fd
        self._map = mmap.mmap(fd, BYTES)
        self._words = memoryview(self._map).cast("I")
        self._long = memoryview(self._map).cast("Q")
        self._fence = allocate_lock()
        # Nanoseconds of requests, and of these on a processor; and all three clocks when the
        # processor time was last read.
        self._busy = self._cpu = 0
        self._busy_then = self._cpu_then = self._then = 0
        # When the last request ended.
        self.ended = 0
        self._tail = b""

    def begin(self, request: int) -> bool:
        """Note that a request begins. Return whether it may: JavaScript may have taken it back.
        Either JavaScript reads this note, or this function reads JavaScript's.
        """
        words = self._words
        words[0] = request
        # a lock is a barrier too: what is read below is read after what was written above
        self._fence.acquire()
        self._fence.release()
        if not words[1] < request <= words[2]:
            return True
        if words[8] <= words[1]:
            words[8] = request  # the first one that is skipped since JavaScript has taken some back
        return False

    def reads(self, request: int) -> None:
        """Note that the frame of a request is read, which may take more memory than there is."""
        self._words[3] = request

    def end(self, nanoseconds: int, now: int) -> None:
        """Note how long a request ran that is not nested in another one."""
        self._busy = busy = self._busy + nanoseconds
        self._long[2] = busy
        self.ended = now
        if now - self._then >= _CPU_EVERY_NS:
            self.look(now)

    def look(self, now: int) -> None:
        """Note the processor time of requests, without what the thread used between requests."""
        cpu = thread_time_ns()
        self._cpu += min(self._busy - self._busy_then, cpu - self._cpu_then)
        self._busy_then, self._cpu_then, self._then = self._busy, cpu, now
        self._long[3] = self._cpu

    def printed(self, data: bytes) -> None:
        """Note what was printed, except by a forked child."""
        if forked:
            return
        tail = (self._tail + data)[-_TAIL_BYTES:]
        self._tail = tail
        self._map[_TAIL : _TAIL + 4 + len(tail)] = len(tail).to_bytes(4, "little") + tail

    def close(self) -> None:
        """Give back what is mapped, and the descriptor that the mapping holds; the one that it was
        made of is the caller's.
        """
        self._words.release()
        self._long.release()
        self._map.close()


def open_status_page(fd: int) -> StatusPage | None:
    """Open the status page of a worker that runs in this process, and close the descriptor. There
    is none where that is -1.
    """
    if fd < 0:
        return None
    try:
        return StatusPage(fd)
    finally:
        os.close(fd)  # the mapping has one of its own
