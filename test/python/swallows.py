"""Packages that go on without an extension module which refuses to load, as yaml, msgpack and
polars do.
"""

import importlib
import threading
from importlib.util import find_spec

# Those that are there: not every Python is built with all of them.
EXTENSIONS = [
    name for name in ("_curses", "readline", "_testsinglephase", "_testcapi") if find_spec(name)
]


def without(name):
    """Import a module, or do without it."""
    try:
        importlib.import_module(name)
    except ImportError:
        return f"without {name}"
    return f"with {name}"


def in_a_thread(name):
    """Do the same on a thread that the worker knows nothing of."""
    thread = threading.Thread(target=without, args=(name,))
    thread.start()
    thread.join()


async def in_a_coroutine(name):
    """Do the same on the event loop."""
    return without(name)


def fails(*_):
    """Raise what has nothing to do with it, as far as Python knows."""
    raise NameError("PySeries")


async def fails_later():
    """Raise it on the event loop."""
    fails()
