"""Immutable values that JavaScript cannot represent, as text from which Python makes them again.

Only exact types, and only if the text says everything: a value of a subclass, or a time whose zone
has no name that text can give, crosses as a reference instead.
"""

from __future__ import annotations

import sys

from . import dates, escapes

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

Escape = tuple["Any", ...]

_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")


def to_escape(value: Any, kind: type) -> Escape | None:
    """The escape of `value`; `None` where it has none."""
    writer = _WRITERS.get(kind.__qualname__)
    if writer is None:
        return None
    module, write = writer
    defining = sys.modules.get(module)
    if defining is None or getattr(defining, kind.__qualname__, None) is not kind:
        return None
    try:
        return write(value)
    except ValueError:  # a number with more digits than Python writes
        return None


def base_of(kind: type) -> str | None:
    """The name of the scalar type that a class is a subclass of; `None` if there is none."""
    for name, (module, _) in _WRITERS.items():
        base = getattr(sys.modules.get(module), name, None)
        if base is not None and issubclass(kind, base):
            return None if kind is base else name  # a datetime is a date
    return None


def without_class(value: Any, name: str) -> Any:
    """The same value of the type itself, for a value of a subclass; `None` where JavaScript has no
    such value.
    """
    # A subclass may have values that are no moment (pandas.NaT), or nanoseconds, which a datetime
    # lacks.
    if value != value or any(getattr(value, more, 0) for more in ("nanosecond", "nanoseconds")):  # noqa: PLR0124
        return None
    base = getattr(sys.modules[_WRITERS[name][0]], name)
    plain = _BASES.get(name, base)(value)
    return None if to_escape(plain, base) is None else plain


def from_text(name: str, text: str) -> Any:
    """The value that `to_escape` wrote. Raises `ValueError` for any other text."""
    reader = _READERS.get(name)
    if reader is None:
        known = ", ".join(sorted(_READERS))
        raise ValueError(f"there is no scalar of type {name!r}; there are {known}")
    try:
        return reader(text)
    except Exception as error:  # decimal's own errors are not ValueErrors
        raise ValueError(f"{text!r} is not the text of a {name}: {error}") from error


def _timedelta(value: Any) -> Escape:
    text = f"P{value.days}DT{value.seconds}.{value.microseconds:06}S"
    return (..., escapes.SCALAR, "datetime.timedelta", text)


def _datetime64(value: Any) -> Escape:
    """As numpy prints it, followed by the unit where the text does not name it."""
    unit = _unit(value)
    text = str(value)
    is_said = unit.isalpha() and unit != "W" and text != "NaT"
    return (
        ...,
        escapes.SCALAR,
        "numpy.datetime64",
        text if is_said or not unit else f"{text}[{unit}]",
    )


def _timedelta64(value: Any) -> Escape:
    """The number of units, and the unit."""
    unit = _unit(value)
    text = "NaT" if str(value) == "NaT" else str(value.astype("int64"))
    return (..., escapes.SCALAR, "numpy.timedelta64", f"{text}[{unit}]" if unit else text)


def _unit(value: Any) -> str:
    unit, count = sys.modules["numpy"].datetime_data(value.dtype)
    return "" if unit == "generic" else unit if count == 1 else f"{count}{unit}"


def _complex(value: complex) -> Escape:
    return (..., escapes.SCALAR, "complex", repr(value).strip("()"))


def _as(name: str) -> Callable[[Any], Escape]:
    def write(value: Any) -> Escape:
        return (..., escapes.SCALAR, name, str(value))

    return write


_WRITERS: dict[str, tuple[str, Callable[[Any], Escape | None]]] = {
    "datetime": ("datetime", dates.from_datetime),
    "date": ("datetime", lambda value: (..., escapes.SCALAR, "datetime.date", value.isoformat())),
    "time": ("datetime", dates.from_time),
    "timedelta": ("datetime", _timedelta),
    "complex": ("builtins", _complex),
    "Decimal": ("decimal", _as("decimal.Decimal")),
    "Fraction": ("fractions", _as("fractions.Fraction")),
    "UUID": ("uuid", _as("uuid.UUID")),
    **{name: ("pathlib", _as(f"pathlib.{name}")) for name in _PATHS},
    "datetime64": ("numpy", _datetime64),
    "timedelta64": ("numpy", _timedelta64),
}


def exact_datetime(value: Any) -> Any:
    """A datetime as one of the class itself."""
    import datetime as dt

    return dt.datetime.combine(dt.datetime.date(value), dt.datetime.timetz(value))


def _exact_date(value: Any) -> Any:
    import datetime as dt

    return dt.date.fromordinal(dt.date.toordinal(value))


def _exact_time(value: Any) -> Any:
    import datetime as dt

    return dt.datetime.combine(dt.date.min, value).timetz()


def exact_timedelta(value: Any) -> Any:
    """A timedelta as one of the class itself."""
    import datetime as dt

    return dt.timedelta.__pos__(value)


# Functions that make a value of the class itself from one of a subclass, where the class cannot be
# called with it.
_BASES: dict[str, Callable[[Any], Any]] = {
    "datetime": exact_datetime,
    "date": _exact_date,
    "time": _exact_time,
    "timedelta": exact_timedelta,
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


def _read_datetime64(text: str) -> Any:
    import numpy as np  # is the user's

    body, bracket, unit = text.partition("[")
    return np.datetime64(body, unit.removesuffix("]")) if bracket else np.datetime64(body)


def _read_timedelta64(text: str) -> Any:
    import numpy as np  # is the user's

    body, bracket, unit = text.partition("[")
    count: Any = body if body == "NaT" else int(body)
    return np.timedelta64(count, unit.removesuffix("]")) if bracket else np.timedelta64(count)


_READERS: dict[str, Callable[[str], Any]] = {
    "complex": _read_complex,
    "datetime.datetime": dates.naive_from_text,
    "datetime.date": _read_from("datetime", "date", "fromisoformat"),
    "datetime.time": dates.time_from_text,
    "datetime.timedelta": _read_timedelta,
    "decimal.Decimal": _read_from("decimal", "Decimal"),
    "fractions.Fraction": _read_from("fractions", "Fraction"),
    "uuid.UUID": _read_from("uuid", "UUID"),
    **{f"pathlib.{name}": _read_from("pathlib", name) for name in _PATHS},
    "numpy.datetime64": _read_datetime64,
    "numpy.timedelta64": _read_timedelta64,
}
