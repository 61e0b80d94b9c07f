"""The main program of a worker in a sub-interpreter."""

from __future__ import annotations

import os
import threading

from .ledger import open_ledger
from .serve import flush, line_buffered, serve
from .spawning import spawn_not_fork

threading.stack_size(16 << 20)
line_buffered()
spawn_not_fork()


def run(fd: int, side: int, ledger_fd: int, libpython: str) -> None:
    """Serve a channel until it ends, and close it."""
    try:
        serve(fd, side, open_ledger(ledger_fd), {"libpython": libpython})
        flush()
    finally:
        os.close(fd)
