"""Changes to whole statements: inserted from what the function already does, deleted, moved out of or into a block."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pier_tui.models.offline.names import Function
from pier_tui.models.offline.repair.scope import Scope, Source

Lines = tuple[float, int, int, str]
"""Cost, first line, last line, text."""


def blocks(function: Function) -> Iterator[tuple[list[ast.stmt], ast.AST]]:
    """Every list of statements in a function, with what it belongs to."""
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body, node


def inserted(function: Function, source: Source, scope: Scope) -> Iterator[Lines]:
    """Statements put before or after others: calls that fill a collection, assignments between names, guards."""
    donors = [(cost, text) for cost, text in _donors(function, source, scope)]
    for body, _ in blocks(function):
        for index, statement in enumerate(body):
            if isinstance(statement, Function | ast.ClassDef) or _is_docstring(statement):
                continue
            first, last = statement.lineno, statement.end_lineno or statement.lineno
            old = "\n".join(line.decode() for line in source.lines[first - 1 : last])
            indent = source.indent(statement)
            ends = isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue)
            for cost, text in donors:
                if text != source.segment(statement):
                    yield cost, first, last, f"{indent}{text}\n{old}"
                    if index == len(body) - 1 and not ends:
                        yield cost, first, last, f"{old}\n{indent}{text}"
            if (index == 0 and body is function.body) or (
                index == 1 and body is function.body and _is_docstring(body[0])
            ):
                yield from _guards(first, last, old, indent, scope)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _donors(function: Function, source: Source, scope: Scope) -> Iterator[tuple[float, str]]:
    for name, method in scope.grown.items():
        for value in scope.names:
            if value != name:
                yield 2.3, f"{name}.{method}({value})"
    for name in scope.names:
        if name in scope.grown or name in scope.numbers:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
                holder = node.comparators[0]
                if isinstance(holder, ast.Name) and holder.id == name and isinstance(node.left, ast.Name):
                    yield 1.7, f"{name}.add({node.left.id})"
                    yield from ((1.9, f"{name}.add({n})") for n in scope.names if n != name)
                    yield 2.6, f"{name}.append({node.left.id})"
    targets = [
        n.targets[0].id for n in ast.walk(function) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    ]
    targets += [a.arg for a in function.args.args]
    carried = _carried(function)
    for target in dict.fromkeys(targets):
        cost = 1.8 if target in carried else 2.5
        yield from ((cost, f"{target} = {other}") for other in scope.names if other != target)
    for name in sorted(scope.numbers):
        yield 2.6, f"{name} += 1"
        yield 2.6, f"{name} -= 1"
    yield 3.0, "break"
    yield 3.0, "continue"


def _carried(function: Function) -> set[str]:
    """Names given a constant before a loop that reads them and never sets them: they may have been meant to change."""
    constant = {
        n.targets[0].id
        for n in ast.walk(function)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and isinstance(n.value, ast.Constant)
    }
    found: set[str] = set()
    for loop in ast.walk(function):
        if isinstance(loop, ast.For | ast.While):
            inside = [n for n in ast.walk(loop) if isinstance(n, ast.Name)]
            stored = {n.id for n in inside if isinstance(n.ctx, ast.Store)}
            found |= {n.id for n in inside if isinstance(n.ctx, ast.Load)} & constant - stored
    return found


def _guards(first: int, last: int, old: str, indent: str, scope: Scope) -> Iterator[Lines]:
    for name in scope.names:
        for answer in ("[]", "0", "None", "False", "True", "1", name, "''"):
            yield 2.6, first, last, f"{indent}if not {name}:\n{indent}    return {answer}\n{old}"


def removed(function: Function, source: Source) -> Iterator[Lines]:
    """Statements left out (`pass` where a block would be empty), `return` and `yield` where a value is dropped."""
    for body, _ in blocks(function):
        for statement in body:
            first, last = statement.lineno, statement.end_lineno or statement.lineno
            if isinstance(statement, Function | ast.ClassDef) or _is_docstring(statement):
                continue
            indent = source.indent(statement)
            yield 2.4, first, last, f"{indent}pass" if len(body) == 1 else ""
            if isinstance(statement, ast.Expr):
                yield 1.4, *source.replaced(statement, f"return {source.segment(statement)}")
                if isinstance(statement.value, ast.Yield) and statement.value.value is not None:
                    yield 1.5, *source.replaced(statement, f"yield from {source.segment(statement.value.value)}")
                elif isinstance(statement.value, ast.YieldFrom):
                    yield 1.5, *source.replaced(statement, f"yield {source.segment(statement.value.value)}")
    tail = function.body[-1]
    if not isinstance(tail, ast.Return | ast.Raise):
        stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        last = tail.end_lineno or tail.lineno
        old = "\n".join(line.decode() for line in source.lines[tail.lineno - 1 : last])
        for name in dict.fromkeys(stored):
            yield 1.6, tail.lineno, last, f"{old}\n{source.indent(tail)}return {name}"


def shifted(function: Function, source: Source) -> Iterator[Lines]:
    """The last statement of a block moved behind the block, and the one behind a block moved into it."""
    for body, _ in blocks(function):
        for index, statement in enumerate(body):
            inner = getattr(statement, "body", None)
            if isinstance(statement, Function | ast.ClassDef) or not isinstance(inner, list) or not inner:
                continue
            if getattr(statement, "orelse", None):
                continue
            deeper, outer = source.indent(inner[0]), source.indent(statement)
            if len(inner) > 1:
                yield 2.4, *_reindented(source, inner[-1], deeper, outer)
            if index + 1 < len(body):
                yield 2.4, *_reindented(source, body[index + 1], outer, deeper)


def _reindented(source: Source, statement: ast.stmt, old: str, new: str) -> tuple[int, int, str]:
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    lines = [line.decode() for line in source.lines[first - 1 : last]]
    return first, last, "\n".join(new + line.removeprefix(old) for line in lines)


def operators(function: Function, source: Source) -> Iterator[Lines]:
    """Augmented assignments with another operator, or plain; swapped parts of a tuple assignment."""
    table = {"+": "-*", "-": "+", "*": "+", "/": "*", "&": "|^", "|": "&", "^": "&|", "%": "/", "<<": "", ">>": ""}
    signs: dict[type[ast.operator], str] = {
        ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
        ast.Mod: "%",
    }  # fmt: skip
    for node in ast.walk(function):
        if isinstance(node, ast.AugAssign):
            left, right = source.segment(node.target), source.segment(node.value)
            for other in table.get(signs.get(type(node.op), ""), ""):
                yield 1.0, *source.replaced(node, f"{left} {other}= {right}")
            yield 1.8, *source.replaced(node, f"{left} = {right}")
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], source.segment(node.value)
            if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                yield 1.9, *source.replaced(node, f"{source.segment(target)} += {value}")
            if isinstance(target, ast.Tuple) and len(target.elts) == 2:
                a, b = (source.segment(e) for e in target.elts)
                yield 1.6, *source.replaced(node, f"{b}, {a} = {value}")
        elif isinstance(node, ast.Return) and node.value is not None:
            yield 2.2, *source.replaced(node, f"yield {source.segment(node.value)}")
