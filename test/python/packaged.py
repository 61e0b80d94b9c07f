"""Values of packages, and stand-ins for classes of packages that are not here."""

import sys
from types import ModuleType

import numpy as np
import pandas as pd


def _stand_in(name, source):
    module = sys.modules[name] = ModuleType(name)
    exec(source, module.__dict__)
    return module


# What torch, attrs and pydantic have that copies go by.
torch = _stand_in(
    "torch",
    """
import numpy as np
strided, sparse_coo = "strided", "sparse"
class Tensor:
    def __init__(self, values, layout=strided, has_numpy=True, grad=True):
        self.values, self.layout, self.has_numpy, self.grad = values, layout, has_numpy, grad
    def _like(self, **changes):
        return Tensor(**{**vars(self), **changes})
    def detach(self): return self._like(grad=False)
    def cpu(self): return self._like()
    def to_dense(self): return self._like(layout=strided)
    def resolve_conj(self): return self
    def float(self): return self._like(values=np.asarray(self.values, "f"), has_numpy=True)
    def tolist(self): return self.values
    def numpy(self):
        if self.grad or self.layout != strided: raise RuntimeError("detach first")
        if not self.has_numpy: raise TypeError("unsupported ScalarType BFloat16")
        return np.asarray(self.values)
class Parameter(Tensor):
    pass
""",
)
pydantic_main = _stand_in(
    "pydantic.main",
    """
class BaseModel:
    def __init__(self, **members): vars(self).update(members)
""",
)

scipy_sparse = _stand_in(
    "scipy.sparse",
    """
class spmatrix:
    def __init__(self, format, shape, data, **parts):
        vars(self).update(parts, format=format, shape=shape, data=data)
    def tocoo(self): return type(self)("coo", self.shape, self.data, row=[0], col=[1], coords=([0], [1]))
""",
)


class Field:
    def __init__(self, exclude=None):
        self.exclude = exclude
        self.field_info = self


class Model2(pydantic_main.BaseModel):
    __pydantic_fields__ = {"x": Field(), "secret": Field(True), "child": Field()}  # noqa: RUF012
    __pydantic_extra__ = {"more": 5}  # noqa: RUF012

    class __pydantic_decorators__:  # noqa: N801
        computed_fields = {"twice": None}  # noqa: RUF012

    @property
    def twice(self):
        return self.x * 2


class Root2(Model2):
    __pydantic_root_model__ = True


class Model1(pydantic_main.BaseModel):
    __fields__ = {"x": Field(), "secret": Field(True)}  # noqa: RUF012


class Attrs:
    __slots__ = ("__weakref__", "_private", "unset", "x")

    def __init__(self, x, private=None):
        self.x, self._private = x, private


Attrs.__attrs_attrs__ = tuple(
    type("Attribute", (), {"name": name})() for name in ("x", "_private", "unset")
)

frame = pd.DataFrame(
    {
        "id": [1, 2],
        "at": pd.to_datetime(["2024-01-01T12:00:00", None]),
        "zoned": pd.to_datetime(["2024-01-01T12:00:00.000001", None]).tz_localize("UTC"),
        "took": pd.to_timedelta(["1D", None]),
        "kind": pd.Categorical(["a", None]),
        "count": pd.array([1, None], dtype="Int64"),
        "any": [Attrs(1), {"b": Model1(x=1, secret=2)}],
    }
)
inner = [("s", "U1"), ("t", "?")]
fields = [("x", "i4"), ("y", "U3"), ("z", "f8", 2), ("r", inner)]
records = np.array([(1, "a", [1.0, 2.0], ("b", True))], dtype=fields)


def make(source):
    return eval(source, globals())


def make_each(source):
    """What a function of JavaScript gets."""
    return lambda function: function(make(source))


def same(source, value):
    other = make(source)
    return [
        type(value) is type(other),
        bool(value == other) or str(value) == "NaT",
        repr(value) == repr(other),
    ]
