"""The channel of a sync call that is one native call: nothing can be sent on it."""

from __future__ import annotations

import threading
import weakref

from . import start_failures
from .channel import Channel
from .scope import Scope, scope_of

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from .event_loop import EventLoop


class EntryChannel(Channel):
    """The channel of sync calls of one pool. The JavaScript thread is in such a call, so no
    callback can run before it ends.
    """

    is_sync = True
    side = None
    _loop: EventLoop | None = None

    def __init__(self, scope: Scope) -> None:
        """Belong to a scope, and do not hold it: a thread keeps its last channel."""
        self.held = weakref.ref(scope)

    @property
    def scope(self) -> Scope:  # type: ignore[override]
        """The scope, which somebody holds during a call."""
        return self.held() or Scope()

    @property
    def loop(self) -> EventLoop:
        """The event loop of all sync calls."""
        with _lock:
            if EntryChannel._loop is None:
                try:
                    from .event_loop import EventLoop  # asyncio takes 30 ms to import

                    EntryChannel._loop = EventLoop(EntryChannel(_loop_scope))
                except (Exception, SystemExit) as error:
                    raise start_failures.unavailable("coroutines are", error) from error
            return EntryChannel._loop


_lock = threading.Lock()
_loop_scope = Scope()
# By the number of the scope.
channels: dict[int, EntryChannel] = {}


def channel_of(number: int) -> tuple[EntryChannel, Scope]:
    """Return the channel of a pool's sync calls, and its scope, which the caller has to hold."""
    scope = scope_of(number)
    channel = channels.get(number)
    if channel is None or channel.held() is not scope:
        with _lock:
            for dead in [other for other, known in channels.items() if known.held() is None]:
                del channels[dead]
            channel = channels[number] = EntryChannel(scope)
    return channel, scope
