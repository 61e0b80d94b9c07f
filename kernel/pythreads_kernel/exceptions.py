"""Describing an exception to JavaScript: what `PythonErrorDetails` in `src/errors/python-error.ts`
holds.
"""

from __future__ import annotations

from collections import deque

from . import refusals, start_failures
from .attributes import arguments, attributes
from .interrupts import CallCancelled, shielded
from .javascript import DeadlockError, JavaScriptError
from .plain import RefusedValueError
from .scope import ReleasedError
from .subclasses import exact_text
from .targets import TargetError, folders, refusal

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from .interfaces import Scope

    # The description of an exception, the exceptions that it holds, and whether the first of these
    # is its cause.
    _Facts = tuple[dict[str, Any], list[BaseException], bool]

_OWN_FOLDER = __file__.rpartition("/")[0] or __file__.rpartition("\\")[0]
_MAX_CHAIN = 100
_MAX_GROUP = 1000
# The most exceptions: an exception may make its members on request, without end.
_MAX_ERRORS = 10_000


def describe(error: BaseException, scope: Scope | None = None) -> dict[str, Any]:
    """Turn an exception into plain values. Never raises, whatever the exception's own methods do.

    `scope`: of the pool that gets the description. What JavaScript of that pool threw is among the
    values. An exception that occurs several times, as in groups, is described once, as one dict.
    The nearest exceptions come first.
    """
    facts = _facts(error, scope, is_root=True)
    if not facts[1]:
        return facts[0]
    described = {id(error): facts[0]}
    links = [facts]
    waiting = deque((other, 1) for other in facts[1])
    while waiting:
        current, depth = waiting.popleft()
        if id(current) in described:
            continue
        facts = _facts(current, scope, is_root=False)
        described[id(current)] = facts[0]
        links.append(facts)
        if depth < _MAX_CHAIN and len(links) + len(waiting) < _MAX_ERRORS:
            waiting.extend((other, depth + 1) for other in facts[1])
    for details, others, has_cause in links:
        found = [described.get(id(other)) for other in others]
        if has_cause:
            details["cause"] = found.pop(0)
        details["errors"] = [inner for inner in found if inner is not None] or None
    return described[id(error)]


def _facts(error: BaseException, scope: Scope | None, *, is_root: bool) -> _Facts:
    """Describe an exception, and list the exceptions that it holds, its cause first."""
    try:
        if isinstance(error, TargetError):
            # The error of Python when it looked the target up, with the kernel's code and message.
            original = error.__cause__ or TypeError(str(error))
            details, others, has_cause = _facts(original, scope, is_root=is_root)
            message = str(error) + (
                _advice(original, str(error).partition(":")[0])
                if isinstance(original, ModuleNotFoundError)
                else ""
            )
            return (
                {
                    **details,
                    "code": f"ERR_PYTHREADS_{error.code}",
                    "message": message,
                    "thrown": None,
                },
                others,
                has_cause,
            )
        _hide_own_frames(error)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        others = ([] if cause is None else [cause]) + _members(error)
        return _describe(error, scope, is_root=is_root), others, cause is not None
    except BaseException as failure:  # a class or a metaclass of the user's makes it unreadable
        failure.__traceback__ = error.__traceback__ = None
        return describe_minimally(type(failure)), [], False


def describe_minimally(failure: type) -> dict[str, Any]:
    """Describe an exception that cannot be read. Nothing here can fail."""
    message = (
        f"an exception that cannot be described: {type.__dict__['__qualname__'].__get__(failure)}"
    )
    plain: dict[str, Any] = {
        "code": "ERR_PYTHREADS_PYTHON",
        "type": "RuntimeError",
        "module": "builtins",
        "message": message,
    }
    bases = ["builtins:RuntimeError", "builtins:Exception", "builtins:BaseException"]
    none: dict[str, Any] = dict.fromkeys(("cause", "errors", "path", "place", "thrown"))
    return {
        **plain,
        "traceback": f"RuntimeError: {message}\n",
        "frames": [],
        "notes": [],
        "bases": bases,
        "args": [],
        **none,
    }


