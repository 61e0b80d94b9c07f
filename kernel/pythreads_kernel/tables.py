"""Tables of pyarrow, pandas and polars, to and from the bytes of an Arrow IPC stream, which JavaScript reads where they are."""

from __future__ import annotations

import importlib
import sys

from .codec import RefusedValueError

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any


def to_ipc(value: Any) -> memoryview:
    """The stream of a table, a record batch or a data frame."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    if library == "polars":
        return _from_polars(value)
    pyarrow = _load("pyarrow", "toArrow")
    if library == "pandas" and hasattr(value, "columns"):
        value = pyarrow.Table.from_pandas(value)
    if isinstance(value, pyarrow.RecordBatch):
        value = pyarrow.Table.from_batches([value])
    if not isinstance(value, pyarrow.Table):
        name = f"{kind.__module__}.{kind.__qualname__}"
        raise RefusedValueError(
            "toArrow", f"a {name} is no table: a pyarrow Table or RecordBatch, a pandas or polars DataFrame is"
        )
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, value.schema) as writer:
        writer.write_table(value)
    return memoryview(sink.getvalue())


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
    if not isinstance(value, polars.DataFrame):
        raise RefusedValueError("toArrow", f"a polars.{type(value).__qualname__} is no DataFrame: collect() it first")
    sink = io.BytesIO()
    # The oldest level: newer ones have views of texts, which not every reader knows.
    value.write_ipc_stream(sink, compat_level=polars.CompatLevel.oldest())
    return sink.getbuffer()


def _load(name: str, place: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        reason = f"this needs the Python package {name}, which does not load in {sys.executable}: {error}"
        raise RefusedValueError(place, f"{reason}. Mend: {sys.executable} -m pip install {name}") from None
