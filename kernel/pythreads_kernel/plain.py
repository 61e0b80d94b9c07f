"""Python values to bytes and back, by the interpreter's own marshal module.

marshal writes some values as if they were others: whatever offers the buffer protocol (a numpy
number, an `array`) becomes bytes, code objects become code. So a container is looked over before it
is written: when each value in it has exactly one of the plain types it is written as it is,
otherwise with escapes (`encode.py`).
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

loads = marshal.loads

SCALARS = frozenset({int, float, str, bool, type(None), bytes, bytearray})
CONTAINERS = frozenset({list, tuple, set, frozenset, dict})
_SETS = frozenset({set, frozenset})
BYTES = frozenset({bytes, bytearray})
# Bytes of this size or more are lent, where memory is shared (`lend.py`).
INLINE_BYTES = 32 * 1024
# A bytearray that occurs twice is one array in JavaScript, and bytes are two arrays: marshal makes
# no difference.
_MEMBERS = SCALARS - {bytearray}
_PLAIN = _MEMBERS | CONTAINERS
# Version 2 is the quicker one for small and flat values; version 4 writes what is used several
# times only once.
FLAT, NESTED = 2, 4


class RefusedValueError(TypeError, ValueError):
    """A value cannot be sent to JavaScript. `path` says where it is."""

    code = "ERR_PYTHREADS_VALUE"

    def __init__(self, path: str, reason: str) -> None:
        """`path` names the place in the value, `reason` what is wrong with it."""
        super().__init__(f"{path}: {reason}")
        self.path = path


def dumps_plain(value: Any) -> bytes | None:
    """Bytes for JavaScript, or `None` when something in the value needs an escape."""
    kind = type(value)
    if kind in SCALARS:
        return None if kind in BYTES and len(value) >= INLINE_BYTES else marshal.dumps(value, FLAT)
    if kind not in CONTAINERS:
        return None
    version = _version(value)
    if version is None:
        return None
    try:
        return marshal.dumps(value, version)
    except ValueError:  # nested too deeply
        return None


def _version(value: Any) -> int | None:
    """Look a container over. Return the marshal version that suits it, `None` when it is not
    plain.
    """
    kinds = _kinds(value)
    if kinds <= _MEMBERS:
        return FLAT
    seen = {id(value)}
    stack = [value]
    while stack:
        container = stack.pop()
        if not _kinds(container) <= _PLAIN or (type(container) in _SETS and _nests_sets(container)):
            return None
        for item in _members(container):
            if type(item) in CONTAINERS and id(item) not in seen:
                seen.add(id(item))
                stack.append(item)
    return NESTED


def _nests_sets(members: Any) -> bool:
    """Whether a set contains tuples or frozensets, which may contain sets: to sort them, marshal
    writes each twice, at every level.
    """
    return any(
        type(item) is frozenset
        or (type(item) is tuple and not CONTAINERS.isdisjoint(map(type, item)))
        for item in members
    )


def _kinds(container: Any) -> set[type]:
    if type(container) is dict:
        kinds = set(map(type, container))
        kinds.update(map(type, container.values()))
        return kinds
    return set(map(type, container))


def _members(container: Any) -> Iterable[Any]:
    return (*container, *container.values()) if type(container) is dict else container