def _describe(error: BaseException, scope: Scope | None, *, is_root: bool) -> dict[str, Any]:
    message = _message(error)  # before the traceback, which has it too: this can be interrupted
    text, frames = _traceback(error) if is_root else ("", _frames(error.__traceback__))
    code, notes = _code(error), [exact_text(note) for note in _notes(error)]
    refused = refusals.note() if is_root and code != "MODULE_REFUSED" else None
    if refused is not None:
        notes.append(refused)
        text += f"{refused}\n"
    options = None if scope is None else scope.errors
    args, opaque = arguments(error)
    details: dict[str, Any] = {
        "code": f"ERR_PYTHREADS_{code}",
        "type": exact_text(type(error).__qualname__),
        "module": exact_text(type(error).__module__),
        "message": message,
        "traceback": text,
        "frames": frames,
        "notes": notes,
        "cause": None,
        "errors": None,
        "path": error.path if isinstance(error, RefusedValueError) else None,
        "bases": [
            f"{exact_text(base.__module__)}:{exact_text(base.__qualname__)}"
            for base in type(error).__mro__[:-1]
        ],
        "place": _place(error),
        "thrown": _thrown(error, scope),
        "args": args,
    }
    # Most have neither.
    if opaque:
        details["opaque"] = opaque
    found = attributes(error, () if options is None else options["attributes"])
    if found:
        details["attributes"] = found
    if is_root and options is not None and options["exception"]:
        details["exception"] = error
    return details


def _code(error: BaseException) -> str:
    if isinstance(error, RefusedValueError):
        return "VALUE"
    if isinstance(error, DeadlockError):
        return "DEADLOCK"
    if isinstance(error, ReleasedError):
        return "OBJECT_RELEASED"
    return "PYTHON" if refusal(error) is None else "MODULE_REFUSED"


def _message(error: BaseException) -> str:
    if isinstance(error, ImportError):
        refused = refusal(error)
        if refused is not None:
            return refused
    try:
        message = exact_text(str(error))
        return message + _advice(error, None) if isinstance(error, ModuleNotFoundError) else message
    except CallCancelled:
        raise
    except BaseException as failure:  # __str__ is the user's code
        return f"<no message: __str__ raised {type(failure).__qualname__}>"


def _advice(error: ModuleNotFoundError, target: str | None) -> str:
    """What to do about a module that is missing."""
    message = str(error)
    if not message.startswith("No module named") or ";" in message:
        return ""
    try:
        return shielded(_find_advice, error, target)  # type: ignore[no-any-return]
    except Exception:
        return ""


def _find_advice(error: ModuleNotFoundError, target: str | None) -> str:
    from . import missing_modules

    return missing_modules.advice(error, target, folders)


def _place(error: BaseException) -> dict[str, Any] | None:
    """Say where in a source text a SyntaxError is."""
    if not isinstance(error, SyntaxError) or not isinstance(error.lineno, int):
        return None
    return {
        "file": exact_text(error.filename or ""),
        "line": error.lineno,
        "column": error.offset if isinstance(error.offset, int) else 0,
        "text": exact_text(error.text or "").rstrip("\n"),
    }


def _thrown(error: BaseException, scope: Scope | None) -> list[JavaScriptError] | None:
    """The error itself, for which JavaScript gets back what it threw; in a list, as that may be
    null.
    """
    if scope is None or type(error) is not JavaScriptError or not error.is_from(scope.references):
        return None
    return [error]


def _notes(error: BaseException) -> list[Any]:
    notes = _attribute(error, "__notes__")
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def _members(error: BaseException) -> list[BaseException]:
    """List the exceptions of an exception group; other exceptions have none."""
    members = _attribute(error, "exceptions")
    if not isinstance(members, tuple) or not all(
        isinstance(member, BaseException) for member in members
    ):
        return []
    return list(members[:_MAX_GROUP])


def _attribute(error: BaseException, name: str) -> Any:
    try:
        return getattr(error, name, None)
    except BaseException:  # a property is the user's code
        return None


def _traceback(error: BaseException) -> tuple[str, list[dict[str, Any]]]:
    """The traceback as Python prints it, and its frames, which are looked up once for both.

    An interrupt of an import, here or in what is called, could leave its lock locked for good.
    """
    try:
        return shielded(_read_traceback, error)  # type: ignore[no-any-return]
    except BaseException as failure:  # formatting runs the user's __str__ and __repr__
        text = f"{type(error).__qualname__}: <traceback unavailable: {start_failures.because(failure)}>\n"
        return text, _frames(error.__traceback__)


def _read_traceback(error: BaseException) -> tuple[str, list[dict[str, Any]]]:
    from . import tracebacks  # takes 3 ms: not before it is needed

    return tracebacks.text_and_frames(error)


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    try:
        return shielded(_read_frames, trace)  # type: ignore[no-any-return]
    except (
        BaseException
    ):  # no file can be opened, which may be the very error; or a file shadows a module
        return []


def _read_frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    from . import tracebacks

    return tracebacks.frames(trace)


def _hide_own_frames(error: BaseException) -> None:
    """Take the kernel's own frames out of a traceback."""
    error.__traceback__ = trace = _skip_own(error.__traceback__)
    while trace is not None:
        following = _skip_own(trace.tb_next)
        trace.tb_next = following
        trace = following


def _skip_own(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        trace = trace.tb_next
    return trace
