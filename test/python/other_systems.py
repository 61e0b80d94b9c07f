"""The kernel on a system that is not there: what the system lacks is taken away, and what it has is
replaced. Runs one check, by name, in a process of its own; prints what the check returns as JSON.
"""

import importlib
import io
import json
import os
import select
import sys
import threading
import types

# What Windows lacks.
MODULES = ("fcntl", "resource", "posix", "pwd", "grp", "termios")
ATTRIBUTES = {
    "os": (
        *("register_at_fork", "set_blocking", "get_blocking", "memfd_create", "fork", "uname"),
        *("O_CLOEXEC", "O_NONBLOCK", "O_PATH", "geteuid", "getuid", "pread", "pwrite"),
    ),
    "select": ("poll", "epoll"),
    "_signal": ("SIGURG", "SIGKILL", "pthread_kill"),
    "sys": ("abiflags",),
}
# What a worker process imports before its first call.
START = ("boot", "process_main", "serve", "stdout_to_stderr", "multiprocessing_child")


def windows():
    """Make this process look like Windows to what is imported from now on."""
    nt = types.ModuleType("nt")
    nt.write, nt.listdir = os.write, os.listdir
    sys.modules["nt"] = nt
    for name in MODULES:
        sys.modules[name] = None
    for module, names in ATTRIBUTES.items():
        for name in names:
            if hasattr(sys.modules.get(module) or importlib.import_module(module), name):
                delattr(sys.modules[module], name)
    sys.platform = "win32"


def kernel(name):
    """A module of the kernel."""
    return importlib.import_module(f"pythreads_kernel.{name}")


def imports():
    """All modules of a worker process."""
    for name in ("ctypes", "asyncio", "traceback", "linecache", "tokenize", "logging"):
        importlib.import_module(name)  # this system's own, which are not under test
    windows()
    for name in START:
        kernel(name)
    return sorted(name for name in sys.modules if name.startswith("pythreads_kernel."))


def shares_nothing():
    """Neither side maps memory of the other."""
    windows()
    return [kernel("lend").offer(1 << 20), kernel("borrow").is_possible(own_process=True)]


def limits():
    """A limit is refused in words; no limit is nothing to refuse."""
    windows()
    none = {"memoryMb": None, "cpuSeconds": None, "openFiles": None}
    kernel("limits").limit(none)
    try:
        kernel("limits").limit({**none, "memoryMb": 1})
    except OSError as error:
        return type(error).__name__
    return None


def closed_pipe():
    """The C library of Windows calls a closed pipe an invalid argument."""
    windows()
    frames = kernel("frames")
    found = []
    for number in (22, 28):

        def write(_fd, _data, number=number):
            raise OSError(number, "as Windows says")

        real, os.write = os.write, write
        try:
            frames.write_all(1, b"x")
        except OSError as error:
            found.append(type(error).__name__)
        os.write = real
    return found


def console():
    """Text in UTF-8 goes through the console's own class, other descriptors get the bytes."""
    windows()
    written = []

    class Console:
        def __init__(self, fd, mode, *, closefd):
            if fd == 2:
                raise ValueError("not a console")
            written.append((fd, mode, closefd))

        def write(self, data):
            written.append(bytes(data[:2]).decode())
            return 2

    real_isatty, os.isatty = os.isatty, lambda fd: fd in (1, 2)
    io._WindowsConsoleIO = Console
    reads, writes = os.pipe()
    descriptors = kernel("descriptors")
    descriptors.write_whole(1, b"abcd")
    descriptors.write_whole(writes, b"efgh")
    real, os.write = os.write, lambda fd, data: written.append([fd, bytes(data).decode()]) or 2
    descriptors.write_whole(2, b"ij")
    os.write, os.isatty = real, real_isatty
    return [written, os.read(reads, 9).decode()]


def interrupts():
    """A signal that Windows has interrupts the main thread, and only for the request that it runs."""
    windows()
    module = kernel("interrupts")
    signal = importlib.import_module("_signal")
    guard = module.guard_of_this_thread(own_process=True)
    started = threading.Event()
    refused = []

    def spin():
        guard.request = 7
        started.set()
        while True:
            pass

    def interrupt():
        started.wait()
        signal.raise_signal(signal.SIGINT)  # Ctrl-C is the host's
        refused.append(guard.interrupt(8))
        refused.append(guard.interrupt(7))

    other = threading.Thread(target=interrupt)
    other.start()
    try:
        guard.run(None, spin)
    except module.CallCancelled:
        other.join()  # it may not have noted yet what it has done
        return [type(guard).__name__, refused]
    return None


