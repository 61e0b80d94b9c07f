"""What one pool has in one interpreter: the namespaces of `exec` and `eval`, and the objects that
JavaScript holds.
"""

from __future__ import annotations

import builtins
import itertools
import sys
import threading
import weakref
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from . import escapes, gil, multiprocessing_support
from .interrupts import import_whole
from .references import ReferenceCounts

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

    from .interfaces import Channel, Output

_MAX_COMPILED = 1024
# The module of the first pool's variables in an interpreter; those of others are called
# `__pythreads_2__` and so on.
EXEC_MODULE = "__pythreads_"


# 3.13 without a GIL never frees a module and its variables.
_KEEPS_MODULES = gil.IS_FREE_THREADED and sys.version_info < (3, 14)


class _Module:
    """Takes the place of a module where Python never frees modules."""

    __name__: str

    def __init__(self, name: str) -> None:
        # The dictionary that an object gets of itself is not the one that functions have as their
        # globals.
        self.__dict__ = {
            "__name__": name,
            "__doc__": None,
            "__package__": None,
            "__loader__": None,
            "__spec__": None,
        }

    def __repr__(self) -> str:
        return f"<module {self.__name__!r}>"


def _new_module(name: str) -> Any:
    return _Module(name) if _KEEPS_MODULES else ModuleType(name)


class Namespace:
    """Variables, and the expressions that were compiled for them: a module, as what is defined
    in it names its module.
    """

    def __init__(self, name: str, place: str) -> None:
        """Start with Python's builtins and nothing else. `place` is a part of the file names of
        source that is executed.
        """
        self.name = name  # the module's own can be overwritten
        self.module = module = _new_module(name)
        self.variables: dict[str, Any] = module.__dict__
        self.variables["__builtins__"] = builtins
        self.place = place
        self._file: str | None = None
        sys.modules[name] = module
        multiprocessing_support.pickle_by_value(name)
        self._functions: dict[tuple[str, tuple[str, ...]], Callable[..., Any]] = {}

    def evaluate(self, source: str, names: tuple[str, ...], values: list[Any]) -> Any:
        """Evaluate an expression in which `names` stand for `values`."""
        key = (source, names)
        function = self._functions.get(key)
        if function is None:
            if len(self._functions) >= _MAX_COMPILED:
                self._functions.clear()
            function = self._functions[key] = eval(
                _compile_expression(source, names), self.variables
            )
        return function(*values)

    def execute(self, source: str, filename: str, values: dict[str, Any]) -> None:
        """Run statements. `values` stay as variables, as functions that are defined here
        may use them later.
        """
        if self.place:
            filename = f"{filename[:-1]}{self.place}>"
        code = compile_source(source, filename)
        # `inspect` looks for classes in the module's file: it has one as long as one text is all
        # that there is.
        if self._file is None:
            self._file = self.variables["__file__"] = filename
        elif self.variables.get("__file__") == self._file:
            del self.variables["__file__"]
        self.variables.update(values)
        exec(code, self.variables)


class ReleasedError(Exception):
    """JavaScript used an object that it has released."""


class Scope:
    """The part of a pool that all its workers in one interpreter share."""

    def __init__(self) -> None:
        """Start empty."""
        self._workers = 0
        self._namespace: Namespace | None = None
        # The names of the modules that its namespaces are.
        self.modules: set[str] = set()
        self._sessions: dict[int, Namespace] = {}
        self._objects: dict[int, Any] = {}
        self._numbers = itertools.count(1)
        self.references = ReferenceCounts()
        # Flags of `frames.py` for the arguments of callbacks, by the pool's options.
        self.flags = 0
        # The JavaScript thread of the pool; and the channel on which it waits in a sync call, if it
        # does.
        self.owner = 0
        # What the pool's options add to errors: paths of attributes, and whether the exception
        # itself is sent.
        self.errors: dict[str, Any] | None = None
        self.waiting: Channel | None = None
        # Where threads print whose channel has no output of its own: those of sync calls.
        self.output: Output | None = None

    def join(self) -> None:
        """Be the scope of one more worker."""
        with _modules_lock:
            self._workers += 1
            for namespace in self._namespaces() if self._workers == 1 else ():
                name = namespace.name
                if name not in sys.modules:  # a pool that came meanwhile may have taken it
                    sys.modules[name] = namespace.module
                    self.modules.add(name)

    def leave(self) -> None:
        """Be the scope of one worker less. With the last worker, the variables leave `sys.modules`,
        as they may hold this scope.
        """
        with _modules_lock:
            self._workers -= 1
            if self._workers == 0:
                _forget(self.modules)
                self.modules.clear()

    def _namespaces(self) -> list[Namespace]:
        own = [] if self._namespace is None else [self._namespace]
        return [*own, *self._sessions.values()]

    @property
    def namespace(self) -> Namespace:
        """The pool's own variables."""
        namespace = self._namespace
        if namespace is None:
            with _modules_lock:
                namespace = self._namespace = self._namespace or self._make_namespace()
        return namespace

    def _make_namespace(self) -> Namespace:
        name = "__pythreads__"
        number = 1
        while name in sys.modules:
            number += 1
            name = f"{EXEC_MODULE}{number}__"
        self.modules.add(name)
        return Namespace(name, "" if number == 1 else f" of pool {number}")

    def session(self, number: int) -> Namespace:
        """The namespace of a session; 0 is the pool's own."""
        if number == 0:
            return self._namespace or self.namespace
        session = self._sessions.get(number)
        if session is None:
            name = f"{self.namespace.name}.session_{number}"
            self.modules.add(name)
            session = self._sessions[number] = Namespace(name, self.namespace.place)
        return session

    def end_session(self, number: int) -> None:
        """Forget a session's variables."""
        session = self._sessions.pop(number, None)
        if session is not None:
            name = session.name
            self.modules.discard(name)
            _forget({name})

    def keep(self, value: Any) -> tuple[Any, ...]:
        """Hold an object for JavaScript. Return its escape."""
        number = next(self._numbers)
        self._objects[number] = value
        kind = type(value)
        return (..., escapes.OBJECT, number, _name_of(value, kind), _traits(value, kind))

    def kept(self, number: int) -> Any:
        """The object that JavaScript means."""
        try:
            return self._objects[number]
        except KeyError:
            raise ReleasedError("the object was released") from None

    def release(self, numbers: Iterable[int]) -> None:
        """JavaScript holds these no longer."""
        for number in numbers:
            self._objects.pop(number, None)


