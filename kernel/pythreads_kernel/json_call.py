"""One call whose arguments and result are JSON: what `pythreads run` makes.

Both are read and written here, so that numbers keep all their digits, and a whole float stays a
float.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .awaitables import is_awaited
from .json_text import to_json
from .targets import TargetError, resolve_callable

if TYPE_CHECKING:
    from collections.abc import Awaitable


def call(target: str, args: str, kwargs: str, *, raw: bool) -> Any:
    """Call `target`; return the bytes to print: JSON, or with `raw` the text of the result."""
    function = resolve_callable(target)
    result = function(*_read(args), **_read(kwargs))
    return _wait(result, raw=raw) if is_awaited(type(result)) else _written(result, raw=raw)


async def _wait(result: Awaitable[Any], *, raw: bool) -> bytes:
    return _written(await result, raw=raw)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # what JavaScript reads and Python does not: deeper, or longer numbers
        raise TargetError("ARGUMENT", f"Python cannot read the arguments: {error}") from None


def _written(result: Any, *, raw: bool) -> bytes:
    if not raw:
        return to_json(result, "result").encode() + b"\n"
    if isinstance(result, (bytes, bytearray, memoryview)):
        return bytes(result)
    text = str(result)
    try:
        return text.encode("utf-8", "surrogateescape") + b"\n"  # names of files as they are
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace") + b"\n"
