"""`multiprocessing` in a worker: it has to start Python, by spawn, whatever the host process is."""

import multiprocessing
import os


def in_a_pool():
    """The start method, and the process and the program that ran a call in a pool."""
    with multiprocessing.Pool(1) as pool:
        pid = pool.apply(os.getpid)
        executable = pool.apply(eval, ("__import__('sys').executable",))
        version = pool.apply(eval, ("__import__('sys').version.split()[0]",))
    return {
        "method": multiprocessing.get_start_method(),
        "pid": pid,
        "executable": executable,
        "version": version,
    }


def in_a_process():
    """What a child process says through a queue."""
    context = multiprocessing.get_context()
    queue = context.Queue()
    child = context.Process(target=queue.put, args=("hello",))
    child.start()
    said = queue.get(timeout=30)
    child.join()
    return [said, child.exitcode]
