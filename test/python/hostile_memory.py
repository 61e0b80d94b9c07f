"""A worker that was taken over: it lends from what is not its memory, and names loans that are
none.

`HOSTILE_FILE` says what it lends from instead of its own file. It is a module of `preload`.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import socket
import struct
import tempfile
import threading
from typing import Any

from pythreads_kernel import borrow
from pythreads_kernel import lend as lending
from pythreads_kernel.borrow import FLAG_BYTES
from pythreads_kernel.current import current

RESULT, READY, FETCH = 65, 64, 75
SHARED, FRAME = 11, 13
MAIN, SIDE = 3, 4
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_keep: list[Any] = []


def _memfd(size: int, seals: int = SEALS, flags: int = 0) -> int:
    fd = os.memfd_create("pythreads", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING | flags)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def _named(folder: str | None, *, unlink: bool) -> int:
    fd, path = tempfile.mkstemp(dir=folder)
    os.ftruncate(fd, 2 * FLAG_BYTES)
    if unlink:
        os.unlink(path)
    return fd


def _of_few() -> int:
    fd = _memfd(2 * FLAG_BYTES)
    os.fchmod(fd, 0o600)
    return fd


def _pipe() -> int:
    _keep.append(ends := os.pipe())
    return ends[0]


def _socket() -> int:
    _keep.append(one := socket.socket())
    return one.fileno()


def _huge() -> int:
    try:
        return _memfd(1 << 30, 0, os.MFD_HUGETLB)
    except OSError:  # a kernel without huge pages
        return os.open("/dev/zero", os.O_RDWR)


def _sealed(fd: int) -> int:
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)
    return fd


def _written(fd: int) -> int:
    os.pwrite(fd, b"x" * FLAG_BYTES, FLAG_BYTES)
    return fd


FILES: dict[str, Any] = {
    "a file": lambda: _named(None, unlink=False),
    "a file without a name": lambda: _named(None, unlink=True),
    "a file of /dev/shm without a name": lambda: _named("/dev/shm", unlink=True),
    "a file that it may only read": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "a path": lambda: os.open("/etc/passwd", os.O_PATH),
    "a folder": lambda: os.open("/", os.O_RDONLY),
    "a device": lambda: os.open("/dev/zero", os.O_RDWR),
    "a pipe": _pipe,
    "a socket": _socket,
    "its channel": lambda: MAIN,
    "memory of few": _of_few,
    "memory of huge pages": _huge,
    "memory that is too small": lambda: _memfd(FLAG_BYTES),
    "memory that is too large": lambda: _memfd(1 << 46),
    "memory as it should be": lambda: _written(_memfd(2 * FLAG_BYTES)),
    "memory without seals": lambda: _written(_memfd(2 * FLAG_BYTES, 0)),
    "memory that can get shorter": lambda: _written(
        _memfd(2 * FLAG_BYTES, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    ),
    "memory that nobody can write": lambda: _sealed(
        _written(_memfd(2 * FLAG_BYTES, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW))
    ),
    "memory that was not written": lambda: _memfd(2 * FLAG_BYTES),
    "a text": lambda: "3",
    "a fraction": lambda: 3.5,
    "no number": lambda: float("nan"),
    "a negative number": lambda: -7,
    "a large number": lambda: 1 << 40,
    "an integer of many digits": lambda: 1 << 70,
    "a list": lambda: [3],
    "nothing": lambda: None,
    "no descriptor": lambda: 1_000_000,
}


_offered: list[Any] = []


def _offer(_capacity: int) -> Any:
    _offered.append(FILES[os.environ["HOSTILE_FILE"]]())
    return _offered[0]


if "HOSTILE_FILE" in os.environ and current.channel.is_sync == ("HOSTILE_SYNC" in os.environ):
    lending.offer = _offer


def send(kind: int, request: int, value: object, fd: int = MAIN) -> None:
    """Write a frame past the kernel."""
    payload = marshal.dumps(value, 4)
    data = struct.pack("<IIBBH", len(payload), request, kind, 0, 0) + payload
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def request() -> int:
    """Return the number of the call that runs."""
    number: int = current.channel._request
    return number


def wait() -> None:
    """Do nothing more: the worker must be ended by JavaScript."""
    threading.Event().wait()


def lend_from_file(escape: int) -> None:
    """Lend the first bytes of what JavaScript was told of."""
    send(RESULT, request(), (..., escape, 4096, FLAG_BYTES, -_offered[0], 5))
    wait()


def lend(escape: int, text: str) -> None:
    """Return a loan with these fields: a Python tuple, in which `fd` is the worker's file, and
    `size` how large it is.
    """
    own = lending.lender()
    assert isinstance(own, lending.FileLender)
    own.lend(memoryview(b"x" * 65536), current.channel)
    names = {
        "fd": lending._file,
        "size": os.fstat(lending._file).st_size,
        "CELLS": FLAG_BYTES,
        "inf": float("inf"),
    }
    loan = eval(text, names)
    send(RESULT, request(), (..., escape, *loan))
    wait()


def lend_twice() -> None:
    """Return two arrays of one loan."""
    own = lending.lender()
    assert isinstance(own, lending.FileLender)
    loan = own.lend(memoryview(b"x" * 65536), current.channel)
    assert loan is not None
    send(RESULT, request(), [(..., SHARED, *loan), (..., SHARED, *loan)])
    wait()


def ready_again(fields: dict[str, object]) -> None:
    """Say READY a second time."""
    send(READY, 0, fields)
    wait()


def fetch(cells: list[int]) -> None:
    """Ask for the memory of others."""
    for cell in cells:
        send(FETCH, cell, None, SIDE)
    wait()


def fetch_own_twice(_array: object) -> None:
    """Ask twice for each array of this call."""
    fetch([cell for space in borrow._segments.values() for cell in space._loans for _ in range(2)])


def end_all_loans() -> int:
    """Write to each place at which JavaScript reads that a loan is over. Return how many files
    there are.
    """
    folder = f"/proc/{os.getppid()}/fd"
    count = 0
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        try:
            if not os.readlink(path).startswith("/memfd:pythreads"):
                continue
            fd = os.open(path, os.O_RDWR)
        except OSError:
            continue
        os.pwrite(fd, b"\1" * FLAG_BYTES, 0)
        os.close(fd)
        count += 1
    return count


def fill_file(mb: int) -> None:
    """Write to the part of the file of JavaScript that is the last to be lent."""
    space = next(iter(borrow._segments.values()))
    start = len(space._map) - (mb << 20)
    for at in range(start, len(space._map), 1 << 20):
        space._map[at : at + (1 << 20)] = b"x" * (1 << 20)


_N = 600_000
_calls: list[int] = []


def changing_text() -> str:
    """Return a large text whose memory changes between characters of three bytes and of one,
    from the second time on.
    """
    _calls.append(1)
    if len(_calls) == 2:
        threading.Thread(target=_flip, daemon=True).start()
    return "\u20ac" * (_N // 3 + 40)


def _flip() -> None:
    own = lending.lender()
    assert isinstance(own, lending.FileLender)
    view, start = own._view, FLAG_BYTES + 64
    texts = ["\u20ac".encode() * (_N // 3), b"a" * _N]
    while True:
        for text in texts:
            view[start : start + _N] = text
