"""A worker's event loop, on a thread of its own: coroutines run there while the worker takes other
calls.
"""

from __future__ import annotations

import asyncio
import contextlib
from _thread import get_ident
from collections import deque
from collections.abc import Coroutine
from functools import partial
from types import CoroutineType

from . import frames
from .current import coroutine_of, current
from .encode import dumps
from .forking import leave, on_thread
from .interrupts import guard_of_this_thread
from .output import finish_coroutine, unfinished
from .plain import RefusedValueError
from .process_titles import name_thread
from .requests import describe_bytes
from .streams import flush_replaced
from .threads import thread

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

    from .interfaces import Channel
    from .interrupts import InterruptGuard


class EventLoop:
    """One event loop and its thread."""

    def __init__(self, channel: Channel) -> None:
        """Start the thread. Results of `start` go to the side socket of `channel`."""
        self._channel = channel
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[int, Any] = {}
        # Requests that were cancelled before the loop could tell their task. The loop may be busy
        # with such a task.
        self._cancelling: set[int] = set()
        # Requests whose task was cancelled.
        self._acknowledged: set[int] = set()
        self._guard: InterruptGuard | None = None
        self._stopped = False
        # Frames to be written when the loop comes round.
        self._replies: list[bytes] = []
        try:
            thread(
                self._run, f"pythreads-{channel.title}-loop" if channel.title else "pythreads-loop"
            ).start()
        except BaseException:  # no thread can be started: the next coroutine tries again
            self._loop.close()
            raise
        if channel.side is not None:
            channel.side.listen()  # for cancellations

    def start(self, request: int, awaitable: Any, flags: int) -> None:
        """Run a coroutine; its result is sent as the reply to `request`."""
        self._loop.call_soon_threadsafe(self._start, request, awaitable, flags)

    def run(self, awaitable: Any) -> Any:
        """Run a coroutine, and wait for its result on this thread."""
        return asyncio.run_coroutine_threadsafe(_awaited(awaitable), self._loop).result()

    def cancel(self, request: int) -> bool:
        """Cancel the coroutine of a request; the second time, interrupt it. Return whether there is
        one.
        """
        if request not in self._tasks:
            return False
        if request in self._acknowledged:  # the task decides what it does about it
            return True
        if request in self._cancelling:
            if self._guard is not None:
                self._guard.interrupt(request)
        else:
            self._cancelling.add(request)
            self._loop.call_soon_threadsafe(self._cancel, request)
        return True

    def stop(self) -> None:
        """Cancel what runs and end the thread."""
        self._stopped = True
        self._loop.call_soon_threadsafe(self._end)

    def _run(self) -> None:
        name_thread(self._channel.title, "/l")
        current.channel = self._channel
        self._guard = guard_of_this_thread(own_process=False)
        asyncio.set_event_loop(self._loop)
        on_thread[get_ident()] = self._forked
        while not self._stopped:
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt):  # of a task, which has it as its exception too
                continue
        del on_thread[get_ident()]
        self._loop.close()

    def _forked(self) -> None:
        """In a forked child: go no further than the end of the step that forked, as the other tasks
        are the parent's.
        """
        self._loop._ready = _LastStep(asyncio.current_task(self._loop))  # type: ignore[attr-defined]  # noqa: SLF001

    def _start(self, request: int, awaitable: Any, flags: int) -> None:
        coroutine_of.set(request)
        if type(awaitable) is CoroutineType and self._guard is not None:
            awaitable = _Interruptible(awaitable, request, self._guard)
        try:
            task = asyncio.ensure_future(awaitable, loop=self._loop)
        except BaseException as error:  # a future of another loop
            self._send(frames.ERROR, request, describe_bytes(error, self._channel))
            return
        self._tasks[request] = task
        task.add_done_callback(partial(self._done, request, flags))

    def _cancel(self, request: int) -> None:
        self._cancelling.discard(request)
        task = self._tasks.get(request)
        if task is not None:
            self._acknowledged.add(request)
            task.cancel()
        self._send(frames.ACKNOWLEDGED, request, b"")

    def _done(self, request: int, flags: int, task: Any) -> None:
        self._tasks.pop(request, None)
        self._cancelling.discard(request)
        self._acknowledged.discard(request)
        flush_replaced()
        if unfinished:
            finish_coroutine(self._channel, request)
        try:
            self._send(frames.RESULT, request, dumps(task.result(), self._channel, flags))
        except frames.TooLargeError as error:
            self._send(
                frames.ERROR, request, describe_bytes(RefusedValueError("result", str(error)))
            )
        except BaseException as error:  # the coroutine's, or a value's that cannot cross
            self._send(frames.ERROR, request, describe_bytes(error, self._channel))

    def _send(self, kind: int, request: int, payload: bytes) -> None:
        if not self._replies:
            self._loop.call_soon(self._flush)
        self._replies.append(frames.frame(kind, request, payload))

    def _flush(self) -> None:
        replies, self._replies = self._replies, []
        side = self._channel.side
        if side is None or self._stopped:
            return
        with contextlib.suppress(ConnectionError):
            side.write_bytes(b"".join(replies))
            self._channel.send_dropped(side.write_bytes)

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)


class _LastStep(deque):  # type: ignore[type-arg]
    """In a forked child, takes the place of the event loop's queue: the child ends at the next
    step.
    """

    def __init__(self, task: Any) -> None:
        super().__init__()
        self._task = task

    def popleft(self) -> Any:
        task = self._task
        if task is None:  # no task forked
            leave()
        if not task.done():
            leave(RuntimeError("a forked child cannot await: the event loop is its parent's"))
        leave(asyncio.CancelledError() if task.cancelled() else task.exception())

    def __bool__(self) -> bool:  # until 3.12 the truth of a deque ignores __len__
        return True

    def __len__(self) -> int:
        return 1


class _Interruptible(Coroutine):  # type: ignore[type-arg]
    """A coroutine of a request, whose steps can be interrupted."""

    def __init__(self, coroutine: Any, request: int, guard: InterruptGuard) -> None:
        self._coroutine = coroutine
        self._request = request
        self._guard = guard
        self.__name__ = coroutine.__name__
        self.__qualname__ = coroutine.__qualname__

    def send(self, value: Any) -> Any:
        return self._guard.run(self._request, self._coroutine.send, value)

    def throw(self, *error: Any) -> Any:
        return self._guard.run(self._request, self._coroutine.throw, *error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Any:
        return self._coroutine.__await__()


async def _awaited(awaitable: Any) -> Any:
    return await awaitable
