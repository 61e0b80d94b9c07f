"""Staying awake for the next request: to wake a thread that sleeps takes longer than most short calls.

`src/pool/vigil.ts` does the same for answers.
"""

from __future__ import annotations

import select
from time import perf_counter_ns

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable

# How long a thread stays awake: about as long as it takes to wake it.
_AWAKE_NS = 100_000
# After a vigil in vain the next request is slept for, then two, four, and at most so many.
_MAX_PASSED = 64


def spin_wait(fd: int) -> Callable[[], None]:
    """Return what waits for a moment for something to read, where that has paid lately."""
    if not hasattr(select, "poll"):
        return lambda: None
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    poll = poller.poll
    pass_now, pass_next = 0, 1

    def wait() -> None:
        nonlocal pass_now, pass_next
        if pass_now:
            pass_now -= 1
            return
        until = perf_counter_ns() + _AWAKE_NS
        while not poll(0):
            if perf_counter_ns() > until:
                pass_now = pass_next
                pass_next = min(pass_next * 2, _MAX_PASSED)
                return
        pass_next = 1

    return wait
