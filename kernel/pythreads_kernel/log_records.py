"""Records of `logging`, to JavaScript.

They are taken where a logger passes a record to its handlers. No handler is installed: one at the
root would keep `logging.basicConfig` from doing anything, and its level would change which records
the program's own handlers get. These get the same records as before.
"""

from __future__ import annotations

import marshal
import sys
import threading

from . import frames
from .attributes import MISSING, plain
from .current import current
from .deferred_frames import is_writing, send_later
from .forking import forked
from .interrupts import shielded
from .subclasses import exact_text

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

    from .interfaces import Channel, Scope

_NEVER = 1 << 31
_MAX_TEXT = 1 << 20
_MAX_EXTRA = 100
# How many records may be made while one is: by what it is made of.
_MAX_DEPTH = 4


class _Sink:
    """Where the records of one pool go."""

    def __init__(self, level: int, *, alone: bool) -> None:
        """`alone`: there is no other worker in this interpreter."""
        self.level = level
        self.alone = alone
        self.channels: list[Channel] = []


class _State(threading.local):
    # The logger of a record that its own handlers must not get, while the record is made.
    hides: Any = None
    depth = 0


_state = _State()
_lock = threading.Lock()
_sinks: dict[Scope, _Sink] = {}
# The lowest level that a pool wants.
_lowest = _NEVER
_standard: frozenset[str] = frozenset()


def connect(channel: Channel, level: int, *, alone: bool) -> None:
    """Send records of this level and above to JavaScript. `alone`: no other worker uses this
    interpreter.
    """
    import logging

    with _lock:
        sink = _sinks.setdefault(channel.scope, _Sink(level, alone=alone))
        sink.channels.append(channel)
        _set_lowest()
        if not getattr(logging.Logger.callHandlers, "__pythreads__", False):
            _install(logging)


def disconnect(channel: Channel) -> None:
    """A worker ends."""
    if not _sinks:
        return
    with _lock:
        sink = _sinks.get(channel.scope)
        if sink is None or channel not in sink.channels:
            return
        sink.channels.remove(channel)
        if not sink.channels:
            del _sinks[channel.scope]
        _set_lowest()


def _set_lowest() -> None:
    global _lowest  # noqa: PLW0603
    _lowest = min((sink.level for sink in _sinks.values()), default=_NEVER)


def _install(logging: Any) -> None:
    global _standard  # noqa: PLW0603
    _standard = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"})
    logger_class = logging.Logger
    own_is_enabled, own_log, own_call = (
        logger_class.isEnabledFor,
        logger_class._log,  # noqa: SLF001
        logger_class.callHandlers,
    )
    # Python 3.10 counts the frames of `logging` itself, as soon as it counts any.
    more = 1 if sys.version_info < (3, 11) else 0

    def is_enabled(self: Any, level: int) -> bool:
        return own_is_enabled(self, level) or (level >= _lowest and _is_open(self, level))

    def log(
        self: Any,
        level: int,
        msg: object,
        args: Any,
        exc_info: Any = None,
        extra: Any = None,
        stack_info: bool = False,
        stacklevel: int = 1,
    ) -> None:
        outer, _state.hides = _state.hides, None if own_is_enabled(self, level) else self
        try:
            own_log(
                self,
                level,
                msg,
                args,
                exc_info,
                extra,
                stack_info,
                stacklevel + more if stacklevel > 1 else stacklevel,
            )
        finally:
            _state.hides = outer

    def call_handlers(self: Any, record: Any) -> None:
        is_sent = record.levelno >= _lowest and shielded(_forward, record)
        if _state.hides is self or (
            is_sent and not self.hasHandlers()
        ):  # the handler of last resort is for records that nobody gets
            return
        own_call(self, record)

    # A logger looks for who has called it above all frames of its own file.
    log.__code__ = log.__code__.replace(co_filename=logging._srcfile or log.__code__.co_filename)  # noqa: SLF001
    call_handlers.__pythreads__ = True  # type: ignore[attr-defined]
    logger_class.isEnabledFor, logger_class._log, logger_class.callHandlers = (  # noqa: SLF001
        is_enabled,
        log,
        call_handlers,
    )


