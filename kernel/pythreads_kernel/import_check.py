"""Tries whether modules load in an isolation. Runs as a script in a process of its own, and prints
one line of JSON.
"""

from __future__ import annotations

import json
import marshal
import os
import sys

_KERNEL_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main() -> None:
    """Try the modules that the first argument names."""
    request = json.loads(sys.argv[1])
    sys.path[:] = [
        *request["path"],
        *(folder for folder in sys.path if folder != os.path.dirname(__file__)),
        _KERNEL_FOLDER,
    ]
    attempt = _in_subinterpreter if request["isolation"] == "subinterpreter" else _free_threaded
    results = [{"module": name, "problem": attempt(name)} for name in request["modules"]]
    print("\npythreads " + json.dumps(results), flush=True)


def _free_threaded(name: str) -> str | None:
    from pythreads_kernel.targets import load

    try:
        load(name)
    except BaseException as error:  # an import runs anything
        return _reason(name, str(error))
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "importing it turns the GIL on again" if enabled else None


# A sub-interpreter runs this. It writes why the module does not load, if so, and which modules were
# refused.
_TRY = """
import os, sys
sys.path[:] = {path!r}
from pythreads_kernel import refusals
from pythreads_kernel.targets import load
problem = None
try:
    load({name!r})
except BaseException as error:
    problem = str(error)
import marshal
os.write({fd}, marshal.dumps((problem, refusals.refused)))
"""


def _in_subinterpreter(name: str) -> str | None:
    from pythreads_kernel import interpreters, refusals

    receive, send = os.pipe()
    failure = interpreters.try_out(_TRY.format(path=sys.path, name=name, fd=send))
    os.close(send)
    with open(receive, "rb") as written:
        data = written.read()
    if failure is not None or not data:
        return _reason(name, failure or "it failed")
    problem, refused = marshal.loads(data)
    without = f"without its extension modules {', '.join(refused)}, which refuse"
    if problem is None:
        return f"it loads {without}" if refused else None
    text = _reason(name, problem)
    return text if not refused or refusals.MARKER in text else f"{text} ({without})"


def _reason(name: str, text: str) -> str:
    """The reason in the message of a failed import."""
    line = next(iter(text.strip().splitlines()), "it failed").removeprefix(f"{name}: ")
    marker = "does not support loading in subinterpreters"
    return f"{line.partition(marker)[0]}{marker}" if marker in line else line


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
