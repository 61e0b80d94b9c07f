"""Finding what a request names: `module:attribute.path`, or `/a/file.py:attribute.path`.

Attributes are looked up anew for every call, so a function that was replaced is seen at once; only
the reading of the text and the knowledge that a module is completely imported are kept.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading

from .forking import run
from .interrupts import import_whole, shielded
from .multiprocessing_support import add_module

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_MAX_PARSED = 4096
_MAX_CHAIN = 100
_parsed: dict[str | int, tuple[str, tuple[str, ...]]] = {}
# What was completely imported: the name in a target -> the name in sys.modules (another one for a
# file).
_imported: dict[str, str] = {}
_files_lock = threading.RLock()
_modules = sys.modules
# Targets that JavaScript names by a number, from 1 on.
_numbered: list[str] = [""]
_numbers: dict[str, int] = {}
_MAX_NUMBERED = 4096
# Where JavaScript may have meant a file by a module's name: its current folder, and that of its
# main module.
folders: list[str] = []


class TargetError(Exception):
    """A target names what is not there. `code` is the error code for JavaScript, without its
    prefix.
    """

    def __init__(self, code: str, message: str) -> None:
        """`code` is one of MODULE_NOT_FOUND, ATTRIBUTE_NOT_FOUND, NOT_CALLABLE, MODULE_REFUSED,
        IMPORT_FAILED.
        """
        super().__init__(message)
        self.code = code


def resolve(target: Any) -> Any:
    """Return what `target` names: a text, or a list of an object and the path of an attribute
    in it.

    Raises `TargetError`, chained to the error of Python.
    """
    if type(target) is list:
        found, text = target
        path: Any = text.split(".") if text else ()
    else:
        # Not `get`: on a free-threaded 3.13 it locks the dictionary, and 20 threads took 5 times as
        # long; dict[key] does not.
        try:
            name, path = _parsed[target]
        except KeyError:
            name, path = _parse(target)
        try:
            found = _modules[_imported[name]]
        except KeyError:
            found = None
        if found is None:
            # Not cut in two: what a package had imported by then would stay, and the next import of
            # it fail.
            found = shielded(load, name)
    for attribute in path:
        try:
            found = getattr(found, attribute)
        except AttributeError as error:
            raise TargetError(
                "ATTRIBUTE_NOT_FOUND", f"{_shown(target)}: {_explain(error)}"
            ) from error
    return found


def resolve_callable(target: Any) -> Any:
    """As `resolve`, for what shall be called."""
    found = resolve(target)
    if not callable(found):
        raise not_callable(target, found)
    return found


def not_callable(target: Any, found: Any) -> TargetError:
    """The error for what a target names, and cannot be called."""
    return TargetError(
        "NOT_CALLABLE",
        f"{_shown(target)}: a value of type {type(found).__qualname__} cannot be called",
    )


def _shown(target: Any) -> str:
    if type(target) is int:
        target = _numbered[target]
    return (
        target
        if type(target) is str
        else f"{type(target[0]).__qualname__} object{'.' if target[1] else ''}{target[1]}"
    )


def number_of(target: str) -> int:
    """Return the number that stands for a target from now on; 0: there are too many."""
    with _files_lock:
        number = _numbers.get(target, 0)
        if number == 0 and len(_numbered) <= _MAX_NUMBERED:
            number = _numbers[target] = len(_numbered)
            _numbered.append(target)
        return number


def place_of(target: str) -> tuple[str, str] | None:
    """Return where a target is: the name of its module in sys.modules, and an attribute; `None`
    for a longer path, and for a module that was not imported yet.
    """
    name, path = _parse(target)
    module = _imported.get(name)
    return None if module is None or len(path) != 1 else (module, path[0])


def check_callable(target: str) -> None:
    """Raise what calling `target` would raise because of its name."""
    resolve_callable(target)


def load(name: str) -> ModuleType:
    """Import the module or file `name`. Raises `TargetError`."""
    try:
        module: ModuleType = run(
            _load_file if name.endswith(".py") else importlib.import_module, name
        )
    except ModuleNotFoundError as error:
        missing = error.name is not None and (
            name == error.name or name.startswith(f"{error.name}.")
        )
        raise TargetError(
            "MODULE_NOT_FOUND" if missing else "IMPORT_FAILED", f"{name}: {error}"
        ) from error
    except FileNotFoundError as error:
        code = "MODULE_NOT_FOUND" if error.filename == name else "IMPORT_FAILED"
        raise TargetError(code, f"{name}: {error}") from error
    except (Exception, SystemExit) as error:
        refused = refusal(error)
        if refused is not None:
            raise TargetError("MODULE_REFUSED", refused) from error
        raise TargetError(
            "IMPORT_FAILED", f"{name}: {type(error).__qualname__}: {error}"
        ) from error
    _imported[name] = module.__name__
    return module


def refusal(error: BaseException | None) -> str | None:
    """Say which module refused to load in a sub-interpreter and what to do, if that is what
    happened.
    """
    marker = "does not support loading in subinterpreters"
    for _ in range(_MAX_CHAIN):  # a chain can lead back to itself
        if error is None:
            break
        text = _text(error) if isinstance(error, ImportError) else ""
        if marker in text:
            line = next(line for line in text.splitlines() if marker in line)
            words = line[: line.index(marker)].split()
            return (
                f"{words[-1] if words else 'a module'} {marker}:"
                " start the pool with isolation 'process' (or 'thread'), or let isolation 'auto' choose"
            )
        error = error.__cause__ or error.__context__
    return None


def _text(error: ImportError) -> str:
    try:
        return str(error)
    except BaseException:  # __str__ of a class of the user's
        return ""


def _parse(target: str | int) -> tuple[str, tuple[str, ...]]:
    text = _numbered[target] if isinstance(target, int) else target
    name, _, path = text.rpartition(":") if ":" in text else (text, "", "")
    if len(_parsed) >= _MAX_PARSED:
        _parsed.clear()
    entry = _parsed[target] = (name, tuple(path.split(".")) if path else ())
    return entry


def _load_file(path: str) -> ModuleType:
    """Import a file once an interpreter, under its own name where that is free, with its folder
    at the end of sys.path.
    """
    with _files_lock:
        known = _modules.get(_imported.get(path, ""))
        if known is not None:
            return known
        if not os.path.isfile(path):
            raise FileNotFoundError(2, "No such file", path)
        folder, base = os.path.split(path)
        if folder not in sys.path:
            sys.path.append(folder)
        name = base[:-3]
        spec = importlib.util.spec_from_file_location(_free_name(name, path), path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file", path=path)
        module = importlib.util.module_from_spec(spec)
        _modules[spec.name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            _modules.pop(spec.name, None)
            raise
        _imported[path] = spec.name  # before another thread gets the lock
        add_module(spec.name, path)
        return module


def _free_name(name: str, path: str) -> str:
    """A module name that shadows no other module: `rules`, or `rules_1` where another `rules`
    can be imported.
    """
    candidate = name
    number = 0
    while not _is_free(candidate, path):
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _is_free(name: str, path: str) -> bool:
    if name in _modules:
        return False
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return True
    return spec is None or (
        spec.origin is not None and os.path.realpath(spec.origin) == os.path.realpath(path)
    )


def _explain(error: AttributeError) -> str:
    """Python's message, with its suggestion where it has one."""
    traceback = import_whole("traceback")  # not needed by a pool that runs without errors

    lines = traceback.format_exception_only(type(error), error)
    return lines[-1].strip().partition(": ")[2] or str(error)
