"""Iterables, and what goes through those of JavaScript."""

import itertools
import threading

log = []
kept = []
steps = [0]


def loop(items):
    result = []
    for item in items:
        result.append(item)
    return result


def loop_nested(items):
    return [list(inner) for inner in items]


def loop_in_thread(items):
    result = []
    thread = threading.Thread(target=lambda: result.extend(items))
    thread.start()
    thread.join()
    return result


def loop_until_error(items):
    result = []
    try:
        for item in items:
            result.append(item)
    except Exception as error:
        result.append(type(error).__name__)
    return result


def nexts(items, count):
    return [next(items, "end") for _ in range(count)]


def is_iterator(items):
    return iter(items) is items


def take(items, count):
    return list(itertools.islice(items, count))


def take_and_close(items, count):
    result = list(itertools.islice(items, count))
    items.close()
    items.close()
    return result


def keep(items):
    kept.append(items)


def next_kept():
    return next(kept[0])


def forget():
    kept.clear()


def sum_with(number, items):
    return number + sum(items)


def counting():
    """Without an end; counts what was computed."""
    try:
        while True:
            steps[0] += 1
            yield steps[0] - 1
    finally:
        log.append("finally")


def reset():
    steps[0] = 0
    log.clear()


def computed():
    return steps[0]


def take_log():
    found = list(log)
    log.clear()
    return found


def failing():
    yield 1
    raise LookupError("after one")


def mapped(function):
    return (function(item) for item in [1, 2])
