"""Small changes to one expression: operators, bounds, names, arguments, slices, indexes, conditions.

Each function yields (cost, fresh text); lower costs are likelier. Costs are the order of trying, nothing more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pier_tui.models.offline.repair.scope import Scope, Source

Fresh = Iterator[tuple[float, str]]

_COMPARE = ("<", "<=", ">", ">=", "==", "!=")
_SYMBOL: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.FloorDiv: "//", ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<",
    ast.RShift: ">>", ast.Pow: "**", ast.And: "and", ast.Or: "or",
}  # fmt: skip
_NEAR = {
    "<": ("<=", ">", ">="), "<=": ("<", ">=", ">"), ">": (">=", "<", "<="), ">=": (">", "<=", "<"),
    "==": ("!=", "<=", ">="), "!=": ("==", "<", ">"), "is": ("is not", "=="), "is not": ("is",), "in": ("not in",),
    "not in": ("in",), "+": ("-", "*"), "-": ("+",), "*": ("+", "**", "//"), "/": ("//", "*"), "//": ("/", "%", "*"),
    "%": ("//", "*"), "&": ("|", "^"), "|": ("&", "^"), "^": ("&", "|"), "<<": (">>",), ">>": ("<<",), "**": ("*",),
}  # fmt: skip
_FUNCTIONS = {"any": ("all",), "all": ("any",), "min": ("max",), "max": ("min",), "sorted": ("reversed",)}
_METHODS = {
    "append": ("extend",), "extend": ("append",), "pop": ("popleft",), "popleft": ("pop",), "add": ("update",),
    "update": ("add",), "lower": ("upper",), "upper": ("lower",), "startswith": ("endswith",), "find": ("rfind",),
    "endswith": ("startswith",), "keys": ("values", "items"), "values": ("keys", "items"), "items": ("keys", "values"),
    "lstrip": ("rstrip", "strip"), "rstrip": ("lstrip", "strip"), "rfind": ("find",), "union": ("intersection",),
    "intersection": ("union",), "remove": ("discard",), "strip": ("lstrip", "rstrip"),
}  # fmt: skip


def symbol(op: ast.AST) -> str:
    """An operator as written."""
    return _SYMBOL.get(type(op), "")


def bare(source: Source, node: ast.expr) -> str:
    """A node's source, in brackets where an operator beside it could tear it apart."""
    text = source.segment(node)
    simple = ast.Name | ast.Constant | ast.Call | ast.Subscript | ast.Attribute | ast.List | ast.Tuple | ast.Dict
    return text if isinstance(node, simple) and not (isinstance(node, ast.Tuple) and text[:1] != "(") else f"({text})"


