"""The namespace that `exec` and `eval` of one pool share in one interpreter."""

from __future__ import annotations

import _ast
import builtins
import linecache
import threading
import weakref

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

_MAX_COMPILED = 1024


class Scope:
    """Variables, and the expressions that were compiled for them."""

    def __init__(self) -> None:
        """Start with Python's builtins and nothing else."""
        self.variables: dict[str, Any] = {"__name__": "__pythreads__", "__builtins__": builtins}
        self._functions: dict[tuple[str, tuple[str, ...]], Callable[..., Any]] = {}

    def evaluate(self, source: str, names: tuple[str, ...], values: list[Any]) -> Any:
        """Evaluate an expression in which `names` stand for `values`."""
        key = (source, names)
        function = self._functions.get(key)
        if function is None:
            if len(self._functions) >= _MAX_COMPILED:
                self._functions.clear()
            function = self._functions[key] = eval(_compile_expression(source, names), self.variables)
        return function(*values)

    def execute(self, source: str, filename: str, values: dict[str, Any]) -> None:
        """Run statements. `values` stay as variables, as functions that are defined here may use them later."""
        code = compile(source, filename, "exec", dont_inherit=True)
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        self.variables.update(values)
        exec(code, self.variables)


_scopes: weakref.WeakValueDictionary[int, Scope] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def scope_of(number: int) -> Scope:
    """Return the scope of a pool; it lives as long as one of the pool's workers holds it."""
    with _lock:
        scope = _scopes.get(number)
        if scope is None:
            scope = _scopes[number] = Scope()
        return scope


def _compile_expression(source: str, names: tuple[str, ...]) -> CodeType:
    """Compile an expression as a function of `names`: so comprehensions and lambdas in it see them too."""
    tree: Any = compile(source.strip(), "<pythreads eval>", "eval", flags=_ast.PyCF_ONLY_AST, dont_inherit=True)
    place: Any = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
    arguments = _ast.arguments(
        posonlyargs=[],
        args=[_ast.arg(arg=name, annotation=None, **place) for name in names],
        vararg=None,
        kwonlyargs=[],
        kw_defaults=[],
        kwarg=None,
        defaults=[],
    )
    tree.body = _ast.Lambda(args=arguments, body=tree.body, **place)
    return compile(tree, "<pythreads eval>", "eval", dont_inherit=True)
