"""The main program of a worker in a sub-interpreter."""

from __future__ import annotations

# What the kernel imports later elsewhere, it imports here, while interpreters are made one at a
# time: first imports of C modules in several interpreters at once can crash.
import _ast
import _signal
import _sre  # type: ignore[import-not-found]
import _thread
import os
import sys
import threading
import time

from . import (
    borrow,
    descriptors,
    lend,
    multiprocessing_support,
    program_end,
    refusals,
    start_failures,
    terminal,
)
from .output import direct
from .serve import serve
from .status_page import open_status_page
from .streams import flush, install

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

assert all((_ast, _signal, _sre))  # imported for their effect
threading.stack_size(16 << 20)
descriptors.share_with_children()
install()
multiprocessing_support.prepare()
refusals.watch()
terminal.install(own_process=False)
# How long a thread may take to end when its channel has.
_END_S = 5


def _facts(libpython: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"libpython": libpython, "refuses": True}
    return (
        facts if sys.version_info >= (3, 13) else {**facts, "borrows": False}
    )  # ctypes does not load here


def run(
    fd: int, side: int, status_page_fd: int, libpython: str, tokens: list[tuple[int, int]]
) -> None:
    """Serve a channel until it ends. `tokens`: those of the main interpreter's `direct`."""
    direct.adopt(tokens)
    try:
        page = open_status_page(status_page_fd)
    except BaseException as error:
        start_failures.refuse(fd, error)
        os.close(side)  # last: a worker without a side channel is ended
        return
    serve(fd, side, page, _facts(libpython))
    flush()


def finish(fd: int) -> None:
    """Do what a program does at its end, and close the channel."""
    try:
        program_end.end()
        flush()
        # On versions that do not destroy interpreters, objects in module variables are never freed,
        # so what they borrow is given back here.
        if not program_end.users_threads():
            borrow.end()
    finally:
        lend.close()
        os.close(fd)


def end() -> None:
    """Wait until the kernel's own threads in this interpreter have ended. Raises an error where
    one is left, or a daemon.

    A thread that comes back from a blocking call after its interpreter was destroyed crashes the
    process. Those that are no daemons are waited for when it is destroyed.
    """
    deadline = time.monotonic() + _END_S
    others = [
        thread for thread in threading.enumerate() if thread is not threading.current_thread()
    ]
    for thread in others:
        if thread.name.startswith("pythreads-"):
            thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread for thread in others if thread.is_alive()]
    unknown = _thread._count() - len(left)  # noqa: SLF001 - those that `threading` does not know
    if unknown > 0 or any(thread.daemon for thread in left):
        raise RuntimeError("a thread is left")
