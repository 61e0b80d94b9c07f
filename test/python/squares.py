"""Loaded as a file, and as source text by py.module and py.exec: what processes of
`multiprocessing` have to find.
"""

import concurrent.futures
import enum
import multiprocessing
import threading

lock = threading.Lock()  # cannot be pickled: the module has to be found


class Number(enum.Enum):
    TWO = 2


class Box:
    def __init__(self, value):
        self.value = value


def square(value):
    with lock:
        return value * value


def box(value):
    return Box(square(value))


def unbox(box):
    return box.value


def trace(_):
    """The source of a line that nobody knows, in a traceback."""
    import traceback

    try:
        exec("1 / 0")
    except ZeroDivisionError as error:
        return traceback.extract_tb(error.__traceback__)[-1].line or ""


def nest(value):
    return executor(value)


def pool(function, items, method="spawn"):
    with multiprocessing.get_context(method).Pool(2) as workers:
        return workers.map_async(function, items).get(timeout=120)


def executor(value):
    with concurrent.futures.ProcessPoolExecutor(1) as workers:
        return workers.submit(square, value).result(timeout=120)


def process():
    one = multiprocessing.Process(target=square, args=(2,))
    one.start()
    one.join()
    return one.exitcode


def go(method):
    return [
        pool(square, [1, 2], method),
        pool(unbox, pool(box, [1, 2], method), method),
        pool(str, [Number.TWO], method),
        pool(trace, [None], method),
        executor(3),
        process(),
    ]


def go_deeper():
    with concurrent.futures.ProcessPoolExecutor(1) as workers:
        return workers.submit(nest, 5).result(timeout=120)


def parallel():
    import joblib

    return joblib.Parallel(n_jobs=2)(joblib.delayed(square)(value) for value in (1, 2))
