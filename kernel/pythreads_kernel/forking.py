"""Children that `os.fork` makes of this process: each ends where its call would return, and sends
nothing to JavaScript.

A forked child is a copy of the worker, in thread isolation a copy of Node, with one thread: the
thread that forked. It has copies of the channels too. So the child's descriptors of them are
replaced, and the kernel checks `forked` before it writes anywhere. Where code of the user returns
to the kernel, the child ends: with status 0, or as its exception says.
"""

from __future__ import annotations

import _signal
import os
import sys
from _thread import _local as local
from _thread import get_ident

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

# The process id, in a child. A list, as a local variable that names it costs a loop almost nothing.
forked: list[int] = []
# The descriptors of channels that are open in this interpreter.
descriptors: set[int] = set()
# What a child does after this thread forked it, by thread: a thread that is not the kernel's must
# not be ended.
on_thread: dict[int, Callable[[], None]] = {}
_KERNEL = __name__.rpartition(".")[0]
_local = local()


def prepare(*, own_process: bool) -> None:
    """Silence children of this process. `own_process`: Node is not in it."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_flush, after_in_child=lambda: _silence(own_process=own_process))


def in_child(function: Callable[[], None]) -> None:
    """Call a function in each child."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)


def leave(error: BaseException | None = None) -> NoReturn:
    """End a child, whose call has returned or raised `error`."""
    status = 1
    try:
        status = _status(error)
        import threading  # is loaded already

        for thread in threading.enumerate():
            if thread.ident != get_ident() and not thread.daemon:
                thread.join()
    except BaseException as other:
        status = 1
        _show(other)
    finally:
        _flush()
        if isinstance(error, KeyboardInterrupt):
            _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
            os.kill(os.getpid(), _signal.SIGINT)
        os._exit(status)


def run(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function of the user, from which a child does not return."""
    try:
        result = function(*args)
    except BaseException as error:
        if forked:
            leave(error)
        raise
    if forked:
        leave()
    return result


def _silence(*, own_process: bool) -> None:
    """Make this copy of the process a child. Runs on its only thread."""
    forked.append(os.getpid())
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in descriptors:
            os.dup2(nowhere, fd, inheritable=False)
        os.close(nowhere)
    except OSError:  # no descriptor is left
        for fd in descriptors:
            os.close(fd)
    descriptors.clear()
    is_main = own_process and get_ident() == _main
    if not own_process:
        _handle_signals()
    if get_ident() in on_thread:
        on_thread[get_ident()]()
    elif not is_main:
        if not hasattr(_local, "ends"):
            _local.ends = _Ends()
        _end_with_work_item()


_main = get_ident()


def _handle_signals() -> None:
    """Give signals the handlers of a Python program: Node's handlers would write to pipes that the
    child shares with Node.
    """
    for number in _signal.valid_signals():
        handler = _signal.getsignal(number)
        try:
            if handler != _signal.SIG_IGN:
                _signal.signal(number, handler or _signal.SIG_DFL)
        except (OSError, ValueError):  # SIGKILL, SIGSTOP
            continue


class _Ends:
    """Ends a child when the thread that forked it does: nothing else would end a copy of Node."""

    def __del__(self) -> None:
        leave()


def _end_with_work_item() -> None:
    """End a child that a thread of a `ThreadPoolExecutor` forked, after its work item: the thread
    would wait for another one.
    """
    executor: Any = sys.modules.get("concurrent.futures.thread")
    frame = None if executor is None else sys._getframe()  # noqa: SLF001 - there is no other way to find who called
    while frame is not None:
        if frame.f_code is executor._WorkItem.run.__code__:  # noqa: SLF001
            frame.f_locals["self"].future.add_done_callback(
                lambda future: leave(future.exception())
            )
        frame = frame.f_back


def _status(error: BaseException | None) -> int:
    """Return the status with which Python would end for an exception, and show the exception as
    Python would.
    """
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        _show(error)
        return 1
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if abs(code) < 1 << 63 else 0xFF
    print(code, file=sys.stderr)
    return 1


def _show(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == _KERNEL:
        trace = trace.tb_next
    error.__traceback__ = trace
    try:
        sys.excepthook(type(error), error, trace)
    except BaseException:  # it is the user's
        sys.__excepthook__(type(error), error, trace)


def _flush() -> None:
    """Flush what is printed: in a parent before it forks, as the child would print it again; in a
    child at its end.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()  # type: ignore[union-attr]
        except Exception:  # noqa: S112 - None, closed, or of the user
            continue
