"""Writes to the console of Windows, whose descriptor takes bytes of the console's own encoding:
text in UTF-8 goes through the class that Python uses for its own streams.
"""

from __future__ import annotations

import io
import os

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

# The console of a descriptor, `None` where that is a file or a pipe.
_consoles: dict[int, Any] = {}


def write(fd: int, data: bytes | memoryview) -> int:
    """Write bytes in UTF-8. Return how many were taken, as `os.write` does."""
    if fd not in _consoles:
        _consoles[fd] = _open(fd)
    console = _consoles[fd]
    return os.write(fd, data) if console is None else console.write(data) or 0


def _open(fd: int) -> Any:
    if not os.isatty(fd):
        return None
    try:
        return io._WindowsConsoleIO(fd, "wb", closefd=False)  # type: ignore[attr-defined]  # noqa: SLF001
    except (OSError, ValueError):  # NUL, or another character device
        return None