_modules_lock = threading.Lock()
# Every sync call comes by here: a WeakValueDictionary takes three times as long.
_scopes: dict[int, weakref.ref[Scope]] = {}
_lock = threading.Lock()


def scope_of(number: int) -> Scope:
    """Return the scope of a pool; it lives as long as one of the pool's workers holds it."""
    # Not `get`: on a free-threaded 3.13 it holds the dictionary's lock, and takes that once more
    # where the key is equal to one of another thread, but not the same: it spins until it finds
    # that it waits for itself, 20 us. dict[key] does not.
    try:
        scope = _scopes[number]()
    except KeyError:
        scope = None
    if scope is not None:
        return scope
    with _lock:
        known = _scopes.get(number)
        scope = None if known is None else known()
        if scope is None:
            for dead in [other for other, held in _scopes.items() if held() is None]:
                del _scopes[dead]
            scope = Scope()
            _scopes[number] = weakref.ref(scope, partial(_forget, scope.modules))
        return scope


def _forget(names: Iterable[str], _scope: object = None) -> None:
    """Forget modules whose variables are gone."""
    for name in names:
        sys.modules.pop(name, None)
        multiprocessing_support.forget(name)


def forget_own_source() -> None:
    """Forget the program of `python -c`: since 3.13 it is the source of "<string>", which is
    the name of any nameless code.
    """
    linecache = sys.modules.get("linecache")
    if linecache is not None:
        getattr(linecache, "cache", {}).pop("<string>", None)
        getattr(linecache, "_interactive_cache", {}).clear()


def compile_source(source: str, filename: str) -> CodeType:
    """Compile statements, whose lines tracebacks will show."""
    code = compile(source, filename, "exec", dont_inherit=True)
    try:
        linecache = import_whole("linecache")  # with what it imports, 3 ms of a start
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    except Exception:  # a file shadows `linecache`: the statements run, without lines in tracebacks
        pass
    return code


def _name_of(value: Any, kind: type) -> str:
    """What JavaScript shows of it: `sqlite3.Connection object`, `class decimal.Decimal`, `function
    json.dumps`.
    """
    if issubclass(kind, type):
        return f"class {_qualified(value)}"
    if kind is ModuleType:
        return f"module {value.__name__}"
    if kind in _FUNCTIONS:
        return f"{kind.__name__} {_qualified(value)}"
    return f"{_qualified(kind)} object"


def _qualified(value: Any) -> str:
    module, name = getattr(value, "__module__", None), value.__qualname__
    return f"{module}.{name}" if isinstance(module, str) and module != "builtins" else str(name)


_FUNCTIONS = frozenset({FunctionType, BuiltinFunctionType, MethodType})


def _traits(value: Any, kind: type) -> int:
    traits = escapes.CALLABLE if callable(value) else 0
    if _has(kind, "__iter__") or (_has(kind, "__getitem__") and _has(kind, "__len__")):
        traits |= escapes.ITERABLE
    for method, trait in _TRAITS:
        if _has(kind, method):
            traits |= trait
    return traits if traits & _ITERATES else traits & ~escapes.GENERATOR


def _has(kind: type, name: str) -> bool:
    try:
        return hasattr(kind, name)
    except Exception:  # the metaclass is the user's
        return False


_ITERATES = escapes.ITERATOR_ITSELF | escapes.ASYNC_ITERABLE
_TRAITS = (
    ("__next__", escapes.ITERATOR_ITSELF),
    ("__aiter__", escapes.ASYNC_ITERABLE),
    ("__enter__", escapes.CONTEXT),
    ("__aenter__", escapes.ASYNC_CONTEXT),
    ("send", escapes.GENERATOR),
    ("asend", escapes.GENERATOR),
)


def _compile_expression(source: str, names: tuple[str, ...]) -> CodeType:
    """Compile an expression as a function of `names`: so comprehensions and lambdas in it see them
    too.
    """
    _ast = import_whole("_ast")  # 1 ms of a start

    tree: Any = compile(
        source.strip(), "<pythreads eval>", "eval", flags=_ast.PyCF_ONLY_AST, dont_inherit=True
    )
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
