"""How often JavaScript values were sent to an interpreter, and returned: by these counts
JavaScript knows when Python holds a value no longer (`src/references/counts.ts`).
"""

from __future__ import annotations

import threading
import weakref
from collections import deque

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    # The number of a value, how often it was sent to Python, and how often it returned.
    Dropped = tuple[int, int, int]


class DropNote(weakref.ref["Reference"]):
    """The counts of a `Reference`, which stay when it is dropped."""

    __slots__ = ("number", "returns", "sent")

    number: int
    sent: int
    returns: int


class ReferenceCounts:
    """The JavaScript values that one pool's workers hold in one interpreter."""

    def __init__(self) -> None:
        """Start without any."""
        # The functions that Python holds, by their number.
        self.functions: dict[int, weakref.ref[Any]] = {}
        # For `functions`, and for the counts of each note.
        self.lock = threading.Lock()
        # The notes of what Python holds, and of what it has dropped.
        self.notes: set[DropNote] = set()
        self.dropped: deque[DropNote | Dropped] = deque()

    def take_dropped(self) -> list[Dropped]:
        """Return the counts of what Python has dropped since the last time."""
        dropped = []
        while self.dropped:
            try:
                note = self.dropped.popleft()
            except IndexError:  # another worker was faster
                break
            if isinstance(note, tuple):  # given back
                dropped.append(note)
                continue
            self.notes.discard(note)
            with self.lock:
                function = self.functions.get(note.number)
                if function is not None and function() is None:
                    del self.functions[note.number]
            dropped.append((note.number, note.sent, note.returns))
        return dropped

    def put_back(self, dropped: Iterable[Dropped]) -> None:
        """Keep what could not be sent: another worker sends it."""
        self.dropped.extend(dropped)


class Reference:
    """Python's hold on one JavaScript value. Any thread may drop it, at any time.

    Then the interpreter puts its note with the others, without a line of Python: an interrupt of
    the call that drops it could come between two lines. JavaScript may learn of the drop before it
    reads a frame in which the value returns, as frames go over several sockets. So the note counts
    the returns, and JavaScript keeps the value until it has read that number of them.
    """

    __slots__ = ("__weakref__", "counts", "note", "number")

    def __init__(self, number: int, counts: ReferenceCounts) -> None:
        """Hold the value with this number, which was sent once."""
        self.number = number
        self.counts = counts
        self.note = note = DropNote(self, counts.dropped.append)
        note.number = number
        note.sent = 1
        note.returns = 0
        counts.notes.add(note)

    def add_return(self) -> int:
        """Count that a frame names the value. Return its number. Nothing may interrupt this."""
        with self.counts.lock:
            self.note.returns += 1
        return self.number

    def retract(self) -> None:
        """Undo `add_return`: the frame is not sent."""
        with self.counts.lock:
            self.note.returns -= 1
