"""Notices when a module turns the GIL of a free-threaded build on."""

from __future__ import annotations

import sys
import time
import warnings

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

_MESSAGE = "global interpreter lock (GIL) has been enabled to load module '"
# `sys.abiflags` says it too, but is missing on Windows.
IS_FREE_THREADED = "free-threading" in sys.version and hasattr(sys, "_is_gil_enabled")
_LOOKS = 20
_BETWEEN_LOOKS = 0.005
_culprits: list[str] = []


def is_enabled() -> bool:
    """Whether threads of this interpreter take turns now.

    A free-threaded build turns the GIL on for each import of an extension module, and off again if
    the module is marked as safe. Another thread may look during such an import. So the GIL counts
    as on where it stays on, or where a module is known to have turned it on.
    """
    if not IS_FREE_THREADED:
        return True
    for _ in range(_LOOKS):
        if not sys._is_gil_enabled():  # type: ignore[attr-defined]  # noqa: SLF001 - 3.13 and newer
            return False
        if _culprits:
            break
        time.sleep(_BETWEEN_LOOKS)
    return True


def culprit() -> str:
    """Return the module that turned the GIL on; empty where it is not known."""
    return next(iter(_culprits), "")


def watch() -> None:
    """Listen to the warning that names the module. It is shown as before."""
    shown = warnings.showwarning
    if getattr(shown, "__pythreads_gil__", False):
        return

    def show(message: Any, *rest: Any, **more: Any) -> None:
        _, marker, quoted = str(message).partition(_MESSAGE)
        if marker:
            _culprits.append(quoted.partition("'")[0])
        shown(message, *rest, **more)

    show.__pythreads_gil__ = True  # type: ignore[attr-defined]
    warnings.showwarning = show
