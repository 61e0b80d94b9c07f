"""How objects of well-known packages are copied. A package that the program does not
use is not imported.
"""

from __future__ import annotations

import sys

from . import dates, scalars
from .plain import RefusedValueError

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Copier = Callable[[Any], Any]


_LAST_YEAR = 9999


class Escaped:
    """An escape, in the place of a value."""

    __slots__ = ("escape",)

    def __init__(self, escape: Any) -> None:
        """`escape`: see `escapes.py`."""
        self.escape = escape


def scalar_copier(kind: type) -> Copier | None:
    """The function that copies a value without members; `None` where there is none."""
    tops = _tops(kind)
    if "pandas" in tops:
        return _of_pandas(
            kind,
            (("NaT", _null), ("NA", _null), ("Timestamp", _timestamp), ("Timedelta", _timedelta)),
        )
    return _numpy_scalar(kind) if "numpy" in tops else None


def members_copier(kind: type) -> Copier | None:
    """The function that copies a value with members; `None` where there is none."""
    for top in _tops(kind):
        find = _MEMBERS.get(top)
        copier = None if find is None else find(kind)
        if copier is not None:
            return copier
    return None


# Read without the metaclass, which may be the user's; works for classes of C too.
_module_of: Any = type.__dict__["__module__"].__get__


def _tops(kind: type) -> list[str]:
    """The packages of a class and its bases."""
    modules = [_module_of(base) for base in kind.__mro__]
    return list(
        dict.fromkeys(module.partition(".")[0] for module in modules if isinstance(module, str))
    )


def _class(module: str, name: str) -> Any:
    """A class, or an object that has one of its own."""
    found = getattr(sys.modules.get(module), name, None)
    return found if found is None or isinstance(found, type) else type(found)


def _is(kind: type, module: str, name: str) -> bool:
    base = _class(module, name)
    return base is not None and issubclass(kind, base)


def _of_pandas(kind: type, copiers: tuple[tuple[str, Copier], ...]) -> Copier | None:
    return next((copier for name, copier in copiers if _is(kind, "pandas", name)), None)


def _null(_value: Any) -> None:
    return None


def _timestamp(value: Any) -> Any:
    """A Timestamp as a datetime. With nanoseconds and without a zone it is a datetime64, which has
    no zone either.
    """
    is_in_range = (
        1 <= value.year <= _LAST_YEAR
    )  # a datetime's own fields are of another year otherwise
    if is_in_range and not value.nanosecond:
        return scalars.exact_datetime(value)
    if value.tzinfo is None:
        return value.to_datetime64()
    escape = dates.from_datetime(value, value.nanosecond) if is_in_range else None
    return value if escape is None else Escaped(escape)


def _timedelta(value: Any) -> Any:
    exact = scalars.exact_timedelta(value)
    is_same = not value.nanoseconds and (exact.days, exact.seconds) == (value.days, value.seconds)
    return exact if is_same else value.to_timedelta64()


def _numpy_scalar(kind: type) -> Copier | None:
    if _is(kind, "numpy", "datetime64"):
        return _datetime64
    if _is(kind, "numpy", "timedelta64"):
        return _timedelta64
    if _is(kind, "numpy", "complexfloating"):
        return complex
    if _is(kind, "numpy", "integer") or _is(
        kind, "numpy", "bool_"
    ):  # for JSON; elsewhere these are plain already
        return lambda value: value.item()
    return float if _is(kind, "numpy", "floating") else None  # a long double: the nearest number


def _datetime64(value: Any) -> Any:
    """A date or a datetime where that is exact."""
    if str(value) == "NaT":
        return None
    unit = sys.modules["numpy"].datetime_data(value.dtype)[0]
    return _same(value, "datetime64[D]" if unit in ("Y", "M", "W", "D") else "datetime64[us]")


def _timedelta64(value: Any) -> Any:
    if str(value) == "NaT":
        return None
    unit = sys.modules["numpy"].datetime_data(value.dtype)[0]
    return value if unit in ("Y", "M", "generic") else _same(value, "timedelta64[us]")


def _same(value: Any, dtype: str) -> Any:
    """The value of Python's own class, if it is equal; an int where that class cannot hold it."""
    try:
        other = value.astype(dtype)
        plain = other.item()
    except (OverflowError, ValueError):
        return value
    is_same = not isinstance(plain, int) and other == value and other.astype(value.dtype) == value
    return plain if is_same else value


def _numpy_members(kind: type) -> Copier | None:
    if _is(kind, "numpy", "void"):
        return _record
    if _is(kind, "numpy.ma", "MaskedArray"):
        return _masked
    return _array if _is(kind, "numpy", "ndarray") else None


