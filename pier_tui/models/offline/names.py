"""Finding what a request means by a name or a path: files by their ending, symbols by their definition."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from pier_tui.models.offline.plan import Stop, Workspace

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Symbol:
    """A definition with its qualified name."""

    name: str
    node: Definition
    owner: str = ""


def tree_of(text: str) -> ast.Module | None:
    """The syntax tree, None where the text does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def symbols(tree: ast.AST, prefix: str = "") -> Iterator[Symbol]:
    """Every function and class, nested ones after their owner."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Definition):
            yield Symbol(prefix + node.name, node, prefix.rstrip("."))
            yield from symbols(node, f"{prefix}{node.name}.")
        elif not isinstance(node, ast.expr):
            yield from symbols(node, prefix)


def resolve_path(work: Workspace, wanted: str) -> str:
    """The repository's path for a path as written. Raises Wants, or Stop where none or several match."""
    wanted = wanted.strip("`'\"").removeprefix("./")
    files = work.files()
    if wanted in files:
        return wanted
    found = [f for f in files if f.endswith("/" + wanted)] or [f for f in files if f.rsplit("/", 1)[-1] == wanted]
    dotted = wanted.replace(".", "/") + ".py"
    found = found or [f for f in files if f == dotted or f.endswith("/" + dotted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Stop(f"`{wanted}` could be {', '.join(f'`{f}`' for f in found[:8])}; say which.")
    raise Stop(f"There is no file `{wanted}` in this repository.")


def definition_pattern(name: str) -> str:
    """A regular expression for the lines that define a name, in the common languages."""
    n = re.escape(name.rsplit(".", 1)[-1])
    keywords = r"def|class|function|func|fn|struct|enum|trait|interface|type|const|let|var|static|mod|module"
    return rf"\b({keywords})\s+(\([^)]*\)\s*)?{n}\b|^{n}\s*(:[^=]+)?=[^=]"


def define(work: Workspace, name: str, path: str = "") -> list[tuple[str, int, str]]:
    """Lines that define a name: (path, line, text). Raises Wants."""
    return work.search(definition_pattern(name), regex=True, path=path)


def uses(work: Workspace, name: str, path: str = "") -> list[tuple[str, int, str]]:
    """Lines that mention a name as a word. Raises Wants."""
    word = re.escape(name.rsplit(".", 1)[-1])
    return work.search(rf"\b{word}\b", regex=True, path=path)


def the_function(work: Workspace, name: str) -> tuple[str, str, Symbol]:
    """The one Python function or class of this name: (path, text, symbol). Raises Wants, or Stop: none or several."""
    last = name.rsplit(".", 1)[-1]
    hits = work.search(rf"^\s*(async\s+def|def|class)\s+{re.escape(last)}\b", regex=True)
    paths = tuple(dict.fromkeys(p for p, _, _ in hits if p.endswith(".py")))
    found: list[tuple[str, str, Symbol]] = []
    for path, text in work.texts(paths).items() if paths else ():
        tree = tree_of(text)
        for symbol in symbols(tree) if tree else ():
            if symbol.name == name or symbol.name.endswith("." + name):
                found.append((path, text, symbol))
    plain = [f for f in found if not re.search(r"(^|/)tests?/|(^|/)test_", f[0])] or found
    if len(plain) == 1:
        return plain[0]
    if plain:
        places = ", ".join(f"`{p}:{s.node.lineno}`" for p, _, s in plain[:8])
        raise Stop(f"`{name}` is defined more than once ({places}); name it as `Class.{last}` or rename one by hand.")
    raise Stop(f"There is no Python function or class `{name}` in this repository.")
