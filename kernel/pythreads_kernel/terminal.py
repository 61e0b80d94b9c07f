"""`breakpoint()` and `input()` in a worker, which has no terminal: they raise errors that say what
to do instead.
"""

from __future__ import annotations

import builtins
import os
import sys

from .interrupts import import_whole

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any, NoReturn

_NONE = "a worker of pythreads has no terminal"
_DEBUG = (
    "To debug it, attach a debugger: install debugpy in this Python, run"
    " `import debugpy; debugpy.listen(5678); debugpy.wait_for_client()` by exec in a pool of one worker,"
    " and attach an editor to port 5678: then breakpoint() stops there. PYTHONBREAKPOINT names another function for it"
)
_input = builtins.input


class NoTerminalError(EOFError):
    """A worker has no terminal to read from."""


def install(*, own_process: bool) -> None:
    """Replace both. `own_process`: stdin is empty; else it is Node's own, which may be a pipe with
    something in it.
    """

    def ask(prompt: object = "", /) -> str:
        is_own = sys.stdin is None or sys.stdin is sys.__stdin__
        if own_process and is_own:
            _refuse("input()")
        try:
            return _input(prompt)
        except EOFError as error:
            if is_own and not str(error).startswith(_NONE):
                _refuse("input()")
            raise

    ask.__name__ = ask.__qualname__ = "input"
    builtins.input = ask
    sys.breakpointhook = _break


def _refuse(what: str) -> NoReturn:
    message = f"{_NONE}: {what} cannot read anything. Pass the text as an argument"
    if sys._getframe(2).f_globals.get("__name__") == "cmd":  # noqa: SLF001 - pdb, for which the end of the input is a command
        raise RuntimeError(f"{_NONE}: pdb cannot read anything. {_DEBUG}")
    raise NoTerminalError(message)


def _break(*args: Any, **options: Any) -> Any:
    """Do what PYTHONBREAKPOINT says, where it says something. Python's own hook does not look at it
    each time on all versions.
    """
    name = os.environ.get("PYTHONBREAKPOINT")
    if name == "0":
        return None
    if not name or name == "pdb.set_trace":
        raise RuntimeError(f"{_NONE}: breakpoint() cannot stop here. {_DEBUG}")
    module, _, attribute = name.rpartition(".")
    return getattr(import_whole(module or "builtins"), attribute)(*args, **options)
