"""Tracebacks as Python prints them, and their frames.

Python underlines the part of the line that raised, and parses the line to find it. That is most of
the cost of an exception, so the text of a place is cached.
"""

from __future__ import annotations

from linecache import getline
from traceback import StackSummary, TracebackException, extract_tb

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable
    from traceback import FrameSummary
    from types import TracebackType
    from typing import Any

_MAX_FORMATTED = 1024
# How many repeated exceptions, and how many exceptions, a group may have for Python to format it.
_MAX_AGAIN = 1000
_MAX_ERRORS = 100_000
_formatted: dict[tuple[Any, ...], str] = {}
_format: Any = getattr(StackSummary, "format_frame_summary", None)


def text_and_frames(error: BaseException) -> tuple[str, list[dict[str, Any]]]:
    """The traceback of an exception, with those of its causes, and its own frames."""
    if _has_others(error) and _is_endless(error):
        return _brief(error)
    exception = TracebackException(type(error), error, error.__traceback__)
    following: TracebackException | None = exception
    while following is not None:
        following.stack.__class__ = _RememberingStack
        following = following.__cause__ or following.__context__
    return "".join(exception.format()), _plain(exception.stack)


def _has_others(error: BaseException) -> bool:
    try:
        return (
            error.__cause__ is not None
            or error.__context__ is not None
            or hasattr(error, "exceptions")
        )
    except Exception:  # a property is the user's code
        return True


def _is_endless(error: BaseException) -> bool:
    """Whether exceptions hold each other so often that formatting never ends: Python formats an
    exception each time it is held.
    """
    seen: set[int] = set()
    held: list[Any] = []  # so that no other exception gets its id
    again = 0
    stack: list[BaseException] = [error]
    while stack:
        current = stack.pop()
        try:
            members = getattr(current, "exceptions", None)
        except Exception:  # a property is the user's code
            members = None
        if id(current) in seen:
            again += 1
        else:
            seen.add(id(current))
            held.append(current)
            # Python looks at a cause or a context once.
            chain = (current.__cause__, current.__context__)
            stack.extend(other for other in chain if other is not None and id(other) not in seen)
        if again > _MAX_AGAIN or len(held) > _MAX_ERRORS:
            return True
        if isinstance(members, tuple):
            stack.extend(member for member in members if isinstance(member, BaseException))
    return False


def _brief(error: BaseException) -> tuple[str, list[dict[str, Any]]]:
    """The traceback of an exception alone, without those of others."""
    stack = extract_tb(error.__traceback__)
    try:
        message = str(error)
    except Exception as failure:
        message = f"<exception str() failed: {type(failure).__qualname__}>"
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ in ("builtins", "__main__")
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    head = "Traceback (most recent call last):\n" if stack else ""
    return f"{head}{''.join(stack.format())}{name}: {message}\n", _plain(stack)


def frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    """The frames of a traceback, outermost first."""
    return _plain(extract_tb(trace))


def _plain(stack: Iterable[FrameSummary]) -> list[dict[str, Any]]:
    return [_frame(frame, frame.line or "") for frame in stack]


def _frame(frame: Any, source: str) -> dict[str, Any]:
    column = getattr(frame, "colno", None)
    column = (
        column + 1 if column is not None and source.isascii() else _column(frame, column, source)
    )
    return {
        "file": frame.filename,
        "line": frame.lineno or 0,
        "column": column,
        "function": frame.name,
        "source": source,
    }


def _column(frame: FrameSummary, at: int | None, source: str) -> int:
    """Where in its line a frame is, from 1, in UTF-16 units; 0 where nothing is known.

    Python 3.10 does not say: then it is where the line begins. `at`: in bytes, from 0.
    """
    if not source or frame.lineno is None:
        return 0
    line = getline(frame.filename, frame.lineno)
    if at is None:
        return len(line) - len(line.lstrip()) + 1
    return len(line.encode()[:at].decode("utf-8", "replace").encode("utf-16-le")) // 2 + 1


class _RememberingStack(StackSummary):
    """Formats each place once. Python 3.10, which underlines nothing, does not call this."""

    def format_frame_summary(self, frame_summary: FrameSummary, **options: Any) -> str:
        frame: Any = frame_summary
        place = (
            frame.filename,
            frame.lineno,
            frame.end_lineno,
            frame.colno,
            frame.end_colno,
            frame.name,
            frame.line,
        )
        try:  # not `get`: see scope_of
            return _formatted[place]
        except KeyError:
            if len(_formatted) >= _MAX_FORMATTED:
                _formatted.clear()
            text: str = _format(self, frame_summary, **options)
            _formatted[place] = text
            return text
