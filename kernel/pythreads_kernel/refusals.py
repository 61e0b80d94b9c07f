"""The extension modules that this sub-interpreter refused to load.

A package may catch the ImportError and go on without its compiled part. Then it is slow, or fails
later with an error that names something else. So each refusal is noted where it happens: JavaScript
gets the module's name, and the errors of later calls get a note.
"""

from __future__ import annotations

import marshal
from importlib.machinery import BuiltinImporter, ExtensionFileLoader

from . import frames

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MARKER = "does not support loading in subinterpreters"
# What modules say that find out by themselves: those of PyO3, Cython, numpy.
_OTHER_MARKERS = (
    "subinterpreter",
    "once per interpreter process",
    "one interpreter per process",
    "more than once per process",
)

# Python's own `traceback` does without it as well as with it, and imports it for each NameError.
_UNIMPORTANT = "_suggestions"

# Their names, in the order in which they were refused.
refused: list[str] = []
# Sends a frame to JavaScript, once the worker that has this interpreter has a channel.
_send: Callable[[int, bytes], object] | None = None
is_watching = False


def watch() -> None:
    """Note modules that this interpreter refuses from now on. Only imports of extension modules
    take longer.
    """
    global is_watching  # noqa: PLW0603
    is_watching = True
    create, execute, create_builtin = (
        ExtensionFileLoader.create_module,
        ExtensionFileLoader.exec_module,
        BuiltinImporter.create_module,
    )

    def create_module(self: Any, spec: Any) -> Any:
        return _attempt(create, spec.name, self, spec)

    def exec_module(self: Any, module: Any) -> Any:
        return _attempt(execute, module.__name__, self, module)

    def create_builtin_module(spec: Any) -> Any:
        return _attempt(create_builtin, spec.name, spec)

    ExtensionFileLoader.create_module = create_module  # type: ignore[method-assign]
    ExtensionFileLoader.exec_module = exec_module  # type: ignore[method-assign]
    BuiltinImporter.create_module = staticmethod(create_builtin_module)  # type: ignore[method-assign, assignment]


def report_to(send: Callable[[int, bytes], object]) -> None:
    """Send JavaScript the names of modules that were refused, and of those that will be."""
    global _send  # noqa: PLW0603
    _send = send
    for name in refused:
        _report(name)


def note() -> str | None:
    """The note for an error of a call, if a module was refused before it."""
    if not refused:
        return None
    return f"these extension modules were refused in this sub-interpreter: {', '.join(refused)}; use isolation: 'process'"


def _attempt(load: Callable[..., Any], name: str, *args: Any) -> Any:
    try:
        return load(*args)
    except ImportError as error:
        culprit = _culprit(error, name)
        if culprit is not None and culprit not in (_UNIMPORTANT, *refused):
            refused.append(culprit)
            _report(culprit)
        raise


def _culprit(error: ImportError, name: str) -> str | None:
    """The module that was refused. One that imports it in C code fails with the same error."""
    try:
        text = str(error)
    except BaseException:  # __str__ of a class of the user's
        return None
    before, marker, _ = text.partition(MARKER)
    if marker:
        return next(iter(before.split()[-1:]), name)
    return name if any(other in text for other in _OTHER_MARKERS) else None


def _report(name: str) -> None:
    if _send is not None:
        _send(frames.REFUSED, marshal.dumps(name))