def _masked(value: Any) -> Any:
    """A masked array as a list, with None for what is masked."""
    if value.dtype.names is None:
        return value.tolist()
    return list(value) if value.ndim else {name: value[name].item() for name in value.dtype.names}


def _record(value: Any) -> Any:
    """A record as an object with the names of its fields; raw bytes as bytes."""
    names = value.dtype.names
    return bytes(value) if names is None else {name: value[name] for name in names}


def _array(value: Any) -> Any:
    """An array of records, texts, objects or long doubles, which no typed array holds; or one of a
    subclass.
    """
    numpy = sys.modules["numpy"]
    plain = value.view(numpy.ndarray)
    if type(value) is not numpy.ndarray and plain.dtype.kind not in "OSTUV":
        return plain
    if plain.dtype.kind == "V":
        return list(plain) if plain.ndim else plain[()]
    return plain.tolist()


def _pandas_members(kind: type) -> Copier | None:
    copiers = (("DataFrame", _frame), ("Series", _listed), ("Index", _listed))
    copier = _of_pandas(kind, copiers)
    return (
        _listed
        if copier is None and _is(kind, "pandas.api.extensions", "ExtensionArray")
        else copier
    )


def _listed(value: Any) -> Any:
    return value.tolist()


def _frame(value: Any) -> Any:
    """A DataFrame as records, without its index."""
    names = value.columns.tolist()
    if len(set(names)) != len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise RefusedValueError(
            "value", f"a DataFrame has several columns {twice!r}, and a record one of each name"
        )
    columns = [value.iloc[:, index].tolist() for index in range(len(names))]
    return (
        [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        if names
        else [{}] * len(value)
    )


def _torch_members(kind: type) -> Copier | None:
    return _tensor if _is(kind, "torch", "Tensor") else None


def _tensor(value: Any) -> Any:
    """A tensor as an array, without its gradient, from whatever device."""
    plain = value.detach().cpu()
    if getattr(plain, "is_sparse", False) or getattr(plain, "layout", None) is not getattr(
        sys.modules["torch"], "strided", None
    ):
        plain = plain.to_dense()
    for resolve in ("resolve_conj", "resolve_neg"):
        plain = getattr(plain, resolve, lambda same=plain: same)()
    try:
        return plain.numpy()
    except (
        TypeError,
        RuntimeError,
    ):  # a type that numpy has not, such as bfloat16; or there is no numpy
        pass
    try:
        return plain.float().numpy()
    except (TypeError, RuntimeError):
        return plain.tolist()


def _scipy_members(kind: type) -> Copier | None:
    names = ("spmatrix", "sparray")
    return _sparse if any(_is(kind, "scipy.sparse", name) for name in names) else None


def _sparse(value: Any) -> Any:
    """The parts of a sparse array, by the names that scipy gives them."""
    if value.format in ("dok", "lil"):  # of dicts and lists
        value = value.tocoo()
    parts: dict[str, Any] = {"format": value.format, "shape": list(value.shape), "data": value.data}
    names = {"coo": ("row", "col"), "dia": ("offsets",)}.get(value.format, ("indices", "indptr"))
    if value.format == "coo" and len(value.shape) != len(names):
        return {**parts, "coords": list(value.coords)}
    return {**parts, **{name: getattr(value, name) for name in names}}


def _pydantic_members(kind: type) -> Copier | None:
    for module in ("pydantic.main", "pydantic.v1.main"):
        if _is(kind, module, "BaseModel"):
            return _model if hasattr(kind, "__pydantic_decorators__") else _model_of_1
    return None


def _model(value: Any) -> Any:
    """A model of pydantic 2, as `model_dump` has it: without what is excluded, with what is
    computed.
    """
    kind = type(value)
    if getattr(kind, "__pydantic_root_model__", False):
        return value.root
    fields = getattr(kind, "__pydantic_fields__", None) or kind.model_fields
    own = vars(value)
    members = {
        name: own[name] for name, field in fields.items() if name in own and not field.exclude
    }
    members.update(value.__pydantic_extra__ or {})
    computed = kind.__pydantic_decorators__.computed_fields
    return {**members, **{name: getattr(value, name) for name in computed}}


def _model_of_1(value: Any) -> Any:
    """A model of pydantic 1, as `dict` has it."""
    fields: Any = type(value).__fields__
    excluded = {name for name, field in fields.items() if field.field_info.exclude}
    return {name: item for name, item in vars(value).items() if name not in excluded}


_MEMBERS: dict[str, Callable[[type], Copier | None]] = {
    "numpy": _numpy_members,
    "pandas": _pandas_members,
    "pydantic": _pydantic_members,
    "scipy": _scipy_members,
    "torch": _torch_members,
}
