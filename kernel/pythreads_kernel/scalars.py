"""Immutable values with no equal in JavaScript, as text from which the same value is made again.

Only exact types and only what the text holds completely: a subclass, or a time with a zone of its own, crosses as a
reference instead.
"""

from __future__ import annotations

import sys

from . import escapes

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

Escape = tuple["Any", ...]

_MS_PER_DAY = 86_400_000
_EPOCH_DAY = 719_163
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")


def to_escape(value: Any, kind: type) -> Escape | None:
    """The escape that stands for `value`, or `None` where it has none."""
    writer = _WRITERS.get(kind.__qualname__)
    if writer is None:
        return None
    module, write = writer
    home = sys.modules.get(module)
    if home is None or getattr(home, kind.__qualname__, None) is not kind:
        return None
    try:
        return write(value)
    except ValueError:  # a number with more digits than Python writes
        return None


def without_class(value: Any, kind: type) -> Any:
    """A value of a subclass of one of the types as one of the type itself; `None` where there is no such value in JavaScript."""
    for name, (module, _) in _WRITERS.items():
        base = getattr(sys.modules.get(module), name, None)
        if base is None or not issubclass(kind, base):
            continue
        if kind is base:
            return None
        # pandas has a NaT, which is no moment, and nanoseconds, which a datetime has not.
        if value != value or any(getattr(value, more, 0) for more in ("nanosecond", "nanoseconds")):  # noqa: PLR0124
            return None
        plain = _BASES.get(name, base)(value)
        return None if to_escape(plain, base) is None else plain
    return None


def from_text(name: str, text: str) -> Any:
    """The value that `to_escape` wrote. Raises `ValueError` for what is none."""
    reader = _READERS.get(name)
    if reader is None:
        known = ", ".join(sorted(_READERS))
        raise ValueError(f"there is no scalar of type {name!r}; there are {known}")
    try:
        return reader(text)
    except Exception as error:  # decimal's own errors are not ValueErrors
        raise ValueError(f"{text!r} is not the text of a {name}: {error}") from error


def from_milliseconds(milliseconds: float) -> Any:
    """An aware datetime in UTC."""
    import datetime as dt

    days, rest = divmod(int(milliseconds), _MS_PER_DAY)
    day = dt.datetime.fromordinal(_EPOCH_DAY + days).replace(tzinfo=dt.timezone.utc)
    return day + dt.timedelta(milliseconds=rest)


def _datetime(value: Any) -> Escape | None:
    import datetime as dt

    if value.tzinfo is None:
        return None if value.fold else (..., escapes.SCALAR, "datetime.datetime", value.isoformat())
    offset = value.utcoffset()
    if offset is not None and not value.microsecond % 1000 and not offset.microseconds % 1000:
        try:
            utc = value.replace(tzinfo=None) - offset
        except OverflowError:
            return None
        milliseconds = ((utc.toordinal() - _EPOCH_DAY) * 86_400 + utc.hour * 3600 + utc.minute * 60 + utc.second) * 1000
        return (..., escapes.DATE, float(milliseconds + utc.microsecond // 1000))
    if value.tzinfo is dt.timezone.utc:
        return (..., escapes.SCALAR, "datetime.datetime", value.isoformat())
    return None


def _time(value: Any) -> Escape | None:
    return None if value.fold or value.tzinfo is not None else (..., escapes.SCALAR, "datetime.time", value.isoformat())


def _timedelta(value: Any) -> Escape:
    text = f"P{value.days}DT{value.seconds}.{value.microseconds:06}S"
    return (..., escapes.SCALAR, "datetime.timedelta", text)


def _complex(value: complex) -> Escape:
    return (..., escapes.SCALAR, "complex", repr(value).strip("()"))


def _as(name: str) -> Callable[[Any], Escape]:
    def write(value: Any) -> Escape:
        return (..., escapes.SCALAR, name, str(value))

    return write


_WRITERS: dict[str, tuple[str, Callable[[Any], Escape | None]]] = {
    "datetime": ("datetime", _datetime),
    "date": ("datetime", lambda value: (..., escapes.SCALAR, "datetime.date", value.isoformat())),
    "time": ("datetime", _time),
    "timedelta": ("datetime", _timedelta),
    "complex": ("builtins", _complex),
    "Decimal": ("decimal", _as("decimal.Decimal")),
    "Fraction": ("fractions", _as("fractions.Fraction")),
    "UUID": ("uuid", _as("uuid.UUID")),
    **{name: ("pathlib", _as(f"pathlib.{name}")) for name in _PATHS},
}


def _exact_datetime(value: Any) -> Any:
    import datetime as dt

    return dt.datetime.combine(dt.datetime.date(value), dt.datetime.timetz(value))


def _exact_date(value: Any) -> Any:
    import datetime as dt

    return dt.date.fromordinal(dt.date.toordinal(value))


def _exact_time(value: Any) -> Any:
    import datetime as dt

    return dt.datetime.combine(dt.date.min, value).timetz()


def _exact_timedelta(value: Any) -> Any:
    import datetime as dt

    return dt.timedelta.__pos__(value)


# How a value of a subclass becomes one of the class itself, where the class is not called with it.
_BASES: dict[str, Callable[[Any], Any]] = {
    "datetime": _exact_datetime,
    "date": _exact_date,
    "time": _exact_time,
    "timedelta": _exact_timedelta,
    "UUID": lambda value: sys.modules["uuid"].UUID(int=value.int),
    "complex": complex.__pos__,
}


def _read_from(module: str, name: str, method: str = "") -> Callable[[str], Any]:
    def read(text: str) -> Any:
        kind = getattr(__import__(module), name)
        return getattr(kind, method)(text) if method else kind(text)

    return read


def _read_complex(text: str) -> complex:
    return complex(text)


def _read_timedelta(text: str) -> Any:
    import datetime as dt

    if not text.startswith("P") or not text.endswith("S") or "DT" not in text:
        raise ValueError("a duration is like P1DT2.000003S")
    days, _, rest = text[1:-1].partition("DT")
    seconds, _, fraction = rest.partition(".")
    return dt.timedelta(int(days), int(seconds), int(fraction.ljust(6, "0")[:6] or 0))


_READERS: dict[str, Callable[[str], Any]] = {
    "complex": _read_complex,
    "datetime.datetime": _read_from("datetime", "datetime", "fromisoformat"),
    "datetime.date": _read_from("datetime", "date", "fromisoformat"),
    "datetime.time": _read_from("datetime", "time", "fromisoformat"),
    "datetime.timedelta": _read_timedelta,
    "decimal.Decimal": _read_from("decimal", "Decimal"),
    "fractions.Fraction": _read_from("fractions", "Fraction"),
    "uuid.UUID": _read_from("uuid", "UUID"),
    **{f"pathlib.{name}": _read_from("pathlib", name) for name in _PATHS},
}
