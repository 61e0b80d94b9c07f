"""Memory that JavaScript lends: Python sees the very bytes.

A loan has a cell, one byte that is 0 until Python has no use for the memory any more. It becomes 1
by the callback of a weak reference that runs no line of Python: an interrupt of the call that drops
the memory could come between two. JavaScript looks at the cells when it next wants to; nothing has
to be sent, so neither the end of a pool nor that of a worker loses one.

`space` says where the memory and the cells are: a positive number is the address of the cells in
this process, and positions are addresses; a negative one is that of a file in the host process,
which is mapped here, and positions are offsets in it. `src/memory/loans.ts` is the other side.
"""

from __future__ import annotations

import mmap
import os
import weakref
from _thread import allocate_lock
from functools import partial
from importlib.util import find_spec

from .forking import in_child

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Cells are the first bytes of a space.
FLAG_BYTES = 1 << 20

# Why memory cannot be seen here: this process has other rights by now; no descriptor, no room for
# the mapping, or no ctypes.
_UNSEEN = (ImportError, AttributeError, OSError, MemoryError, ValueError)
# Asks JavaScript for the bytes of a loan, by its cell, where this process cannot see the host's
# memory.
fetch: Callable[[int], bytearray] | None = None


class _Segment:
    """Memory that one JavaScript thread lends from."""

    def __init__(self, number: int) -> None:
        import ctypes  # takes 10 ms

        self._byte: Any = ctypes.c_ubyte
        if number > 0:
            self._map: Any = None
            flags: Any = (self._byte * FLAG_BYTES).from_address(number)
        else:
            fd = os.open(f"/proc/{os.getppid()}/fd/{-number}", os.O_RDWR | os.O_CLOEXEC)
            try:
                self._map = mmap.mmap(fd, 0)
            finally:
                os.close(fd)
            flags = self._map
        self._returned = memoryview(flags)[:FLAG_BYTES].cast("B").cast("?").__setitem__
        # The weak references that tell of the end of a loan, by its cell: the next loan of the same
        # cell replaces it.
        self._loans: dict[int, weakref.ref[Any]] = {}

    def borrow(self, size: int, position: int, flag: int) -> memoryview:
        kind = self._byte * size
        exporter = (
            kind.from_address(position)
            if self._map is None
            else kind.from_buffer(self._map, position)
        )
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
        loans.clear()  # none of them tells any more
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
    """The bytes of a loan, which is over when nothing refers to them any more; a copy where its
    memory cannot be seen.
    """
    try:
        found = _segment(segment)
    except _UNSEEN:
        if fetch is None:
            raise
        return memoryview(fetch(flag))
    return found.borrow(size, position, flag)


def give_back(segment: int, flag: int) -> None:
    """End a loan that was not taken."""
    try:
        found = _segment(segment)
    except _UNSEEN:
        return  # it is over when this worker ends
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
    by a file of its own.
    """
    if find_spec("_ctypes") is None:
        return False
    return not own_process or os.access(f"/proc/{os.getppid()}/fd", os.R_OK | os.X_OK)
