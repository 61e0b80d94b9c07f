"""Dates and times as what they are in JavaScript, and back, with nothing lost.

An aware datetime is a `Date`: whole milliseconds since 1970, and what a `Date` does not hold. That
is the nanoseconds beyond them, the offset from UTC in microseconds, the zone, and the fold. The
zone is a letter and a name:

u            `datetime.timezone.utc`
f            `datetime.timezone(offset)`
n<name>      `datetime.timezone(offset, name)`
z<key>       `zoneinfo.ZoneInfo(key)`
p<key>       `pytz.timezone(key)`

A zone of any other class comes back as `datetime.timezone(offset, name)`: the same moment, the same
time on the clock.
"""

from __future__ import annotations

import sys

from . import escapes

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

Escape = tuple["Any", ...]

_US_PER_DAY = 86_400_000_000
_EPOCH_DAY = 719_163
_FOLD = "[fold=1]"
# The start of 1970 and the class `timedelta`, from the first use on: the import takes 2 ms.
_epoch: list[Any] = []


def from_datetime(value: Any, nanoseconds: int = 0) -> Escape | None:
    """The escape of a datetime. `nanoseconds`: 0 to 999, beyond its microseconds."""
    if value.tzinfo is None:
        text = value.isoformat()
        return (..., escapes.SCALAR, "datetime.datetime", text + _FOLD if value.fold else text)
    is_utc = value.tzinfo is _utc()
    offset = 0 if is_utc else _microseconds(_offset_of(value))
    if offset is None:  # of a zone that does not know
        return None
    days = value.toordinal() - _EPOCH_DAY
    seconds = days * 86_400 + value.hour * 3600 + value.minute * 60 + value.second
    milliseconds, rest = divmod(seconds * 1_000_000 + value.microsecond - offset, 1000)
    if is_utc and not rest and not nanoseconds and not value.fold:
        return (..., escapes.DATE, float(milliseconds))
    zone = "u" if is_utc else _zone_code(value)
    return (
        ...,
        escapes.DATE,
        float(milliseconds),
        rest * 1000 + nanoseconds,
        offset,
        zone,
        value.fold,
    )


def from_milliseconds(milliseconds: float) -> Any:
    """The datetime that a plain `Date` is: in UTC."""
    if not _epoch:
        import datetime as dt

        _epoch[:] = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc), dt.timedelta
    epoch, timedelta = _epoch
    return epoch + timedelta(milliseconds=int(milliseconds))


def to_datetime(
    milliseconds: float, nanoseconds: int, offset: int | None, zone: str, fold: int
) -> Any:
    """The datetime that `from_datetime` wrote. Without an offset it is naive.

    One with nanoseconds beyond its microseconds is a `pandas.Timestamp`.
    """
    import datetime as dt

    days, rest = divmod(int(milliseconds) * 1000 + nanoseconds // 1000 + (offset or 0), _US_PER_DAY)
    wall = dt.datetime.fromordinal(_EPOCH_DAY + days) + dt.timedelta(microseconds=rest)
    if offset is None:
        return wall.replace(fold=fold)
    if zone[:1] == "p":
        import pytz  # type: ignore[import-untyped, unused-ignore]  # the zone was one of it

        aware: Any = pytz.timezone(zone[1:]).fromutc(wall - dt.timedelta(microseconds=offset))
    else:
        aware = wall.replace(tzinfo=_zone(zone, offset), fold=fold)
    if nanoseconds % 1000:
        # the value was one of it
        import pandas as pd  # type: ignore[import-untyped, unused-ignore]

        return pd.Timestamp(aware) + pd.Timedelta(nanoseconds % 1000, unit="ns")
    return aware


def from_time(value: Any) -> Escape | None:
    """The escape of a time, also of a time with a zone, where text can name the zone."""
    text = value.isoformat()
    if value.tzinfo is not None:
        import datetime as dt

        zone = "u" if value.tzinfo is _utc() else _zone_code(value)
        if zone[:1] == "z":
            text = f"{text}[{zone[1:]}]"
        elif type(value.tzinfo) is not dt.timezone or zone[:1] == "n":
            return None
    return (..., escapes.SCALAR, "datetime.time", text + _FOLD if value.fold else text)


def naive_from_text(text: str) -> Any:
    """The datetime that `from_datetime` wrote as a text."""
    import datetime as dt

    fold = text.endswith(_FOLD)
    value = dt.datetime.fromisoformat(text.removesuffix(_FOLD))
    return value.replace(fold=1) if fold else value


def time_from_text(text: str) -> Any:
    """The time that `from_time` wrote."""
    import datetime as dt

    fold = text.endswith(_FOLD)
    body, bracket, key = text.removesuffix(_FOLD).partition("[")
    value = dt.time.fromisoformat(body)
    if bracket:
        if not key.endswith("]"):
            raise ValueError("the zone of a time is like [Europe/Rome]")
        value = value.replace(tzinfo=_zone(f"z{key[:-1]}", 0))
    return value.replace(fold=1) if fold else value


def _utc() -> Any:
    return sys.modules["datetime"].timezone.utc


def _offset_of(value: Any) -> Any:
    try:
        return value.utcoffset()
    except Exception:  # the zone is the user's code
        return None


def _microseconds(offset: Any) -> int | None:
    return (
        None
        if offset is None
        else (offset.days * 86_400 + offset.seconds) * 1_000_000 + offset.microseconds
    )


def _zone_code(value: Any) -> str:
    import datetime as dt

    zone: Any = value.tzinfo
    kind = type(zone)
    if kind is dt.timezone:
        return "f" if len(zone.__getinitargs__()) == 1 else f"n{zone.tzname(None)}"
    if kind is getattr(sys.modules.get("zoneinfo"), "ZoneInfo", None):
        return f"z{zone.key}" if zone.key else _named(value)
    return _pytz_code(value, zone) if kind.__module__.partition(".")[0] == "pytz" else _named(value)


def _pytz_code(value: Any, zone: Any) -> str:
    """The zone's code, where pytz picks this very zone for the moment: a zone that was set in
    another way has another offset.
    """
    try:
        same = (
            sys.modules["pytz"]
            .timezone(zone.zone)
            .fromutc(value.replace(tzinfo=None) - value.utcoffset())
        )
        return f"p{zone.zone}" if same.tzinfo is zone else _named(value)
    except Exception:  # it has no name, or not the moment
        return _named(value)


def _named(value: Any) -> str:
    try:
        name = value.tzname()
    except Exception:  # the zone is the user's code
        name = None
    return f"n{str.__str__(name)}" if isinstance(name, str) and name else "f"


def _zone(code: str, offset: int) -> Any:
    import datetime as dt

    letter, name = code[:1], code[1:]
    if letter == "z":
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    if letter == "u":
        return dt.timezone.utc
    delta = dt.timedelta(microseconds=offset)
    return dt.timezone(delta, name) if letter == "n" else dt.timezone(delta)
