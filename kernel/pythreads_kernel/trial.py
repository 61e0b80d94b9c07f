"""Tries whether modules can be used in an isolation. Runs as a script in a throw-away process, prints one line of JSON."""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

_KERNEL_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main() -> None:
    """Try the modules that the first argument names."""
    request = json.loads(sys.argv[1])
    sys.path[:] = [*request["path"], *(folder for folder in sys.path if folder != os.path.dirname(__file__)), _KERNEL_FOLDER]
    attempt = _in_subinterpreter if request["isolation"] == "subinterpreter" else _free_threaded
    answers = [{"module": name, "problem": attempt(name)} for name in request["modules"]]
    print("\npythreads " + json.dumps(answers), flush=True)


def _free_threaded(name: str) -> str | None:
    from pythreads_kernel.targets import load

    try:
        load(name)
    except BaseException as error:  # an import runs anything
        return _told(name, str(error))
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "importing it turns the GIL on again" if enabled else None


def _in_subinterpreter(name: str) -> str | None:
    import _interpreters  # type: ignore[import-not-found]  # 3.13 and newer only

    interpreter: Any = _interpreters.create(_interpreters.new_config("isolated", allow_daemon_threads=True))
    source = "import sys; sys.path[:] = {!r}; from pythreads_kernel.targets import load; load({!r})"
    failure = _interpreters.exec(interpreter, source.format(sys.path, name))
    return None if failure is None else _told(name, str(failure.msg or failure.formatted))


def _told(name: str, text: str) -> str:
    """Cut the message of a failed import down to why."""
    line = next(iter(text.strip().splitlines()), "it failed").removeprefix(f"{name}: ")
    marker = "does not support loading in subinterpreters"
    return f"{line.partition(marker)[0]}{marker}" if marker in line else line


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
