"""What each kind of request does. The serve loop and the sync entry point both answer through here."""

from __future__ import annotations

import marshal
from time import perf_counter

from . import frames
from .codec import RefusedValueError, dumps, loads
from .report import describe
from .targets import load, resolve, resolve_callable

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .scope import Scope

_NONE = dumps(None)


def answer(kind: int, payload: memoryview, scope: Scope) -> tuple[int, bytes]:
    """Do what a request asks; answer the kind and the payload of the reply. Never raises."""
    try:
        try:
            request = loads(payload)
        except (ValueError, TypeError, EOFError) as error:
            raise RefusedValueError("args", f"cannot be read by Python: {error}") from None
        if kind == frames.CALL:
            target, args, kwargs = request
            function = resolve_callable(target)
            return frames.RESULT, dumps(function(*args, **kwargs) if kwargs else function(*args))
        return frames.RESULT, _HANDLERS[kind](request, scope)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too belong to the caller
        return frames.ERROR, describe_bytes(error)


def describe_bytes(error: BaseException) -> bytes:
    """The payload of an error frame."""
    try:
        return marshal.dumps(describe(error), 2)
    finally:
        error.__traceback__ = None


def _get(request: Any, _scope: Scope) -> bytes:
    return dumps(resolve(request), request)


def _import(request: Any, _scope: Scope) -> bytes:
    load(request)
    return _NONE


def _eval(request: Any, scope: Scope) -> bytes:
    source, names, values = request
    return dumps(scope.evaluate(source, tuple(names), values))


def _exec(request: Any, scope: Scope) -> bytes:
    source, filename, names, values = request
    scope.execute(source, filename, dict(zip(names, values, strict=True)))
    return _NONE


def _map(request: Any, _scope: Scope) -> bytes:
    """Call a function for each item; answer the results up to the first failure, the failure, and the seconds it took."""
    target, items, kwargs = request
    start = perf_counter()
    function = resolve_callable(target)
    results: list[Any] = []
    failure: dict[str, Any] | None = None
    try:
        for item in items:
            results.append(function(item, **kwargs))  # what is done before a failure counts
    except BaseException as error:  # as in answer
        failure = describe(error)
        error.__traceback__ = None
    try:
        return dumps([results, failure, perf_counter() - start])
    except RefusedValueError:
        done, failure = _first_refused(results)
        return dumps([results[:done], failure, perf_counter() - start])


def _first_refused(results: list[Any]) -> tuple[int, dict[str, Any] | None]:
    for index, result in enumerate(results):
        try:
            dumps(result)
        except RefusedValueError as error:
            return index, describe(error)
    return len(results), None


_HANDLERS: dict[int, Callable[[Any, Scope], bytes]] = {
    frames.GET: _get,
    frames.IMPORT: _import,
    frames.EVAL: _eval,
    frames.EXEC: _exec,
    frames.MAP: _map,
}
