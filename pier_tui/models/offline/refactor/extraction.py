"""A method turned into a top-level function of the same module, with the calls that reached it through the instance."""

from __future__ import annotations

import ast
import io
import tokenize

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for, parses, propose, settle
from pier_tui.models.offline.intents import Intent
from pier_tui.models.offline.plan import Stop, Workspace
from pier_tui.models.offline.refactor.splice import source, span, splice


def extract(work: Workspace, intent: Intent) -> None:
    """Refactor `Class.method` to a function. Raises Wants, Harder, Stop."""
    owner, name = intent.get("owner"), intent.get("name")
    settle(work, f"Turned `{owner}.{name}` into a function")
    work.harder(
        "a method becomes a function and its callers change",
        f"Goal: {work.transcript.request}\nClass {owner}, method {name}. Nothing is changed yet. Check: run the tests.",
    )
    path, text, symbol = names.the_function(work, f"{owner}.{name}")
    if isinstance(symbol.node, ast.ClassDef):
        raise Stop(f"`{owner}.{name}` is a class.")
    after = extracted(text, symbol.owner, name)
    if not parses(after):
        raise Stop(f"The result would not parse; `{owner}.{name}` is not changed by rule.")
    others = [p for p, _, line in names.uses(work, name) if p != path and f".{name}(" in line]
    note = (
        f" Calls in other files are not changed: {', '.join(f'`{p}`' for p in dict.fromkeys(others))}."
        if others
        else ""
    )
    propose(work, calls_for(path, text, after), f"`{name}` becomes a function of `{path}`.{note}")


def extracted(text: str, owner: str, name: str) -> str:
    """The module with the method of a class as a function before the class, and its calls changed.

    A method that uses its instance takes it as its first argument, as before; one that does not loses it.
    Raises Stop where the class or method is not there.
    """
    tree = names.tree_of(text)
    every = {s.name: s.node for s in names.symbols(tree)} if tree else {}
    method, holder = every.get(f"{owner}.{name}"), every.get(owner)
    if not isinstance(method, names.Function) or not isinstance(holder, ast.ClassDef) or tree is None:
        raise Stop(f"There is no method `{owner}.{name}`.")
    plain = [ast.unparse(d) for d in method.decorator_list]
    static = "staticmethod" in plain
    if odd := [d for d in plain if d == "classmethod" or d.endswith(("property", ".setter", ".deleter"))]:
        raise Stop(f"`{owner}.{name}` is decorated with `{odd[0]}`; only plain and static methods are turned by rule.")
    spec = [*method.args.posonlyargs, *method.args.args]
    instance = None if static or not spec else spec[0]
    used = instance is not None and any(
        isinstance(n, ast.Name) and n.id == instance.arg for s in method.body for n in ast.walk(s)
    )
    edits = _calls(text, tree, holder, name, instance, used and instance is not None)
    if instance is not None and not used:
        edits.append(_without_first(text, method, spec))
    return _moved(splice(text, edits), owner, name)


def _calls(
    text: str, tree: ast.Module, holder: ast.ClassDef, name: str, instance: ast.arg | None, used: bool
) -> list[tuple[int, int, str]]:
    """`self.name(x)` becomes `name(self, x)`, or `name(x)` where the instance is not needed."""
    edits: list[tuple[int, int, str]] = []
    raw = text.encode()
    inner = {id(n) for n in ast.walk(holder)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr != name or not isinstance(node.value, ast.Name):
            continue
        reached = node.value.id
        if not (reached == holder.name or (id(node) in inner and reached in ("self", "cls"))):
            continue
        start, end = span(text, node)
        call = next((c for c in ast.walk(tree) if isinstance(c, ast.Call) and c.func is node), None)
        if call is not None and used and reached != holder.name:
            opening = raw.index(b"(", end)
            comma = ", " if call.args or call.keywords else ""
            edits.append((start, opening + 1, f"{name}({reached}{comma}"))
        elif call is not None and not used and reached == holder.name and instance is not None and call.args:
            first, after = span(text, call.args[0])
            following: list[ast.expr | ast.keyword] = [*call.args[1:2], *call.keywords[:1]]
            edits += [(start, end, name), (first, span(text, following[0])[0] if following else after, "")]
        elif call is None and used and reached != holder.name:
            edits.append((start, end, f"(lambda *a, **k: {name}({reached}, *a, **k))"))
        else:
            edits.append((start, end, name))
    return edits


def _without_first(text: str, method: names.Function, spec: list[ast.arg]) -> tuple[int, int, str]:
    first, end = span(text, spec[0])
    raw = text.encode()
    while raw[end : end + 1] in (b" ", b"\n"):
        end += 1
    if raw[end : end + 1] == b",":
        end += 1
        while raw[end : end + 1] in (b" ", b"\n"):
            end += 1
    return first, end, ""


def _moved(text: str, owner: str, name: str) -> str:
    """The method cut out of its class and put before it."""
    tree = names.tree_of(text)
    every = {s.name: s.node for s in names.symbols(tree)} if tree else {}
    method, holder = every.get(f"{owner}.{name}"), every.get(owner.split(".", maxsplit=1)[0])
    if tree is None or method is None or holder is None:
        raise Stop(f"`{owner}.{name}` cannot be cut out by rule.")
    lines = text.split("\n")
    first = min([method.lineno, *(d.lineno for d in method.decorator_list)]) - 1
    last = method.end_lineno or method.lineno
    kept = [d for d in method.decorator_list if ast.unparse(d) not in ("staticmethod", "classmethod")]
    body = lines[method.lineno - 1 : last]
    block = [" " * method.col_offset + "@" + source(text, d) for d in kept] + body
    function = dedented(block, method.col_offset)
    rest = lines[last:]
    while rest and not rest[0].strip() and first and not lines[first - 1].strip():
        rest = rest[1:]
    above = lines[:first]
    if isinstance(holder, ast.ClassDef) and every[owner] is not None and len(every[owner].body) == 1:
        above = [*above, " " * method.col_offset + "pass"]
    outer = next(n for n in tree.body if n.lineno <= holder.lineno <= (n.end_lineno or n.lineno))
    at = min([outer.lineno, *(d.lineno for d in getattr(outer, "decorator_list", ()))]) - 1
    return "\n".join([*above[:at], *function, "", "", *above[at:], *rest])


def dedented(block: list[str], by: int) -> list[str]:
    """Lines moved `by` columns to the left, but for those that begin inside a string: moving them would change it."""
    inside: set[int] = set()
    opened: list[int] = []
    readable = io.StringIO("if 1:\n" + "\n".join(block) + "\n").readline
    for token in tokenize.generate_tokens(readable):
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":
            opened.append(token.start[0])
        elif kind == "FSTRING_END":
            inside.update(range(opened.pop() + 1, token.end[0] + 1))
        elif kind == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    indent = " " * by
    return [line if n in inside else line.removeprefix(indent) for n, line in enumerate(block, start=2)]
