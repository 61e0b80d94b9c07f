"""Ending a process of `multiprocessing` with the worker that started it."""

from __future__ import annotations

import os


def end_with_process(pid: int) -> None:
    """End when another process does, on Windows. A thread waits for that."""
    import threading

    threading.Thread(
        target=_wait_for_process, args=(pid,), name="pythreads-watch", daemon=True
    ).start()


def end_with(reader: int) -> None:
    """End when the other end of the pipe is closed, whatever this process is doing."""
    try:
        _signal_at_end(reader)
    except (ImportError, AttributeError, OSError):  # not Linux
        import threading

        threading.Thread(target=_wait, args=(reader,), name="pythreads-watch", daemon=True).start()


def _signal_at_end(reader: int) -> None:
    """Have the system send SIGKILL: a thread would have to wait for C code that keeps the GIL."""
    import fcntl
    import signal

    # Opened again, as the owner and the signal belong to the open file, which other processes
    # share.
    own = os.open(f"/proc/self/fd/{reader}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(own, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)  # type: ignore[attr-defined, unused-ignore]
    fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)  # type: ignore[attr-defined, unused-ignore]
    try:
        os.read(own, 1)
    except BlockingIOError:
        return
    os._exit(1)  # it has ended already


def _wait(reader: int) -> None:
    os.read(reader, 1)
    os._exit(1)


def _wait_for_process(pid: int) -> None:
    from .host_watch import wait_for_process

    if wait_for_process(pid):
        os._exit(1)
