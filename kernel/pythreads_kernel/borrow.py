"""Memory that JavaScript lends: Python sees the very bytes.

A loan has a flag, one byte that is 0 as long as Python uses the memory. The callback of a weak
reference sets it to 1. That callback runs no line of Python, as an interrupt of the call that drops
the memory could come between two lines. JavaScript reads the flags when it next needs memory; no
frame is sent, so the end of a pool or of a worker loses no flag.

`segment` says where the memory and the flags are. A positive number is the address of the flags in
this process, and positions are addresses. A negative number is that of a file descriptor in the
host process; the file is mapped here, and positions are offsets in it. `src/memory/lend.ts` is the
other side.
"""

from __future__ import annotations

import mmap
import os
import sys
import weakref
from _thread import allocate_lock
from functools import partial
from importlib.util import find_spec

from .forking import in_child

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Flags are the first bytes of a segment.
FLAG_BYTES = 1 << 20
# How files that both sides see are mapped. Without MAP_NORESERVE some systems (qemu's emulation of
# a processor, for one) refuse a mapping as large as the memory.
FILE_FLAGS: int = getattr(mmap, "MAP_SHARED", 0) | getattr(mmap, "MAP_NORESERVE", 0)

# Errors where this process cannot see the memory: it has other rights by now; no descriptor or no
# room for the mapping is left; there is no ctypes.
_UNSEEN = (ImportError, AttributeError, OSError, MemoryError, ValueError)
# Fetches the bytes of a loan from JavaScript, by its flag, where this process cannot see the host's
# memory.
fetch: Callable[[int], bytearray] | None = None


class _Segment:
    """Memory from which one JavaScript thread lends."""

    def __init__(self, number: int) -> None:
        import ctypes  # takes 10 ms

        self._byte: Any = ctypes.c_ubyte
        # The descriptor of a file that has no room to be mapped whole; -1: none.
        self._fd = -1
        if number > 0:
            self._map: Any = None
            flags: Any = (self._byte * FLAG_BYTES).from_address(number)
        else:
            fd = os.open(f"/proc/{os.getppid()}/fd/{-number}", os.O_RDWR | os.O_CLOEXEC)
            try:
                flags = self._map = self._map_file(fd)
            finally:
                if fd != self._fd:
                    os.close(fd)
        self._returned = memoryview(flags)[:FLAG_BYTES].cast("B").cast("?").__setitem__
        # The weak references that set a flag at the end of its loan, by flag. The next loan with
        # the same flag replaces its reference.
        self._loans: dict[int, weakref.ref[Any]] = {}

    def _map_file(self, fd: int) -> mmap.mmap:
        """Map all of a file; only its flags where there is no room for more."""
        try:
            return mmap.mmap(fd, 0, FILE_FLAGS)
        except (OSError, MemoryError):
            flags = mmap.mmap(fd, FLAG_BYTES, FILE_FLAGS)
            self._fd = fd
            return flags

    def _map_part(self, size: int, position: int) -> tuple[mmap.mmap, int]:
        """Map the pages of one loan. They are unmapped with its exporter. Return where the loan
        begins in the mapping, too.
        """
        at = position % mmap.ALLOCATIONGRANULARITY
        return mmap.mmap(self._fd, at + size, FILE_FLAGS, offset=position - at), at

    def borrow(self, size: int, position: int, flag: int) -> memoryview:
        kind = self._byte * size
        if self._map is None:
            exporter = kind.from_address(position)
        elif self._fd < 0:
            exporter = kind.from_buffer(self._map, position)
        else:
            exporter = kind.from_buffer(*self._map_part(size, position))
        # A weak reference is true.
        self._loans[flag] = weakref.ref(exporter, partial(self._returned, flag))
        return memoryview(exporter).cast("B")

    def give_back(self, flag: int) -> None:
        self._returned(flag, True)

    def forget(self) -> None:
        self._loans = {}

    def end(self) -> None:
        loans, self._loans = self._loans, {}
        flags = [flag for flag, loan in loans.items() if loan() is not None]
        loans.clear()  # no callback runs any more
        for flag in flags:
            self._returned(flag, True)


_segments: dict[int, _Segment] = {}
_lock = allocate_lock()


def _segment(number: int) -> _Segment:
    try:  # not `get`: see scope_of
        return _segments[number]
    except KeyError:
        with _lock:
            segment = _segments[number] = _segments.get(number) or _Segment(number)
    return segment


def borrow(size: int, position: int, segment: int, flag: int) -> memoryview:
    """The bytes of a loan, which ends when nothing refers to them any more; a copy where this
    process cannot see the memory.
    """
    try:
        return _segment(segment).borrow(size, position, flag)
    except _UNSEEN:
        if fetch is None:
            raise
        return memoryview(fetch(flag))


def give_back(segment: int, flag: int) -> None:
    """End a loan that was not borrowed."""
    try:
        found = _segment(segment)
    except _UNSEEN:
        return  # the loan ends with this worker
    found.give_back(flag)


def _forget() -> None:
    """Leave the loans to the parent: what a forked child drops, the parent may be using."""
    for segment in _segments.values():
        segment.forget()


in_child(_forget)


def end() -> None:
    """End all loans: nothing runs in this interpreter any more."""
    for segment in _segments.values():
        segment.end()


def is_possible(*, own_process: bool) -> bool:
    """Whether JavaScript can lend memory to this interpreter: by address, or to a child process
    by a file of its own, which only Linux can open.
    """
    if find_spec("_ctypes") is None or (own_process and sys.platform != "linux"):
        return False
    return not own_process or os.access(f"/proc/{os.getppid()}/fd", os.R_OK | os.X_OK)
