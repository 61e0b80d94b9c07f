import datetime as dt
from decimal import Decimal

import pandas as pd
import pyarrow as pa

try:
    import polars as pl
except ImportError:  # has no wheel for free-threaded builds
    pl = None

COLUMNS = {
    "int8": pa.array([1, None, -128], pa.int8()),
    "uint64": pa.array([1, None, 2**64 - 1], pa.uint64()),
    "int64": pa.array([1, None, -(2**63)], pa.int64()),
    "float32": pa.array([0.5, None, float("inf")], pa.float32()),
    "float64": pa.array([0.1, None, -0.0], pa.float64()),
    "bool": pa.array([True, None, False]),
    "text": pa.array(["a", None, "\U0001f600"]),
    "bytes": pa.array([b"a", None, b""], pa.binary()),
    "date": pa.array([dt.date(2020, 1, 2), None, dt.date(1969, 12, 31)]),
    "time": pa.array(
        [dt.datetime(2020, 1, 2, 3, tzinfo=dt.timezone.utc), None, None], pa.timestamp("ms", "UTC")
    ),
    "decimal": pa.array([Decimal("1.10"), None, Decimal("-2.00")], pa.decimal128(10, 2)),
    "list": pa.array([[1, 2], None, []], pa.list_(pa.int32())),
    "struct": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]),
    "dictionary": pa.array(["x", None, "x"]).dictionary_encode(),
    "null": pa.nulls(3),
}


def column(name):
    return pa.table({name: COLUMNS[name]})


def same(table, name):
    """Whether a table that came back is what it was."""
    return [
        table.equals(column(name)),
        str(table.schema.field(name).type) == str(COLUMNS[name].type),
    ]


def frame(kind, rows):
    data = {"id": list(range(rows)), "city": ["Rome", "Oslo"] * (rows // 2)}
    if kind == "pandas":
        made = pd.DataFrame(data)
        made["city"] = made["city"].astype("category")
        return made
    if kind == "polars":
        return pl.DataFrame(data).with_columns(pl.col("city").cast(pl.Categorical))
    table = pa.table({"id": data["id"], "city": pa.array(data["city"]).dictionary_encode()})
    return table if kind == "pyarrow" else table.to_batches()[0]


class Frame(pd.DataFrame):
    pass


def own_frame():
    return Frame({"n": [1]})


def unknown_type():
    ends = pa.array([1, 3], pa.int32())
    return pa.table({"n": pa.RunEndEncodedArray.from_arrays(ends, pa.array([1, 2]))})


def chunked():
    return pa.concat_tables([pa.table({"n": [1, 2]}), pa.table({"n": [3]})])


def kind_and_sum(table):
    kind = type(table)
    values = table["id"]
    return [
        kind.__module__.partition(".")[0],
        kind.__name__,
        sum(values.to_pylist() if isinstance(table, pa.Table) else values.to_list()),
    ]


def within(box):
    return [type(box["tables"][0]).__name__, box["tables"][1].num_rows]
