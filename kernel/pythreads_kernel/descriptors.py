"""Descriptors 0 to 2 of a Node process, made as a Python program expects them: children inherit
them, and writes wait for a slow reader.

Node marks them close-on-exec when it starts, and again where it opens a terminal: libuv opens the
terminal anew, and puts that in the descriptor's place. Node's own children do not notice the mark,
as libuv duplicates their descriptors.

Node also makes a pipe or a socket non-blocking when it opens its stdout. That belongs to the open
file, so C code and children of Python would lose what a slow reader does not take. It is undone
here, as libuv undoes it for a child that inherits the descriptor. JavaScript opens its stdout and
stderr before Python starts (`src/isolation/standard-output.ts`), so Node does not change them
again.
"""

from __future__ import annotations

import functools
import os
import stat
import sys

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def share() -> None:
    """Let children inherit descriptors 0 to 2. Node may have marked one since the last time."""
    for fd in (0, 1, 2):
        try:
            os.set_inheritable(fd, True)
        except OSError:  # it was closed
            continue
    make_terminal_wait()


def make_terminal_wait() -> None:
    """Let readers of stdin wait where that is a terminal. Node reads from a terminal only what is
    there already, so it never waits.
    """
    try:
        if not os.get_blocking(0) and os.isatty(0):
            os.set_blocking(0, True)
    except OSError:
        pass


def make_blocking() -> None:
    """Let writers of stdout and stderr wait for a slow reader."""
    for fd in (1, 2):
        try:
            if _is_pipe(fd) and not _is_shared_with_stdin(fd):
                os.set_blocking(fd, True)
        except OSError:
            continue


def _is_pipe(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _is_shared_with_stdin(fd: int) -> bool:
    """Whether stdin is the same socket (`socat`, `inetd`): there Node must never wait when it
    reads.
    """
    try:
        return os.path.samestat(os.fstat(0), os.fstat(fd))
    except OSError:
        return False


def share_with_children() -> None:
    """Share the descriptors each time this interpreter starts a process, in whatever way."""
    share()
    os.register_at_fork(before=share)
    for name in ("system", "posix_spawn", "posix_spawnp"):
        _share_before(os, name)
    try:
        # of subprocess, multiprocessing, loky; it does not call what is registered for a fork
        import _posixsubprocess
    except ImportError:
        return
    _share_before(_posixsubprocess, "fork_exec")


def _share_before(module: Any, name: str) -> None:
    start: Callable[..., Any] | None = getattr(module, name, None)
    if start is None:
        return

    @functools.wraps(start)
    def sharing(*args: Any, **kwargs: Any) -> Any:
        share()
        return start(*args, **kwargs)

    setattr(module, name, sharing)


def write_whole(fd: int, data: bytes) -> None:
    """Write bytes whole, also where the descriptor does not wait."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[_write(fd, rest) :]
        except BlockingIOError:
            import select

            select.select((), (fd,), ())


def _write(fd: int, data: memoryview) -> int:
    if sys.platform != "win32":
        return os.write(fd, data)
    from . import console  # is not needed elsewhere

    return console.write(fd, data)


def wait_readable(fd: int) -> None:
    """Wait until a descriptor that does not wait has something to read."""
    import select

    select.select((fd,), (), ())
