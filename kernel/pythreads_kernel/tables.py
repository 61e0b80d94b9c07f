"""Tables of pyarrow, pandas and polars, to and from the bytes of an Arrow IPC stream, which
JavaScript reads where they are.
"""

from __future__ import annotations

import importlib
import sys

from .plain import RefusedValueError
from .targets import refusal

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any


def to_ipc(value: Any) -> memoryview:
    """The stream of a table, a record batch or a data frame."""
    if isinstance(value, _loaded("polars", "DataFrame")):
        return _from_polars(value)
    is_frame = isinstance(value, _loaded("pandas", "DataFrame"))
    is_batch = isinstance(value, _loaded("pyarrow", "RecordBatch"))
    if not (is_frame or is_batch or isinstance(value, _loaded("pyarrow", "Table"))):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        raise RefusedValueError(
            "toArrow",
            f"a {name} is no pyarrow Table or RecordBatch, and no DataFrame of pandas or polars",
        )
    pyarrow = _load("pyarrow", "toArrow")
    if is_frame:
        value = pyarrow.Table.from_pandas(value)
    elif is_batch:
        value = pyarrow.Table.from_batches([value])
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, value.schema) as writer:
        writer.write_table(value)
    return memoryview(sink.getvalue())


def _loaded(library: str, name: str) -> Any:
    """A class of a library, if it is there: what is not imported has no objects."""
    return getattr(sys.modules.get(library), name, ())


def from_ipc(kind: str, data: memoryview) -> Any:
    """The table of a stream: of `pyarrow`, or the data frame of `pandas` or `polars`."""
    if kind == "polars":
        return _load("polars", "fromArrow").read_ipc_stream(data.tobytes())
    pyarrow = _load("pyarrow", "fromArrow")
    table = pyarrow.ipc.open_stream(pyarrow.py_buffer(data)).read_all()
    if kind == "pyarrow":
        return table
    _load("pandas", "fromArrow")
    return table.to_pandas()


def _from_polars(value: Any) -> memoryview:
    import io

    polars = sys.modules["polars"]
    sink = io.BytesIO()
    # The oldest level: newer ones have views of texts, which not every reader knows.
    value.write_ipc_stream(sink, compat_level=polars.CompatLevel.oldest())
    return sink.getbuffer()


def _load(name: str, place: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        refused = refusal(error)
        if refused is not None:
            raise RefusedValueError(place, refused) from None
        reason = f"this needs the Python package {name}, which does not load in {sys.executable}: {error}"
        raise RefusedValueError(
            place, f"{reason}. Mend: {sys.executable} -m pip install {name}"
        ) from None
