"""`multiprocessing` in a process whose other threads must never be forked: start methods and executables."""

from __future__ import annotations

import importlib.machinery
import sys

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _SpawnFinder:
    """Sets the start method to `spawn` when `multiprocessing` is imported; not before, as importing it takes time."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "multiprocessing":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                module.set_start_method("spawn")  # type: ignore[attr-defined]

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def spawn_not_fork() -> None:
    """Make `spawn` the start method of `multiprocessing`, which may not be imported yet. A program may still choose."""
    if "multiprocessing" in sys.modules:
        sys.modules["multiprocessing"].set_start_method("spawn", force=True)
    else:
        sys.meta_path.insert(0, _SpawnFinder())  # type: ignore[arg-type]
