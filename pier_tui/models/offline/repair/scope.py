"""What a function's code can mention: names in scope with what they look like they hold, attributes, text positions."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pier_tui.models.offline.names import Function


@dataclass(frozen=True)
class Source:
    """A text with its lines, for exact positions (ast counts bytes)."""

    text: str
    lines: tuple[bytes, ...] = ()

    @staticmethod
    def of(text: str) -> Source:
        """Split once."""
        return Source(text, tuple(line.encode() for line in text.split("\n")))

    def segment(self, node: ast.expr | ast.stmt) -> str:
        """The exact source of a node."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        if first == last:
            return self.lines[first][node.col_offset : node.end_col_offset].decode()
        inner = [
            self.lines[first][node.col_offset :],
            *self.lines[first + 1 : last],
            self.lines[last][: node.end_col_offset],
        ]
        return b"\n".join(inner).decode()

    def replaced(self, node: ast.expr | ast.stmt, fresh: str) -> tuple[int, int, str]:
        """The lines a node stands on, with it replaced: (start, end, text)."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        head, tail = self.lines[first][: node.col_offset].decode(), self.lines[last][node.end_col_offset :].decode()
        return first + 1, last + 1, head + fresh + tail

    def indent(self, node: ast.stmt) -> str:
        """The white space a statement begins with."""
        return self.lines[node.lineno - 1][: node.col_offset].decode()


@dataclass
class Scope:
    """Names usable in one function. The sets overlap: what a name holds is guessed from how it is used."""

    names: list[str] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    sized: set[str] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)
    functions: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    grown: dict[str, str] = field(default_factory=dict)
    """Name to the method that fills it: append, add, …"""


_FILLERS = ("append", "add", "appendleft", "extend", "update", "insert", "push")
_NUMERIC = {
    "range": "numbers",
    "len": "sized",
    "enumerate": "sized",
    "sorted": "sized",
    "list": "sized",
    "sum": "sized",
}


def scope_of(function: Function, module: ast.Module) -> Scope:
    """Read a function, and the module for its functions and attributes."""
    scope = Scope()
    seen: dict[str, None] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            seen[node.arg] = None
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            seen[node.id] = None
        _holds(node, scope)
    for _ in range(2):
        _spread(function, scope)
    scope.names = [name for name in seen if name not in ("self", "cls")]
    scope.functions = [n.name for n in module.body if isinstance(n, Function)]
    found = {n.attr: None for n in ast.walk(module) if isinstance(n, ast.Attribute)}
    scope.attributes = list(found)
    return scope


def _spread(function: Function, scope: Scope) -> None:
    """What is compared with a number by size is a number."""
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            sides = {x.id for x in (node.left, node.comparators[0]) if isinstance(x, ast.Name)}
            if sides & scope.numbers:
                scope.numbers |= sides


def _holds(node: ast.AST, scope: Scope) -> None:
    match node:
        case ast.Call(func=ast.Name(id=name), args=args) if name in _NUMERIC:
            target = scope.numbers if _NUMERIC[name] == "numbers" else scope.sized
            target |= {a.id for a in args if isinstance(a, ast.Name)}
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _FILLERS:
            scope.grown[name] = method
            scope.sized.add(name)
        case ast.Slice(lower=low, upper=high):
            scope.numbers |= {x.id for x in (low, high) if isinstance(x, ast.Name)}
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="len" | "int" | "sum" | "abs"))):
            scope.numbers.add(name)
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            scope.sized.add(name)
            inner = index.elts if isinstance(index, ast.Tuple) else [index]
            scope.numbers |= {i.id for i in inner if isinstance(i, ast.Name)}
        case ast.BinOp(left=left, right=right, op=op) if not isinstance(op, ast.Add | ast.Mod):
            scope.numbers |= {x.id for x in (left, right) if isinstance(x, ast.Name)}
        case ast.BinOp(left=ast.Name(id=name), right=ast.Constant(value=int())):
            scope.numbers.add(name)
        case ast.Compare(left=left, comparators=comparators):
            every = [left, *comparators]
            scope.compared |= {x.id for x in every if isinstance(x, ast.Name)}
            if any(isinstance(x, ast.Constant) and isinstance(x.value, int) for x in every):
                scope.numbers |= {x.id for x in every if isinstance(x, ast.Name)}
        case ast.AugAssign(target=ast.Name(id=name), value=ast.Constant(value=int())):
            scope.numbers.add(name)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int())):
            scope.numbers.add(name)
        case ast.For(iter=ast.Name(id=name)) | ast.comprehension(iter=ast.Name(id=name)):
            scope.sized.add(name)
        case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"))):
            scope.numbers.add(name)
