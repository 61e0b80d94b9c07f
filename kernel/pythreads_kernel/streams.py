"""Replaces `sys.stdin`, `sys.stdout` and `sys.stderr`, before a program's own code runs.

The channel that a thread serves decides where its text goes, at each print. So a handler of logging
that got a stream before a pool began prints to the pool too. A stream is never closed: all threads
print to it, and a text stream that a program makes around `sys.stdout.buffer` closes that when it
is dropped.
"""

from __future__ import annotations

import codecs
import io
import os
import sys

from . import descriptors
from .current import current
from .interrupts import shielded
from .output import STDERR, STDOUT, Nowhere, ToJavaScript, direct

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .interfaces import Channel, Output
    from .status_page import StatusPage

_NAMES = {STDOUT: "stdout", STDERR: "stderr"}
# What was put into `sys`, by name.
_streams: dict[str, Stream] = {}
# The channel of threads that serve none, where an interpreter has only one.
_owner: Channel | None = None
_is_forked = False


def _output() -> Output:
    """The output of this thread."""
    channel = current.channel or _owner
    return (
        direct
        if channel is None or _is_forked
        else channel.output or channel.scope.output or direct
    )


class _Sink(io.BufferedIOBase):
    """The bytes of a stream."""

    mode = "wb"

    def __init__(self, number: int) -> None:
        """`number`: its descriptor."""
        super().__init__()
        self._number = number
        self.name = f"<{_NAMES[number]}>"

    @property
    def raw(self) -> Any:
        return self

    @property
    def closed(self) -> bool:
        return False

    def close(self) -> None:
        """Stay open."""
        self.flush()

    def detach(self) -> Any:
        self.flush()
        return self

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return (
            not _output().is_captured and direct.is_there[self._number] and os.isatty(self._number)
        )

    def fileno(self) -> int:
        if not direct.is_there[self._number]:
            raise io.UnsupportedOperation("fileno")
        return self._number

    def write(self, data: Any) -> int:
        with memoryview(data) as view:
            copied = view.tobytes()
        shielded(_output().write, self._number, copied)
        return len(copied)

    def flush(self) -> None:
        shielded(_output().flush, self._number)


class Stream(io.TextIOWrapper):
    """Replaces `sys.stdout` or `sys.stderr`."""

    mode = "w"

    def __init__(self, number: int, original: Any) -> None:
        """`number`: its descriptor; `original`: what Python has made of it, `None` where it was
        closed.
        """
        self._number = number
        self._sink = _Sink(number)
        # What encodes text, in other encodings than UTF-8.
        self._encode: Callable[[str], bytes] | None = None
        self._is_reconfigured = False
        self._line_end = "\n"
        encoding = getattr(original, "encoding", None) or "utf-8"
        errors = getattr(original, "errors", None) or "surrogateescape"
        super().__init__(self._sink, encoding, errors, "\n", line_buffering=True)
        self._set_encoder()

    def write(self, text: str, /) -> int:
        """Write text; a line goes out when it is whole."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        channel = current.channel or _owner
        output = (
            direct
            if channel is None or _is_forked
            else channel.output or channel.scope.output or direct
        )
        if self._is_plain:
            data = str.encode(
                text, "utf-8", "surrogatepass" if output.is_captured else self.errors or "strict"
            )
        else:
            data = self._bytes(text, output)
        # Most of what `print` writes are pieces of a line.
        if "\n" in text or "\r" in text or not output.hold(self._number, data):
            shielded(output.write, self._number, data)
        if self.write_through:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Let out what this thread has printed of a line."""
        shielded(_output().flush, self._number)

    def reconfigure(self, **options: Any) -> None:  # type: ignore[override]
        """As that of `io.TextIOWrapper`."""
        super().reconfigure(**options)
        self._is_reconfigured = True
        if "newline" in options:
            self._line_end = options["newline"] or "\n"
        self._set_encoder()

    def close(self) -> None:
        """Stay open."""
        self.flush()

    def detach(self) -> Any:
        """Stay usable, and give out what the bytes go to."""
        self.flush()
        return self._sink

    def _set_encoder(self) -> None:
        is_utf8 = codecs.lookup(self.encoding).name == "utf-8"
        self._encode = (
            None
            if is_utf8
            else codecs.getincrementalencoder(self.encoding)(self.errors or "strict").encode
        )
        # UTF-8 with line ends as they are; any text reaches JavaScript.
        self._is_plain = is_utf8 and not self._is_reconfigured

    def _bytes(self, text: str, output: Output) -> bytes:
        if output.is_captured and not self._is_reconfigured:
            return str.encode(text, "utf-8", "surrogatepass")  # any text reaches JavaScript
        if self._line_end != "\n":
            text = str.replace(text, "\n", self._line_end)
        if self._encode is None:
            return str.encode(text, "utf-8", self.errors or "strict")
        data = self._encode(text)
        return (
            data.decode(self.encoding, "replace").encode("utf-8", "replace")
            if output.is_captured
            else data
        )