def changes(node: ast.expr, source: Source, scope: Scope) -> Fresh:
    """Changes to this very node, by its kind."""
    match node:
        case ast.Compare(ops=[op]):
            yield from _compare(node, symbol(op), source)
        case ast.BinOp():
            yield from _binary(node, source)
        case ast.BoolOp():
            yield from _boolean(node, source)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield 1.5, source.segment(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield 1.5, source.segment(operand)
        case ast.Constant():
            yield from _constant(node)
        case ast.Call():
            yield from _call(node, source, scope)
        case ast.Attribute():
            yield from _attribute(node, source, scope)
        case ast.Subscript():
            yield from _subscript(node, source, scope)
        case ast.Name(ctx=ast.Load()):
            yield from _name(node, scope)
        case ast.List(elts=[]):
            yield 1.6, "[[]]"
            yield from ((1.8, f"[{name}]") for name in scope.names)
        case ast.List(elts=[ast.List(elts=[])]):
            yield 2.0, "[]"
        case ast.IfExp(test=test, body=body, orelse=other):
            parts = [source.segment(x) for x in (test, body, other)]
            yield 1.5, f"{parts[2]} if {parts[0]} else {parts[1]}"
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
            return


def _compare(node: ast.Compare, op: str, source: Source) -> Fresh:
    left, right = source.segment(node.left), source.segment(node.comparators[0])
    for rank, other in enumerate(_NEAR.get(op, ())):
        yield 1.0 + rank * 0.2, f"{left} {other} {right}"
    constant = node.comparators[0]
    if isinstance(constant, ast.Constant) and type(constant.value) is int and op in _COMPARE:
        for shift in (1, -1):
            for other in _COMPARE:
                if other != op and f"{left} {other}" not in ("",):
                    yield 2.2, f"{left} {other} {constant.value + shift}"
    if op in ("in", "not in", "is", "is not", "<", "<=", ">", ">=", "-"):
        yield 2.4, f"{right} {op} {left}"


def _binary(node: ast.BinOp, source: Source) -> Fresh:
    op = symbol(node.op)
    left, right = source.segment(node.left), source.segment(node.right)
    for rank, other in enumerate(_NEAR.get(op, ())):
        yield 1.0 + rank * 0.3, f"{left} {other} {right}"
    if op not in ("*", "&", "|", "^") and not (op == "%" and isinstance(node.left, ast.Constant)):
        yield 1.4, f"{right} {op} {left}"
    yield 1.8, left
    yield 1.8, right
    if isinstance(node.left, ast.BinOp):
        inner = node.left
        a, b = source.segment(inner.left), source.segment(inner.right)
        yield 2.0, f"{a} {symbol(inner.op)} ({b} {op} {right})"


def _boolean(node: ast.BoolOp, source: Source) -> Fresh:
    op = symbol(node.op)
    parts = [source.segment(value) for value in node.values]
    yield 1.2, f" {'or' if op == 'and' else 'and'} ".join(parts)
    if len(parts) == 2:
        yield 1.8, parts[0]
        yield 1.8, parts[1]
        yield 2.0, f" {op} ".join(reversed(parts))


def _constant(node: ast.Constant) -> Fresh:
    value = node.value
    if isinstance(value, bool):
        yield 1.0, str(not value)
    elif isinstance(value, int):
        for fresh in (value + 1, value - 1, 0, 1, -value):
            if fresh != value:
                yield (1.0 if abs(fresh - value) == 1 else 1.8), str(fresh)
    elif isinstance(value, float):
        yield from ((1.5, str(fresh)) for fresh in (value + 1, value - 1, 0.0) if fresh != value)
    elif value is None:
        yield from ((1.8, fresh) for fresh in ("[]", "0", "''", "False", "True"))
    elif isinstance(value, str) and len(value) <= 1:
        yield from ((1.8, repr(fresh)) for fresh in ("", " ", ",", "\n") if fresh != value)


def _call(node: ast.Call, source: Source, scope: Scope) -> Fresh:
    func, args = source.segment(node.func), [source.segment(arg) for arg in node.args]
    kept = [source.segment(k.value) if k.arg is None else f"{k.arg}={source.segment(k.value)}" for k in node.keywords]
    if isinstance(node.func, ast.Name):
        yield from ((1.1, f"{other}({', '.join([*args, *kept])})") for other in _FUNCTIONS.get(node.func.id, ()))
    for i in range(len(args)):
        for j in range(i + 1, len(args)):
            swapped = list(args)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            yield 1.2, f"{func}({', '.join([*swapped, *kept])})"
    if len(args) == 1 and not kept:
        yield 1.8, args[0]
    if len(args) > 1:
        for i in range(len(args)):
            yield 2.6, f"{func}({', '.join([*args[:i], *args[i + 1 :], *kept])})"
    if func == "range" and len(args) == 1:
        yield 1.6, f"range(1, {args[0]})"
        yield 2.0, f"range(1, {args[0]} + 1)"
    if func in ("range", "enumerate", "zip", "sorted", "set", "list") and len(args) == 1:
        yield from ((2.0, f"{func}({name})") for name in scope.sized if name != args[0])


def _attribute(node: ast.Attribute, source: Source, scope: Scope) -> Fresh:
    value = source.segment(node.value)
    for other in _METHODS.get(node.attr, ()):
        yield 1.4, f"{value}.{other}"
    if isinstance(node.ctx, ast.Load):
        stem = node.attr.split("_")[-1]
        for other in scope.attributes:
            if other != node.attr:
                yield (1.3 if other.split("_")[-1] == stem else 2.4), f"{value}.{other}"
        yield 3.0, value


def _subscript(node: ast.Subscript, source: Source, scope: Scope) -> Fresh:
    value = source.segment(node.value)
    if isinstance(node.slice, ast.Slice):
        yield 2.0, value
        low, high = node.slice.lower, node.slice.upper
        low_text, high_text = (source.segment(x) if x else "" for x in (low, high))
        for name in sorted(scope.numbers):
            if not low:
                yield 2.0, f"{value}[{name}:{high_text}]"
            if not high:
                yield 2.0, f"{value}[{low_text}:{name}]"
        yield 1.8, f"{value}[{low_text or '1'}:{'-1' if not high else ''}]"
    elif isinstance(node.slice, ast.Constant) and node.slice.value == 0:
        yield 1.6, f"{value}[-1]"
    elif isinstance(node.slice, ast.UnaryOp):
        yield 1.6, f"{value}[0]"
    elif isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        a, b = (source.segment(x) for x in node.slice.elts)
        yield 1.8, f"{value}[{b}, {a}]"


def _name(node: ast.Name, scope: Scope) -> Fresh:
    if node.id in scope.functions:
        yield from ((2.6, other) for other in scope.functions if other != node.id)
        return
    for other in scope.names:
        if other != node.id:
            kin = sum(node.id in group and other in group for group in (scope.numbers, scope.sized, scope.compared))
            yield 1.7 - 0.2 * kin, other
