"""Every position in which a value can arrive: each function returns the values as they arrived, in
a list.
"""

import asyncio
import threading

kept = []


def identity(value):
    return value


def arguments(*values):
    return list(values)


def keywords(**values):
    return list(values.values())


def call_each(function, count):
    """What a function of JavaScript returns."""
    return [function(index) for index in range(count)]


async def await_each(function, count):
    """What an asynchronous function of JavaScript returns, on the event loop."""
    return [await function(index) for index in range(count)]


async def call_each_in_coroutine(function, count):
    """What a function of JavaScript returns, on the event loop."""
    return [function(index) for index in range(count)]


def call_each_in_thread(function, count):
    """What a function of JavaScript returns, on another thread."""
    values = []
    thread = threading.Thread(target=lambda: values.extend(call_each(function, count)))
    thread.start()
    thread.join()
    return values


def give_each(function, values):
    """Pass each value to a function of JavaScript, alone."""
    for value in values:
        function(value)


async def give_each_in_coroutine(function, values):
    for value in values:
        await asyncio.sleep(0)
        function(value)


def give_each_as_keyword(function, values):
    for value in values:
        function(value=value)


def iterate(items):
    return list(items)


async def iterate_in_coroutine(items):
    return [item async for item in items]


def iterator(values):
    return iter(values)


def catch_each(function, count):
    """The exceptions that a function of JavaScript raises."""
    caught = []
    for index in range(count):
        try:
            function(index)
        except Exception as error:
            caught.append(error)
    return caught


class FailureError(Exception):
    """Its text does not show its arguments, which can be endless."""

    def __str__(self):
        return "failed"


def fail_each(values):
    """Raise an exception for each value, all in one group where Python has them."""
    failures = [FailureError(value) for value in values]
    raise failures[0] from failures[-1]


def keep(*values, **named):
    kept[:] = [*values, *named.values()]


def take():
    values = list(kept)
    kept.clear()
    return values
