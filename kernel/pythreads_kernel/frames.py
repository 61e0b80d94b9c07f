"""Frames on a socket: a header of 12 bytes, then a payload of marshal data.

The header is payload length, request id, kind (a byte), flags (a byte), two bytes for the time that
a reply took, little-endian; `src/wire/frames.ts` has the same tables, and a test compares them.
"""

from __future__ import annotations

import errno
import os
import sys
from io import FileIO
from struct import Struct

from .spin_wait import spin_wait

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START = 1
CALL = 2
GET = 3
IMPORT = 4
EVAL = 5
EXEC = 6
MAP = 7
CLOSE = 8
OPERATE = 9
MODULE = 10
RELEASE = 11
CANCEL = 12
END_SESSION = 13
TRIM = 14
PREPARE = 15
INLINE = 20
MEMORY = 21
CALLBACK_RESULT = 16
CALLBACK_ERROR = 17
CALLBACK_PENDING = 18
CALLBACK_CANCELLED = 19
CALLBACK_REFUSED = 22
READY = 64
RESULT = 65
ERROR = 66
PENDING = 67
CALLBACK = 68
RELEASED = 69
OUTPUT = 70
WARNING = 71
SKIPPED = 72
ACKNOWLEDGED = 73
GIL_ENABLED = 74
FETCH = 75
UNREAD = 76
THREAD_TIME = 77
LOG = 78
REFUSED = 80

KIND_MASK = 0xFF
# The upper half of a reply's kind is the microseconds that the request held the thread, up to
# MAX_TIME. A frame THREAD_TIME before the reply has longer times.
TIME_SHIFT = 16
MAX_TIME = 0xFFFF
# Flags of requests: the payload has escapes; the result is copied deeply, rather than sent as a
# reference; Python cannot write to the arrays; values of subclasses of plain types stay in Python.
ESCAPED = 0x100
COPY = 0x200
READONLY = 0x400
EXACT = 0x800
# With COPY, the upper half of a request's kind is the depth of the copy; 0: no limit.
DEPTH_SHIFT = 16

HEADER = Struct("<III")
HEADER_BYTES = HEADER.size
# No payload is longer: marshal counts in signed 32-bit numbers.
MAX_PAYLOAD = 2**31 - 1
_CAPACITY = 64 * 1024
_JOIN_LIMIT = 64 * 1024


def read_frames(
    fd: int, note: Callable[[int], None] | None = None
) -> Iterator[tuple[int, int, memoryview]]:
    """Yield `(kind and flags, request id, payload)` until the other side closes; a payload is valid
    until the next one.

    A request or a reply for which there is no memory comes with an empty payload, as none has
    otherwise. `note` is called with the id of a large frame before it is read.
    """
    source = FileIO(fd, "rb", closefd=False)
    buffer = bytearray(_CAPACITY)
    view = memoryview(buffer)
    start = end = 0
    unpack = HEADER.unpack_from
    read_into = source.readinto
    wait = spin_wait(fd)
    while True:
        needed = HEADER_BYTES
        while end - start >= HEADER_BYTES:
            length, request, kind = unpack(buffer, start)
            needed = HEADER_BYTES + length
            if end - start < needed:
                break
            body = start + HEADER_BYTES
            start += needed
            yield kind, request, view[body:start]
            needed = HEADER_BYTES
        if start == end:
            start = end = 0
            if len(buffer) > _CAPACITY and needed <= _CAPACITY:
                buffer = bytearray(_CAPACITY)
                view = memoryview(buffer)
        elif start + needed > len(buffer):
            rest = end - start
            if needed > _CAPACITY and note is not None:
                note(request)
            try:
                larger = bytearray(max(needed, _CAPACITY))
            except MemoryError:
                if not _skip(read_into, view, needed - rest):
                    return
                start = end = 0
                if kind != RELEASE:  # which nobody waits for
                    yield kind, request, view[:0]
                continue
            larger[:rest] = view[start:end]
            buffer, view = larger, memoryview(larger)
            start, end = 0, rest
        wait()
        try:
            count = read_into(view[end:])
        except ConnectionError:
            return
        if not count:
            return
        end += count


def _skip(read_into: Callable[[memoryview], int | None], view: memoryview, size: int) -> bool:
    """Read bytes that nobody can hold. Return whether all have come."""
    while size > 0:
        try:
            count = read_into(view[: min(size, len(view))])
        except ConnectionError:
            return False
        if not count:
            return False
        size -= count
    return True


class TooLargeError(ValueError):
    """There are no frames that large."""


def _check(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD:
        raise TooLargeError(
            f"{len(payload)} bytes cannot cross in one piece: {MAX_PAYLOAD} are the most"
        )


def frame(kind: int, request: int, payload: bytes) -> bytes:
    """One frame, whole. Raises `TooLargeError` when there are none that large."""
    _check(payload)
    return HEADER.pack(len(payload), request, kind) + payload


def write_frame(fd: int, kind: int, request: int, payload: bytes) -> None:
    """Write one frame whole. Raises `BrokenPipeError` when the other side is gone, `TooLargeError`
    before anything is written.
    """
    if len(payload) <= _JOIN_LIMIT:
        write_all(fd, HEADER.pack(len(payload), request, kind) + payload)
    else:
        _check(payload)
        write_all(fd, HEADER.pack(len(payload), request, kind))
        write_all(fd, payload)


def _write_to_pipe(fd: int, data: bytes | memoryview) -> int:
    """Write as `os.write` does, on Windows: its C library calls a pipe that the reader has closed
    an invalid argument.
    """
    try:
        return os.write(fd, data)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BrokenPipeError(errno.EPIPE, "the other side is gone") from None


_write = os.write if sys.platform != "win32" else _write_to_pipe


def write_all(fd: int, data: bytes) -> None:
    """Write bytes whole."""
    written = _write(fd, data)
    if written < len(data):
        rest = memoryview(data)[written:]
        while rest:
            rest = rest[_write(fd, rest) :]
