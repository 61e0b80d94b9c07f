"""What Python prints, as text with the number of its call, to JavaScript; and warnings.

`sys.stdout` and `sys.stderr` are replaced once an interpreter. In one that several workers share, what a thread prints goes to
the channel that the thread serves; threads that no worker started print as before.
"""

from __future__ import annotations

import io
import marshal
import sys
import threading
from _thread import get_ident

from . import frames
from .forking import forked
from .interrupts import shielded
from .javascript import current

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .channel import Channel
    from .ledger import Ledger

STDOUT, STDERR = 1, 2
_MOST_TEXT = 64 * 1024


class Output:
    """The text of one channel that is not sent yet."""

    def __init__(self, channel: Channel) -> None:
        """Send over the channel: its main socket from the thread that serves it, its side socket from others."""
        self._channel = channel
        self._lock = threading.Lock()
        # By stream, call and thread: text that is not sent, and whether JavaScript waits for the rest of a line.
        self._texts: dict[tuple[int, int | None, int], tuple[str, bool]] = {}

    def write(self, stream: int, text: str) -> None:
        """Take text; lines are sent when they are complete."""
        key = (stream, self._channel.call(), get_ident())
        with self._lock:
            held, is_open = self._texts.get(key, ("", False))
            held += text
            end = held.rfind("\n") + 1
            if len(held) - end > _MOST_TEXT:
                end = len(held)
            self._texts[key] = (held[end:], is_open if end == 0 else held[end - 1] != "\n")
        if end > 0:
            self._send(stream, key[1], held[:end], last=False)

    def flush(self, stream: int) -> None:
        """Send what is held of a line."""
        key = (stream, self._channel.call(), get_ident())
        with self._lock:
            held, is_open = self._texts.get(key, ("", False))
            self._texts[key] = ("", is_open or held != "")
        if held:
            self._send(stream, key[1], held, last=False)

    def end_call(self, call: int | None) -> None:
        """The call is over, and so are its lines."""
        if not self._texts:
            return
        with self._lock:
            ended = [(key, *self._texts.pop(key)) for key in list(self._texts) if key[1] == call]
        for (stream, _, _), held, is_open in ended:
            if held or is_open:
                self._send(stream, call, held, last=True)

    def end(self) -> None:
        """The worker ends, and so do the lines that threads and coroutines have begun."""
        for call in {key[1] for key in list(self._texts)}:
            self.end_call(call)

    def _send(self, stream: int, call: int | None, text: str, *, last: bool) -> None:
        self._channel.send(frames.OUTPUT, marshal.dumps((stream, call, text, last), 2))


class _Stream(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`."""

    def __init__(self, stream: int, original: Any, owner: Channel | None) -> None:
        """`owner` is the channel of threads that serve none, where an interpreter has only one."""
        super().__init__()
        self._stream = stream
        self._original = original
        self._owner = owner

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "surrogatepass"

    @property
    def buffer(self) -> Any:
        """Bytes go past the lines, to where they went before."""
        return self._original.buffer

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._original.fileno())

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        output = self._output()
        if output is None:
            return int(self._original.write(text))
        shielded(output.write, self._stream, str.__str__(text))
        return len(text)

    def flush(self) -> None:
        output = self._output()
        if output is not None:
            shielded(output.flush, self._stream)
        elif self._original is not None:
            self._original.flush()

    def _output(self) -> Output | None:
        if forked:  # a child prints to its own standard streams
            return None
        channel = current.channel or self._owner
        return None if channel is None else channel.scope.output if channel.output is None else channel.output


class _Noting(io.FileIO):
    """A standard stream of which the ledger notes the last lines."""

    def __init__(self, fd: int, ledger: Ledger) -> None:
        super().__init__(fd, "wb", closefd=False)
        self._ledger = ledger

    def write(self, data: Any) -> int:
        try:
            self._ledger.printed(bytes(data))
        except Exception:
            pass
        return super().write(data)


def note_prints(ledger: Ledger) -> None:
    """Have the ledger note what is printed, so that it is known should this process die."""
    for name in ("stdout", "stderr"):
        original = getattr(sys, name)
        if original is None:
            continue
        raw = io.BufferedWriter(_Noting(original.fileno(), ledger))
        setattr(sys, name, io.TextIOWrapper(raw, encoding=original.encoding, errors=original.errors, line_buffering=True))


_lock = threading.Lock()


def capture(channel: Channel, *, alone: bool) -> Output:
    """Send what is printed on behalf of a channel to JavaScript. `alone`: the interpreter serves no other one."""
    owner = channel if alone else None
    with _lock:
        if not isinstance(sys.stdout, _Stream):
            sys.stdout = _Stream(STDOUT, sys.stdout, owner)
        if not isinstance(sys.stderr, _Stream):
            sys.stderr = _Stream(STDERR, sys.stderr, owner)
    return Output(channel)


def capture_warnings(owner: Channel, *, alone: bool) -> None:
    """Send warnings to JavaScript rather than to `sys.stderr`."""
    import warnings

    with _lock:
        shown: Callable[..., None] = warnings.showwarning
        if getattr(shown, "__pythreads__", False):
            return

        def show(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
            channel = current.channel or (owner if alone else None)
            if channel is None or file is not None or forked or not channel.emits_warnings:
                shown(message, category, filename, lineno, file, line)
                return
            details = (category.__name__, str(message), str(filename), int(lineno))
            channel.send(frames.WARNING, marshal.dumps(details, 2))

        show.__pythreads__ = True  # type: ignore[attr-defined]
        warnings.showwarning = show
