"""Changes that depend on where an expression stands: off by one, slices, wrapped values, stronger conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pier_tui.models.offline.repair.expressions import Fresh, bare
from pier_tui.models.offline.repair.scope import Scope, Source


def conditions(test: ast.expr, source: Source, scope: Scope, loop: bool) -> Fresh:
    """Other conditions for an `if` or a `while`: negated, weaker, stronger, or a name's truth."""
    text = source.segment(test)
    yield 1.5, f"not ({text})"
    atoms = [*scope.names, *_parts(test, source)]
    if isinstance(test, ast.Constant):
        yield from ((1.2 if name in scope.sized else 1.8, name) for name in scope.names)
        return
    for atom in dict.fromkeys(atoms):
        sized = 0.2 if atom in scope.sized else 0.0
        yield 2.1 - sized, f"{text} or not {atom}"
        yield 2.2 - sized, f"{text} and {atom}"
        yield 2.1, f"{atom} is None or {text}"
        yield 2.3, f"not {atom} or {text}"
        yield 2.4, f"{atom} and {text}"
        yield 2.8, f"{text} or {atom}"
    if loop:
        yield from ((2.6, name) for name in scope.names)


def _parts(test: ast.expr, source: Source) -> list[str]:
    """What the condition reaches through: `hare` and `hare.successor` of `hare.successor.value > 1`."""
    found = [n.value for n in ast.walk(test) if isinstance(n, ast.Attribute | ast.Subscript)]
    return [source.segment(node) for node in found if not isinstance(node, ast.Call)][:4]


def stepped(tree: ast.AST, source: Source, scope: Scope) -> Iterator[tuple[float, ast.expr, str]]:
    """Off by one and its kin for expressions that look like numbers, sliced arguments for what looks like sequences."""
    for node, weight in _positions(tree):
        if isinstance(node, ast.Constant | ast.Starred | ast.Tuple | ast.List | ast.Dict | ast.Lambda):
            continue
        text = bare(source, node)
        looks = _looks(node, scope)
        if looks != "sequence":
            for step in (" + 1", " - 1"):
                yield 1.4 + weight, node, f"{text}{step}"
        if looks != "number" and isinstance(node, ast.Name | ast.Attribute):
            for index in (
                "1:",
                ":-1",
                *(f"{n}:" for n in sorted(scope.numbers)),
                *(f":{n}" for n in sorted(scope.numbers)),
            ):
                yield 2.0 + weight, node, f"{text}[{index}]"
        if looks != "sequence" and isinstance(node, ast.Name):
            yield 2.6 + weight, node, f"{text} ** 2"
            for name in sorted(scope.numbers - {node.id}):
                yield 2.2 + weight, node, f"{text} - {name}"
                yield 2.4 + weight, node, f"{text} + {name}"


def _looks(node: ast.expr, scope: Scope) -> str:
    match node:
        case ast.Call(func=ast.Name(id="len" | "int" | "sum" | "ord" | "abs")):
            return "number"
        case ast.Name(id=name) if name in scope.numbers and name not in scope.sized:
            return "number"
        case ast.Name(id=name) if name in scope.sized and name not in scope.numbers:
            return "sequence"
        case ast.BinOp(op=ast.Sub() | ast.Mult() | ast.FloorDiv() | ast.Div() | ast.Mod()):
            return "number"
    return ""


def _positions(tree: ast.AST) -> Iterator[tuple[ast.expr, float]]:
    """Expressions with how unlikely it is that they are off by one."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="range"), args=args):
                yield from ((a, -0.3) for a in args)
            case ast.Call(args=args):
                yield from ((a, 0.1) for a in args)
            case ast.Subscript(slice=ast.Slice(lower=low, upper=high)):
                yield from ((x, -0.1) for x in (low, high) if x is not None)
            case ast.Subscript(slice=ast.Tuple(elts=elements)):
                yield from ((x, 0.0) for x in elements)
            case ast.Subscript(slice=index):
                yield index, 0.0
            case ast.Compare(left=left, comparators=[right]):
                yield from ((x, 0.2) for x in (left, right))
            case ast.Assign(value=value) | ast.Return(value=ast.expr() as value) | ast.AugAssign(value=value):
                yield value, 0.3
            case ast.For(iter=value) | ast.comprehension(iter=value):
                yield value, 0.2
            case ast.BinOp(op=ast.Mult() | ast.Sub() | ast.Add() | ast.FloorDiv(), left=left, right=right):
                yield from ((x, 0.4) for x in (left, right))


def values(node: ast.expr, source: Source, scope: Scope, target: str = "") -> Fresh:
    """Other values for an assignment or a return: wrapped, extended, or a name's comparison."""
    text = bare(source, node)
    plain = source.segment(node)
    if target:
        yield 2.0, f"max({target}, {plain})"
        yield 2.1, f"min({target}, {plain})"
        yield 2.4, f"{target} + {text}"
    yield 2.2, f"max(0, {plain})"
    yield 2.6, f"min(0, {plain})"
    yield 2.6, f"[{plain}]"
    yield 2.8, f"not {text}"
    yield 2.9, f"-{text}"
    yield 2.9, f"abs({plain})"
    for name in scope.names:
        if name in scope.sized or not scope.sized:
            yield 2.3, f"{name} + {text}"
            yield 2.3, f"{text} + {name}"
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield 1.9, f"{name} == 0"
            yield 2.2, f"not {name}"
            yield 2.2, f"bool({name})"
            yield 2.4, f"{name} > 0"
