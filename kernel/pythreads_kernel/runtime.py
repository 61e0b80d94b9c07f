"""The main interpreter of an in-process Python: a control thread that starts workers for every JavaScript thread.

The control socket carries one marshalled tuple a message: `(what, fd, side fd, ledger fd)`. The descriptors belong to the
kernel from then on.
"""

from __future__ import annotations

import _signal
import marshal
import os
import sys
import threading

from . import frames, interpreters, lending
from .ledger import open_ledger
from .requests import describe_bytes
from .serve import flush, line_buffered, serve
from .spawning import spawn_not_fork

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

_MESSAGE_BYTES = 4096
_facts: dict[str, Any] = {}


def start(control: int, libpython: str) -> None:
    """Start the control thread. Runs once a process, on the JavaScript thread that initialised Python.

    `_signal` is imported here, on the only thread on which its SIGINT handler can be taken out again; the host restores
    the disposition that was there before.
    """
    assert _signal.SIGINT  # imported for its effect; `signal` adds enums to it, which take 5 ms
    threading.stack_size(16 << 20)
    line_buffered()
    spawn_not_fork()
    if sys.executable is None or not os.path.exists(sys.executable):
        raise RuntimeError(f"sys.executable is {sys.executable!r}, which is not there")
    lending.by_address()
    _facts["libpython"] = libpython
    _facts["sync_entry"] = _sync_entry()
    threading.Thread(target=_control, args=(control,), name="pythreads-control", daemon=True).start()


def _sync_entry() -> int:
    """Return the address of the sync entry point; 0 where ctypes is missing, so that sync calls go over a socket."""
    try:
        from . import sync_entry  # ctypes may be missing
    except ImportError:
        return 0
    return sync_entry.address()


def _control(control: int) -> None:
    while True:
        message = os.read(control, _MESSAGE_BYTES)
        if not message:
            return
        what, fd, side, ledger = marshal.loads(message)
        if what == "sweep":
            threading.Thread(target=lending.sweep, daemon=True).start()
            continue
        if what == "flush":
            threading.Thread(target=_flush, args=(fd,), daemon=True).start()
            continue
        run = _run_thread if what == "thread" else _run_subinterpreter
        threading.Thread(target=_worker, args=(run, fd, side, ledger), name=f"pythreads-{what}-{fd}", daemon=True).start()


def _worker(run: Any, fd: int, side: int, ledger: int) -> None:
    try:
        run(fd, side, ledger)
    except BaseException as error:  # a worker that cannot start tells its host why
        try:
            frames.write_frame(fd, frames.ERROR, 0, describe_bytes(error))
        except OSError:
            return
        finally:
            os.close(fd)


def _run_thread(fd: int, side: int, ledger: int) -> None:
    serve(fd, side, open_ledger(ledger), _facts, alone=False)
    os.close(fd)


def _run_subinterpreter(fd: int, side: int, ledger: int) -> None:
    interpreters.start(fd, side, ledger, _facts["libpython"])


def _flush(fd: int) -> None:
    flush()
    os.close(fd)