def host_process():
    """The end of the host is waited for by its handle."""
    windows()
    calls = []
    api = types.ModuleType("_winapi")
    api.SYNCHRONIZE, api.INFINITE = 0x100000, 0xFFFFFFFF

    def open_process(*args):
        calls.append(args)
        if args[2] > 1:
            error = OSError("no")
            error.winerror = 87 if args[2] == 2 else 5
            raise error
        return 99

    api.OpenProcess = open_process
    api.WaitForSingleObject = lambda *args: calls.append(args)
    sys.modules["_winapi"] = api
    host_watch = kernel("host_watch")
    left = threading.Event()
    host_watch.watch(1, -1, left.set)
    left.wait()
    # gone already; another user's; unknown
    return [calls, [host_watch.wait_for_process(pid) for pid in (2, 3, 0)]]


class Queue:
    """A kqueue, and what it returns, turn by turn."""

    turns = ()
    added = ()
    gone = False

    def control(self, changes, most, timeout=0):
        if changes is not None:
            Queue.added.extend(changes)
            if changes[0].filter == select.KQ_FILTER_PROC and Queue.gone:
                raise ProcessLookupError
            return []
        assert most == 1
        assert timeout is None
        return Queue.turns.pop(0)


class Event:
    def __init__(self, ident, filter, flags=0, fflags=0, data=0):  # noqa: A002 - as of kevent
        self.ident, self.filter, self.flags = ident, filter, flags
        self.fflags, self.data = fflags, data


def host_kqueue():
    """macOS: the end of the channel, the end of the host, a host that has ended; never bytes."""
    names = ("KQ_FILTER_READ", "KQ_FILTER_PROC", "KQ_EV_ADD", "KQ_EV_CLEAR", "KQ_EV_EOF")
    for bit, name in enumerate((*names, "KQ_NOTE_LOWAT", "KQ_NOTE_EXIT")):
        setattr(select, name, 1 << bit)
    select.kqueue, select.kevent = Queue, Event
    sys.platform = "darwin"
    wait = kernel("host_watch").wait
    full, ended = Event(3, 1, 0), Event(3, 1, select.KQ_EV_EOF)
    found = []
    for turns, host, gone in (
        ([[full], [], [ended]], 5, False),
        ([[full], [Event(5, 2)]], 5, False),
        ([[ended]], 0, False),
        ([], 5, True),
    ):
        Queue.turns, Queue.added, Queue.gone = turns, [], gone
        found.append([wait(host, 3), len(Queue.turns), [event.ident for event in Queue.added]])
    return [found, Queue.added[0].fflags == select.KQ_NOTE_LOWAT]


def no_poll():
    """A system without any way to wait does not watch."""
    del select.poll
    sys.platform = "sunos5"
    return kernel("host_watch").wait(1, 0)


def side_pipes():
    """Frames come on one pipe and go to another one; the end of the first is told."""
    windows()
    from pythreads_kernel import frames, side_channel

    (reads, host_writes), (host_reads, writes) = os.pipe(), os.pipe()
    told = threading.Event()
    side = side_channel.SideChannel(reads, writes, told.set)
    side.channel = types.SimpleNamespace(title="", interrupt=lambda request: request == 5)
    side.listen()
    os.write(host_writes, frames.frame(frames.CANCEL, 5, b""))
    acknowledged = os.read(host_reads, frames.HEADER_BYTES)
    os.close(host_writes)
    told.wait()
    closed = os.read(host_reads, 1)
    return [acknowledged == frames.frame(frames.ACKNOWLEDGED, 5, b""), closed.decode()]


def free_threaded():
    """Whether this build has no GIL is known without `sys.abiflags`."""
    expected = "t" in sys.abiflags
    windows()
    return kernel("gil").IS_FREE_THREADED is expected


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    stdout = os.dup(1)  # a module may move the descriptor
    write = os.write
    write(stdout, json.dumps(globals()[sys.argv[2]]()).encode())
    os._exit(0)  # what the fakes have broken would be looked for at the end
