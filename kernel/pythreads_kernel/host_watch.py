"""How a worker process notices that its host is gone, on each system.

- Linux: a thread polls the channel for a hang-up.
- macOS and the BSDs: a thread waits in a kqueue, for the hang-up and for the end of the host. Their
  `poll` reports a hang-up only beside other events.
- Windows: a thread waits for the end of the host. The pipes of the channel cannot be waited for, so
  the thread that reads the side pipe tells when the host closes it (`side_channel.py`).

A thread needs the GIL for its last step. For C code that keeps the GIL, Linux sends SIGKILL
(`PR_SET_PDEATHSIG`), and Windows ends the processes of the job in which Node starts its children.
"""

from __future__ import annotations

import sys
import threading

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# More bytes than a socket holds: the kqueue event is for the end of the channel alone.
_NEVER_THERE = 1 << 30


def watch(host: int, fd: int, leave: Callable[[], object]) -> None:
    """Call `leave` on another thread once the host is gone, or has closed its end of the channel
    `fd`. `host`: its process id, 0 or less where it is unknown.
    """
    threading.Thread(
        target=_wait_and_leave, args=(host, fd, leave), name="pythreads-watch", daemon=True
    ).start()


def _wait_and_leave(host: int, fd: int, leave: Callable[[], object]) -> None:
    if wait(host, fd):
        leave()


def wait(host: int, fd: int) -> bool:
    """Wait for the end of the host. Return `False` where this system has no way to wait."""
    if sys.platform == "win32":
        return wait_for_process(host)
    try:
        import select  # is not needed before
    except ImportError:  # a file of the user's has its name
        return False
    if sys.platform == "linux" or not hasattr(select, "kqueue"):
        return _poll(select, fd)
    return _wait_in_kqueue(select, host, fd)


def _poll(select: Any, fd: int) -> bool:
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(fd, 0)
    poll.poll()
    return True


def _wait_in_kqueue(select: Any, host: int, fd: int) -> bool:
    queue = select.kqueue()
    channel = select.kevent(
        fd,
        select.KQ_FILTER_READ,
        select.KQ_EV_ADD | select.KQ_EV_CLEAR,
        select.KQ_NOTE_LOWAT,
        _NEVER_THERE,
    )
    queue.control([channel], 0)
    if host > 0:
        end = select.kevent(host, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        try:
            queue.control([end], 0)
        except ProcessLookupError:  # it has ended already
            return True
        except OSError:  # another user's process; its end of the channel tells as well
            pass
    while True:
        for event in queue.control(None, 1, None):
            # A channel that is full also is an event.
            if event.filter == select.KQ_FILTER_PROC or event.flags & select.KQ_EV_EOF:
                return True


def wait_for_process(pid: int) -> bool:
    """Wait for the end of a process, on Windows. Return `False` where that is impossible."""
    import _winapi as winapi_typed  # of `multiprocessing`, which does the same

    winapi: Any = winapi_typed
    if pid <= 0:
        return False
    try:
        handle = winapi.OpenProcess(winapi.SYNCHRONIZE, False, pid)
    except OSError as error:
        # ERROR_INVALID_PARAMETER: no such process (any more)
        return getattr(error, "winerror", None) == 87  # noqa: PLR2004 - its number
    winapi.WaitForSingleObject(handle, winapi.INFINITE)
    return True
