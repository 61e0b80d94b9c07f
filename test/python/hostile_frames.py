"""A worker that was taken over: it writes whatever it likes to its sockets."""

from __future__ import annotations

import marshal
import os
import struct
import threading
from typing import Any

from pythreads_kernel.javascript import current

MAIN, SIDE = 3, 4

held: list[Any] = []


def request() -> int:
    """The number of the call that runs."""
    channel: Any = current.channel
    number: int = channel._request
    return number


def frame(kind: int, number: int, payload: bytes, flags: int = 0) -> bytes:
    """One frame."""
    return struct.pack("<IIBBH", len(payload), number, kind, flags, 0) + payload


def write(descriptor: int, data: bytes) -> None:
    """Write bytes whole."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def send(kind: int, source: str, *, number: int | None = None, side: bool = False, times: int = 1, flags: int = 0) -> None:
    """Send a frame, and wait for ever. `source`: an expression for the payload; bytes stand for themselves."""
    tell(kind, source, number=number, side=side, times=times, flags=flags)
    threading.Event().wait()


def tell(kind: int, source: str, *, number: int | None = None, side: bool = False, times: int = 1, flags: int = 0) -> None:
    """Send a frame, and go on."""
    value = eval(source)
    payload = value if isinstance(value, bytes) else marshal.dumps(value, 4)
    data = frame(kind, request() if number is None else number, payload, flags)
    write(SIDE if side else MAIN, data * times)


def hold(value: object) -> None:
    """Keep something that JavaScript gave."""
    held.append(value)


def use(*args: object) -> object:
    """Call what was given last."""
    return held[-1](*args)


def forget() -> None:
    """Drop what JavaScript gave."""
    held.clear()


def overtake(number: int) -> None:
    """Drop a JavaScript function in a frame that is read before the one that calls it, which was written first."""
    write(SIDE, frame(68, 1, marshal.dumps([number, [], 1, 0])))
    write(MAIN, frame(69, 0, marshal.dumps([(number, 1, 0)])))
    held[0].reference.note.crossings = 0
