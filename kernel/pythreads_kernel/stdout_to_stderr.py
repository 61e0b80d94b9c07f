"""Moves stdout to stderr when it is imported: the command line preloads it where stdout is for
results alone.

The descriptor is moved, so text of C code and child processes goes to stderr too. In a worker
process that is all. In-process, the descriptor is the host's. The host names its process and a
descriptor that it has opened for reading, in `PYTHREADS_STDOUT`; its stdout is moved to that number
first.
"""

from __future__ import annotations

import os

from .output import direct

_STDOUT, _STDERR = 1, 2


def _keep() -> bool:
    """Move the host's stdout to the number that the host named. Return whether there is still
    something to do.
    """
    host, _, number = os.environ.get("PYTHREADS_STDOUT", "").partition(":")
    if host != str(os.getpid()):
        return True
    import fcntl

    kept = int(number)
    if fcntl.fcntl(kept, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
        return False  # another interpreter of this process was first
    os.dup2(_STDOUT, kept, inheritable=False)
    return True


def _move() -> None:
    try:
        if _keep():
            os.dup2(_STDERR, _STDOUT)
    except (OSError, ValueError):
        return  # one of them is closed: nothing can be printed there
    direct.join()


def _move_alone() -> None:
    """Move it while no other interpreter of this process does: they share no lock."""
    try:
        import fcntl
    except ImportError:  # Windows, where each worker is a process
        _move()
        return
    with open(__file__, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        _move()


_move_alone()
