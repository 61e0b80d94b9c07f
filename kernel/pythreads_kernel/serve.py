"""The loop of a worker: the same on a thread, in a sub-interpreter and in a child process."""

from __future__ import annotations

import contextlib
import marshal
import os
import sys

from . import frames
from .codec import loads
from .frames import read_frames, write_frame
from .requests import answer, describe_bytes
from .scope import scope_of
from .targets import load

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .scope import Scope


def serve(fd: int, facts: dict[str, Any] | None = None, *, alone: bool = True) -> bool:
    """Serve one channel until it ends. Return whether it was closed politely rather than dropped.

    The first frame is START with the pool's settings; the reply is READY with `facts`, or ERROR where a module that was
    to be loaded raised. `fd` is the caller's to close. `alone` says that no other worker prints to this `sys.stdout`: then
    what a call printed is out before its answer, a line without an end too.
    """
    requests = read_frames(fd)
    try:
        scope = _start(fd, requests, facts or {})
        return scope is not None and _loop(fd, requests, scope, alone=alone)
    except ConnectionError:
        return False


def _start(fd: int, requests: Iterator[tuple[int, int, memoryview]], facts: dict[str, Any]) -> Scope | None:
    first = next(requests, None)
    if first is None:
        return None
    try:
        settings = loads(first[2])
        for folder in reversed(settings["path"]):
            if folder not in sys.path:
                sys.path.insert(0, folder)
        for name in settings["preload"]:
            load(name)
        ready = marshal.dumps({**_facts(), **facts}, 2)
    except BaseException as error:  # whatever a module does while it loads is told to the host
        write_frame(fd, frames.ERROR, 0, describe_bytes(error))
        return None
    write_frame(fd, frames.READY, 0, ready)
    return scope_of(settings["scope"])


def _loop(fd: int, requests: Iterator[tuple[int, int, memoryview]], scope: Scope, *, alone: bool) -> bool:
    for kind, request, payload in requests:
        if kind == frames.CLOSE:
            flush()
            with contextlib.suppress(ConnectionError):
                write_frame(fd, frames.RESULT, request, marshal.dumps(None))
            return True
        reply, data = answer(kind, payload, scope)
        if alone:  # among others, a call would wait for one that prints to a full pipe
            flush()
        write_frame(fd, reply, request, data)
    return False


def flush() -> None:
    """Flush what `print` left in buffers."""
    for stream in (sys.stdout, sys.stderr):
        try:  # every call comes by here; contextlib.suppress takes ten times as long
            stream.flush()
        except Exception:  # noqa: S112 - None, closed, or of the user
            continue


def line_buffered() -> None:
    """Let every complete line of `print` out at once: Python is never finalized here, which would flush the rest."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _facts() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "version": sys.version.split()[0],
        "executable": sys.executable or "",
        "prefix": sys.prefix,
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
    }
