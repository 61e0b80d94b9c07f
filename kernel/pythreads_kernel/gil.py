"""Noticing that a module turns the GIL of a free-threaded build on again: from then on, threads take turns."""

from __future__ import annotations

import re
import sys
import warnings

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

_MESSAGE = re.compile(r"global interpreter lock \(GIL\) has been enabled to load module '([^']+)'")
_culprits: list[str] = []


def is_enabled() -> bool:
    """Whether threads of this interpreter take turns now."""
    check = getattr(sys, "_is_gil_enabled", None)
    return check is None or bool(check())


def culprit() -> str:
    """Return the module that turned the GIL on; empty where it is not known."""
    return next(iter(_culprits), "")


def watch() -> None:
    """Listen to the warning that names the module. It is shown as before."""
    shown = warnings.showwarning
    if getattr(shown, "__pythreads_gil__", False):
        return

    def show(message: Any, *rest: Any, **more: Any) -> None:
        named = _MESSAGE.search(str(message))
        if named is not None:
            _culprits.append(named[1])
        shown(message, *rest, **more)

    show.__pythreads_gil__ = True  # type: ignore[attr-defined]
    warnings.showwarning = show
