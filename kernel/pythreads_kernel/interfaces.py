"""The types of objects that modules make above those which use them: channel, scope, output.

For annotations only. Import it under TYPE_CHECKING, as `typing` takes 2 ms of a start. It is here
so that no two modules need each other: `node scripts/floors.js` counts imports of types too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .interrupts import InterruptGuard
    from .references import ReferenceCounts


class Channel(Protocol):
    """The worker's end of a channel: `channel.py`."""

    output: Output | None

    @property
    def is_sync(self) -> bool:
        """Whether JavaScript waits for each reply."""

    @property
    def is_serving(self) -> bool:
        """Whether the calling thread serves the main socket."""

    @property
    def title(self) -> str:
        """The worker's name."""

    @property
    def scope(self) -> Scope:
        """The state that the workers of the pool share in this interpreter."""

    @property
    def side(self) -> SideChannel | None:
        """The channel for threads that do not serve the main socket."""

    @property
    def guard(self) -> InterruptGuard | None:
        """Through which the serving thread is interrupted."""

    @property
    def loop(self) -> EventLoop:
        """Where coroutines of the channel's requests run."""

    def start(self, request: int, awaitable: Any, flags: int) -> None:
        """Hand a request over to the event loop."""

    def call(self) -> int | None:
        """Return the number of the call that this thread runs, if it is known."""

    def call_back(self, number: int, args: tuple[Any, ...]) -> Any:
        """Call a JavaScript function from the serving thread."""

    def interrupt(self, request: int) -> bool:
        """Interrupt the serving thread if it runs this request. Return whether it does."""

    def send(self, kind: int, payload: bytes) -> None:
        """Send a frame that is no reply, from any thread."""

    def function(self, number: int, name: str, is_async: bool) -> Any:
        """Return the `JavaScriptFunction` with this number."""

    def iterator(self, number: int, is_async: bool) -> Any:
        """Return the `JavaScriptIterator` with this number."""

    def load(self, kind: int, payload: Any) -> Any:
        """Return what a callback returned. Raises what it threw."""

    def send_dropped(self, write: Any) -> None:
        """Send the numbers of the JavaScript values that Python has dropped."""


class SideChannel(Protocol):
    """The side socket of a channel: `side_channel.py`."""

    def listen(self) -> None:
        """Start the thread that reads, unless it runs."""

    def write(self, kind: int, request: int, payload: bytes) -> None:
        """Write one frame."""

    def write_bytes(self, data: bytes) -> None:
        """Write whole frames."""

    def call_back(self, number: int, args: tuple[Any, ...], loop: Any, is_async: bool) -> Any:
        """Call a JavaScript function from any thread."""


class EventLoop(Protocol):
    """A worker's event loop: `event_loop.py`."""

    def start(self, request: int, awaitable: Any, flags: int) -> None:
        """Run a coroutine. Its result is sent as the reply to `request`."""

    def run(self, awaitable: Any) -> Any:
        """Run a coroutine, and wait for its result on the calling thread."""


class Scope(Protocol):
    """The state of one pool in one interpreter: `scope.py`."""

    waiting: Channel | None
    output: Output | None

    @property
    def owner(self) -> int:
        """The JavaScript thread of the pool."""

    @property
    def flags(self) -> int:
        """The flags for arguments of callbacks."""

    @property
    def errors(self) -> dict[str, Any] | None:
        """The option `errors` of the pool; `None` if it is not given."""

    @property
    def references(self) -> ReferenceCounts:
        """The JavaScript values that Python holds."""

    def session(self, number: int) -> Namespace:
        """Return the variables of a session; 0 stands for those of the pool."""

    def end_session(self, number: int) -> None:
        """Forget a session's variables."""

    def keep(self, value: Any) -> tuple[Any, ...]:
        """Hold an object for JavaScript. Return its escape."""

    def kept(self, number: int) -> Any:
        """Return the object with this number."""

    def release(self, numbers: Any) -> None:
        """Drop objects that JavaScript has released."""


class Namespace(Protocol):
    """The variables of `exec` and `eval`: `scope.py`."""

    def evaluate(self, source: str, names: tuple[str, ...], values: list[Any]) -> Any:
        """Evaluate an expression."""

    def execute(self, source: str, filename: str, values: dict[str, Any]) -> None:
        """Run statements."""


class Output(Protocol):
    """Where printed text goes: `output.py`."""

    @property
    def is_captured(self) -> bool:
        """Whether JavaScript gets it."""

    def hold(self, stream: int, data: bytes) -> bool:
        """Keep a piece of a line. Return `False` where too much is held."""

    def write(self, stream: int, data: bytes) -> None:
        """Take printed text."""

    def flush(self, stream: int) -> None:
        """Send the beginning of this thread's line."""

    def finish(self, call: int | None) -> None:
        """End the lines of a call that this thread made."""

    def finish_coroutine(self, call: int) -> None:
        """End the lines of a coroutine."""

    def finish_all(self) -> None:
        """End all lines."""
