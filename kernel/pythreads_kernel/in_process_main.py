"""The main interpreter of an in-process Python: a control thread that starts workers for every
JavaScript thread.

The control socket carries one marshalled tuple a message: `(what, fd, side fd, page fd)`. The
descriptors belong to the kernel from then on. JavaScript threads that make no native calls connect
to another socket (`connections.py`).
"""

from __future__ import annotations

import _signal
import marshal
import os
import sys
import threading

from . import (
    descriptors,
    forking,
    frames,
    gil,
    interpreters,
    lend,
    multiprocessing_support,
    program_end,
    start_failures,
    terminal,
)
from .channel import is_busy
from .connections import Connections, open_connections
from .output import direct
from .scope import forget_own_source
from .serve import serve
from .status_page import open_status_page
from .streams import flush_replaced, install

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

_MESSAGE_BYTES = 4096
_facts: dict[str, Any] = {}
_connections: Connections | None = None


def start(control: int, libpython: str) -> None:
    """Start the control thread. Runs once a process, on the JavaScript thread that initialised
    Python.

    `_signal` is imported here, on the only thread on which its SIGINT handler can be taken out
    again; the host restores the disposition that was there before.
    """
    global _connections  # noqa: PLW0603
    assert _signal.SIGINT  # imported for its effect; `signal` adds enums to it, which take 5 ms
    threading.stack_size(16 << 20)
    forget_own_source()
    descriptors.make_blocking()
    descriptors.share_with_children()
    install()
    forking.prepare(own_process=False)
    forking.descriptors.add(control)
    multiprocessing_support.prepare()
    terminal.install(own_process=False)
    if sys.executable is None or not os.path.exists(sys.executable):
        raise RuntimeError(f"sys.executable is {sys.executable!r}, which is not there")
    lend.by_address()
    _facts["libpython"] = libpython
    _facts["sync_entry"] = _sync_entry()
    _connections = _connections or open_connections(_obey)
    _start_thread(_control, control, name="pythreads-control")


def _sync_entry() -> int:
    """Return the address of the sync entry point; 0 where ctypes is missing, so that sync calls go
    over a socket.
    """
    try:
        from . import sync_entry  # ctypes may be missing
    except ImportError:
        return 0
    return sync_entry.address()


def _control(control: int) -> None:
    """Take orders as long as the process lives. An order that fails must not end the loop."""
    if _connections is not None:
        try:
            _start_thread(_connections.serve, name="pythreads-connections")
        except RuntimeError:
            _connections.close()
    while True:
        try:
            message = os.read(control, _MESSAGE_BYTES)
        except OSError:
            return
        except MemoryError:
            continue
        if not message:
            return
        try:
            what, fd, side, status_page = marshal.loads(message)
            _obey(what, fd, side, status_page)
        except BaseException as error:
            print(
                f"pythreads: an order could not be carried out: {start_failures.because(error)}",
                file=sys.stderr,
            )


def _obey(what: str, fd: int, side: int, status_page: int) -> None:
    if what == "sweep":
        if fd >= 0:
            os.close(fd)
        _start_thread(lend.sweep)
        return
    if what in ("end", "flush", "flush-threads"):
        try:
            if what == "end":
                _start_thread(_end, fd, name="pythreads-end")
            else:
                _start_thread(_flush, fd, what == "flush")
        except RuntimeError:
            os.close(fd)  # nobody waits any longer
        return
    run = _run_thread if what == "thread" else _run_subinterpreter
    try:
        _start_thread(run, fd, side, status_page, name=f"pythreads-{what}-{fd}")
    except BaseException as error:
        _refuse(error, fd, side, status_page)


def _start_thread(function: Any, *args: int, name: str | None = None) -> None:
    """Start a thread. Raises `RuntimeError` where the system has none to give."""
    threading.Thread(target=function, args=args, name=name, daemon=True).start()


def _refuse(error: BaseException, fd: int, *others: int) -> None:
    """Report to the host why its worker does not start, and close the descriptors."""
    start_failures.refuse(fd, error)
    for descriptor in (fd, *others):
        if descriptor >= 0:
            os.close(descriptor)


def _run_thread(fd: int, side: int, status_page: int) -> None:
    try:
        page = open_status_page(status_page)
    except BaseException as error:
        _refuse(error, fd, side)
        return
    try:
        serve(fd, side, page, _facts, alone=False)
    finally:
        os.close(fd)


def _run_subinterpreter(fd: int, side: int, status_page: int) -> None:
    try:
        interpreter = interpreters.make()
    except BaseException as error:
        _refuse(error, fd, side, status_page)
        return
    interpreters.run(interpreter, fd, side, status_page, _facts["libpython"])


def _flush(fd: int, of_workers: bool) -> None:
    """Send printed text that is held to JavaScript, which can wait for a slow reader without the
    GIL.
    """
    try:
        _send(fd, direct.collect(of_workers=of_workers))
        _send(fd, direct.collect_from(flush_replaced))
    except OSError:  # the host does not wait any longer
        pass
    finally:
        os.close(fd)


def _send(fd: int, held: list[tuple[int, bytes]]) -> None:
    for stream, data in held:
        frames.write_frame(fd, frames.OUTPUT, stream, data)


def _end(fd: int) -> None:
    """Do what a program does at its end. A byte goes to the host at each step: the end begins,
    files are looked for, files were found.
    """

    def report_step() -> None:
        os.write(fd, b".")

    try:
        if is_busy() and not gil.is_enabled():
            # collecting garbage would stop all threads, and wait for C code: nobody could say for
            # how long
            return
        report_step()
        interpreters.end_idle()
        program_end.end(looks=report_step, found=report_step)
    except BrokenPipeError:  # the host does not wait any longer
        pass
    finally:
        os.close(fd)
