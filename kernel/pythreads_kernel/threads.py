"""Threads of the kernel's own."""

from __future__ import annotations

import _thread
import threading

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# The sub-interpreters of 3.12 have no daemon threads. Nothing waits for the others either, as none
# of those interpreters is ever destroyed, and they end with their channel.
_MAY_BE_DAEMONS = getattr(_thread, "daemon_threads_allowed", lambda: True)()


def thread(target: Callable[..., Any], name: str, *args: Any) -> threading.Thread:
    """Make a thread that keeps nothing from ending; it is not started."""
    return threading.Thread(target=target, args=args, name=name, daemon=_MAY_BE_DAEMONS)
