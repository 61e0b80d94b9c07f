"""Why the kernel, or a part of the standard library, cannot be imported, and what to do about it.

A file on the path can take the place of a module of the standard library, so any import may fail,
that of `traceback` too. This module imports built-in modules alone, which no file can replace.
`src/errors/shortage.ts` names the same shortages.
"""

import _imp
import errno
import marshal
import sys

try:
    from posix import listdir, write
except ImportError:
    from nt import listdir, write  # type: ignore[attr-defined, no-redef, import-not-found, unused-ignore]

_ERROR = 66  # `frames.ERROR`
_MAX_PLACES = 8
_MAX_FILES = 5
_SUFFIXES = (".py", ".pyc", ".so", ".pyd")
_LACKS = {
    errno.EMFILE: "no descriptor is left in this process: raise its limit (ulimit -n), or close some",
    errno.ENFILE: "no descriptor is left on this machine",
    errno.ENOMEM: "no memory is left: raise the limit of this process (ulimit -v) or of its container",
    errno.ENOSPC: "no room is left on the disk, or in /dev/shm",
    errno.EAGAIN: "no process or thread may be started: raise the limit (ulimit -u, or that of the container)",
}


def refuse(fd: int, error: BaseException) -> None:
    """Report to the host on a channel why no worker starts there."""
    payload = marshal.dumps(_described(error), 2)
    header = b"".join(number.to_bytes(4, "little") for number in (len(payload), 0, _ERROR))
    try:
        write(fd, header + payload)
    except OSError:  # the host is gone
        pass


def _described(error: BaseException) -> "dict[str, object]":
    kind = type(error)
    text = explain(error)
    return {
        **{"code": "ERR_PYTHREADS_WORKER_START", "type": kind.__name__, "module": kind.__module__},
        **{"message": f"The kernel does not start: {text}", "traceback": f"{text}\n"},
        **{"frames": [], "notes": [], "bases": [], "args": []},
        **dict.fromkeys(("cause", "errors", "path", "place", "thrown")),
    }


def explain(error: BaseException) -> str:
    """What went wrong, where, and which files took the place of modules of the standard library."""
    return "\n".join(
        (
            because(error),
            *(f"  in {file}, line {line}" for file, line in _places(error)[-_MAX_PLACES:]),
        )
    )


def because(error: BaseException) -> str:
    """What went wrong, and what to do about it where that is known."""
    try:
        message = str(error)
    except BaseException:  # of a class of the user's
        message = ""
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    lack = lacking(error)
    return f"{text} ({lack})" if lack is not None else "\n".join((text, *shadows(error)))


def unavailable(what: str, error: BaseException) -> RuntimeError:
    """The error of a call that needs a part of the standard library which cannot be imported."""
    return RuntimeError(f"{what} not available: {because(error)}")


def lacking(error: BaseException) -> "str | None":
    """Which resource of the system an error says is missing."""
    if isinstance(error, OSError) and error.errno is not None:
        return _LACKS.get(error.errno)
    if isinstance(error, ImportError) and "Too many open files" in str(error):
        return _LACKS[errno.EMFILE]
    if isinstance(error, MemoryError):
        return _LACKS[errno.ENOMEM]
    return (
        _LACKS[errno.EAGAIN]
        if isinstance(error, RuntimeError) and "start new thread" in str(error)
        else None
    )


def shadows(error: BaseException) -> "list[str]":
    """A sentence for each file that took the place of a module of the standard library and had
    to do with an error.
    """
    files = _shadowing()
    if not files:
        return []
    touched = {file for file, _ in _places(error)}
    used = {file: name for file, name in files.items() if file in touched or _is_loaded(name, file)}
    return [
        f"{file} takes the place of Python's own module {name!r}: rename it, or take its folder off the path"
        for file, name in [*used.items()][:_MAX_FILES]
    ]


def _is_loaded(name: str, file: str) -> bool:
    return getattr(sys.modules.get(name), "__file__", None) == file


def _places(error: "BaseException | None") -> "list[tuple[str, int]]":
    """The files and lines that the traceback of an error, and of those that led to it, goes
    through.
    """
    places: list[tuple[str, int]] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        trace = error.__traceback__
        own: list[tuple[str, int]] = []
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if not file.startswith("<frozen "):
                own.append((file, trace.tb_lineno))
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename is not None:
            own.append((error.filename, error.lineno or 0))
        places[:0] = own
        error = error.__cause__ or error.__context__
    return places


def _shadowing() -> "dict[str, str]":
    """The files that come before the standard library on the path and have the name of one of its
    modules.
    """
    own = sys.modules["encodings"].__path__[0].rpartition("encodings")[0].rstrip("/\\")
    files: dict[str, str] = {}
    for folder in sys.path:
        if folder.rstrip("/\\") == own:
            break
        for entry in _entries(folder):
            name, dot, _ = entry.partition(".")
            if (
                name not in sys.stdlib_module_names
                or name in sys.builtin_module_names
                or _imp.is_frozen(name)
            ):
                continue
            if not dot and "__init__.py" in _entries(f"{folder}/{entry}"):
                files[f"{folder}/{entry}/__init__.py"] = name
            elif entry.endswith(_SUFFIXES):
                files[f"{folder}/{entry}"] = name
    return files


def _entries(folder: str) -> "list[str]":
    try:
        return listdir(folder or ".")
    except OSError:
        return []
