"""Where a module-level name or a method is meant in a file: by scope and imports, not by the word alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pier_tui.models.offline.names import Function
from pier_tui.models.offline.repair.tracebacks import module_of

Spot = tuple[int, int]
"""Line from 1 and column in bytes from 0 of a name."""
Scoped = Function | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass
class Imported:
    """How a file gets at a name: plainly, by a module's name, and where the import statements write it."""

    plain: bool = False
    modules: set[str] = field(default_factory=set)
    spots: list[Spot] = field(default_factory=list)


def imports(tree: ast.Module, path: str, name: str, homes: set[str]) -> Imported:
    """What a file imports of `name` from the modules `homes`."""
    found = Imported()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.modules |= {a.asname or a.name for a in node.names if a.name in homes}
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(node, path)
            for alias in node.names:
                if f"{source}.{alias.name}".lstrip(".") in homes:
                    found.modules.add(alias.asname or alias.name)
                if source in homes and alias.name in (name, "*"):
                    found.plain = found.plain or alias.asname is None
                    found.spots += [(alias.lineno, alias.col_offset)] if alias.name == name else []
    return found


def _absolute(node: ast.ImportFrom, path: str) -> str:
    if not node.level:
        return node.module or ""
    folders = path.split("/")[: -node.level]
    inside = module_of("/".join([*folders, "__init__.py"])) if folders else ""
    return ".".join(filter(None, [inside, node.module or ""]))


def plain_uses(tree: ast.Module, name: str, lines: list[bytes]) -> list[Spot]:
    """Where `name` means the module's own or imported one: not where a function or class has one of its own."""
    return list(_uses(tree, name, lines, hidden=False, inside_class=False))


def _uses(node: ast.AST, name: str, lines: list[bytes], *, hidden: bool, inside_class: bool) -> Iterator[Spot]:
    if isinstance(node, ast.Name) and node.id == name and not hidden:
        yield node.lineno, node.col_offset
    elif isinstance(node, ast.Global) and name in node.names:
        yield _word(lines, node.lineno, node.col_offset, name)
    elif isinstance(node, Function | ast.ClassDef) and node.name == name and not hidden and not inside_class:
        yield definition(node, lines)
    inner = hidden
    if isinstance(node, Scoped):
        inner = name not in _globals(node) and (hidden or name in bound(node))
    elif isinstance(node, Comprehension):
        inner = hidden or any(name in _stored(g.target) for g in node.generators)
    own = isinstance(node, ast.ClassDef) and name in bound(node)
    for key, value in ast.iter_fields(node):
        deep = inner if key in ("body", "generators", "elt", "key", "value") else hidden
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                mine = own and key == "body" and not isinstance(child, Function)
                yield from _uses(
                    child,
                    name,
                    lines,
                    hidden=deep or mine,
                    inside_class=isinstance(node, ast.ClassDef) and key == "body",
                )


def bound(scope: ast.AST) -> set[str]:
    """Names a function, lambda or class binds for itself."""
    found: set[str] = set()
    if isinstance(scope, Scoped):
        every = scope.args
        given = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
        found |= {argument.arg for argument in given if argument is not None}
    body = getattr(scope, "body", [])
    waiting = list(body) if isinstance(body, list) else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        if not isinstance(node, ast.Lambda | Comprehension):
            waiting += ast.iter_child_nodes(node)
    return found


def _globals(scope: ast.AST) -> set[str]:
    return {name for node in ast.walk(scope) if isinstance(node, ast.Global) for name in node.names}


def _stored(target: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}


def attribute_uses(tree: ast.Module, name: str, owners: set[str] | None, but: set[str]) -> list[Spot]:
    """Where `.name` is got from an expression in `owners` (None: from any), and from none in `but`."""
    found: list[Spot] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == name:
            owner = ast.unparse(node.value)
            if (owners is None or owner in owners) and owner not in but:
                found.append((node.end_lineno or node.lineno, (node.end_col_offset or 0) - len(name.encode())))
    return found


def definition(node: Function | ast.ClassDef, lines: list[bytes]) -> Spot:
    """Where a definition writes its name."""
    return _word(lines, node.lineno, node.col_offset, node.name)


def _word(lines: list[bytes], line: int, column: int, name: str) -> Spot:
    """The first place of a word from here on; a definition's name is on its first line but for odd layouts."""
    pattern = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    for number in range(line, min(line + 3, len(lines)) + 1):
        match = pattern.search(lines[number - 1], column if number == line else 0)
        if match:
            return number, match.start()
    return line, column


def exported(tree: ast.Module, text: str, name: str, modules: set[str]) -> list[Spot]:
    """Strings that name it: in `__all__`, and dotted from its module for patch and the like."""
    found: list[Spot] = []
    for node in ast.walk(tree):
        inner: list[ast.AST] = []
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            inner = [n for n in ast.walk(node.value) if isinstance(n, ast.Constant) and n.value == name]
        elif isinstance(node, ast.Call) and re.search(r"\b(patch|setattr|import_module)$", ast.unparse(node.func)):
            dotted = {f"{module}.{name}" for module in modules}
            inner = [n for n in node.args if isinstance(n, ast.Constant) and n.value in dotted]
        for constant in inner:
            assert isinstance(constant, ast.Constant)
            source = ast.get_source_segment(text, constant) or ""
            if constant.lineno == constant.end_lineno and name in source:
                found.append((constant.lineno, constant.col_offset + len(source[: source.rindex(name)].encode())))
    return found
