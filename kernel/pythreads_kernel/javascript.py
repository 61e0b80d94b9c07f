"""JavaScript values that Python holds: functions to call, iterators to go through, errors that were
thrown.
"""

from __future__ import annotations

import sys

from .current import current
from .forking import forked

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from .interfaces import Channel
    from .references import Reference, ReferenceCounts


class JavaScriptError(Exception):
    """What a JavaScript function threw. When it leaves Python again, JavaScript gets the very same
    value back.
    """

    def __init__(
        self, name: str, message: str, stack: str, reference: Reference | None = None
    ) -> None:
        """`name` is the class of the error in JavaScript, `stack` its text there."""
        super().__init__(f"{name}: {message}" if name else message)
        self.name = name
        self.message = message
        self.stack = stack
        self.reference = reference

    def is_from(self, counts: ReferenceCounts) -> bool:
        """Whether JavaScript of this pool threw it. That pool gets back what was thrown."""
        return self.reference is not None and self.reference.counts is counts


class DeadlockError(JavaScriptError):
    """A call that could never return was refused."""

    def __init__(self, message: str) -> None:
        """`message` says what waits for what."""
        super().__init__("", message, "")


class JavaScriptFunction:
    """A JavaScript function. Keyword arguments arrive as one object, the last argument.

    A function that returns a promise returns an awaitable where an event loop runs (in a
    coroutine). Anywhere else the call waits for the promise, with the GIL released.
    """

    __slots__ = ("__name__", "__qualname__", "__weakref__", "_channel", "_is_async", "reference")

    def __init__(self, reference: Reference, name: str, is_async: bool, channel: Channel) -> None:
        """`channel` is used where the calling thread serves no channel of the same pool."""
        self.reference = reference
        self.__name__ = self.__qualname__ = name or "anonymous"
        self._is_async = is_async
        self._channel = channel

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it. Raises `JavaScriptError` when it throws."""
        return call(
            self._channel,
            self.reference.number,
            (*args, kwargs) if kwargs else args,
            self._is_async,
        )

    def __repr__(self) -> str:
        return f"<JavaScript function {self.__name__}>"

    def is_from(self, counts: ReferenceCounts) -> bool:
        """Whether JavaScript of this pool sent it. That pool gets the function itself back."""
        return self.reference.counts is counts


class JavaScriptIterator:
    """A JavaScript iterator, for `for` and for `async for`. Closing it calls its `return`."""

    __slots__ = ("__weakref__", "_channel", "_done", "_is_async", "reference")

    def __init__(self, reference: Reference, is_async: bool, channel: Channel) -> None:
        """`is_async`: its steps are promises."""
        self.reference = reference
        self._is_async = is_async
        self._channel = channel
        self._done = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._is_async and running_loop() is not None:
            raise DeadlockError(
                "an asynchronous JavaScript iterator in a coroutine is gone through by `async for`"
            )
        step = None if self._done else call(self._channel, self.reference.number, ("next",), False)
        return self._value(step, StopIteration)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        step: Any = (
            None
            if self._done
            else call(self._channel, self.reference.number, ("next",), self._is_async)
        )
        if hasattr(step, "__await__"):
            step = await step
        return self._value(step, StopAsyncIteration)

    def close(self) -> None:
        """Call the iterator's `return`, unless it has ended."""
        if not self._done:
            self._done = True
            call(self._channel, self.reference.number, ("return",), False)

    async def aclose(self) -> None:
        """As `close`, in a coroutine."""
        if not self._done:
            self._done = True
            closing = call(self._channel, self.reference.number, ("return",), self._is_async)
            if hasattr(closing, "__await__"):
                await closing

    def __repr__(self) -> str:
        return f"<JavaScript {'async ' if self._is_async else ''}iterator>"

    def _value(self, step: Any, end: type[Exception]) -> Any:
        if step is None:
            self._done = True
            raise end
        return step[0]


def call(origin: Channel, number: int, args: tuple[Any, ...], is_async: bool) -> Any:
    """Call the JavaScript function with this number from any thread. `origin` is the channel that
    the function came by.
    """
    if forked:
        raise RuntimeError(
            "a forked child cannot call JavaScript: only its parent has a connection to it"
        )
    channel, scope = current.channel, origin.scope
    if channel is None or channel.scope is not scope:
        if channel is not None and channel.is_sync and channel.scope.owner == scope.owner:
            raise DeadlockError("this JavaScript thread waits in a sync call of another pool")
        channel = origin
    loop = running_loop()
    waiting = scope.waiting
    if waiting is not None and waiting is not channel:
        channel = waiting  # the JavaScript thread reads only this channel now
    elif loop is None and channel.is_serving:
        return channel.call_back(number, args)
    if channel.side is None:
        raise DeadlockError("the JavaScript thread waits in this very call")
    return channel.side.call_back(number, args, loop, is_async)


def running_loop() -> Any:
    """The event loop that runs on this thread."""
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()  # noqa: SLF001 - the one that does not raise
