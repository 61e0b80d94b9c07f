"""Functions that the tests of the command line put records through."""

import builtins
import os
import sys
import time
from pathlib import Path
from types import MappingProxyType


def score(event):
    return {
        "id": event["id"],
        "hot": event["temperature"] > 21.5,
        "text": event["text"].upper(),
        "ratio": event["id"] / 3,
    }


def same(record):
    return record


def read_only(record):
    """Return what cannot be changed: the record as a frozendict where Python has it, and a proxy of
    that, in turn.
    """
    frozen = getattr(builtins, "frozendict", MappingProxyType)(record)
    return MappingProxyType(frozen) if int(record["id"]) % 2 else frozen


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


def blocks_on_3(record):
    if record["id"] == 3:
        print("blocked", flush=True)
        while True:
            time.sleep(60)
    return record


def meets(folder):
    """Wait until another process has a record of this folder, too."""
    Path(folder, str(os.getpid())).touch()
    while len(os.listdir(folder)) < 2:
        time.sleep(0.001)
    return True


def writes_marker(record):
    Path(os.environ["MARKER"]).touch()
    return record


def spins_on_3(record):
    while record["id"] == 3:
        pass
    return record


def counts_its_chunk(_line):
    """Count the calls in one chunk: they are made by one call of the kernel's."""
    frame = sys._getframe(1)
    frame = frame if frame.f_code.co_name == "run" else frame.f_back
    seen.setdefault(id(frame), [frame, 0])[1] += 1
    return seen[id(frame)][1]


seen = {}
