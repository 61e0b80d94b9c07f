"""The main program of a worker process."""

from __future__ import annotations

import _signal
import faulthandler
import os
import sys
import threading
from functools import partial

from . import forking, host_watch, multiprocessing_support, terminal
from .scope import forget_own_source
from .serve import serve
from .status_page import StatusPage
from .streams import flush, install

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_IOLBF = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# Freed memory at the end of the heap is kept up to this size: to get memory from the system for
# each large value costs more than the value. Half of it is the largest size that glibc accepts for
# M_MMAP_THRESHOLD.
_KEPT_BYTES = 64 << 20


def prepare(
    fd: int, side: int | tuple[int, int], status_page_fd: int, parent: int
) -> Callable[[], None]:
    """Make this process a worker of the host process `parent`, with which it ends. Return the
    function that serves the channel.

    `side`: a socket, or a pipe to read from and a pipe to write to. `status_page_fd`: -1 where
    there is none. `parent`: negative where the host started a program that started this one.
    """
    reads, writes = side if isinstance(side, tuple) else (side, side)
    for descriptor in {fd, reads, writes}:
        os.set_inheritable(descriptor, False)
        if sys.platform != "win32":  # pipes that Node makes wait there
            os.set_blocking(descriptor, True)
    # Deno adds it, for a child that is a Deno itself.
    os.environ.pop("DENO_EXTRA_STDIO_FDS", None)
    forget_own_source()
    status_page = None if status_page_fd < 0 else _open_status_page(status_page_fd)
    # Ctrl-C reaches the whole process group, but only the host acts on it. A handler ignores it
    # here, because child processes would inherit SIG_IGN.
    _signal.signal(_signal.SIGINT, _leave_it_to_the_host)
    install(status_page=status_page, reads=False)
    forking.prepare(own_process=True)
    forking.in_child(_restore_sigint)
    multiprocessing_support.prepare()
    terminal.install(own_process=True)
    threading.stack_size(16 << 20)
    if parent < 0 and (os.getppid() != -parent or parent == -1):
        from . import lend  # is not needed before

        # The host opens the shared memory of a worker by the id of the process that it started.
        # That was a launcher or a sandbox, and this process is its child: nothing can be lent. A
        # parent with the id 1 may be the host, or the first process of a sandbox.
        lend.stop()
    _end_with(parent, fd)
    return partial(_serve, fd, reads, writes, status_page)


def _serve(fd: int, side: int, side_writes: int, status_page: StatusPage | None) -> None:
    # A pipe of Windows cannot be polled: the thread that reads the side pipe waits for the end.
    hung_up = None if side == side_writes else _leave
    polite = serve(
        fd, side, status_page, own_process=True, side_writes=side_writes, hung_up=hung_up
    )
    if polite:
        from . import program_end  # is not needed before

        # Finalization would clear what objects of `exec` code need before it finalizes them.
        program_end.end()
    flush()
    if not polite:
        os._exit(0)


def _leave_it_to_the_host(_number: int, _frame: object) -> None:
    """Handle SIGINT."""


def _restore_sigint() -> None:
    """Let Ctrl-C interrupt a forked child: it is a program of its own."""
    if _signal.getsignal(_signal.SIGINT) is _leave_it_to_the_host:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def _open_status_page(fd: int) -> StatusPage:
    os.set_inheritable(fd, False)
    if not faulthandler.is_enabled():
        faulthandler.enable(fd)  # what a crash says goes behind what was printed
        forking.in_child(faulthandler.disable)
    return StatusPage(fd)


def _end_with(parent: int, fd: int) -> None:
    """End when the host does: when its end of the channel closes and, for C code that keeps the
    GIL, by a signal.
    """
    if sys.platform == "linux":
        try:
            from . import libc  # what it needs may be missing

            libc.prctl(_PR_SET_PDEATHSIG, _signal.SIGKILL, 0, 0, 0)
            libc.setvbuf(
                libc.stdout(), None, _IOLBF, 0
            )  # the end is SIGKILL, which flushes nothing
            libc.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES // 2)
            libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        except (ImportError, OSError, AttributeError, ValueError):
            pass
        if parent > 0 and os.getppid() != parent:
            os._exit(0)
    host_watch.watch(parent, fd, _leave)


def _leave() -> None:
    """End this process: the host is gone, or has closed the channel."""
    flush()
    os._exit(0)
