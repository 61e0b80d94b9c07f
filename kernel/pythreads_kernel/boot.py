"""How the kernel begins in an interpreter, and what it reports where it cannot begin.

Any import of the kernel may fail (`start_failures.py` says why). This module imports built-in
modules alone, besides that one, so it can always report. It is itself imported from the kernel's
folder, whatever is on the path (`src/kernel.ts`).
"""

from .start_failures import explain, refuse

try:
    from posix import write
except ImportError:
    from nt import write  # type: ignore[attr-defined, no-redef, import-not-found, unused-ignore]

_READY = b"\1"
_REPORT_BYTES = 4000


# The library of this Python: the first caller loaded it, and another one may try again after that
# one failed.
_libpython = ""


def start(control: int, libpython: str) -> None:
    """Start the kernel in the main interpreter of the host. Always send one message to `control`:
    ready, or what went wrong.
    """
    global _libpython  # noqa: PLW0603
    _libpython = _libpython or libpython
    message = _READY
    try:
        from . import in_process_main

        in_process_main.start(control, _libpython)
    except BaseException as error:
        message = explain(error).encode("utf-8", "replace")[:_REPORT_BYTES]
    write(control, message)


def child(fd: int, side: "int | tuple[int, int]", status_page: int, parent: int) -> None:
    """Be a worker process. An error at the start is sent on `fd`. `side`: a socket, or two pipes to
    read from and to write to.
    """
    try:
        from .process_main import prepare

        serve = prepare(fd, side, status_page, parent)
    except BaseException as error:
        refuse(fd, error)
        raise SystemExit(1) from None
    serve()
