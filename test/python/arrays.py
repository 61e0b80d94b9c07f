"""Arrays that the tests pass, keep, change and ask about."""

import gc
import os
import threading
import weakref
import zlib

# What Python keeps while JavaScript does what it likes, by name.
kept = {}
# Weak references to what was given to JavaScript, by name.
given = {}


def there_and_back(view, kind):
    """The checksum of an array, and its bytes in a new one of a kind."""
    if kind == "array":
        import array

        back = array.array("B", view)
    else:
        back = bytes(view) if kind == "bytes" else bytearray(view)
    return [zlib.crc32(view), back]


def identity(value):
    return value


def facts(view):
    """What a memoryview is of."""
    return [
        type(view).__name__,
        view.format,
        view.itemsize,
        list(view.shape),
        view.readonly,
        view.tolist(),
    ]


def keep(name, view):
    kept[name] = view


def drop(name):
    del kept[name]
    gc.collect()


def read(name, index):
    return kept[name][index]


def write(name, index, value):
    kept[name][index] = value


def checksum(name):
    return zlib.crc32(kept[name])


def write_to(value, index, item):
    """Write to the first array that is somewhere within a value."""
    while not isinstance(value, memoryview):
        value = next(iter(value.values() if isinstance(value, dict) else value))
    value[index] = item


def sums(value):
    """The sum of an array; of more of them, a list."""
    return sum(value) if isinstance(value, memoryview) else [sum(view) for view in value]


def fail(view):
    raise LookupError(len(view))


def die(view, path):
    """End this worker, unless there is a file, which is made; then the checksum."""
    import os
    import signal

    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return zlib.crc32(view)
    return os.kill(os.getpid(), signal.SIGKILL)


def sleep(view, seconds):
    """Sleep, interruptibly; answer the checksum."""
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.005)
    return zlib.crc32(view)


def read_for_ever(view):
    """Have a thread of Python's own read an array as long as there is one; answer when it does."""
    started = threading.Event()

    def loop():
        while True:
            zlib.crc32(view)
            started.set()

    threading.Thread(target=loop, daemon=True).start()
    started.wait()


def write_for_ever(view):
    """Have a thread of Python's own write to an array as long as there is one."""
    started = threading.Event()

    def loop():
        while True:
            for index in range(len(view)):
                view[index] = 1
            started.set()

    threading.Thread(target=loop, daemon=True).start()
    started.wait()


def give(name, length):
    """An array of numbers from 0, of which Python keeps nothing; it can be asked whether it is
    still there.
    """
    import ctypes

    numbers = (ctypes.c_double * length)(*range(length))
    given[name] = weakref.ref(numbers)
    return memoryview(numbers).cast("B").cast("d")


def give_and_keep(name, length):
    view = give(name, length)
    kept[name] = view
    return view


def again(name, length=None):
    """What was given before, or the beginning of it."""
    view = memoryview(given[name]()).cast("B").cast("d")
    return view if length is None else view[:length]


def is_there(name):
    gc.collect()
    return given[name]() is not None


def call_with(function, values):
    """Call a function with the numbers in an array; change the array afterwards."""
    import array

    numbers = array.array("d", values)
    answer = function(numbers)
    return [answer, list(numbers)]


def answer_of(function):
    """What the array has that a function answers."""
    view = function()
    items = view.tolist()
    view[0] = 77
    return items


def total_of(items):
    """The sum of all arrays that an iterable gives; a mark in each of them."""
    total = 0
    for view in items:
        total += sum(view)
        view[0] = 77
    return total


def generate(lengths):
    import array

    for length in lengths:
        yield array.array("i", range(length))


def lent_bytes():
    """How much memory the file takes from which this interpreter lends."""
    from pythreads_kernel import lend

    return os.fstat(lend.lender()._fd).st_blocks * 512
