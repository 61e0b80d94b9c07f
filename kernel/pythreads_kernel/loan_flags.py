"""The flags of loans: a byte for each, at the beginning of a table that JavaScript sees too."""

from __future__ import annotations

from .borrow import FLAG_BYTES

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    import mmap
    from typing import Any


class LoanFlags:
    """Which flags are in use, and for which loan."""

    def __init__(self, table: mmap.mmap) -> None:
        self._table = table
        self._free: list[int] = []
        self._next = 0
        # What a loan holds, and its owner, by flag.
        self.loans: dict[int, tuple[Any, object]] = {}

    def add(self, held: Any, owner: object) -> int | None:
        """A flag for a loan; `None` where none is free."""
        if self._free:
            flag = self._free.pop()
        elif self._next < FLAG_BYTES:
            flag = self._next
            self._next += 1
        else:
            return None
        self.loans[flag] = (held, owner)
        return flag

    def returned(self) -> list[Any]:
        """End the loans with flag 1; return what they held."""
        held = []
        find = self._table.find
        flag = find(b"\1", 0, self._next)
        while flag >= 0:
            held.append(self.remove(flag))
            flag = find(b"\1", flag + 1, self._next)
        return held

    def unread(self, owner: object) -> list[Any]:
        """End the loans of an owner with flag 0; return what they held."""
        table = self._table
        flags = [flag for flag, (_, its) in self.loans.items() if its is owner and table[flag] == 0]
        return [self.remove(flag) for flag in flags]

    def remove(self, flag: int) -> Any:
        """End a loan; return what it held."""
        self._table[flag] = 0
        self._free.append(flag)
        return self.loans.pop(flag)[0]
