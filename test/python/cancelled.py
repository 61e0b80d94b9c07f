"""Calls that are cancelled, and what they note meanwhile."""

import asyncio
import sys
import threading
import time

notes = []
lock = threading.Lock()
lock.acquire()


def note(what):
    notes.append(what)
    return what


def take_notes():
    found = list(notes)
    notes.clear()
    return found


class Noting:
    """A context manager that notes what it is left with."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        notes.append("with")
        return False


def spin():
    while True:
        pass


def spin_for(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return seconds


def spins(begun):
    """Pure Python without an end, which tries to go on after any Exception, and cleans up."""
    try:
        with Noting():
            begun()
            while True:
                try:
                    for _ in range(1000):
                        pass
                except Exception:
                    notes.append("swallowed")
    finally:
        notes.append("finally")


def generates(begun):
    """A generator that spins after its second item."""
    try:
        yield 1
        yield 2
        begun()
        spin()
    finally:
        notes.append("finally")


def cleans_up(begun, cleaned):
    """What is done in `finally` is calls of JavaScript."""
    try:
        begun()
        spin()
    finally:
        cleaned("first")
        cleaned("second")


def prints_at_last(begun):
    try:
        begun()
        spin()
    finally:
        print("at last", flush=True)


def cleans_up_for(begun, seconds):
    """Clean up in pure Python for so long."""
    try:
        begun()
        spin()
    finally:
        spin_for(seconds)
        notes.append("cleaned")


def sleeps(begun, seconds):
    try:
        begun()
        time.sleep(seconds)
    finally:
        notes.append("finally")


def waits_for_lock(begun, seconds):
    """Nobody ever releases this lock."""
    try:
        begun()
        lock.acquire(timeout=seconds)
    finally:
        notes.append("finally")


def in_c_code(begun, numbers):
    """One call of C code, which keeps the GIL where there is one."""
    begun()
    return sum(range(numbers))


def stubborn(begun, seconds):
    """Swallow whatever comes, for so long."""
    begun()
    _persist(time.monotonic() + seconds, 5)
    return "went on"


def _persist(end, depth):
    """Go on at a depth: what arrives between two `try` there is caught further out."""
    while time.monotonic() < end:
        try:
            if depth == 0:
                spin_for(end - time.monotonic())
            else:
                _persist(end, depth - 1)
        except BaseException:
            pass


def returns_object(begun):
    """Swallow the interrupt, and return what stays in Python."""
    try:
        begun()
        spin()
    except BaseException:
        return Noting()


def calls(function, *args):
    try:
        return function(*args)
    finally:
        notes.append("finally")


def swallows_once(function, again):
    """Call a function; when that is cancelled call another one."""
    try:
        return function()
    except BaseException:
        return again()


def keeps_on_calling(function):
    """Swallow whatever a function raises, and call it again."""
    while True:
        try:
            function()
        except BaseException:
            pass


def goes_through(items):
    try:
        return sum(items)
    finally:
        notes.append("finally")


class Tidy:
    """Something that is remembered by how many there are."""

    count = 0

    def __init__(self):
        Tidy.count += 1

    def __del__(self):
        Tidy.count -= 1


def with_tidy(_tidy, begun):
    begun()
    spin()


def tidies():
    return Tidy.count


async def waits(begun):
    try:
        begun()
        await asyncio.sleep(3600)
    finally:
        notes.append("finally")


async def goes_on(begun, seconds):
    """Catch what cancels it, and go on."""
    begun()
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        notes.append("caught")
    await asyncio.sleep(seconds)
    notes.append("went on")
    return "went on"


async def hogs(begun):
    """Keep the event loop busy with pure Python."""
    try:
        begun()
        spin()
    finally:
        notes.append("finally")


async def hogs_later(begun):
    """Likewise, after it has given way."""
    try:
        begun()
        await asyncio.sleep(0.01)
        spin()
    finally:
        notes.append("finally")


async def gathers(begun):
    """Likewise, in a task of its own making."""

    async def inner():
        begun()
        await asyncio.sleep(3600)

    try:
        await asyncio.gather(inner(), inner())
    finally:
        notes.append("finally")


async def blocks(begun, seconds):
    """Block the event loop."""
    begun()
    time.sleep(seconds)  # noqa: ASYNC251


async def later(seconds, value):
    await asyncio.sleep(seconds)
    return value


async def awaits(function):
    try:
        return await function()
    finally:
        notes.append("finally")


async def tasks_left():
    return len(asyncio.all_tasks()) - 1


async def counts_for_ever(begun):
    """An asynchronous generator that stops giving."""
    try:
        yield 1
        begun()
        await asyncio.sleep(3600)
    finally:
        notes.append("finally")


def short(number):
    """Take about 50 us, and note that it ran."""
    notes.append(number)
    for _ in range(1000):
        pass
    return number


def short_or_long(number, seconds):
    """A kind of call that is short, but for some."""
    notes.append(number)
    if seconds:
        time.sleep(seconds)
    return number


class _Slow:
    """Takes its time to find one module, which is to be imported anew."""

    def __init__(self, name, seconds):
        self.name = name
        self.seconds = seconds
        sys.modules.pop(name, None)
        package, _, last = name.rpartition(".")
        vars(sys.modules[package]).pop(last, None)
        sys.meta_path.insert(0, self)

    def find_spec(self, name, *_):
        if name == self.name:
            time.sleep(self.seconds)

    def stop(self):
        sys.meta_path.remove(self)


def slow_down(name, seconds):
    return _Slow(name, seconds)
