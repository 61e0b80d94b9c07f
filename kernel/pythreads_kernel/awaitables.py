"""Which results are waited for, and waiting for several at once."""

from __future__ import annotations

from types import CoroutineType

from .forking import forked, leave

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any


def is_awaited(kind: type) -> bool:
    """Whether values of this type are coroutines, tasks or other awaitables, except those that
    may be meant for `async with`.
    """
    try:
        return kind is CoroutineType or (
            hasattr(kind, "__await__") and not hasattr(kind, "__aenter__")
        )
    except Exception:  # the metaclass is the user's
        return False


async def gather(values: list[Any]) -> tuple[list[Any], BaseException | None]:
    """Run the coroutines among some values at once. Return the results up to the first failure,
    and the failure.
    """
    import asyncio  # is loaded already: an event loop runs this

    results = list(await asyncio.gather(*map(_outcome, values)))
    failed = next((i for i, result in enumerate(results) if isinstance(result, _Failure)), None)
    return (results, None) if failed is None else (results[:failed], results[failed].error)


class _Failure:
    """What a coroutine of many raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _outcome(value: Any) -> Any:
    if not is_awaited(type(value)):
        return value
    try:
        return await value
    except BaseException as error:  # SystemExit would end the loop
        if forked:
            leave(error)
        return _Failure(error)
