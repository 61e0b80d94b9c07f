"""What a Python program does at its end, for an interpreter that is never finalized, or whose
worker ends before finalization.
"""

from __future__ import annotations

import atexit
import gc
import io
import sys
import threading

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# Classes that hold text or bytes back, in the order of writing: each writes to those after it.
_TEXT = (io.TextIOWrapper,)
_CLOSED: tuple[tuple[str, str], ...] = (
    *(("gzip", "GzipFile"), ("bz2", "BZ2File"), ("lzma", "LZMAFile"), ("zipfile", "ZipFile")),
    ("tempfile", "_TemporaryFileWrapper"),
)
_BYTES = (io.BufferedWriter, io.BufferedRandom)


def end(*, looks: Callable[[], object] = int, found: Callable[[], object] = int) -> None:
    """Wait for threads, run the functions of `atexit` and `weakref.finalize`, and write what files
    hold back. Once.

    To look for files stops all threads where there is no GIL, and C code may hold that up: `looks`
    is called before and `found` after it.
    """
    _end_threads()
    atexit._run_exitfuncs()  # noqa: SLF001 - what is run is forgotten
    looks()
    things = gc.get_objects()
    found()
    _write_files(things)


def _end_threads() -> None:
    """Wait for the user's threads that are no daemons. Threads of thread pools are ended first."""
    waiting: list[Callable[[], object]] = getattr(threading, "_threading_atexits", [])
    while waiting:
        _call(waiting.pop())
    for thread in users_threads():
        if not thread.daemon:
            thread.join()


def users_threads() -> list[threading.Thread]:
    """The threads of this interpreter that neither the kernel nor Python itself has started."""
    known = (threading.main_thread(), threading.current_thread())
    return [
        thread
        for thread in threading.enumerate()
        if thread not in known and not thread.name.startswith("pythreads-")
    ]


def _write_files(things: Iterable[object]) -> None:
    """Write what open files hold back, and close archives, which need an end. Finalization closes
    the last files of a program.
    """
    closed = tuple(
        getattr(sys.modules[module], name) for module, name in _CLOSED if module in sys.modules
    )
    kinds = (*_TEXT, *closed, *_BYTES)
    files = [thing for thing in things if issubclass(type(thing), kinds)]
    _each(files, _TEXT, "flush")
    _each(files, closed, "close")
    _each(files, _BYTES, "flush")


def _each(files: Iterable[Any], kinds: tuple[type, ...], method: str) -> None:
    for file in files:
        if issubclass(type(file), kinds):
            _call(getattr(file, method))


def _call(function: Callable[[], object]) -> None:
    try:
        function()
    except Exception:
        pass
