"""Interrupting a call that runs: an exception in its thread, at the next step of Python code, and
never in another call.

A thread stores in its `InterruptGuard` which request it runs. Another thread compares that number,
and sends the exception. The thread clears the number before it goes on to something else, and then
takes back an exception that was sent and has not arrived. Rules:

1. `request` is stored by the guard's own thread only, by plain assignments: Python looks for
   exceptions from outside at calls, jumps and starts of functions, so none can come between two of
   them.
2. Once `request` is None nothing new is sent; `settle` takes back what is on its way. Should the
   exception arrive meanwhile, it arrives in code that still belongs to the cancelled call. The
   sender counts `sent` and the thread counts `arrived`, so neither overwrites the other's count: a
   second exception may be sent while the first one is being raised. An exception that replaces
   another one on its way makes one arrival of two; `settle` corrects the count.
3. Nothing that must be whole (writing a frame, holding a lock) happens while `request` is set.
"""

from __future__ import annotations

import _signal
import functools
import importlib
import sys
import threading
import time
from _thread import allocate_lock, get_ident

from . import refusals
from .forking import in_child

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# SIGURG is ignored by default, and by everybody: the one signal that does no harm where it is not
# expected. On Windows, SIGINT is the only signal that ends a sleep.
_SIGNAL = getattr(_signal, "SIGURG", None) if sys.platform != "win32" else _signal.SIGINT


class CallCancelled(BaseException):
    """JavaScript cancelled this call. Not an Exception, so that `except Exception` lets it pass."""


class _Arrived(CallCancelled):
    """As sent by another thread. The object is made where the exception arrives, before any
    `finally` or `except` there runs.
    """

    def __init__(self) -> None:
        super().__init__()
        if _here.guard is not None:
            _here.guard.arrived += 1


_Arrived.__name__ = _Arrived.__qualname__ = "CallCancelled"


class InterruptGuard:
    """Interrupts one thread, while it runs a certain request."""

    __slots__ = ("_lock", "arrived", "request", "sending", "sent", "thread")

    def __init__(self) -> None:
        """Guard the calling thread."""
        self._lock = allocate_lock()
        self.thread = get_ident()
        # The request that the thread runs, as long as it may be interrupted.
        self.request: int | None = None
        # Whether an exception is being sent; how many were sent, and how many have arrived.
        self.sending = False
        self.sent = 0
        self.arrived = 0

    def interrupt(self, request: int) -> bool:
        """Interrupt the thread if it runs this request. Return whether it does. Runs on any other
        thread.
        """
        with self._lock:
            self.sending = True
            try:
                if self.request != request:
                    return False
                self.sent += 1
                if not _set_async_exc(self.thread, _Arrived):
                    self.sent -= 1
                return True
            finally:
                self.sending = False

    def run(self, request: int | None, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function for a request. It can be interrupted as long as it runs.

        `None`: the function stores the request itself, when it comes to code that may be
        interrupted.
        """
        outer = self.request
        try:
            self.request = request
            try:
                return function(*args)
            finally:
                self.request = None
                while self.sending or self.sent != self.arrived:
                    try:
                        self.settle()
                    except CallCancelled:
                        continue
        finally:
            self.request = outer

    def close(self) -> None:
        """Allow no more interrupts. Raises `CallCancelled` where one has arrived."""
        self.request = None
        while self.sending or self.sent != self.arrived:
            self.settle()

    def settle(self) -> None:
        """Take back what was sent and has not arrived. `request` is None."""
        while self.sending:
            time.sleep(0)
        if self.sent != self.arrived:
            _set_async_exc(self.thread, None)
            self.arrived = self.sent


class SignalGuard(InterruptGuard):
    """The guard of a process's main thread. Its signal also interrupts a sleep, and a wait for a
    lock.
    """

    __slots__ = ("_wanted",)

    def __init__(self) -> None:
        """Install the signal's handler."""
        super().__init__()
        self._wanted: int | None = None
        _signal.signal(_SIGNAL, self._arrived)  # type: ignore[arg-type]

    def interrupt(self, request: int) -> bool:
        """Send the signal. Its handler finds out whether it came too late."""
        self._wanted = request
        if self.request != request:
            return False
        self._send()
        return True

    def _send(self) -> None:
        """Send the signal to the main thread, which runs the handlers of all signals."""
        if sys.platform != "win32":
            _signal.pthread_kill(self.thread, _SIGNAL)  # type: ignore[arg-type]
        else:
            _signal.raise_signal(_SIGNAL)

    def _arrived(self, _number: int, _frame: Any) -> None:
        if self.request is not None and self.request == self._wanted:
            self._wanted = None
            raise CallCancelled


class _Here(threading.local):
    """The guard of this thread, if it has one."""

    guard: InterruptGuard | None = None


_here = _Here()


def guard_of_this_thread(*, own_process: bool) -> InterruptGuard:
    """Make the guard of the calling thread. `own_process`: nobody else handles signals here."""
    is_main = (
        own_process
        and _SIGNAL is not None
        and threading.current_thread() is threading.main_thread()
    )
    _here.guard = guard = SignalGuard() if is_main else InterruptGuard()
    return guard


def shielded(function: Callable[..., Any], *args: Any) -> Any:
    """Run a function that must not be interrupted. Raises `CallCancelled` first, where an interrupt
    was on its way.
    """
    guard = _here.guard
    if guard is None:
        return function(*args)
    held, guard.request = guard.request, None
    try:
        while guard.sending:
            time.sleep(0)
        if guard.sent != guard.arrived:
            guard.settle()
            raise CallCancelled
        return function(*args)
    finally:
        guard.request = held


def _forget() -> None:
    """In a forked child: the thread that was about to interrupt is the parent's."""
    guard = _here.guard
    if guard is not None:
        guard.sending = False
        guard.sent = guard.arrived


in_child(_forget)


def seal() -> None:
    """Allow no more interrupts of the call that runs on this thread. Raises `CallCancelled` where
    one has arrived.
    """
    if _here.guard is not None:
        _here.guard.close()


def import_whole(name: str) -> Any:
    """Import a module without interrupts: an interrupt while it waits for another thread's import
    would leave the import's lock locked for good.
    """
    return shielded(importlib.import_module, name)


def _set_async_exc(thread: int, error: type[BaseException] | None) -> bool:
    """Raise an exception in a thread of this interpreter, or take back one that has not arrived.
    Return whether it worked.
    """
    return _async_exc()(thread, error)


@functools.cache
def _async_exc() -> Callable[[int, Any], bool]:
    if refusals.is_watching and sys.version_info < (3, 13):
        return lambda _thread, _error: False  # ctypes does not load there
    try:
        import ctypes  # takes 10 ms, may be missing
    except ImportError:
        return lambda _thread, _error: False
    function = ctypes.pythonapi.PyThreadState_SetAsyncExc
    function.argtypes = (ctypes.c_ulong, ctypes.c_void_p)
    function.restype = ctypes.c_int
    return lambda thread, error: function(thread, None if error is None else id(error)) == 1
