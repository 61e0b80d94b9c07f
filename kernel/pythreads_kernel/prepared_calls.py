"""Sync calls by number: the shortest way from JavaScript to a Python function and back.

A target that is called again gets a number. JavaScript writes number, arguments and keyword
arguments into a buffer that both sides see, and calls the function pointer of that buffer with the
number of the pool's scope. A plain result is written over the arguments. Everything else becomes a
frame, as from the general entry point (`sync_entry.py`).
"""

from __future__ import annotations

import ctypes
import marshal
import sys

from . import frames, requests, targets
from .current import current
from .entry_channel import channel_of, channels
from .foreign_stack import is_needed
from .forking import forked, leave
from .output import direct, unfinished
from .plain import BYTES, FLAT, SCALARS, dumps_plain, loads

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_POINTER = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)
# By the number of a target: the name of its module in sys.modules, and the attribute.
_places: dict[int, tuple[str, str]] = {}
# The function pointers by the addresses of their buffers. A pointer lives as long as the process.
_pointers: dict[int, Any] = {}


def prepare(target: str) -> int:
    """Return the number of a target; 0 where it has none: it is no attribute of a module, or too
    many targets have one.
    """
    targets.check_callable(target)
    place = targets.place_of(target)
    number = 0 if place is None else targets.number_of(target)
    if place is not None and number > 0:
        _places[number] = place
    return number


def pointer(
    buffer: int,
    view: memoryview,
    reply: Callable[[int, bytes], int],
    prepare_thread: Callable[[], None],
) -> int:
    """Return the address of the function for a buffer. `reply` writes a frame there, and returns
    its length, negative where it has to be fetched. `prepare_thread` is called for each call where
    thread states do not stay.
    """
    function = _pointers.get(buffer)
    if function is None:
        function = _pointers[buffer] = _POINTER(
            _enter(view[frames.HEADER_BYTES :], reply, prepare_thread)
        )
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _enter(
    payload: memoryview,
    reply: Callable[[int, bytes], int],
    prepare_thread: Callable[[], None],
) -> Callable[[int], int]:
    room = len(payload)
    # What each call looks up is a variable of the function: a global one takes twice as long.
    places, modules, known = _places, sys.modules, channels
    dumps = marshal.dumps
    quick = SCALARS - BYTES
    has_short_states = is_needed

    def enter(number: int) -> int:
        """Return the length of a plain result; a negative number for a frame, by its length. Must
        not raise: nothing could catch that.
        """
        target: Any = None
        function: Any = None
        channel: Any = None
        try:
            if has_short_states:
                prepare_thread()
            try:
                channel = known[number]
                scope = channel.held()
            except KeyError:
                scope = None
            if scope is None:
                channel, scope = channel_of(number)
            current.channel = channel
            target, args, kwargs = loads(payload)
            try:
                module, name = places[target]
                function = getattr(modules[module], name)
            except (KeyError, AttributeError):  # it is not there any more
                function = targets.resolve(target)
            result = function(*args, **kwargs) if kwargs else function(*args)
            if forked:
                leave()
            data = dumps(result, FLAT) if type(result) in quick else dumps_plain(result)
            if data is not None and not unfinished:
                size = len(data)
                if size <= room:
                    payload[:size] = data
                    return size
            code, data = requests.reply_to(
                result, 0, channel, frames.CALL, is_not_plain=data is None
            )
            if unfinished:
                (scope.output or direct).finish(None)
        except BaseException as error:
            if forked:
                leave(error)
            code, data = (
                frames.ERROR,
                requests.describe_bytes(_explained(error, target, function), channel),
            )
        return -abs(reply(code, data))

    return enter


def _explained(error: BaseException, target: int, function: Any) -> BaseException:
    """Return the error of a call; of a target that cannot be called, the one that says so."""
    if function is None or callable(function):
        return error
    return targets.not_callable(target, function)
