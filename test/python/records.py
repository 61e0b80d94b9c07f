"""Functions that the tests of the command line put records through."""

import os
import time


def score(event):
    return {"id": event["id"], "hot": event["temperature"] > 21.5, "text": event["text"].upper(), "ratio": event["id"] / 3}


def same(record):
    return record


def upper(line):
    return line.upper()


def fails_on_3(record):
    if record["id"] == 3:
        raise ValueError("three is not allowed")
    return record


def dies_on_3(record):
    if record["id"] == 3:
        os._exit(9)
    return record


def slow(record):
    time.sleep(0.01)
    return record


def unwritable(_record):
    return object()


def total(row):
    return {"name": row["name"], "total": int(row["a"]) + int(row["b"])}


def broken_line(line):
    return line + "\n"
