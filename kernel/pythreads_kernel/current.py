"""Which channel this thread serves, and which request the code that it runs belongs to."""

from __future__ import annotations

import threading
from contextvars import ContextVar

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from .interfaces import Channel


class _Current(threading.local):
    """The channel that this thread serves, or that its event loop belongs to."""

    channel: Channel | None = None

    @property
    def call(self) -> int | None:
        """The request to which the coroutine that runs here belongs."""
        return coroutine_of.get()


# The request of a coroutine, also in every task that the coroutine starts.
coroutine_of: ContextVar[int | None] = ContextVar("pythreads_call", default=None)
current = _Current()
