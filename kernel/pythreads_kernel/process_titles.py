"""Names of workers in the system: the title of the process in `ps`, and names of threads in `top
-H`.

Nothing depends on them. Where the system does not let a process change them, they stay as they are.
"""

from __future__ import annotations

import os
import sys
import threading

from .forking import in_child

_MAX_COMM = 15
_TASK = "/proc/self/task"
# The fields of /proc/self/stat for the beginning and end of the command line, counted from behind
# the name.
_ARG_START, _ARG_END = 45, 46


def title_of(pool: str, worker: int | None) -> str:
    """The short name of a worker: `images-3`; that of sync calls is `images-sync`."""
    return f"{pool}-{'sync' if worker is None else worker}"


def name_worker(pool: str, worker: int | None, *, own_process: bool) -> None:
    """Name the thread that serves, and its process where that is the worker's own."""
    title = title_of(pool, worker)
    if own_process:
        what = "sync calls" if worker is None else f"worker {worker}"
        _set_title(f"pythreads: {what} of {pool} ({sys.executable})")
    elif threading.current_thread() is not threading.main_thread():
        threading.current_thread().name = f"pythreads-{title}"
    name_thread(title)


def name_thread(title: str, suffix: str = "") -> None:
    """Name this thread for the system. It keeps 15 bytes, so the number of the worker at the end is
    kept, and the name is cut.
    """
    if sys.platform != "linux":
        return
    pool, _, number = title.rpartition("-")
    end = f"-{number}{suffix}".encode()
    name = b"py-" + pool.encode("utf-8", "replace")[: _MAX_COMM - 3 - len(end)] + end
    try:
        with open(f"{_TASK}/{threading.get_native_id()}/comm", "wb", buffering=0) as file:
            file.write(name)
    except OSError:
        pass


def _set_title(title: str) -> None:
    """Write over the command line, which is as long as the text that started this worker. Nothing
    reads it any more.
    """
    if sys.platform != "linux":
        return
    try:
        with open("/proc/self/stat", "rb", buffering=0) as file:
            fields = file.read(4096).rpartition(b")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
        with open("/proc/self/cmdline", "rb", buffering=0) as file:
            own = file.read(end - start) if 0 < start < end else b""
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            if not own or os.pread(memory.fileno(), len(own), start) != own:
                return
            os.pwrite(
                memory.fileno(),
                title.encode("utf-8", "replace")[: end - start - 1].ljust(end - start, b"\0"),
                start,
            )
    except (OSError, ValueError, IndexError, OverflowError):
        return
    in_child(lambda: _set_title(f"{title}, forked"))
