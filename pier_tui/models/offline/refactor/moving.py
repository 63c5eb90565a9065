"""A function or class moved to another module, with the imports it needs and those that need it."""

from __future__ import annotations

import ast
import re

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for, propose, settle
from pier_tui.models.offline.intents import Intent
from pier_tui.models.offline.plan import Call, Stop, Workspace
from pier_tui.models.offline.refactor.splice import source
from pier_tui.models.offline.repair.tracebacks import imported, module_of


def move(work: Workspace, intent: Intent) -> None:
    """Move a top-level definition. Raises Wants, Harder, Stop."""
    name = intent.get("name")
    settle(work, f"Moved `{name}` to `{intent.get('to')}` and repaired the imports")
    work.harder(
        "a definition moves between modules",
        f"Goal: {work.transcript.request}\nNothing was changed yet. Check: run the tests.",
    )
    path, text, symbol = _from(work, name, intent.get("path"))
    if symbol.owner:
        raise Stop(
            f"`{symbol.name}` is not at the top level of `{path}`; only top-level definitions are moved by rule."
        )
    to = _target(intent.get("to"), path)
    if to == path:
        raise Stop(f"`{name}` is already in `{path}`.")
    users = [p for p, _, _ in names.uses(work, name) if p.endswith(".py") and p not in (path, to)]
    exists = to in work.files()
    texts = work.texts(tuple(dict.fromkeys([path, *users, *([to] if exists else [])])))
    left, taken = cut(text, symbol)
    needed = _imports(text, taken, path)
    clash = [s for s in needed if s.startswith(f"from {module_of(to)} import ")]
    needed = [s for s in needed if s not in clash]
    back = [s for s in needed if s.startswith(f"from {module_of(path)} import ")]
    if back and re.search(rf"\b{re.escape(name)}\b", left):
        raise Stop(f"`{name}` and `{path}` need each other ({back[0]}), so moving it would import in a circle.")
    if re.search(rf"\b{re.escape(name)}\b", left):
        left = imported(left, f"from {module_of(to)} import {name}")
    fresh = texts.get(to, "")
    for statement in needed:
        fresh = imported(fresh, statement) if fresh.strip() else f"{statement}\n"
    fresh = f"{fresh.rstrip()}\n\n\n{taken}\n".lstrip("\n")
    edits: list[Call] = [*calls_for(to, texts.get(to, ""), _without(fresh, module_of(path), name))]
    for user in dict.fromkeys(users):
        after = repointed(texts[user], module_of(path), module_of(to), name)
        edits += calls_for(user, texts[user], after) if after != texts[user] else ()
    edits += calls_for(path, text, left)
    propose(work, tuple(edits), f"`{name}` goes from `{path}` to `{to}`.")


def _from(work: Workspace, name: str, wanted: str) -> tuple[str, str, names.Symbol]:
    if not wanted:
        return names.the_function(work, name)
    path = names.resolve_path(work, wanted)
    text = work.text(path)
    tree = names.tree_of(text)
    symbol = next((s for s in (names.symbols(tree) if tree else ()) if s.name == name), None)
    if symbol is None:
        raise Stop(f"`{path}` defines no function or class `{name}`.")
    return path, text, symbol


def _target(wanted: str, path: str) -> str:
    if wanted.endswith(".py"):
        return wanted.removeprefix("./") if "/" in wanted or "/" not in path else f"{path.rpartition('/')[0]}/{wanted}"
    return (
        wanted.replace(".", "/") + ".py"
        if "." in wanted or "/" not in path
        else f"{path.rpartition('/')[0]}/{wanted}.py"
    )


def cut(text: str, symbol: names.Symbol) -> tuple[str, str]:
    """The text without a top-level definition and the comment above it, and that definition."""
    lines = text.split("\n")
    first = min([symbol.node.lineno, *(d.lineno for d in symbol.node.decorator_list)]) - 1
    last = symbol.node.end_lineno or symbol.node.lineno
    while first and lines[first - 1].startswith("#"):
        first -= 1
    above, below = lines[:first], lines[last:]
    while above and not above[-1].strip():
        above.pop()
    while below and not below[0].strip():
        below.pop(0)
    gap = ["", ""] if above and below else []
    kept = "\n".join([*above, *gap, *below])
    return kept if kept.endswith("\n") else kept + "\n", "\n".join(lines[first:last])


def _imports(text: str, taken: str, path: str) -> list[str]:
    """Import statements the definition needs in its new home: those of the old module, and its other names."""
    tree, moved = names.tree_of(text), names.tree_of(taken)
    if tree is None or moved is None:
        raise Stop(f"`{path}` does not parse as Python.")
    used = {n.id for n in ast.walk(moved) if isinstance(n, ast.Name)}
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            found.append(source(text, node))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name).split(".")[0] in used:
                    written = alias.name + (f" as {alias.asname}" if alias.asname else "")
                    start = f"from {'.' * node.level}{node.module or ''} " if isinstance(node, ast.ImportFrom) else ""
                    found.append(f"{start}import {written}")
    own = {node.name for node in moved.body if isinstance(node, names.Definition)}
    for node in tree.body:
        defined = {node.name} if isinstance(node, names.Definition) else set()
        if isinstance(node, ast.Assign | ast.AnnAssign):
            defined = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        found += [f"from {module_of(path)} import {n}" for n in sorted(defined & used - own)]
    return list(dict.fromkeys(found))


def _without(text: str, module: str, name: str) -> str:
    """The new home no longer imports the name from the old one."""
    return re.sub(rf"^from {re.escape(module)} import {re.escape(name)}\n", "", text, flags=re.MULTILINE)


def repointed(text: str, old: str, new: str, name: str) -> str:
    """A module's imports and dotted mentions of a name that moved from one module to another."""
    tree = names.tree_of(text)
    lines = text.split("\n")
    for node in reversed(tree.body if tree else []):
        if not isinstance(node, ast.ImportFrom) or node.level or node.module != old:
            continue
        mine = [a for a in node.names if a.name == name]
        rest = [a for a in node.names if a.name != name]
        if not mine:
            continue
        written = name + (f" as {mine[0].asname}" if mine[0].asname else "")
        kept = ", ".join(a.name + (f" as {a.asname}" if a.asname else "") for a in rest)
        fresh = [f"from {old} import {kept}"] if kept else []
        lines[node.lineno - 1 : node.end_lineno] = [*fresh, f"from {new} import {written}"]
    after = "\n".join(lines)
    dotted = re.sub(rf"\b{re.escape(old)}\.{re.escape(name)}\b", f"{new}.{name}", after)
    if dotted != after and re.search(rf"^import {re.escape(old)}\b", dotted, re.MULTILINE):
        return imported(dotted, f"import {new}")
    return dotted