class _Input(io.FileIO):
    """Stdin, for which Python waits though Node has made it non-blocking."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, "rb", closefd=False)
        self.name = "<stdin>"

    def readinto(self, buffer: Any, /) -> int:  # type: ignore[override]
        while (count := super().readinto(buffer)) is None:
            descriptors.wait_readable(super().fileno())
        return count

    def read(self, size: int | None = -1, /) -> bytes:  # type: ignore[override]
        return io.RawIOBase.read(self, -1 if size is None else size) or b""

    def readall(self) -> bytes:
        return io.RawIOBase.readall(self) or b""

    def fileno(self) -> int:
        """Return the descriptor to somebody who will read it without this: `input()` where it is a
        terminal.
        """
        descriptors.make_terminal_wait()
        return super().fileno()


def install(*, status_page: StatusPage | None = None, reads: bool = True) -> None:
    """Put the streams into `sys`. `status_page` keeps what is printed, should this process die.
    `reads`: stdin is Node's own.
    """
    for number, name in _NAMES.items():
        original = getattr(sys, name)
        direct.is_there[number] = original is not None
        stream = Stream(number, original)
        _streams[name] = stream
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    direct.status_page = status_page
    stdin: Any = sys.stdin
    if reads and stdin is not None:
        raw = io.BufferedReader(_Input(stdin.fileno()))
        stdin = io.TextIOWrapper(
            raw, stdin.encoding, stdin.errors, "\n", line_buffering=stdin.line_buffering
        )
        stdin.mode = "r"
        sys.stdin = sys.__stdin__ = stdin  # type: ignore[misc]
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    """In a child of `os.fork`: it prints to its descriptors, and says nothing to JavaScript."""
    global _is_forked  # noqa: PLW0603
    _is_forked = True
    direct.after_fork()


def connect(channel: Channel, where: str, *, alone: bool, own_process: bool) -> None:
    """Decide where a channel prints to, by the option of its pool. `alone`: the interpreter
    serves no other channel.
    """
    global _owner  # noqa: PLW0603
    if where == "lines":
        channel.output = ToJavaScript(channel)
    elif where == "ignore" and not own_process:  # a process has nothing to print to
        channel.output = Nowhere()
    else:
        channel.output = direct
    channel.scope.output = channel.scope.output or channel.output
    if alone:
        _owner = channel


def flush_replaced() -> None:
    """Flush what a program has put in the place of a stream. Runs after each call."""
    if sys.stdout is not _streams["stdout"]:
        _flush(sys.stdout)
    if sys.stderr is not _streams["stderr"]:
        _flush(sys.stderr)


def flush() -> None:
    """Flush all that was printed here, by any thread."""
    flush_replaced()
    direct.finish_all()


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except Exception:
        pass  # None, closed, or of the user
