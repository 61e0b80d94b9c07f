"""Leaves things to the end of a Python program. `folder` is where traces of it go."""

# ruff: noqa: SIM115 - they are left open

import atexit
import concurrent.futures
import gzip
import multiprocessing
import os
import tempfile
import threading
import time
import weakref

kept = []


def note(folder, what):
    with open(os.path.join(folder, "notes"), "a") as notes:
        notes.write(f"{what}\n")


class Thing:
    """What `weakref.finalize` takes."""


def leave_all(folder):
    def path(name):
        return os.path.join(folder, name)

    kept.append(open(path("text"), "w"))
    kept[-1].write("text")
    kept.append(open(path("bytes"), "wb"))
    kept[-1].write(b"bytes")
    kept.append(gzip.open(path("gzip"), "wt"))
    kept[-1].write("compressed")
    kept.append(tempfile.TemporaryDirectory(dir=folder))
    kept.append(tempfile.NamedTemporaryFile(dir=folder))
    kept.append(multiprocessing.RLock())
    kept.append(Thing())
    weakref.finalize(kept[-1], note, folder, "finalize")
    atexit.register(note, folder, "atexit")
    atexit.register(lambda: 1 / 0)
    kept.append(concurrent.futures.ThreadPoolExecutor(1))
    kept[-1].submit(note, folder, "pool")
    leave_a_thread(folder)


def leave_a_thread(folder):
    """A thread that is no daemon and ends a moment after everything else."""

    def late():
        time.sleep(0.1)
        note(folder, "thread")

    threading.Thread(target=late, daemon=False).start()


def leave_what_never_ends():
    atexit.register(time.sleep, 600)
