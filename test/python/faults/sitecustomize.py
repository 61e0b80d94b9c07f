"""Lets one kind of call fail in every interpreter that has this folder on PYTHONPATH, as long as
the file FAULT_FILE names it.
"""

import errno
import os
import time

_FILE = os.environ.get("FAULT_FILE", "")


def _is_on(fault):
    try:
        with open(_FILE, encoding="ascii") as file:
            return file.read() == fault
    except OSError:
        return False


def _fail(module, name, fault, error):
    real = getattr(module, name, None)
    if real is None:
        return

    def call(*args, **kwargs):
        if _is_on(fault):
            raise error()
        return real(*args, **kwargs)

    setattr(module, name, call)


def _hang(module, name, fault):
    real = getattr(module, name)

    def call(*args, **kwargs):
        while _is_on(fault):
            time.sleep(0.01)
        return real(*args, **kwargs)

    setattr(module, name, call)


def _install():
    import _thread
    import fcntl
    import mmap

    for name in ("start_new_thread", "start_joinable_thread"):
        _fail(_thread, name, "thread", lambda: RuntimeError("can't start new thread"))
    _hang(_thread, "get_native_id", "hang")
    _fail(mmap, "mmap", "mmap", lambda: OSError(errno.ENOMEM, "Cannot allocate memory"))
    _fail(fcntl, "fcntl", "seal", lambda: OSError(errno.EPERM, "Operation not permitted"))
    _fail(os, "memfd_create", "memfd", lambda: OSError(errno.EMFILE, "Too many open files"))
    real_open = os.open

    def open_file(path, *args, **kwargs):
        if str(path).startswith("/proc/") and _is_on("proc"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real_open(path, *args, **kwargs)

    os.open = open_file
    try:
        import _interpreters
    except ImportError:
        return
    _fail(
        _interpreters, "create", "interpreter", lambda: RuntimeError("interpreter creation failed")
    )


if _FILE:
    _install()
