"""Results as JSON text, as Python's own `json` writes it. A value that `json` refuses is written as
`copy: true` copies it.
"""

from __future__ import annotations

import json
import math
from typing import Any

from . import scalars
from .plain import RefusedValueError
from .to_plain import NO_COPY, members_copier, scalar_copier

_ADVICE = "return dicts, lists, texts, numbers, booleans and None instead"


def plain(value: Any) -> Any:
    """What is written for a value that JSON lacks: `default` of `json.dumps`."""
    kind = type(value)
    copy = _copied(value, kind)
    if isinstance(copy, (set, frozenset)):
        return list(copy)
    if copy is None or (copy is not NO_COPY and type(copy) is not kind):
        return copy
    if hasattr(value, "isoformat"):  # dates and times
        return value.isoformat()
    escape = scalars.to_escape(value, kind)
    if escape is not None and isinstance(escape[-1], str):
        return escape[-1]
    raise TypeError(f"{_named(kind)} is not JSON; {_ADVICE}")


def _copied(value: Any, kind: type) -> Any:
    if issubclass(kind, (bytes, bytearray, complex)):  # a copy of bytes is bytes: JSON has none
        return NO_COPY
    copier = scalar_copier(kind) or members_copier(kind)
    return NO_COPY if copier is None else copier(value)


def to_json(value: Any, where: str) -> str:
    """Write JSON that any program can read. Raises `RefusedValueError` with the path, below
    `where`, of the value that is no JSON.
    """
    try:
        text = json.dumps(value, default=plain, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        why = (
            "it is nested too deeply for JSON" if isinstance(error, RecursionError) else str(error)
        )
        path, why = _fault(value, where) or (where, why)
        raise RefusedValueError(path, f"{why} (--raw prints the text of the result)") from None
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # half a surrogate pair: JSON can only write it as an escape
            return json.dumps(value, default=plain, allow_nan=False)
    return text


def _fault(value: Any, where: str) -> tuple[str, str] | None:
    """Find a member that is not JSON: its path, and what is wrong with it."""
    seen: set[int] = set()
    members = [(value, where)]
    kept = []  # what `plain` made: no other object may get its id
    while members:
        member, path = members.pop()
        if isinstance(member, (str, int)) or member is None:
            continue
        if isinstance(member, float):
            if not math.isfinite(member):
                return path, f"JSON has no {member}"
            continue
        if id(member) in seen:
            continue
        seen.add(id(member))
        kept.append(member)
        if isinstance(member, dict):
            for key, inner in member.items():
                if not isinstance(key, (str, int, float)) and key is not None:
                    return (
                        path,
                        f"a key of type {_named(type(key))} is not JSON; the keys of an object are texts",
                    )
                members.append((inner, f"{path}[{json.dumps(key)}]"))
        elif isinstance(member, (list, tuple)):
            members.extend((inner, f"{path}[{index}]") for index, inner in enumerate(member))
        else:
            try:
                members.append((plain(member), path))
            except Exception as error:
                return path, str(error)
    return None


def _named(kind: type) -> str:
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
