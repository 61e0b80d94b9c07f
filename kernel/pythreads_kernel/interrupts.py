"""Interrupting a call that runs: an exception in its thread, at the next step of Python code, and
never in another call.

A thread says in its `InterruptGuard` which request it works for. Whoever interrupts compares, and
sends; the thread withdraws the request before it goes on to something else, and then takes back
what was sent and has not arrived. Rules:

1. `request` is stored by the guard's own thread only, by plain assignments: Python looks for
   exceptions from outside at calls, jumps and starts of functions, so none can come between two of
   them.
2. Once `request` is None nothing new is sent; `settle` deals with what is on its way. Should it
   arrive meanwhile, it has arrived, in a place that is still the cancelled call's. One side counts
   what was sent, the other one what has arrived, so that neither undoes what the other one notes: a
   second one may be sent while the first one is being raised. One that takes the place of another
   on its way is never seen to arrive; `settle` makes up for it.
3. Nothing that would be left half-done (a frame that is written, a lock) happens while `request` is
   set.
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

# Ignored by default, and by everybody: the one signal that does no harm where it is not expected.
_SIGNAL = getattr(_signal, "SIGURG", None)


class CallCancelled(BaseException):
    """JavaScript cancelled this call. Not an Exception, so that `except Exception` lets it pass."""


class _Arrived(CallCancelled):
    """One that another thread sent. It is made where it arrives, before any `finally` or `except`
    there runs.
    """

    def __init__(self) -> None:
        super().__init__()
        if _here.guard is not None:
            _here.guard.arrived += 1


_Arrived.__name__ = _Arrived.__qualname__ = "CallCancelled"


class InterruptGuard:
    """Through which one thread can be interrupted."""

    __slots__ = ("_lock", "arrived", "request", "sending", "sent", "thread")

    def __init__(self) -> None:
        """Belong to the thread that makes it."""
        self._lock = allocate_lock()
        self.thread = get_ident()
        # The request on whose behalf the thread runs code that may be interrupted.
        self.request: int | None = None
        # Somebody is about to interrupt; how often somebody has, and how often the thread knows of.
        self.sending = False
        self.sent = 0
        self.arrived = 0

    def interrupt(self, request: int) -> bool:
        """Interrupt the thread if it works for this request; answer whether it does. Runs
        on any other thread.
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
        """Call a function on behalf of a request, which can be interrupted meanwhile, and
        not after.

        `None`: the function opens the gate itself, by storing the request, when it comes to what
        may be interrupted.
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
        """Let nothing through any more. Raises `CallCancelled` where something is through."""
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
    """The gate of a process's main thread, which a signal interrupts in a sleep, or while it
    waits for a lock, too.
    """

    __slots__ = ("_wanted",)

    def __init__(self) -> None:
        """Install the signal's handler."""
        super().__init__()
        self._wanted: int | None = None
        _signal.signal(_SIGNAL, self._arrived)  # type: ignore[arg-type]

    def interrupt(self, request: int) -> bool:
        """Send the signal; whether it is too late is decided where it arrives."""
        self._wanted = request
        if self.request != request:
            return False
        _signal.pthread_kill(self.thread, _SIGNAL)  # type: ignore[arg-type]
        return True

    def _arrived(self, _number: int, _frame: Any) -> None:
        if self.request is not None and self.request == self._wanted:
            self._wanted = None
            raise CallCancelled


class _Here(threading.local):
    """The gate of this thread, if it has one."""

    guard: InterruptGuard | None = None


_here = _Here()


def guard_of_this_thread(*, own_process: bool) -> InterruptGuard:
    """Make the gate of the calling thread. `own_process`: nobody else decides about signals
    here.
    """
    is_main = (
        own_process
        and _SIGNAL is not None
        and threading.current_thread() is threading.main_thread()
    )
    _here.guard = guard = SignalGuard() if is_main else InterruptGuard()
    return guard


def shielded(function: Callable[..., Any], *args: Any) -> Any:
    """Run what must not be left half-done. Raises `CallCancelled` first, where that was on its
    way.
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
    """Nobody interrupts a forked child: who was about to is a thread of its parent."""
    guard = _here.guard
    if guard is not None:
        guard.sending = False
        guard.sent = guard.arrived


in_child(_forget)


def seal() -> None:
    """Let nothing interrupt the call any more that runs on this thread. Raises `CallCancelled`
    where something is through.
    """
    if _here.guard is not None:
        _here.guard.close()


def import_whole(name: str) -> Any:
    """Import a module where an interrupt may come: one that waits for another thread's import would
    keep its lock for good.
    """
    return shielded(importlib.import_module, name)


def _set_async_exc(thread: int, error: type[BaseException] | None) -> bool:
    """Raise an exception in a thread of this interpreter, or take back one that has not arrived.
    Answer whether it worked.
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
