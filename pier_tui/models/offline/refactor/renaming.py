"""Renaming a symbol in every file that means it: a module's name along its imports, a method by attribute accesses."""

from __future__ import annotations

import ast
import re

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for, propose
from pier_tui.models.offline.plan import Call, Stop, Workspace, plural
from pier_tui.models.offline.refactor import references
from pier_tui.models.offline.refactor.references import Spot
from pier_tui.models.offline.repair.tracebacks import module_of

BUILT_IN = frozenset(name for kind in (str, list, dict, set, bytes, int, float, object) for name in dir(kind))


def rename_everywhere(work: Workspace, old: str, new: str, paths: tuple[str, ...]) -> None:
    """Propose the rename in all these files. Raises Wants, Stop."""
    owner, _, name = old.rpartition(".")
    texts = work.texts(paths)
    trees = {path: tree for path, text in texts.items() if (tree := names.tree_of(text)) is not None}
    homes, methods = _homes(trees, name), _methods(trees, name)
    taken = _homes(trees, new) if homes else [path for path, _ in _methods(trees, new)]
    if taken:
        raise Stop(f"`{new}` is already defined in {_named(taken)}; nothing was changed.")
    if homes and not any(f"{q}".startswith(f"{owner}.") for _, q in methods if owner):
        home = _only(homes, name, owner)
        spots = along_imports(trees, texts, name, home)
        if captured := _captured(trees, spots, new):
            raise Stop(f"`{new}` already means something else where `{name}` is used ({', '.join(captured[:8])}); "
                       "nothing was changed.")  # fmt: skip
    elif methods:
        spots = _by_attribute(trees, texts, name, owner, methods)
    else:
        raise Stop(f"`{old}` is defined by no module and no class here, so which uses mean it is not known; "
                   "name a file to rename it in: `rename a to b in path.py`.")  # fmt: skip
    calls: list[Call] = []
    for path, places in spots.items():
        calls += calls_for(path, texts[path], spliced(texts[path], places, name, new))
    if not calls:
        raise Stop(f"`{name}` stands only in comments and strings; nothing was changed.")
    count = sum(map(len, spots.values()))
    say = f"`{name}` is meant in {plural(count, 'place')} of {plural(len(spots), 'file')}: {_named(list(spots))}."
    propose(work, tuple(calls), say, also=(left_over(name),))


def left_over(name: str) -> Call:
    """The search, after the edits, for where the old name still stands."""
    return Call("search", {"pattern": rf"\b{re.escape(name)}\b", "path": "", "regex": True, "max": 50})


def left_alone(work: Workspace, old: str, new: str) -> str:
    """After the rename: how many places were changed, and what was left alone."""
    call = left_over(old.rpartition(".")[2])
    word = re.compile(rf"\b{re.escape(new)}\b")
    edits = [d for d in work.transcript.edits() if d.name == "edit"]
    count = sum(len(word.findall(d.arguments["new"])) - len(word.findall(d.arguments["old"])) for d in edits)
    changed = f" It was changed in {plural(count, 'place')}." if count > 0 else ""
    result = work.transcript.result(call.name, call.arguments) or ""
    left = [m[1] for line in result.split("\n") if (m := re.match(r"^(.+?:\d+): ", line))]
    if not left:
        return changed
    shown = ", ".join(f"`{place}`" for place in left[:8]) + (f" and {len(left) - 8} more" if len(left) > 8 else "")
    return f"{changed} Left alone, because there the word means something else or stands in text: {shown}."


