"""What JavaScript can do with an object besides calling it and reading its attributes."""

from __future__ import annotations

import operator

from .plain import RefusedValueError
from .subclasses import exact_text
from .tables import to_ipc
from .to_plain import ForcedCopy

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _to_js(value: Any) -> Any:
    """Return the value, to be copied rather than sent as a reference. The request has the flag
    COPY.
    """
    return ForcedCopy(value)


def _operate(value: Any, name: str, *args: Any) -> Any:
    function = getattr(operator, name, None) if name in operator.__all__ else None
    if function is None:
        function = getattr(operator, f"{name}_", None)  # not_, is_, and_, or_
    if function is None:
        raise RefusedValueError("operator", f"Python's module `operator` has no {name!r}")
    return function(value, *args)


def _next(iterator: Any) -> Any:
    try:
        return [next(iterator)]
    except StopIteration:
        return None


async def _step(iterator: Any) -> Any:
    try:
        return [await iterator.__anext__()]
    except StopAsyncIteration:
        return None


def _close(iterator: Any) -> Any:
    """End a generator early; other iterators have nothing to end."""
    if hasattr(iterator, "asend"):
        return _awaited(iterator.aclose())
    return iterator.close() if hasattr(iterator, "send") else None


def _enter(context: Any) -> Any:
    kind = type(context)
    return (
        _awaited(kind.__aenter__(context))
        if hasattr(kind, "__aenter__")
        else kind.__enter__(context)
    )


def _exit(context: Any, rethrow: Callable[[], Any] | None) -> Any:
    """Leave a context, with what `rethrow` raises if there is one. Return whether the context
    swallows it.
    """
    kind = type(context)
    if hasattr(kind, "__aexit__"):
        return _leave(context, rethrow)
    if rethrow is None:
        return bool(kind.__exit__(context, None, None, None))
    try:
        rethrow()
    except BaseException as error:  # what `__exit__` raises instead has it as its context
        return bool(kind.__exit__(context, type(error), error, error.__traceback__))
    return False


async def _leave(context: Any, rethrow: Callable[[], Any] | None) -> bool:
    leave = type(context).__aexit__
    if rethrow is None:
        return bool(await leave(context, None, None, None))
    try:
        rethrow()
    except BaseException as error:
        return bool(await leave(context, type(error), error, error.__traceback__))
    return False


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _type(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__}:{kind.__qualname__}"


def _bases(kind: Any) -> str:
    """Name a class as errors name theirs."""
    if not isinstance(kind, type):
        raise RefusedValueError("is", "the target is no class")
    return f"{kind.__module__}:{kind.__qualname__}"


OPERATIONS: dict[str, Callable[..., Any]] = {
    "toJS": _to_js,
    "operate": _operate,
    "item": operator.getitem,
    "setItem": operator.setitem,
    "deleteItem": operator.delitem,
    "has": operator.contains,
    "length": len,
    "get": getattr,
    "set": setattr,
    "delete": delattr,
    "str": exact_text,
    "repr": lambda value: exact_text(repr(value)),
    "type": _type,
    "class": _bases,
    "equals": lambda value, other: bool(value == other),
    "is": operator.is_,
    "isInstance": isinstance,
    "dir": lambda value: [str(name) for name in dir(value)],
    "iterate": iter,
    "iterateAsync": lambda value: value.__aiter__(),
    "next": _next,
    "nextAsync": _step,
    "close": _close,
    "enter": _enter,
    "exit": _exit,
    "arrow": to_ipc,
}
