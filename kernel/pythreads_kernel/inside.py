"""The main program of a worker in a sub-interpreter."""

from __future__ import annotations

import os
import sys
import threading

from . import borrowing
from .ledger import open_ledger
from .serve import flush, line_buffered, serve
from .spawning import spawn_not_fork

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

threading.stack_size(16 << 20)
line_buffered()
spawn_not_fork()


def _facts(libpython: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"libpython": libpython}
    return facts if sys.version_info >= (3, 13) else {**facts, "borrows": False}  # ctypes does not load here


def run(fd: int, side: int, ledger_fd: int, libpython: str) -> None:
    """Serve a channel until it ends, and close it."""
    try:
        serve(fd, side, open_ledger(ledger_fd), _facts(libpython))
        flush()
        # Where interpreters are not destroyed, what is in its variables stays for ever.
        if all(
            thread.name.startswith("pythreads-") for thread in threading.enumerate() if thread is not threading.current_thread()
        ):
            borrowing.end()
    finally:
        os.close(fd)
