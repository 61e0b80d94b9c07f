"""Spin before parking: to wake a thread that is parked takes longer than most short calls.

`src/platform/spin-wait.ts` follows the same rule for the event loop and for sync calls.
"""

from __future__ import annotations

import select
from time import perf_counter_ns

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable

# How long a thread spins: about as long as it takes to wake a parked one.
_SPIN_NS = 100_000
# After a spin in vain the next wait parks at once, then the next two, the next four, and so on up
# to this number.
_MAX_SKIPPED = 64


def spin_wait(fd: int) -> Callable[[], None]:
    """Return a function that waits until `fd` is readable: it spins first, where spinning has paid
    lately.
    """
    if not hasattr(select, "poll"):
        return lambda: None
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    poll = poller.poll
    skipped, next_skipped = 0, 1

    def spin() -> None:
        nonlocal skipped, next_skipped
        if skipped:
            skipped -= 1
            return
        until = perf_counter_ns() + _SPIN_NS
        while not poll(0):
            if perf_counter_ns() > until:
                skipped = next_skipped
                next_skipped = min(next_skipped * 2, _MAX_SKIPPED)
                return
        next_skipped = 1

    return spin
