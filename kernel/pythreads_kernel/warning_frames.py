"""Warnings of Python, to JavaScript rather than to `sys.stderr`."""

from __future__ import annotations

import marshal
import threading
import warnings

from . import frames
from .current import current
from .deferred_frames import is_writing, send_later
from .forking import forked
from .interrupts import shielded
from .subclasses import exact_text

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .interfaces import Channel

_lock = threading.Lock()
# The channels that send warnings to JavaScript.
_channels: list[Channel] = []


def connect(owner: Channel, *, alone: bool) -> None:
    """Send warnings to JavaScript rather than to `sys.stderr`. `alone`: no other worker uses this
    interpreter.
    """
    with _lock:
        _channels.append(owner)
        shown: Callable[..., None] = warnings.showwarning
        if getattr(shown, "__pythreads__", False):
            return

        def show(
            message: Any,
            category: Any,
            filename: str,
            lineno: int,
            file: Any = None,
            line: Any = None,
        ) -> None:
            texts = map(exact_text, (category.__name__, message, filename))
            if (
                file is not None
                or forked
                or not shielded(_send_warning, (*texts, int(lineno)), alone)
            ):
                shown(message, category, filename, lineno, file, line)

        show.__pythreads__ = True  # type: ignore[attr-defined]
        warnings.showwarning = show


def disconnect(channel: Channel) -> None:
    """A worker ends."""
    with _lock:
        if channel in _channels:
            _channels.remove(channel)


def _send_warning(warning: Any, alone: bool) -> bool:
    """Send a warning to the pool of this thread, or to all that share the interpreter. Return
    whether any gets it.
    """
    channel = current.channel
    if channel in _channels and channel is not None:
        _send(channel, (*warning, channel.call(), True), is_late=False)
        return True
    is_of_pool = channel is not None
    by_scope = {
        other.scope: other
        for other in reversed(_channels)
        if channel is None or other.scope is channel.scope
    }
    call = current.call if alone else None
    for other in by_scope.values():
        _send(
            other, (*warning, call, alone and not is_of_pool), is_late=is_of_pool
        )  # in a sync call, JavaScript reads nothing
    return bool(by_scope)


def _send(channel: Channel, warning: Any, *, is_late: bool) -> None:
    payload = marshal.dumps(warning, 2)
    if is_late or is_writing():
        send_later(channel, frames.WARNING, payload, _lost)
    else:
        channel.send(frames.WARNING, payload)


def _lost(count: int) -> bytes:
    text = f"{count} warnings came in sync calls faster than they could be sent, and are lost"
    return marshal.dumps(("RuntimeWarning", text, "", 0, None, False), 2)