def _named(paths: list[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def _only(homes: list[str], name: str, owner: str) -> str:
    fitting = [p for p in homes if not owner or module_of(p) == owner or module_of(p).endswith(f".{owner}")] or homes
    if len(fitting) > 1:
        raise Stop(f"`{name}` is defined more than once: {_named(fitting)}. Name it with its module or its file.")
    return fitting[0]


def _homes(trees: dict[str, ast.Module], name: str) -> list[str]:
    """Files that define the name at module level; a stub beside its module is the same definition."""
    found = [path for path, tree in trees.items() if _defines(tree, name)]
    return [path for path in found if not (path.endswith(".pyi") and path[:-1] in found)]


def _defines(tree: ast.Module, name: str) -> bool:
    """Whether a module binds the name by itself, imports not counted."""
    body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return name in references.bound(ast.Module(body=body, type_ignores=[]))


def _methods(trees: dict[str, ast.Module], name: str) -> list[tuple[str, str]]:
    """Where the name is defined in a class: file and qualified name."""
    found = []
    for path, tree in trees.items():
        classes = {s.name for s in names.symbols(tree) if isinstance(s.node, ast.ClassDef)}
        found += [(path, s.name) for s in names.symbols(tree) if s.node.name == name and s.owner in classes]
    return found


def along_imports(trees: dict[str, ast.Module], texts: dict[str, str], name: str, home: str) -> dict[str, list[Spot]]:
    """The places that mean the name the module `home` defines, re-exports followed."""
    modules = {module_of(home)}
    carriers = {home, f"{home}i"} & set(trees)
    while True:
        more = {p for p, t in trees.items() if p not in carriers and references.imports(t, p, name, modules).plain}
        if not more:
            break
        carriers |= more
        modules |= {module_of(path) for path in more}
    found: dict[str, list[Spot]] = {}
    for path, tree in trees.items():
        imported = references.imports(tree, path, name, modules)
        lines = texts[path].encode().split(b"\n")
        spots = [*imported.spots, *references.attribute_uses(tree, name, imported.modules, set())]
        if path in carriers:
            spots += references.plain_uses(tree, name, lines)
        spots += references.exported(tree, texts[path], name, modules)
        if spots:
            found[path] = spots
    return found


def _captured(trees: dict[str, ast.Module], spots: dict[str, list[Spot]], new: str) -> list[str]:
    """Where the new name is bound in a module or a function that uses the old one, which would change its meaning."""
    found = []
    for path, places in spots.items():
        rows = {row for row, _ in places}
        for scope in ast.walk(trees[path]):
            if isinstance(scope, names.Function):
                inside = not rows.isdisjoint(range(scope.lineno, (scope.end_lineno or scope.lineno) + 1))
                if inside and new in references.bound(scope):
                    found.append(f"`{path}:{scope.lineno}`")
            elif isinstance(scope, ast.Module) and new in references.bound(scope):
                found.append(f"`{path}`")
    return found


def _by_attribute(
    trees: dict[str, ast.Module], texts: dict[str, str], name: str, owner: str, methods: list[tuple[str, str]]
) -> dict[str, list[Spot]]:
    """The places of a method only one class has. Raises Stop where attribute accesses could mean another."""
    if len(methods) > 1:
        where = ", ".join(f"`{q}` in `{p}`" for p, q in methods[:8])
        raise Stop(f"`{name}` is a method of several classes ({where}); which one an attribute access means cannot "
                   "be told by rule, so nothing was changed.")  # fmt: skip
    if name in BUILT_IN:
        raise Stop(f"Built-in types have `{name}` too; which attribute accesses mean this one cannot be told by rule.")
    home, qualified = methods[0]
    if owner and not qualified.endswith(f"{owner}.{name}"):
        raise Stop(f"`{name}` is a method of `{qualified.rpartition('.')[0]}`, not of `{owner}`.")
    found: dict[str, list[Spot]] = {}
    for path, tree in trees.items():
        modules = {a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        spots = references.attribute_uses(tree, name, None, modules)
        if path == home:
            lines = texts[path].encode().split(b"\n")
            node = next(s.node for s in names.symbols(tree) if s.name == qualified)
            spots.append(references.definition(node, lines))
        if spots:
            found[path] = spots
    return found


def spliced(text: str, spots: list[Spot], old: str, new: str) -> str:
    """The text with the old name at these places replaced."""
    lines = text.encode().split(b"\n")
    before, after = old.encode(), new.encode()
    for row, column in sorted(set(spots), reverse=True):
        line = lines[row - 1]
        if line[column : column + len(before)] == before:
            lines[row - 1] = line[:column] + after + line[column + len(before) :]
    return b"\n".join(lines).decode()
