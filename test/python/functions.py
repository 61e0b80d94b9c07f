"""What calls JavaScript functions."""

import os
import threading
import time

kept = []
outcomes = []


def apply(function, *args, **kwargs):
    return function(*args, **kwargs)


def deep(container):
    """Call the functions in a list and in a dict."""
    return [
        container["list"][0](1),
        container["dict"]["function"](2),
        container["list"][0] is container["dict"]["function"],
    ]


def catches(function):
    try:
        function()
    except Exception as error:
        return [
            type(error).__name__,
            error.name,
            error.message,
            "thrower" in error.stack,
            str(error),
        ]
    return None


def recovers(function, *args):
    """Return the fallback when the function throws."""
    try:
        return function(*args)
    except Exception:
        return "fallback"


def reraises(function):
    try:
        function()
    except Exception:
        raise


def wraps(function):
    try:
        function()
    except Exception as error:
        raise ValueError("wrapped") from error


def finds_in_context(function):
    try:
        function()
    except Exception:
        return {}["missing"]


def keep(*functions):
    kept.extend(functions)
    return len(kept)


def call_kept(*args):
    return [function(*args) for function in kept]


def take_kept():
    functions = list(kept)
    kept.clear()
    return functions


def repeat(function, count):
    return sum(function(number) for number in range(count))


def same(first, second):
    return first is second and first == second and len({first, second}) == 1


class Listeners:
    def __init__(self):
        self.listeners = []

    def add(self, listener):
        self.listeners.append(listener)

    def remove(self, listener):
        self.listeners.remove(listener)

    def emit(self, *args):
        return [listener(*args) for listener in self.listeners]


def describe(function):
    return [repr(function), function.__name__, callable(function)]


def in_thread(function, *args):
    """Call it on another thread, and wait for that here."""
    results = []

    def run():
        try:
            results.append(["returned", function(*args)])
        except BaseException as error:
            results.append(["raised", type(error).__name__])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


def raised_in_thread(function):
    """Raise here what the function raised on another thread."""
    errors = []

    def run():
        try:
            function()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    raise errors[0]


def in_many_threads(function, threads, calls):
    """Call it on many threads at once."""
    results = [None] * threads

    def run(number):
        results[number] = [function(number, call) for call in range(calls)]

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return results


def start_thread(function, *args):
    """Call it on another thread, soon; nobody waits for that."""

    def run():
        try:
            outcomes.append(["returned", function(*args)])
        except BaseException as error:
            outcomes.append(["raised", type(error).__name__])

    threading.Thread(target=run, daemon=True).start()


def take_outcomes():
    found = list(outcomes)
    outcomes.clear()
    return found


def call_when_there_is(gate, function, outcome):
    """Call it on another thread as soon as there is a file, and write how that ended to another
    one.
    """

    def run():
        while not os.path.exists(gate):
            time.sleep(0.005)
        try:
            text = f"returned {function()}"
        except BaseException as error:
            text = f"raised {type(error).__name__}"
        with open(f"{outcome}.part", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(f"{outcome}.part", outcome)

    threading.Thread(target=run, daemon=True).start()


class Caller:
    """Something that lives in one worker."""

    def value(self):
        return 1

    def call(self, function, *args):
        return function(*args)


def call_for(item, *, function, **others):
    """For map."""
    return function(item, **others)
