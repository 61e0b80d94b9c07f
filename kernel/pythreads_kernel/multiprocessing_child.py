"""The start of a `multiprocessing` process of a worker, and the modules that it finds."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location

from . import multiprocessing_support
from .end_with_parent import end_with, end_with_process
from .scope import EXEC_MODULE, compile_source, forget_own_source

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any


def begin(life: Any, modules: dict[str, multiprocessing_support.Source]) -> None:
    """End with the worker, and find the modules that only the worker has. `life`: the reading end
    of a pipe whose writing end the worker has; `None` on Windows, where a process can be waited for.
    """
    forget_own_source()
    if life is not None:
        multiprocessing_support.life.inherit(life.detach())
        end_with(multiprocessing_support.life.reader)
    elif sys.platform == "win32":
        end_with_process(os.getppid())
    multiprocessing_support.modules.update(modules)
    sys.meta_path.append(_Finder())
    multiprocessing_support.prepare()  # for processes that this one starts


class _Finder:
    """Finds modules of the worker that no other finder finds: without a file, or with a file of
    another name.
    """

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0].startswith(EXEC_MODULE):
            return ModuleSpec(name, _NoLoader(), is_package=True)  # type: ignore[arg-type]
        if name not in multiprocessing_support.modules:
            return None
        file, source = multiprocessing_support.modules[name]
        if source is None:
            return spec_from_file_location(name, file)
        return ModuleSpec(name, _SourceLoader(file, source), origin=file)  # type: ignore[arg-type]


class _SourceLoader:
    """Makes a module of source text."""

    def __init__(self, file: str, source: str) -> None:
        self._file = file
        self._source = source

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._file
        exec(compile_source(self._source, self._file), module.__dict__)


class _NoLoader:
    """A module in the place of the variables of `exec`, which only the worker has."""

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        def missing(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return _Missing(name, (_Stub,), {"__module__": module.__name__})

        module.__getattr__ = missing  # type: ignore[method-assign]


class _Missing(type):
    """Takes the place of a function or class that `exec` defined, until it is used.

    An error while a process of a pool reads its next task would end that process. The next process
    would take its place, and the task would be lost.
    """

    def __call__(cls, *args: Any, **_kwargs: Any) -> Any:
        if sys._getframe(1).f_globals.get("__name__") in _READING:  # noqa: SLF001 - an object is being made, rather than a call
            return _Stub.__new__(cls, *args)  # type: ignore[arg-type]
        raise _error(cls)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _error(cls)


class _Stub:
    """Takes the place of an object of a class that `exec` defined."""

    def __new__(cls, *_args: Any) -> Any:
        return object.__new__(cls)

    def __setstate__(self, _state: object) -> None:
        """Ignore the object's state."""

    def _refuse(self, *_args: Any) -> Any:
        raise _error(type(self))

    __reduce__ = __repr__ = __call__ = __len__ = __iter__ = __getitem__ = __contains__ = __lt__ = (
        __add__
    ) = _refuse

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _error(type(self))


_READING = (
    "multiprocessing.connection",
    "multiprocessing.queues",
    "multiprocessing.reduction",
    "multiprocessing.spawn",
)


def _error(cls: type) -> Exception:
    return RuntimeError(
        f"{cls.__qualname__} was defined by exec() or in a session, whose variables no other process has: define it by"
        " module(), or in a file"
    )
