"""Workers in sub-interpreters with a GIL of their own. Runs in the main interpreter.

Interpreters are made one at a time, after the main interpreter has imported the standard library's
C modules: parallel first imports of them can crash 3.13. An interpreter is destroyed when its
worker ends, unless a thread is left in it. On 3.12 and 3.13, which leak and can crash when
interpreters come and go, interpreters stay.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time

from .output import direct

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

_KERNEL_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# As in `src/kernel.ts`: nothing on the path takes the place of the kernel.
_BOOT = f"""
import sys
sys.modules["pythreads_kernel"] = kernel = type(sys)("pythreads_kernel")
kernel.__path__ = [{os.path.dirname(os.path.abspath(__file__))!r}]
sys.path.append({_KERNEL_FOLDER!r})
del kernel
import pythreads_kernel.subinterpreter_main
"""
_MAY_DESTROY = sys.version_info >= (3, 14)
_C_MODULES = (
    *(
        "array",
        "_asyncio",
        "_bisect",
        "_blake2",
        "_bz2",
        "_codecs",
        "_collections",
        "_contextvars",
        "_csv",
        "_ctypes",
    ),
    *(
        "_datetime",
        "_decimal",
        "_elementtree",
        "_hashlib",
        "_heapq",
        "_io",
        "_json",
        "_lzma",
        "_md5",
        "_multibytecodec",
    ),
    *(
        "_opcode",
        "_operator",
        "_pickle",
        "_posixsubprocess",
        "_queue",
        "_random",
        "_sha1",
        "_sha2",
        "_sha3",
        "_socket",
    ),
    *(
        "_sqlite3",
        "_ssl",
        "_statistics",
        "_struct",
        "_uuid",
        "_zoneinfo",
        "binascii",
        "cmath",
        "fcntl",
        "grp",
        "math",
    ),
    *("mmap", "pyexpat", "resource", "select", "termios", "unicodedata", "zlib"),
    *("datetime", "decimal", "json", "re", "enum", "threading", "logging", "traceback"),
)

_lock = threading.Lock()
# The channels of workers that serve, by their threads; and the threads of those that end.
_serving: dict[threading.Thread, int] = {}
_ending: set[threading.Thread] = set()
_BEGIN_S = 0.1
_LOOK_S = 0.001
_prepared = threading.Event()
# Interpreters that stay: 3.12 destroys an interpreter when the last reference to its id is
# gone, while its threads may still run.
_staying: list[Any] = []


def make() -> Any:
    """Make an interpreter that has the kernel. Raises `RuntimeError` where none can be made."""
    with _lock:
        _prepare()
        interpreter = _create()
        if not _MAY_DESTROY:
            _staying.append(interpreter)
        failure = _exec(interpreter, _BOOT)
        if failure is not None and _MAY_DESTROY:
            _module().destroy(interpreter)
    if failure is not None:
        raise RuntimeError(f"the kernel does not start in a sub-interpreter: {failure}")
    return interpreter


def try_out(source: str) -> str | None:
    """Run source in an interpreter of its own, which stays; return what went wrong."""
    return _exec(make(), source)


def run(interpreter: Any, fd: int, side: int, status_page: int, libpython: str) -> None:
    """Serve `fd` in an interpreter until its channel ends. Runs on the worker's thread."""
    thread = threading.current_thread()
    _serving[thread] = fd
    arguments = f"{fd}, {side}, {status_page}, {libpython!r}, {direct.tokens()}"
    failure = _exec(interpreter, f"pythreads_kernel.subinterpreter_main.run({arguments})")
    _ending.add(thread)
    del _serving[thread]
    unfinished = _exec(interpreter, f"pythreads_kernel.subinterpreter_main.finish({fd})")
    _ending.discard(thread)
    failure = failure or unfinished
    if failure is not None:
        # The channel is closed: the host knows that the worker has ended, and not why.
        print(f"pythreads: a worker's loop ended with an error: {failure}", file=sys.stderr)
    if _MAY_DESTROY and _exec(interpreter, "pythreads_kernel.subinterpreter_main.end()") is None:
        with _lock:
            _module().destroy(interpreter)


def end_idle() -> None:
    """End the workers that have nothing to do, and wait for them. Workers that are busy end later,
    and nothing waits for these.
    """
    import _socket

    threads = dict(_serving)
    for fd in threads.values():
        try:
            _socket.socket(fileno=os.dup(fd)).shutdown(_socket.SHUT_RD)
        except OSError:  # it has just ended
            continue
    deadline = time.monotonic() + _BEGIN_S
    while any(thread in _serving for thread in threads) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    while any(thread in _ending for thread in threads):
        time.sleep(_LOOK_S)


def _prepare() -> None:
    if _prepared.is_set():
        return
    for name in _C_MODULES:
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: S112 - it is missing, or a file of the user's has its name
            continue
    _prepared.set()


def _module() -> Any:
    return importlib.import_module(
        "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    )


def _create() -> Any:
    module = _module()
    if sys.version_info >= (3, 13):
        return module.create(module.new_config("isolated", allow_daemon_threads=True))
    return module.create(isolated=True)


def _exec(interpreter: Any, source: str) -> str | None:
    """Run source in an interpreter on this thread. Return what went wrong."""
    module = _module()
    if sys.version_info >= (3, 13):
        failure = module.exec(interpreter, source)
        return (
            None if failure is None else getattr(failure, "errdisplay", None) or failure.formatted
        )
    try:
        module.run_string(interpreter, source)
    except module.RunFailedError as error:
        return str(error)
    return None
