"""Orders in a CSV file, read and summed up by pandas or polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def with_pandas(path: str) -> pd.DataFrame:
    """Sum up the paid orders of each city and month."""
    import pandas as pd

    orders = pd.read_csv(path, parse_dates=["ordered"], dtype={"city": "category"})
    paid = orders[orders["status"] == "paid"]
    month = paid["ordered"].dt.strftime("%Y-%m").rename("month")
    grouped = paid.groupby(["city", month], observed=True)["amount"]
    return (
        grouped.agg(orders="count", amount="sum")
        .reset_index()
        .sort_values(["city", "month"], ignore_index=True)
    )


def with_polars(path: str) -> pl.DataFrame:
    """Sum up the paid orders of each city and month."""
    import polars as pl

    orders = pl.scan_csv(path, try_parse_dates=True).filter(pl.col("status") == "paid")
    month = pl.col("ordered").dt.strftime("%Y-%m").alias("month")
    grouped = orders.group_by("city", month).agg(
        pl.len().cast(pl.Int64).alias("orders"), pl.col("amount").sum()
    )
    return grouped.sort("city", "month").with_columns(pl.col("city").cast(pl.Categorical)).collect()


def discount(summary: pd.DataFrame, percent: float) -> pd.DataFrame:
    """Take a pandas DataFrame that JavaScript sends; answer the amounts after a discount."""
    return summary.assign(amount=(summary["amount"] * (100 - percent) / 100).round(2))
