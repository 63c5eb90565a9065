"""Docstrings put where there are none, made of what the definition itself says: its name, parameters and returns."""

from __future__ import annotations

import ast
import re

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for, propose, settle
from pier_tui.models.offline.intents import Intent
from pier_tui.models.offline.plan import Stop, Workspace


def docstrings(work: Workspace, intent: Intent) -> None:
    """Add the missing docstrings of a module, or of one symbol. Raises Wants, Harder, Stop."""
    settle(
        work, "Added docstrings made from names and signatures", "They say what the code's names say; please review."
    )
    work.harder("docstrings across a module", f"Goal: {work.transcript.request}\nNothing was changed yet.")
    if intent.get("name"):
        path, text, symbol = names.the_function(work, intent.get("name"))
        wanted = [symbol]
    else:
        path = names.resolve_path(work, intent.get("path"))
        text = work.text(path)
        tree = names.tree_of(text)
        if tree is None:
            raise Stop(f"`{path}` does not parse as Python.")
        wanted = list(names.symbols(tree))
    missing = [s for s in wanted if ast.get_docstring(s.node) is None and s.node.body[0].lineno > s.node.lineno]
    if not missing:
        raise Stop(f"Everything there has a docstring already: `{path}`.")
    lines = text.split("\n")
    for symbol in sorted(missing, key=lambda s: -s.node.body[0].lineno):
        first = symbol.node.body[0]
        at = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))]) - 1
        lines[at:at] = [f"{' ' * first.col_offset}{line}".rstrip() for line in _lines(symbol.node)]
    after = "\n".join(lines)
    propose(work, calls_for(path, text, after), f"{len(missing)} definitions of `{path}` have no docstring.")


def _lines(node: names.Definition) -> list[str]:
    """The docstring's lines, an empty one after that of a class."""
    return [*written(node).split("\n"), *([""] if isinstance(node, ast.ClassDef) else [])]


def written(node: names.Definition) -> str:
    """A docstring from the name, the parameters, what is raised and returned."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", node.name.strip("_")).replace("_", " ").strip().lower()
    subject = (words or node.name)[:1].upper() + (words or node.name)[1:]
    if isinstance(node, ast.ClassDef):
        return f'"""{subject}."""'
    shown = [
        a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs] if a.arg not in ("self", "cls")
    ]
    raised = dict.fromkeys(
        ast.unparse(n.exc.func if isinstance(n.exc, ast.Call) else n.exc)
        for n in ast.walk(node)
        if isinstance(n, ast.Raise) and n.exc is not None
    )
    parts = [f"From {', '.join(f'`{name}`' for name in shown)}." if shown else ""]
    parts += [f"Returns {ast.unparse(node.returns)}." if node.returns and ast.unparse(node.returns) != "None" else ""]
    parts += [f"Raises {', '.join(raised)}." if raised else ""]
    rest = " ".join(part for part in parts if part)
    return f'"""{subject}.\n\n{rest}\n"""' if rest else f'"""{subject}."""'
