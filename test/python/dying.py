"""Calls of which something remains to be seen when they end their worker, or are made when it
starts.
"""

import os
import time


def mark(path, text, dies_at=None):
    """Write a line, in one piece whoever else writes. The call of the text `dies_at` ends its
    worker after that.
    """
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{text}\n".encode())
    os.close(file)
    if text == dies_at:
        os._exit(3)
    return text


def begin(path, cause=None):
    """Note when a worker was started; end it as long as there is the file `cause`."""
    mark(path, time.monotonic())
    if cause is not None and os.path.exists(cause):
        os._exit(5)


def raises(message):
    """For workers that cannot be initialized."""
    raise LookupError(message)


def descriptors():
    """The open files of this process, by number, without the one that looks."""
    links = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            links[name] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue
    return links


def die_at_next_request(path):
    """End this worker when it gets its next request, before it begins it; a second one, which finds
    the file, lives.
    """
    if os.path.exists(path):
        return
    mark(path, "died")
    from pythreads_kernel.status_page import StatusPage

    StatusPage.begin = lambda *_: os._exit(6)


def mark_and_sleep(path, text, seconds):
    """Write a line, and take a while."""
    mark(path, text)
    time.sleep(seconds)
    return text


async def mark_later(path, text, seconds):
    """Write a line, and wait beside other calls."""
    import asyncio

    mark(path, text)
    await asyncio.sleep(seconds)
    return text
