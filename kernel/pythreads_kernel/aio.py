"""A worker's event loop, on a thread of its own: coroutines run there while the worker takes other calls."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

from . import frames
from .javascript import coroutine_of, current
from .outgoing import dumps
from .requests import describe_bytes, is_awaited

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

    from .channel import Channel


class EventLoop:
    """One event loop and its thread."""

    def __init__(self, channel: Channel) -> None:
        """Start the thread. Results of `start` go to the side socket of `channel`."""
        self._channel = channel
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[int, Any] = {}
        self._stopped = False
        # Frames to be written when the loop comes round.
        self._replies: list[bytes] = []
        threading.Thread(target=self._run, name="pythreads-loop", daemon=True).start()
        if channel.side is not None:
            channel.side.listen()  # for cancellations

    def start(self, request: int, awaitable: Any, *, copy: bool) -> None:
        """Run a coroutine; its result is sent as the reply to `request`."""
        self._loop.call_soon_threadsafe(self._start, request, awaitable, copy)

    def run(self, awaitable: Any) -> Any:
        """Run a coroutine, and wait for its result on this thread."""
        return asyncio.run_coroutine_threadsafe(_awaited(awaitable), self._loop).result()

    def cancel(self, request: int) -> None:
        """Cancel the coroutine of a request, if it still runs."""
        self._loop.call_soon_threadsafe(self._cancel, request)

    def stop(self) -> None:
        """Cancel what runs and end the thread."""
        self._stopped = True
        self._loop.call_soon_threadsafe(self._end)

    def _run(self) -> None:
        current.channel = self._channel
        asyncio.set_event_loop(self._loop)
        while not self._stopped:
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt):  # of a task, which has it as its exception too
                continue
        self._loop.close()

    def _start(self, request: int, awaitable: Any, copy: bool) -> None:
        coroutine_of.set(request)
        try:
            task = asyncio.ensure_future(awaitable, loop=self._loop)
        except BaseException as error:  # a future of another loop
            self._send(frames.ERROR, request, describe_bytes(error, self._channel))
            return
        self._tasks[request] = task
        task.add_done_callback(partial(self._done, request, copy))

    def _cancel(self, request: int) -> None:
        task = self._tasks.get(request)
        if task is not None:
            task.cancel()

    def _done(self, request: int, copy: bool, task: Any) -> None:
        self._tasks.pop(request, None)
        if self._channel.output is not None:
            self._channel.output.end_call(request)
        try:
            self._send(frames.RESULT, request, dumps(task.result(), self._channel, copy=copy))
        except BaseException as error:  # the coroutine's, or a value's that cannot cross
            self._send(frames.ERROR, request, describe_bytes(error, self._channel))

    def _send(self, kind: int, request: int, payload: bytes) -> None:
        if not self._replies:
            self._loop.call_soon(self._flush)
        self._replies.append(frames.frame(kind, request, payload))

    def _flush(self) -> None:
        replies, self._replies = self._replies, []
        side = self._channel.side
        if side is not None and not self._stopped:
            try:
                side.write_bytes(b"".join(replies))
            except ConnectionError:
                return
            dropped = self._channel.released()
            if dropped:
                side.write_bytes(dropped)

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)


async def gather(values: list[Any]) -> tuple[list[Any], BaseException | None]:
    """Run the coroutines among some values at once; answer the results up to the first failure, and the failure."""
    results = list(await asyncio.gather(*map(_outcome, values)))
    failed = next((i for i, result in enumerate(results) if isinstance(result, _Failure)), None)
    return (results, None) if failed is None else (results[:failed], results[failed].error)


class _Failure:
    """What a coroutine of many raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _outcome(value: Any) -> Any:
    if not is_awaited(value):
        return value
    try:
        return await value
    except BaseException as error:  # SystemExit would end the loop
        return _Failure(error)


async def _awaited(awaitable: Any) -> Any:
    return await awaitable
