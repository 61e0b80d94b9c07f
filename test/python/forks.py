import asyncio
import concurrent.futures
import os
import pty
import signal
import sys
import threading
import time

kept = []


def reap(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def child(how, function=None):
    print(f"child {how}")
    if how == "exit":
        sys.exit(3)
    if how == "text":
        sys.exit("bye")
    if how == "raise":
        raise ValueError("in the child")
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "callback":
        function()
    if how == "sleep":
        time.sleep(600)
    return 5


def call(how, function=None):
    sys.stdout.write("held ")
    pid = os.fork()
    return child(how, function) if pid == 0 else reap(pid)


def terminal(how):
    pid, fd = pty.fork()
    if pid == 0:
        return child(how)
    text = b""
    try:
        while got := os.read(fd, 1000):
            text += got
    except OSError:  # Linux says so that the other side is closed
        pass
    os.close(fd)
    print(text.decode().splitlines()[0])
    return reap(pid)


def raw(how):
    """Fork twice: a child's child is a child too."""
    pid = os.fork()
    return call(how) if pid == 0 else reap(pid)


async def coroutine(how):
    pid = os.fork()
    return child(how) if pid == 0 else reap(pid)


async def awaiting(how):
    loop = asyncio.get_running_loop()
    pid = os.fork()
    if pid:
        return reap(pid)
    await loop.create_future()
    return child(how)


async def task(how):
    return await asyncio.create_task(coroutine(how))


async def to_thread(how):
    return await asyncio.to_thread(call, how)


def own_loop(how):
    return asyncio.run(coroutine(how))


def generator(how):
    pid = os.fork()
    yield child(how) if pid == 0 else reap(pid)


def executor(how):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(call, how).result()


def thread(how):
    statuses = []
    one = threading.Thread(target=lambda: statuses.append(call(how)))
    one.start()
    one.join()
    return statuses[0]


def with_a_thread(how):
    """Fork a child that starts a thread, which prints when the child has returned."""
    pid = os.fork()
    if pid:
        return reap(pid)
    threading.Thread(
        target=lambda: (threading.main_thread().join(0.01), child(how)), daemon=False
    ).start()
    return None


def nested(function):
    return function()


def ended_by(number):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, b".")
        return child("sleep")
    os.read(reader, 1)
    os.kill(pid, number)
    os.close(reader)
    os.close(writer)
    return reap(pid)


def terminated():
    return ended_by(signal.SIGTERM)


def pool():
    import multiprocessing

    with multiprocessing.get_context("fork").Pool(2) as workers:
        return workers.map(abs, [-1, -2])


def process(function):
    import multiprocessing

    one = multiprocessing.get_context("fork").Process(target=function)
    one.start()
    one.join()
    return one.exitcode


def keep(array):
    kept.append(array)
    return sum(array[:4])


def drop_in_child():
    pid = os.fork()
    if pid == 0:
        kept.clear()
        return None
    return reap(pid)


def sum_of_kept():
    return int(sum(kept[0][:4]))


def die():
    os._exit(7)
