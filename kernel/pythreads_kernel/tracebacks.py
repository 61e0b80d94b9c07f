"""Tracebacks as Python prints them, and their frames.

Where in its line a frame is, Python underlines, and parses the line for it: most of what an exception costs. So that is
remembered.
"""

from __future__ import annotations

from traceback import StackSummary, TracebackException, extract_tb

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable
    from traceback import FrameSummary
    from types import TracebackType
    from typing import Any

_MAX_FORMATTED = 1024
_formatted: dict[tuple[Any, ...], str] = {}
_format: Any = getattr(StackSummary, "format_frame_summary", None)


def told(error: BaseException) -> tuple[str, list[dict[str, Any]]]:
    """The traceback of an exception, with those of its causes, and its own frames."""
    exception = TracebackException(type(error), error, error.__traceback__)
    following: TracebackException | None = exception
    while following is not None:
        following.stack.__class__ = _RememberingStack
        following = following.__cause__ or following.__context__
    return "".join(exception.format()), _plain(exception.stack)


def frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    """The frames of a traceback, outermost first."""
    return _plain(extract_tb(trace))


def _plain(stack: Iterable[FrameSummary]) -> list[dict[str, Any]]:
    return [
        {"file": frame.filename, "line": frame.lineno or 0, "function": frame.name, "source": frame.line or ""} for frame in stack
    ]


class _RememberingStack(StackSummary):
    """Formats each place once. Python 3.10, which underlines nothing, does not ask it."""

    def format_frame_summary(self, frame_summary: FrameSummary, **options: Any) -> str:
        frame: Any = frame_summary
        place = (frame.filename, frame.lineno, frame.end_lineno, frame.colno, frame.end_colno, frame.name, frame.line)
        try:  # not `get`: see scope_of
            return _formatted[place]
        except KeyError:
            if len(_formatted) >= _MAX_FORMATTED:
                _formatted.clear()
            text: str = _format(self, frame_summary, **options)
            _formatted[place] = text
            return text
