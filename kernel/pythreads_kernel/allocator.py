"""A first-fit allocator for a range of memory; `src/memory/allocator.ts` is the same."""

from __future__ import annotations

from bisect import bisect_left

ALIGNMENT = 64


class Allocator:
    """The free parts of `[start, end)`, in order. No part touches the next one."""

    def __init__(self, start: int, end: int) -> None:
        """Start with all of it free."""
        self._starts = [start]
        self._ends = [end]

    def take(self, size: int) -> int | None:
        """Take `size` bytes, rounded up to the alignment. Return where they begin, `None` where
        there is no room.
        """
        size = aligned(size)
        for index, start in enumerate(self._starts):
            end = self._ends[index]
            if end - start < size:
                continue
            if end - start == size:
                del self._starts[index], self._ends[index]
            else:
                self._starts[index] = start + size
            return start
        return None

    def free(self) -> list[tuple[int, int]]:
        """Where the free parts begin and end."""
        return list(zip(self._starts, self._ends, strict=True))

    def give_back(self, start: int, size: int) -> None:
        """Free what `take` returned."""
        end = start + aligned(size)
        index = bisect_left(self._starts, start)
        joins_next = index < len(self._starts) and self._starts[index] == end
        if index > 0 and self._ends[index - 1] == start:
            self._ends[index - 1] = self._ends[index] if joins_next else end
            if joins_next:
                del self._starts[index], self._ends[index]
        elif joins_next:
            self._starts[index] = start
        else:
            self._starts.insert(index, start)
            self._ends.insert(index, end)


def aligned(size: int) -> int:
    """Return `size`, rounded up to the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT
