"""Python values to bytes and back, by the interpreter's own marshal module.

marshal writes some values as if they were others: whatever offers the buffer protocol (a numpy number, an `array`)
becomes bytes, code objects become code. So a container is looked over before it is written: each value in it has
exactly one of the plain types, or the whole is refused with the path to the one that has not.
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

loads = marshal.loads

_SCALARS = frozenset({int, float, str, bool, type(None), bytes, bytearray})
_SEQUENCES = frozenset({list, tuple, set, frozenset})
_CONTAINERS = _SEQUENCES | {dict}
_PLAIN = _SCALARS | _CONTAINERS
# Version 2 is the quicker one for small and flat values; version 4 writes the keys that many dicts share only once.
_FLAT, _NESTED = 2, 4


class RefusedValueError(TypeError):
    """A value cannot cross to JavaScript. `path` says where it is."""

    def __init__(self, path: str, reason: str) -> None:
        """`path` names the place in the value, `reason` what is wrong with it."""
        super().__init__(f"{path}: {reason}")
        self.path = path


def dumps(value: Any, name: str = "result") -> bytes:
    """Bytes for JavaScript. Raises `RefusedValueError` for what is not a plain value; `name` starts its path."""
    kind = type(value)
    if kind in _SCALARS:
        return marshal.dumps(value, _FLAT)
    if kind is memoryview:
        return marshal.dumps(_view_bytes(value, name), _FLAT)
    if kind not in _CONTAINERS:
        raise RefusedValueError(name, _reason(value))
    version = _check(value, name)
    try:
        return marshal.dumps(value, version)
    except ValueError as error:
        raise RefusedValueError(name, f"cannot be written: {error}") from None


def _check(value: Any, name: str) -> int:
    """Look a container over; answer the marshal version that suits it."""
    kinds = _kinds(value)
    if kinds <= _SCALARS:
        return _FLAT
    seen = {id(value)}
    stack = [value]
    while stack:
        container = stack.pop()
        if not _kinds(container) <= _PLAIN:
            path, culprit = _find(value, name)
            raise RefusedValueError(path, _reason(culprit))
        for item in _members(container):
            if type(item) in _CONTAINERS and id(item) not in seen:
                seen.add(id(item))
                stack.append(item)
    return _NESTED


def _kinds(container: Any) -> set[type]:
    if type(container) is dict:
        kinds = set(map(type, container))
        kinds.update(map(type, container.values()))
        return kinds
    return set(map(type, container))


def _members(container: Any) -> Iterable[Any]:
    return (*container, *container.values()) if type(container) is dict else container


def _find(value: Any, name: str) -> tuple[str, Any]:
    """Find the first value that is not plain, and its path."""
    seen = {id(value)}
    stack = [(name, value)]
    while stack:
        path, container = stack.pop()
        if type(container) is dict:
            children = [(f"key {key!r} of {path}", key) for key in container]
            children += [(f"{path}[{key!r}]", item) for key, item in container.items()]
        else:
            children = [(f"{path}[{index}]", item) for index, item in enumerate(container)]
        for child_path, item in children:
            if type(item) not in _PLAIN:
                return child_path, item
            if type(item) in _CONTAINERS and id(item) not in seen:
                seen.add(id(item))
                stack.append((child_path, item))
    return name, value


def _reason(value: Any) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"a value of type {name} cannot cross to JavaScript"


def _view_bytes(view: memoryview, name: str) -> bytes:
    if view.format in ("B", "b", "c") and view.ndim == 1:
        return view.tobytes()
    raise RefusedValueError(name, f"a memoryview of format {view.format!r} with {view.ndim} dimensions cannot cross")
