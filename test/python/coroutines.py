"""Coroutine functions, and what else asyncio has."""

import asyncio
import contextlib
import contextvars
import threading

seen = []
number = contextvars.ContextVar("number", default=0)


async def sleep(seconds, value=None):
    await asyncio.sleep(seconds)
    return value


async def at_once(value):
    return value


async def raises(kind, message):
    await asyncio.sleep(0)
    raise getattr(__import__("builtins"), kind)(message)


async def raises_cancelled():
    raise asyncio.CancelledError


async def for_ever(begun):
    """Say that it runs, and wait until it is cancelled."""
    try:
        begun()
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        seen.append("cancelled")
        raise
    finally:
        seen.append("finally")


async def refuses_to_end(begun):
    begun()
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return "went on"


async def awaits(function, *args):
    return await function(*args)


async def calls(function, *args):
    return function(*args)


async def gathers(function, count):
    return await asyncio.gather(*[function(item) for item in range(count)])


async def wraps(function):
    try:
        await function()
    except Exception as error:
        raise ValueError("wrapped") from error


async def both(first, second):
    """Wait for an event of another coroutine."""
    return await asyncio.gather(first(), second())


events = {}


async def waits_for(name):
    await events.setdefault(name, asyncio.Event()).wait()
    return name


async def sets(name):
    events.setdefault(name, asyncio.Event()).set()


def task_of(value):
    """A task that runs already; called in a coroutine."""
    return asyncio.ensure_future(at_once(value))


tasks = []


async def make_task(value):
    tasks.append(asyncio.ensure_future(sleep(0.01, value)))


def last_task():
    return tasks.pop()


async def counts(to, log=None):
    """An asynchronous generator."""
    try:
        for item in range(to):
            await asyncio.sleep(0)
            if log is not None:
                log(item)
            yield item
    finally:
        await asyncio.sleep(0)
        seen.append("closed")


async def counts_and_fails():
    yield 1
    raise LookupError("after one")


class Countdown:
    """An asynchronous iterator that is no generator."""

    def __init__(self, start):
        self.left = start

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.left == 0:
            raise StopAsyncIteration
        self.left -= 1
        return self.left


class Range:
    """An asynchronous iterable that is no iterator."""

    def __init__(self, end):
        self.end = end

    def __aiter__(self):
        return Countdown(self.end)


class Context:
    """An asynchronous context manager that notes what it sees."""

    def __init__(self, swallows=False):
        self.swallows = swallows
        self.log = []

    async def __aenter__(self):
        await asyncio.sleep(0)
        self.log.append("enter")
        return "entered"

    async def __aexit__(self, kind, error, trace):
        await asyncio.sleep(0)
        self.log.append(None if kind is None else kind.__name__)
        return self.swallows


@contextlib.asynccontextmanager
async def by_generator():
    try:
        yield "entered"
    finally:
        seen.append("left")


async def sets_number(value):
    before = number.get()
    number.set(value)
    await asyncio.sleep(0)
    return [before, number.get()]


async def in_the_loop():
    """Whether it runs on a thread of its own, and how many tasks there are."""
    return [threading.current_thread() is threading.main_thread(), len(asyncio.all_tasks())]


async def tasks_left():
    return len(asyncio.all_tasks()) - 1


def loop_of_its_own(function, seconds):
    """Give up waiting for a promise in an event loop that then ends."""

    async def main():
        try:
            return await asyncio.wait_for(function(), seconds)
        except asyncio.TimeoutError:
            return "gave up"

    return asyncio.run(main())


def take_seen():
    found = list(seen)
    seen.clear()
    return found


async def iterate(iterable, count=None):
    """What `async for` gives."""
    items = []
    async for item in iterable:
        items.append(item)
        if len(items) == count:
            break
    return items


async def iterate_and_close(iterable, count):
    items = []
    async for item in iterable:
        items.append(item)
        if len(items) == count:
            await iterable.aclose()
            break
    return items


def threads():
    return sorted(thread.name for thread in threading.enumerate())
