"""Tries whether modules can be used in an isolation. Runs as a script in a throw-away process, prints one line of JSON."""

from __future__ import annotations

import importlib
import json
import sys

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """Try the modules that the first argument names."""
    request = json.loads(sys.argv[1])
    sys.path[:1] = request["path"]
    attempt = _in_subinterpreter if request["isolation"] == "subinterpreter" else _free_threaded
    answers = [{"module": name, "problem": attempt(name, request["path"])} for name in request["modules"]]
    print("pythreads " + json.dumps(answers), flush=True)


def _free_threaded(name: str, _path: list[str]) -> str | None:
    try:
        importlib.import_module(name)
    except Exception as error:  # an import runs anything
        return f"{type(error).__name__}: {error}"
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "importing it turns the GIL on again" if enabled else None


def _in_subinterpreter(name: str, path: list[str]) -> str | None:
    import _interpreters  # type: ignore[import-not-found]  # 3.13 and newer only

    interpreter: Any = _interpreters.create(_interpreters.new_config("isolated", allow_daemon_threads=True))
    failure = _interpreters.exec(interpreter, f"import sys; sys.path[:0] = {path!r}; import {name}")
    if failure is None:
        return None
    text = str(failure.msg or failure.formatted)
    marker = "does not support loading in subinterpreters"
    line = next((line for line in text.splitlines() if marker in line), text.splitlines()[0] if text else "it failed")
    return line.strip()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    import os

    os._exit(0)
