"""A small rule engine: which rules match an event, and what they ask for.

A rule's condition is a Python expression over the event's fields, such as

    severity >= 3 and source.startswith("sensor-") and "fire" in tags and location.floor > 2

It is parsed once. Only what `_ALLOWED`, `_METHODS` and `_FUNCTIONS` list gets through, every name
is turned into a look-up in the event, and what is left is compiled: a condition cannot name, and so
cannot reach, anything but the event.

- A rule that reads a field which the event does not have does not match. `null` is a value:
  `temperature != None`.
- A field of a type that the condition cannot work with is an `EventError`, not a silent "no".
- A rule that cannot be compiled is a `RuleError`, raised when this module is imported: no event
  meets half of the rules.

The rules are in rules.json, or in the file that the environment variable RULES names.
"""

from __future__ import annotations

import ast
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Event = dict[str, Any]


class RuleError(ValueError):
    """A rule is not valid; the message names the file, the rule and the column."""


class EventError(ValueError):
    """An event is not what a rule can work with; the message names both."""


class Rule(NamedTuple):
    """A rule that has been checked and compiled."""

    name: str
    priority: int
    action: str
    matches: Callable[[Event], object]


class Verdict(TypedDict):
    """What `evaluate` says of an event."""

    id: Any
    matched: list[str]
    priority: int
    actions: list[str]


# `*`, `**` and `%` are left out: they make a huge value of a small rule.
_ALLOWED = (
    *(
        ast.Expression,
        ast.Load,
        ast.Name,
        ast.Attribute,
        ast.Call,
        ast.Constant,
        ast.List,
        ast.Tuple,
        ast.Set,
    ),
    *(
        ast.BoolOp,
        ast.And,
        ast.Or,
        ast.UnaryOp,
        ast.Not,
        ast.USub,
        ast.BinOp,
        ast.Add,
        ast.Sub,
        ast.Div,
    ),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
)
_MAX_LENGTH = 2000  # a very long one can crash Python's parser, see the note on ast.parse in its documentation
_CONSTANTS = (str, int, float, bool, type(None))
_METHODS = frozenset({"startswith", "endswith", "lower"})
_FUNCTIONS = {"abs": abs, "len": len, "max": max, "min": min}
_FIELDS = {"name": str, "condition": str, "action": str, "priority": int}
_UNFIT = (TypeError, AttributeError, ArithmeticError, ValueError)


def evaluate(event: Event, rules: Sequence[Rule] | None = None) -> Verdict:
    """Match an event against the rules, the most important first. Raises `EventError`."""
    if not isinstance(event, dict):
        raise EventError(f"an event is a JSON object; got a value of type {type(event).__name__}")
    matched: list[Rule] = []
    for rule in RULES if rules is None else rules:
        try:
            if rule.matches(event):
                matched.append(rule)
        except KeyError:
            continue  # a field that this event does not have
        except _UNFIT as error:
            raise EventError(f"event {event.get('id')!r}, rule {rule.name!r}: {error}") from error
    return {
        "id": event.get("id"),
        "matched": [rule.name for rule in matched],
        "priority": matched[0].priority if matched else 0,
        "actions": list(dict.fromkeys(rule.action for rule in matched)),
    }


def load_rules(path: str) -> tuple[Rule, ...]:
    """Read and compile a file of rules. Raises `RuleError`."""
    with open(path, encoding="utf-8") as file:
        try:
            entries = json.load(file)
        except ValueError as error:
            raise RuleError(f"{path}: {error}") from error
    return compile_rules(entries, path)


def compile_rules(entries: object, origin: str = "rules") -> tuple[Rule, ...]:
    """Compile rules as JSON has them; the highest priority comes first. Raises `RuleError`."""
    if not isinstance(entries, list):
        raise RuleError(f"{origin}: an array of rules is expected")
    rules: dict[str, Rule] = {}
    for number, entry in enumerate(entries, 1):
        rule = _compile_rule(entry, f"{origin}, rule {number}")
        if rule.name in rules:
            raise RuleError(f"{origin}, rule {number}: another rule is named {rule.name!r}")
        rules[rule.name] = rule
    return tuple(sorted(rules.values(), key=lambda rule: -rule.priority))


def _compile_rule(entry: object, place: str) -> Rule:
    if not isinstance(entry, dict) or {key: type(value) for key, value in entry.items()} != _FIELDS:
        expected = ", ".join(f"{key} ({kind.__name__})" for key, kind in _FIELDS.items())
        raise RuleError(f"{place}: an object with exactly these fields is expected: {expected}")
    name, condition = entry["name"], entry["condition"]
    return Rule(
        name,
        entry["priority"],
        entry["action"],
        _compile_condition(condition, f"{place} ({name!r})"),
    )


def _compile_condition(condition: str, place: str) -> Callable[[Event], object]:
    if len(condition) > _MAX_LENGTH or not condition.isprintable():
        raise RuleError(
            f"{place}: a condition is one line of printable text, with at most {_MAX_LENGTH} characters"
        )
    try:
        function = ast.parse("lambda event: ...", mode="eval")
        assert isinstance(function.body, ast.Lambda)
        function.body.body = (
            _Checker(condition, place).visit(ast.parse(condition, mode="eval")).body
        )
        code = compile(ast.fix_missing_locations(function), f"<{place}>", "eval")
    except SyntaxError as error:
        column = error.offset or len(condition) + 1  # Python 3.11 has no offset for a sudden end
        raise RuleError(f"{place}, column {column}: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise RuleError(f"{place}: the condition is nested too deeply") from error
    matches: Callable[[Event], object] = eval(code, {"__builtins__": {}, **_FUNCTIONS})
    return matches


class _Checker(ast.NodeTransformer):
    """Lets through what is allowed, and turns fields into look-ups: `location.floor` is
    `event["location"]["floor"]`.
    """

    def __init__(self, condition: str, place: str) -> None:
        self._condition = condition.encode()
        self._place = place
        self._offset = 0  # in UTF-8 bytes, as ast counts

    def visit(self, node: ast.AST) -> Any:
        self._offset = getattr(
            node, "col_offset", self._offset
        )  # an operator has none: that of its expression
        if not isinstance(node, _ALLOWED):
            raise self._error(f"{type(node).__name__} is not allowed in a condition")
        return super().visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, _CONSTANTS):
            raise self._error(f"a constant of type {type(node.value).__name__} is not allowed")
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _look_up(ast.Name("event", ast.Load()), node.id)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return _look_up(self.visit(node.value), node.attr)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _METHODS:
            function.value = self.visit(function.value)
        elif not (isinstance(function, ast.Name) and function.id in _FUNCTIONS):
            raise self._error(f"only {', '.join(sorted([*_METHODS, *_FUNCTIONS]))} can be called")
        if node.keywords:
            raise self._error("keyword arguments are not allowed")
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def _error(self, what: str) -> RuleError:
        column = len(self._condition[: self._offset].decode()) + 1
        return RuleError(f"{self._place}, column {column}: {what}")


def _look_up(value: ast.expr, key: str) -> ast.expr:
    return ast.Subscript(value, ast.Constant(key), ast.Load())


RULES = load_rules(os.environ.get("RULES") or os.path.join(os.path.dirname(__file__), "rules.json"))
