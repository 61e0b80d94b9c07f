"""`multiprocessing` in a worker: how its processes start, what they find, and when they end.

- They are spawned, as a process full of threads must not be forked; a program may still choose.
- They end with this process, however it ends: they hold the reading end of a pipe whose writing end
  only this process has.
- They find modules that exist in this process only: modules of source text, and files whose name
  was taken. A library that can pickle functions by value, as joblib can, does so for these.

Nothing is imported for this: modules are adapted when a program imports them.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from types import ModuleType

from .forking import in_child

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any

    Source = tuple[str, str | None]

# Modules for children, by name: a file, and its text where there is no real file.
modules: dict[str, Source] = {}
# Modules whose functions and classes are pickled by value, where a library can.
_by_value: set[str] = set()
_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# In a child: loads the kernel, which is on no path yet, and begins there.
_BEGIN = (
    "__import__('sys').path.append(folder) or "
    "__import__('pythreads_kernel.multiprocessing_child').multiprocessing_child.begin(life, modules)"
)


class _Finder:
    """Adapts modules after their import. To import them earlier would take time."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        adapt = _adapters.get(name)
        spec = None if adapt is None else PathFinder.find_spec(name, path, target)
        if adapt is None or spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            adapt(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def prepare() -> None:
    """Adapt the modules in `_adapters`, now or when they are imported."""
    for name, adapt in _adapters.items():
        if name in sys.modules:
            adapt(sys.modules[name])
    sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]


def add_module(name: str, file: str, source: str | None = None) -> None:
    """Let children find a module that only this process knows: of `source`, or of a file with
    another name or on no path.
    """
    modules[name] = (file, source)
    if _Kept.are_there:
        pickle_by_value(name)


def pickle_by_value(name: str) -> None:
    """Pickle what a module defines by value, as for `__main__`, where a library can."""
    _by_value.add(name)
    for pickler in _PICKLERS:
        if pickler in sys.modules:
            _register(sys.modules[pickler])


def forget(name: str) -> None:
    """Undo `pickle_by_value` for a module that is gone."""
    _by_value.discard(name)


def _register(pickler: Any) -> None:
    for name in _by_value:
        if name in sys.modules:
            module = sys.modules[name]
            # It stores the name, and refuses everything except modules: `_Module` of `scope.py` is
            # none.
            pickler.register_pickle_by_value(
                module if isinstance(module, ModuleType) else ModuleType(name)
            )


class _Kept:
    """Whether there may be processes that are reused, and miss modules that are added now."""

    are_there = False


class _Life:
    """A pipe whose writing end only this process has: a reader of the other end notices when this
    process has ended.
    """

    reader = writer = -1

    def open(self) -> int:
        """Return the end that children get."""
        if self.reader < 0:
            self.reader, self.writer = os.pipe()
        return self.reader

    def inherit(self, reader: int) -> None:
        """Be a child of the process that has the other end."""
        self.reader = reader

    def end(self) -> None:
        """End the children."""
        self.close_writer()
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1

    def close_writer(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1


life = _Life()
in_child(life.close_writer)


class _Preparation:
    """Sent to each child beside what `multiprocessing` sends. It takes effect when it is unpickled,
    before anything else is.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        context: Any = sys.modules["multiprocessing.context"]
        process = context.get_spawning_popen()
        reader = (
            process.DupFd(process.duplicate_for_child(life.open()))
            if hasattr(process, "DupFd")
            else None
        )
        return eval, (_BEGIN, {"folder": _FOLDER, "life": reader, "modules": dict(modules)})


def _spawn_by_default(multiprocessing: Any) -> None:
    multiprocessing.set_start_method("spawn", force=True)


def _adapt_spawn(spawn: Any) -> None:
    prepared: Callable[..., dict[str, Any]] = spawn.get_preparation_data

    def get_preparation_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"pythreads": _Preparation(), **prepared(*args, **kwargs)}

    spawn.get_preparation_data = get_preparation_data


def _adapt_util(util: Any) -> None:
    def end_with_parent(_: Any) -> None:
        from .end_with_parent import end_with  # is not needed in the parent

        end_with(life.reader)

    life.open()
    util.register_after_fork(life, end_with_parent)


def _adapt_loky(spawn: Any) -> None:
    _adapt_spawn(spawn)
    prepared: Callable[..., dict[str, Any]] = spawn.get_preparation_data

    def get_preparation_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
        _Kept.are_there = True
        return prepared(*args, **kwargs)

    spawn.get_preparation_data = get_preparation_data


_PICKLERS = ("cloudpickle.cloudpickle", "joblib.externals.cloudpickle.cloudpickle")
_adapters: dict[str, Callable[[Any], None]] = {
    "multiprocessing": _spawn_by_default,
    "multiprocessing.spawn": _adapt_spawn,
    "multiprocessing.util": _adapt_util,
    "loky.backend.spawn": _adapt_loky,
    "joblib.externals.loky.backend.spawn": _adapt_loky,
    **dict.fromkeys(_PICKLERS, _register),
}
