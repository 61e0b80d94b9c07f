"""Threads of the kernel's own."""

from __future__ import annotations

import _thread
import threading

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Sub-interpreters of 3.12 have no daemon threads. There, nothing waits for other threads either:
# these interpreters are never destroyed, and the threads end with their channel.
_MAY_BE_DAEMONS = getattr(_thread, "daemon_threads_allowed", lambda: True)()


def thread(target: Callable[..., Any], name: str, *args: Any) -> threading.Thread:
    """Make a thread that does not keep the process alive, and do not start it."""
    return threading.Thread(target=target, args=args, name=name, daemon=_MAY_BE_DAEMONS)
