"""Sends printed text, in whole lines, to JavaScript with the number of its call, or to a
descriptor.

`print` writes a line in pieces. The pieces of a thread are joined here, so that a line belongs to
one thread. They are bytes in UTF-8, as a program may write to `sys.stdout.buffer`.
"""

from __future__ import annotations

import marshal
import os
import threading
from _codecs import utf_8_decode
from _thread import RLock, get_ident

from . import frames
from .current import current
from .descriptors import write_whole

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from .interfaces import Channel
    from .status_page import StatusPage

    _Key = tuple["Output", int | None, int, int]

STDOUT, STDERR = 1, 2
# The longest line without an end that is held; longer lines are sent in pieces.
_MOST_TO_JAVASCRIPT = 64 << 10
_MOST_TO_DESCRIPTOR = 1 << 20
# The most text in one frame.
_FRAME_TEXT = 1 << 20
_CARRIAGE_RETURN = 13


class _Line:
    """The beginning of a line, which a thread has printed to a stream."""

    __slots__ = ("is_of_worker", "is_open", "pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0
        # Whether the reader has its beginning.
        self.is_open = False
        self.is_of_worker = current.channel is not None


# All lines of this interpreter that have no end yet, by output, call, stream and thread. Each call
# checks whether there is one. A thread that takes a line out owns it. So no lock is needed, which a
# signal's handler or a finalizer that prints in the middle of a print could not take.
unfinished: dict[_Key, _Line] = {}


class Output:
    """A place that printed text goes to."""

    is_captured = True
    _most = _MOST_TO_JAVASCRIPT

    def hold(self, stream: int, data: bytes) -> bool:
        """Keep a piece of a line that this thread prints. Return `False` where too much is held. An
        interrupt may come anywhere in here.
        """
        key = (self, self._call(), stream, get_ident())
        line = unfinished.get(key) or unfinished.setdefault(key, _Line())
        if line.size > self._most:
            return False
        line.pieces.append(data)
        line.size += len(data)
        return True

    def write(self, stream: int, data: bytes) -> None:
        """Take text that this thread prints. Lines are sent when they are whole."""
        if not data:
            return
        # The state of a progress bar begins or ends with a carriage return, and is to be seen at
        # once.
        seen = data[0] == _CARRIAGE_RETURN or data[-1] == _CARRIAGE_RETURN
        end = len(data) if seen else data.rfind(b"\n") + 1
        if end == 0:
            if self.hold(stream, data):
                return
            end = _whole_characters(data)
        key = (self, self._call(), stream, get_ident())
        line = unfinished.pop(key, None)
        ready = data[:end] if line is None else b"".join((*line.pieces, data[:end]))
        self._keep(key, data[end:], is_open=not ready.endswith(b"\n"))
        self._put(key, ready, last=False)

    def flush(self, stream: int) -> None:
        """Send the beginning of this thread's line."""
        key = (self, self._call(), stream, get_ident())
        line = unfinished.pop(key, None)
        if line is None:
            return
        held = b"".join(line.pieces)
        end = _whole_characters(held)
        self._keep(key, held[end:], is_open=line.is_open or end > 0)
        if end > 0:
            self._put(key, held[:end], last=False)

    def finish(self, call: int | None) -> None:
        """End the lines of a call that this thread made."""
        for stream in (STDOUT, STDERR):
            self._finish((self, call, stream, get_ident()))

    def finish_coroutine(self, call: int) -> None:
        """End the lines of a coroutine, also those of threads that it started."""
        for key in list(unfinished):
            if key[0] is self and key[1] == call:
                self._finish(key)

    def finish_all(self) -> None:
        """End all lines."""
        for key in list(unfinished):
            if key[0] is self:
                self._finish(key)

    def _finish(self, key: _Key) -> None:
        line = unfinished.pop(key, None)
        if line is not None and (line.pieces or line.is_open):
            self._put(key, b"".join(line.pieces), last=True)

    def _keep(self, key: _Key, rest: bytes, *, is_open: bool) -> None:
        """Begin a line with the rest of a text, or note that its beginning was sent."""
        if rest or (is_open and self.is_captured):
            line = _Line()
            line.is_open = is_open
            if rest:
                line.pieces.append(rest)
                line.size = len(rest)
            unfinished[key] = line

    def _call(self) -> int | None:
        """The call that this thread prints for."""
        return None

    def _put(self, key: _Key, data: bytes, *, last: bool) -> None:
        """Send a part of a line, or lines."""
        raise NotImplementedError


def _whole_characters(data: bytes) -> int:
    """How many of these bytes are whole characters, where the last one may be cut."""
    tail = data[-3:]
    return len(data) - len(tail) + utf_8_decode(tail, "ignore", False)[1]


class ToJavaScript(Output):
    """To JavaScript, over one channel."""

    def __init__(self, channel: Channel) -> None:
        """Send over the channel: its main socket from the thread that serves it, its side
        socket from others.
        """
        self._channel = channel

    def _call(self) -> int | None:
        return self._channel.call()

    def _put(self, key: _Key, data: bytes, *, last: bool) -> None:
        _, call, stream, thread = key
        try:
            text = data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
        for start in range(0, len(text) or 1, _FRAME_TEXT):
            is_last = last and start + _FRAME_TEXT >= len(text)
            piece = text[start : start + _FRAME_TEXT]
            self._channel.send(
                frames.OUTPUT, marshal.dumps((stream, call, piece, is_last, thread), 2)
            )


class Nowhere(Output):
    """To nobody."""

    def hold(self, _stream: int, _data: bytes) -> bool:
        """Forget it."""
        return True

    def write(self, stream: int, data: bytes) -> None:
        """Forget it."""


class _Turn:
    """A lock for writing to a file: for threads of an interpreter, and for all interpreters of the
    process once they share a token.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._depth = 0
        # A pipe with one byte in it; the thread that writes has taken the byte.
        self._token: tuple[int, int] | None = None
        self._taken: tuple[int, int] | None = None

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1 and self._token is not None:
            os.read(self._token[0], 1)
            self._taken = self._token

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0 and self._taken is not None:
            taken, self._taken = self._taken, None
            os.write(taken[1], b".")
        self._lock.release()

    def token(self) -> tuple[int, int]:
        """The token, for other interpreters of this process."""
        with self._lock:
            if self._token is None:
                ends = os.pipe()
                os.write(ends[1], b".")
                self._token = ends
            return self._token

    def adopt(self, token: tuple[int, int]) -> None:
        """Share the token of another interpreter."""
        self._token = token


class ToDescriptor(Output):
    """To this process's stdout and stderr, a line in one piece."""

    is_captured = False
    _most = _MOST_TO_DESCRIPTOR

    def __init__(self) -> None:
        """Write to descriptors 1 and 2."""
        # What was closed when the interpreter started is left alone, whatever has its number now.
        self.is_there = {STDOUT: True, STDERR: True}
        self.status_page: StatusPage | None = None
        self._collector: int | None = None
        self._collected: list[tuple[int, bytes]] = []
        stdout = _Turn()
        self._turns = {STDOUT: stdout, STDERR: stdout if _is_same_file() else _Turn()}

    def flush(self, stream: int) -> None:
        """Send the beginning of this thread's line, and those of threads that have ended."""
        super().flush(stream)
        self._finish_gone()

    def finish(self, _call: int | None) -> None:
        """End the lines of this thread, whose call is over, and of threads that have ended."""
        super().finish(None)
        self._finish_gone()

    def finish_coroutine(self, _call: int) -> None:
        """End the lines of this thread, which count as the coroutine's."""
        self.finish(None)

    def _finish_gone(self) -> None:
        if any(key[0] is self for key in unfinished):
            there = {thread.ident for thread in threading.enumerate()}
            for key in list(unfinished):
                if key[0] is self and key[3] not in there:
                    self._finish(key)

    def _finish(self, key: _Key) -> None:
        try:
            super()._finish(key)
        except OSError:  # nobody reads any more, and no print is there to raise it
            pass

    def collect(self, *, of_workers: bool) -> list[tuple[int, bytes]]:
        """Take lines that are held, rather than write them. `of_workers`: also those of threads
        that are in the middle of a call.
        """
        held = []
        for key, line in list(unfinished.items()):
            if (
                key[0] is self
                and (of_workers or not line.is_of_worker)
                and unfinished.pop(key, None) is line
            ):
                held.append((key[2], b"".join(line.pieces)))
        return held

    def collect_from(self, function: Callable[[], None]) -> list[tuple[int, bytes]]:
        """Return what a function prints on this thread, rather than write it."""
        self._collected, self._collector = [], get_ident()
        try:
            function()
            self.finish(None)
            return self._collected
        finally:
            self._collector = None

    def tokens(self) -> list[tuple[int, int]]:
        """The tokens that other interpreters `adopt`, so that lines of all of them stay whole."""
        return [self._turns[stream].token() for stream in (STDOUT, STDERR)]

    def adopt(self, tokens: list[tuple[int, int]]) -> None:
        """Take turns with the other interpreters of this process."""
        for stream, token in zip((STDOUT, STDERR), tokens, strict=True):
            self._turns[stream].adopt(token)

    def join(self) -> None:
        """Keep the lines of both whole: stdout is where stderr is from now on."""
        self._turns[STDOUT] = self._turns[STDERR]

    def after_fork(self) -> None:
        """Begin anew in a forked child, where other threads never release their locks."""
        unfinished.clear()
        self.status_page = None
        for stream in (STDOUT, STDERR):
            self._turns[stream] = _Turn()

    def _put(self, key: _Key, data: bytes, *, last: bool) -> None:
        del last
        stream = key[2]
        if self._collector is not None and self._collector == get_ident():
            self._collected.append((stream, data))
            return
        if self.status_page is not None:
            try:
                self.status_page.printed(data)
            except Exception:  # it was closed
                pass
        if data and self.is_there[stream]:
            with self._turns[stream]:
                write_whole(stream, data)


def _is_same_file() -> bool:
    try:
        return os.path.samestat(os.fstat(STDOUT), os.fstat(STDERR))
    except OSError:
        return False


# For text of no pool, and of pools whose output is inherited.
direct = ToDescriptor()


def finish_call(channel: Channel, call: int | None) -> None:
    """End the lines of a call of a channel."""
    (channel.output or channel.scope.output or direct).finish(call)


def finish_worker(channel: Channel) -> None:
    """End the lines of a worker, which ends on this thread, and of its threads and coroutines."""
    output = channel.output or channel.scope.output or direct
    try:
        if output.is_captured:
            output.finish_all()
        else:
            output.finish(None)  # others print there, too
    except OSError:  # nobody reads any more
        pass


def finish_coroutine(channel: Channel, call: int) -> None:
    """End the lines of a coroutine of a channel."""
    (channel.output or channel.scope.output or direct).finish_coroutine(call)
