"""A worker that was taken over: it writes whatever it likes to its sockets."""

from __future__ import annotations

import marshal
import os
import struct
import threading
import time
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


def number() -> int:
    """The number of what was given last."""
    last: int = held[-1].reference.number
    return last


class _NoWaiters(dict):  # type: ignore[type-arg]
    """Whoever looks for a waiter, waits."""

    def get(self, _number: int, _default: object = None) -> None:
        threading.Event().wait()


def deaf() -> None:
    """Read the side channel no more."""
    channel: Any = current.channel
    channel.side._waiters = _NoWaiters()


def flood(kind: int, source: str) -> None:
    """Send frames on the side channel without end, and read no answers."""
    deaf()
    data = frame(kind, 9, marshal.dumps(eval(source), 4)) * 100
    while True:
        write(SIDE, data)


def converse(kind: int, source: str, times: int) -> None:
    """Send frames on the side channel, and read the answers."""
    write(SIDE, frame(kind, 9, marshal.dumps(eval(source), 4)) * times)


def linger() -> None:
    """Say again and again, once the channel is to be closed, that it is."""
    channel: Any = current.channel
    turns = []

    def after() -> None:
        turns.append(1)
        while len(turns) > 1:
            write(MAIN, frame(65, 0, marshal.dumps(None)))
            time.sleep(0.05)

    channel._after = after


def close_side() -> None:
    """Close the side channel, and wait for ever."""
    os.close(SIDE)
    threading.Event().wait()


def send_soon(kind: int, source: str, *, side: bool = True) -> None:
    """Send a frame from another thread, and go on."""
    value = eval(source)
    data = value if kind == 0 else frame(kind, 1, marshal.dumps(value, 4))
    threading.Thread(target=write, args=(SIDE if side else MAIN, data)).start()
