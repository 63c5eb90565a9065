"""All small changes to the suspicious functions of a file, the likeliest first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pier_tui.models.offline import names
from pier_tui.models.offline.change import parses
from pier_tui.models.offline.repair import expressions, places, statements
from pier_tui.models.offline.repair.scope import Scope, Source, scope_of


@dataclass(frozen=True)
class Edit:
    """Lines `start` to `end` of `path` become `text`; `cost` orders the edits, lower first."""

    cost: float
    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Suspicion:
    """Lines that failing and passing tests execute, and the line a traceback ends at (0: none in this file)."""

    failing: frozenset[int]
    passing: frozenset[int] = frozenset()
    last: int = 0

    def penalty(self, first: int, end: int) -> float | None:
        """What a change of these lines costs more; None where no failing test comes by."""
        lines = frozenset(range(first, end + 1))
        if not lines & self.failing:
            return None
        shared = 0.25 if lines & self.passing and not lines & (self.failing - self.passing) else 0.0
        return shared - (0.15 if self.last in lines else 0.0)


def edits(path: str, text: str, suspicion: Suspicion) -> list[Edit]:
    """The edits of one file in the order to try them, without duplicates and without those that do not parse."""
    tree = names.tree_of(text)
    if tree is None:
        return []
    source = Source.of(text)
    found: dict[tuple[int, int, str], Edit] = {}
    for symbol in names.symbols(tree):
        if isinstance(symbol.node, ast.ClassDef) or _inside_function(symbol, tree):
            continue
        first = symbol.node.body[0].lineno
        if not suspicion.failing & frozenset(range(first, (symbol.node.end_lineno or first) + 1)):
            continue
        for cost, start, end, fresh in _changes(symbol.node, tree, source):
            penalty = suspicion.penalty(start, end)
            key = (start, end, fresh)
            if penalty is None or fresh == "\n".join(line.decode() for line in source.lines[start - 1 : end]):
                continue
            if key not in found or found[key].cost > cost + penalty:
                found[key] = Edit(cost + penalty, path, start, end, fresh)
    return sorted(found.values(), key=lambda edit: (edit.cost, edit.start, edit.text))


def valid(edit: Edit, text: str) -> bool:
    """Whether the file parses with this edit."""
    lines = text.split("\n")
    fresh = [edit.text] if edit.text else []
    return parses("\n".join([*lines[: edit.start - 1], *fresh, *lines[edit.end :]]))


def _inside_function(symbol: names.Symbol, tree: ast.Module) -> bool:
    owners = {s.name: s.node for s in names.symbols(tree)}
    return isinstance(owners.get(symbol.owner), names.Function)


def _changes(function: names.Function, tree: ast.Module, source: Source) -> Iterator[statements.Lines]:
    scope = scope_of(function, tree)
    for node in _expressions(function):
        for cost, fresh in expressions.changes(node, source, scope):
            yield cost, *source.replaced(node, fresh)
    for cost, node, fresh in places.stepped(function, source, scope):
        yield cost, *source.replaced(node, fresh)
    for part in ast.walk(function):
        if isinstance(part, ast.If | ast.While | ast.IfExp):
            for cost, fresh in places.conditions(part.test, source, scope, isinstance(part, ast.While)):
                yield cost, *source.replaced(part.test, fresh)
        elif isinstance(part, ast.Assign | ast.Return) and part.value is not None:
            target = source.segment(part.targets[0]) if isinstance(part, ast.Assign) else ""
            for cost, fresh in places.values(part.value, source, scope, target):
                yield cost, *source.replaced(part.value, fresh)
    yield from _borrowed(function, source, scope)
    yield from statements.operators(function, source)
    yield from statements.removed(function, source)
    yield from statements.inserted(function, source, scope)
    yield from statements.shifted(function, source)


def _expressions(function: names.Function) -> Iterator[ast.expr]:
    """Expressions of the body, not of annotations and decorators."""
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.expr):
                yield node


def _borrowed(function: names.Function, source: Source, scope: Scope) -> Iterator[statements.Lines]:
    """An indexed or called expression replaced by another of its kind in the function, or by a name."""
    every = [n for n in _expressions(function) if isinstance(n, ast.Subscript | ast.Call | ast.Attribute)]
    texts = {type(n): dict.fromkeys(source.segment(m) for m in every if type(m) is type(n)) for n in every}
    for node in every:
        own = source.segment(node)
        if not isinstance(node, ast.Attribute):
            for other in texts[type(node)]:
                if other != own and "\n" not in other and own not in other:
                    yield 2.2, *source.replaced(node, other)
            if isinstance(node.ctx if isinstance(node, ast.Subscript) else ast.Load(), ast.Load):
                for name in scope.names:
                    yield 2.5, *source.replaced(node, name)
