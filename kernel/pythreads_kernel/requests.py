"""What each kind of request does, for the serve loop and for the sync entry point."""

from __future__ import annotations

import marshal
import sys
from importlib.util import find_spec
from time import perf_counter
from types import CoroutineType, ModuleType

from . import frames, multiprocessing_support
from .awaitables import gather, is_awaited
from .decode import unescape
from .encode import FRAME_BYTES, dumps, lend_payload
from .exceptions import describe, describe_minimally
from .forking import forked, leave
from .interrupts import CallCancelled, shielded
from .operations import OPERATIONS
from .plain import FLAT, NESTED, RefusedValueError, dumps_plain, loads
from .scope import compile_source
from .targets import TargetError, load, resolve, resolve_callable

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .interfaces import Channel

# What each call looks up is here: a name of another module takes twice as long.
_PLAIN_CALL = frames.CALL
_ESCAPED = frames.ESCAPED
_RESULT = frames.RESULT
_UNREAD = object()


def handle(kind: int, request: int, payload: memoryview, channel: Channel) -> tuple[int, bytes]:
    """Handle a request. Return the kind and the payload of the reply. Never raises."""
    result: Any = None
    fields: Any = _UNREAD
    try:
        try:
            fields = loads(payload)
        except (ValueError, TypeError, EOFError) as error:
            if not payload:
                raise MemoryError("there is no memory for the arguments of the call") from None
            raise RefusedValueError("args", f"cannot be read by Python: {error}") from None
        if kind & _ESCAPED:
            fields = unescape(fields, channel, readonly=bool(kind & frames.READONLY))
        if channel.guard is not None and not channel.is_sync:
            channel.guard.request = (
                request  # all references have arrived: from here on the call may be interrupted
            )
        if kind == _PLAIN_CALL:
            target, args, kwargs = fields
            function = resolve_callable(target)
            result = function(*args, **kwargs) if kwargs else function(*args)
            if forked:
                leave()
            data = dumps_plain(result)
            if data is not None:
                return _RESULT, data if len(data) < FRAME_BYTES else lend_payload(data, channel)
        else:
            result = _HANDLERS[kind & frames.KIND_MASK](fields, channel)
            if forked:
                leave()
        return reply_to(result, request, channel, kind, is_not_plain=kind == _PLAIN_CALL)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too belong to the caller
        if forked:
            leave(error)
        if type(result) is CoroutineType and isinstance(error, CallCancelled):
            result.close()  # it was made, and will not run
        return (
            frames.UNREAD if fields is _UNREAD and not channel.is_sync else frames.ERROR,
            describe_bytes(error, channel),
        )


def reply_to(
    result: Any, request: int, channel: Channel, kind: int, *, is_not_plain: bool
) -> tuple[int, bytes]:
    """Return the reply with a result. A coroutine goes to the event loop, and the worker goes on.

    `kind`: of the request, with its flags. `is_not_plain`: the result is known not to be plain.
    """
    if is_awaited(type(result)):
        if not channel.is_sync:
            channel.start(request, result, kind)
            return frames.PENDING, b""
        result = channel.loop.run(result)
        is_not_plain = False
    return frames.RESULT, dumps(result, channel, kind, is_not_plain=is_not_plain)


def describe_bytes(error: BaseException, channel: Channel | None = None) -> bytes:
    """The payload of an error frame."""
    try:
        details = describe(error, None if channel is None else channel.scope)
        try:
            data = marshal.dumps(details, NESTED if details["cause"] or details["errors"] else FLAT)
        except ValueError:  # an error that JavaScript threw is among them
            return dumps(details, channel)  # type: ignore[arg-type]
        return data if channel is None or len(data) < FRAME_BYTES else lend_payload(data, channel)
    except CallCancelled:
        raise
    except BaseException as failure:  # no memory, or longer than marshal writes
        return marshal.dumps(describe_minimally(type(failure)), FLAT)
    finally:
        error.__traceback__ = None


def _call(fields: Any, _channel: Channel) -> Any:
    target, args, kwargs = fields
    return resolve_callable(target)(*args, **kwargs)


def _get(fields: Any, _channel: Channel) -> Any:
    # From a frame without escapes it is the target itself.
    return resolve(fields if type(fields) is str else fields[0])


def _import(fields: Any, _channel: Channel) -> None:
    shielded(load, fields)


def _eval(fields: Any, channel: Channel) -> Any:
    source, names, values, session = fields
    return channel.scope.session(session).evaluate(source, tuple(names), values)


def _exec(fields: Any, channel: Channel) -> None:
    source, filename, names, values, session = fields
    channel.scope.session(session).execute(source, filename, dict(zip(names, values, strict=True)))


def _module(fields: Any, _channel: Channel) -> None:
    """Make a module of source text. A module that was made so before is filled again; any other
    module of that name is not touched.
    """
    name, source, filename = fields
    known = sys.modules.get(name)
    taken = (
        find_spec(name) is not None
        if known is None
        else getattr(known, "__file__", None) != filename
    )
    if taken:
        raise TargetError("ARGUMENT", f"there is a module {name!r} already")
    code = compile_source(source, filename)
    module = known or ModuleType(name)
    module.__file__ = filename
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        if known is None:
            sys.modules.pop(name, None)
        raise
    multiprocessing_support.add_module(name, filename, source)


def _release(fields: Any, channel: Channel) -> None:
    channel.scope.release(fields)


def _end_session(fields: Any, channel: Channel) -> None:
    channel.scope.end_session(fields)


def _operate(fields: Any, _channel: Channel) -> Any:
    name, target, args = fields
    return OPERATIONS[name](resolve(target), *args)


def _map(fields: Any, channel: Channel) -> Any:
    """Call a function for each item. Return the results up to the first failure, the failure, and
    the seconds that passed.
    """
    target, items, kwargs = fields
    start = perf_counter()
    function = resolve_callable(target)
    results: list[Any] = []
    append = results.append  # one by one: what is done before a failure counts
    failure: BaseException | None = None
    is_child = forked
    try:
        if kwargs:
            for item in items:
                append(function(item, **kwargs))
                if is_child:
                    leave()
        else:
            for item in items:
                append(function(item))
                if is_child:
                    leave()
    except BaseException as error:  # as in handle
        if forked:
            leave(error)
        failure = error
    if any(map(is_awaited, set(map(type, results)))):
        return _map_coroutines(results, failure, start, channel)
    return _mapped(results, failure, start, channel)


async def _map_coroutines(
    results: list[Any], failure: BaseException | None, start: float, channel: Channel
) -> list[Any]:
    """Run the coroutines among the results at once."""
    results, early = await gather(results)
    return _mapped(results, early or failure, start, channel)


def _mapped(
    results: list[Any], failure: BaseException | None, start: float, channel: Channel
) -> list[Any]:
    details = None if failure is None else describe(failure, channel.scope)
    if failure is not None:
        failure.__traceback__ = None
    return [results, details, perf_counter() - start]


_HANDLERS: dict[int, Callable[[Any, Channel], Any]] = {
    frames.CALL: _call,
    frames.GET: _get,
    frames.IMPORT: _import,
    frames.EVAL: _eval,
    frames.EXEC: _exec,
    frames.MAP: _map,
    frames.OPERATE: _operate,
    frames.MODULE: _module,
    frames.END_SESSION: _end_session,
    frames.RELEASE: _release,
}
