"""A worker that was taken over: it writes whatever it likes to its sockets."""

from __future__ import annotations

import contextlib
import marshal
import os
import struct
import threading
import time
from typing import Any

from pythreads_kernel.current import current

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


def send(
    kind: int,
    source: str,
    *,
    number: int | None = None,
    side: bool = False,
    times: int = 1,
    flags: int = 0,
) -> None:
    """Send a frame, and wait for ever. `source`: an expression for the payload; bytes stand for
    themselves.
    """
    tell(kind, source, number=number, side=side, times=times, flags=flags)
    threading.Event().wait()


def tell(
    kind: int,
    source: str,
    *,
    number: int | None = None,
    side: bool = False,
    times: int = 1,
    flags: int = 0,
) -> None:
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
    """Drop a JavaScript function in a frame that is read before the one that calls it, which was
    written first.
    """
    write(SIDE, frame(68, 1, marshal.dumps([number, [], 1, 0])))
    write(MAIN, frame(69, 0, marshal.dumps([(number, 1, 0)])))
    held[0].reference.note.sent = 0


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

    def run() -> None:
        with contextlib.suppress(OSError):  # the host may close the channel meanwhile
            write(SIDE if side else MAIN, data)

    threading.Thread(target=run).start()


def details(**others: object) -> dict[str, Any]:
    """What the kernel says of an exception."""
    texts = {
        "code": "ERR_PYTHREADS_PYTHON",
        "type": "E",
        "module": "m",
        "message": "x",
        "traceback": "",
    }
    nothing = dict.fromkeys(("cause", "errors", "path", "place", "thrown"))
    return {**texts, "frames": [], "notes": [], "bases": [], "args": [], **nothing, **others}


def errors_within(levels: int, way: str) -> dict[str, Any]:
    """Exceptions each of which holds the next one twice."""
    one = details()
    for _ in range(levels):
        one = details(errors=[one, one]) if way == "errors" else details(cause=one)
    return one


def error_in_itself(way: str) -> dict[str, Any]:
    """An exception that holds itself."""
    one = details(errors=[])
    if way == "errors":
        one["errors"].append(one)
    else:
        one["errors"], one["cause"] = None, one
    return one


def errors_of_one_list(count: int) -> dict[str, Any]:
    """Exceptions that share their list of members."""
    members = [details()]
    return details(errors=[details(errors=members) for _ in range(count)])


def many(levels: int) -> Any:
    """A list that holds another one twice, and so on."""
    one: Any = [1]
    for _ in range(levels):
        one = [one, one]
    return one


def many_tuples(levels: int) -> Any:
    """The same of tuples, which can be keys."""
    one: Any = (1,)
    for _ in range(levels):
        one = (one, one)
    return one


def keyed(key: Any) -> bytes:
    """A dict with a key that Python cannot hash in time, and a value that JavaScript cannot
    hold.
    """
    return (
        b"{" + marshal.dumps(key, 4) + marshal.dumps({float("nan"): 1, float("nan"): 2}, 2) + b"0"
    )


def deep_keys(levels: int, size: int) -> Any:
    """Dicts within dicts under one long key, and a value that JavaScript cannot hold at the end."""
    key = "k" * size
    one: Any = {float("nan"): 1, float("nan"): 2}
    for _ in range(levels):
        one = {key: one}
    return one


def reply_next(source: str, kind: int = 65) -> None:
    """Send something else in the place of the result of the next call."""
    channel: Any = current.channel
    answer = channel._interruptible

    def forged(asked: int, number: int, payload: memoryview) -> tuple[int, bytes]:
        channel._interruptible = answer
        answer(asked, number, payload)
        value = eval(source)
        return kind, value if isinstance(value, bytes) else marshal.dumps(value, 4)

    channel._interruptible = forged


def begin_lines(kind: int, count: int) -> None:
    """Begin lines of as many threads."""
    write(
        MAIN,
        b"".join(
            frame(kind, 0, marshal.dumps((1, None, "x", False, thread))) for thread in range(count)
        ),
    )
