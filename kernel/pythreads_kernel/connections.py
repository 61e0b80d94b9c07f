"""A socket for JavaScript threads that make no native calls, as they may end at any moment: they
connect to it to get a worker.

The socket's file was unlinked. JavaScript has a descriptor of that file, and connects to a path
below `/proc/self/fd`. Node owns a connection from its beginning, so Node closes it however the
thread ends.

A connection begins with a length and a marshalled tuple, `(what, token, fd, inode)`. The channel
follows. A thread that wants a worker connects for the side channel first, and sends the same token
on both connections. `fd` and `inode` name a file of this process, which is opened again; `inode`
tells whether the descriptor is another file's by then. `src/native/connections.ts` is the other
side.
"""

from __future__ import annotations

import marshal
import os
import time

from .forking import descriptors

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # What to do, with the descriptors of a channel, a side channel and a status page, or -1.
    Obey = Callable[[str, int, int, int], None]

_LENGTH_BYTES = 4
_MAX_BYTES = 4096
# How long a connection may take to say what it is, and how often those are looked at that wait for
# a second one.
_GREETING_S = 5
_LOOK_S = 1
_PAUSE_S = 0.01
# The size of `struct ucred`, which begins with the process.
_CRED_BYTES = 12


def open_connections(obey: Obey) -> Connections | None:
    """Open the socket; `None` where that is impossible, so that such threads make native calls
    nevertheless.
    """
    if not hasattr(os, "O_PATH"):
        return None
    for folder in (os.environ.get("TMPDIR") or "/tmp", "/dev/shm"):  # noqa: S108 - its name is gone at once
        try:
            return Connections(f"{folder}/pythreads-control-{os.urandom(8).hex()}", obey)
        except Exception:  # noqa: S112 - no such folder, or a file of the user's has the name of `_socket`
            continue
    return None


class Connections:
    """Takes connections, one after the other."""

    def __init__(self, path: str, obey: Obey) -> None:
        """Listen. `path` is unlinked at once; `obey` gets the descriptors."""
        import _socket

        self._obey = obey
        # Connections for side channels whose main channel is not connected yet, by token.
        self._sides: dict[str, Any] = {}
        self._listener: Any = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            self._listener.bind(path)
            try:
                os.chmod(path, 0o666)  # noqa: S103 - whatever the umask is, and the rights later; other processes are refused
                self._listener.listen(_socket.SOMAXCONN)
                self._file = os.open(path, os.O_PATH | os.O_CLOEXEC)
            finally:
                os.unlink(path)
        except BaseException:
            self._listener.close()
            raise
        descriptors.update((self._listener.fileno(), self._file))

    def close(self) -> None:
        """Stop listening."""
        descriptors.difference_update((self._listener.fileno(), self._file))
        self._listener.close()
        os.close(self._file)

    def serve(self) -> None:
        """Take connections as long as the process lives; a connection that fails ends no other."""
        while True:
            self._listener.settimeout(_LOOK_S if self._sides else None)
            try:
                self._take()
            except TimeoutError:
                pass
            except (
                Exception
            ):  # its thread has ended; or no descriptor is left, and there would be none at once
                time.sleep(_PAUSE_S)
            self._forget_ended()

    def _take(self) -> None:
        import _socket

        fd, _ = self._listener._accept()  # noqa: SLF001 - `socket`, which has an accept of its own, takes 5 ms to import
        connection = _socket.socket(fileno=fd)
        try:
            what, token, file, inode = _greeting(connection)
            if what == "side":
                self._sides[token] = connection
                return
            if token and token not in self._sides:
                raise EOFError  # its side channel has ended
            page = _reopen(file, inode) if file >= 0 else -1
        except BaseException:
            connection.close()
            raise
        side = self._sides.pop(token).detach() if token else -1
        self._obey(what, connection.detach(), side, page)

    def _forget_ended(self) -> None:
        for token, side in list(self._sides.items()):
            if _has_ended(side):
                del self._sides[token]
                side.close()


def _greeting(connection: Any) -> tuple[str, str, int, int]:
    """Read the tuple at the beginning of a connection. Refuses other processes."""
    import _socket

    cred = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _CRED_BYTES)
    if int.from_bytes(cred[:4], "little") != os.getpid():
        raise PermissionError
    connection.settimeout(_GREETING_S)
    length = int.from_bytes(_read(connection, _LENGTH_BYTES), "little")
    if length > _MAX_BYTES:
        raise ValueError(length)
    greeting: tuple[str, str, int, int] = marshal.loads(_read(connection, length))
    connection.settimeout(None)
    return greeting


def _read(connection: Any, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def _has_ended(connection: Any) -> bool:
    import _socket

    try:
        return not connection.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _reopen(fd: int, inode: int) -> int:
    """Open a file of this process again. Raises an OSError when the descriptor is another
    file's by now.
    """
    copy = os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_CLOEXEC)
    if os.fstat(copy).st_ino == inode:
        return copy
    os.close(copy)
    raise FileNotFoundError(inode)