def _is_open(logger: Any, level: int) -> bool:
    """Whether the program has said nothing against this level: for this logger, one above it except
    the root, or all.
    """
    if logger.disabled or logger.manager.disable >= level:
        return False
    while logger.parent is not None:
        if logger.level:
            return False
        logger = logger.parent
    return True


def _forward(record: Any) -> bool:
    """Send a record to the pool of this thread, or to all that share the interpreter. Return
    whether any gets it.
    """
    if forked or _state.depth >= _MAX_DEPTH:
        return False
    _state.depth += 1
    try:
        channel = current.channel
        if channel is None:
            return bool(sum(_send(sink, record, None) for sink in list(_sinks.values())))
        sink = _sinks.get(channel.scope)
        return sink is not None and _send(sink, record, channel)
    finally:
        _state.depth -= 1


def _send(sink: _Sink, record: Any, channel: Channel | None) -> bool:
    if record.levelno < sink.level:
        return False
    is_known = channel is not None and channel.side is not None
    call = channel.call() if channel is not None else current.call if sink.alone else None
    if channel is None or not is_known:
        try:
            channel = sink.channels[0]
        except IndexError:  # the worker has just ended
            return False
    payload = _payload(record, call, is_known or sink.alone)
    is_in_sync_call = (
        not is_known and current.channel is not None
    )  # the JavaScript thread reads nothing before it is over
    if is_in_sync_call or is_writing():
        send_later(channel, frames.LOG, payload, _lost)
    else:
        channel.send(frames.LOG, payload)
    return True


def _lost(count: int) -> bytes:
    import logging

    text = f"{count} records were made in sync calls faster than they could be sent, and are lost"
    return _payload(
        logging.makeLogRecord(
            {"name": "pythreads", "levelno": 30, "levelname": "WARNING", "msg": text}
        ),
        None,
        False,
    )


def _payload(record: Any, call: int | None, is_known: bool) -> bytes:
    """The payload of a record. A value that cannot be read does not prevent the others."""
    fields = record.__dict__
    extra = {}
    for name in list(fields)[: len(_standard) + _MAX_EXTRA]:
        if name not in _standard and type(name) is str and name[:1] != "_" and name.isprintable():
            value = plain(fields[name])
            if value is not MISSING:
                extra[name] = value
    level = fields.get("levelno")
    parts = (
        call,
        is_known,
        int(level) if isinstance(level, int) else 0,
        *(_text(fields.get(name)) for name in ("levelname", "name")),
        _message(record),
        float(fields.get("created") or 0),
        *(_text(fields.get(name)) for name in ("threadName", "pathname")),
        int(fields.get("lineno") or 0),
        _text(fields.get("funcName")),
        _exception(record),
        _text(fields.get("stack_info")) or None,
        extra,
    )
    return marshal.dumps(parts, 2)


def _message(record: Any) -> str:
    try:
        return _text(record.getMessage())
    except Exception as error:  # its arguments do not fit, or cannot be shown
        return f"{_text(record.msg)} (this cannot be formatted: {type(error).__qualname__}: {_text(error)})"


def _exception(record: Any) -> str | None:
    info = record.exc_info
    try:
        if type(info) is tuple and info[1] is not None:
            from traceback import format_exception

            return _text("".join(format_exception(*info)).rstrip("\n"))
    except Exception as error:
        return f"{type(info[1]).__qualname__} (this cannot be shown: {type(error).__qualname__})"
    return _text(record.exc_text) or None


def _text(value: object) -> str:
    """The text of a value; '' for None. Bounded, and never an error."""
    if value is None:
        return ""
    try:
        text = exact_text(value)
    except Exception as error:
        return f"<a text that cannot be shown: {type(error).__qualname__}>"
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}... ({len(text)} characters)"
