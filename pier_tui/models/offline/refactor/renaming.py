"""Renaming a symbol in every file that means it."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for, propose
from pier_tui.models.offline.plan import Call, Stop, Workspace


def rename_everywhere(work: Workspace, old: str, new: str, paths: tuple[str, ...]) -> None:
    """Propose the rename in all these files. Raises Wants, Stop."""
    owner, _, name = old.rpartition(".")
    texts = work.texts(paths)
    taken = [
        p
        for p, text in texts.items()
        if re.search(rf"\b(def|class)\s+{re.escape(new)}\b|^{re.escape(new)}\s*=", text, re.M)
    ]
    if taken:
        raise Stop(f"`{new}` is already defined in {', '.join(f'`{p}`' for p in taken)}; nothing was changed.")
    definers = _definers(texts, name)
    if not owner and len(definers) > 1:
        where = ", ".join(f"`{p}` ({q})" for p, q in definers[:8])
        raise Stop(f"`{name}` is defined more than once: {where}. Name it as `Class.{name}` or with its file.")
    calls: list[Call] = []
    changed: list[str] = []
    for path, text in texts.items():
        after = renamed(text, name, new)
        if after != text:
            calls += calls_for(path, text, after)
            changed.append(path)
    if not calls:
        raise Stop(f"`{name}` stands only in comments and strings; nothing was changed.")
    listed = ", ".join(f"`{p}`" for p in changed)
    propose(work, tuple(calls), f"`{name}` becomes `{new}` wherever the word is a name, in {listed}.")


def _definers(texts: dict[str, str], name: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path, text in texts.items():
        tree = names.tree_of(text)
        found += [(path, s.name) for s in (names.symbols(tree) if tree else ()) if s.node.name == name]
    return found


def renamed(text: str, old: str, new: str) -> str:
    """`text` with every name token `old` replaced, and `old` in `__all__` and in strings given to patch or getattr."""
    tree = names.tree_of(text)
    lines = text.splitlines(keepends=True)
    spots: list[tuple[int, int]] = []
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return re.sub(rf"\b{re.escape(old)}\b", new, text)
    spots += [t.start for t in tokens if t.type == tokenize.NAME and t.string == old]
    strings = _exported(tree) if tree else set()
    for token in tokens:
        if token.type == tokenize.STRING and token.start in strings and old in token.string:
            offset = re.search(rf"\b{re.escape(old)}\b", token.string)
            if offset:
                spots.append((token.start[0], token.start[1] + offset.start()))
    for row, column in sorted(spots, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new + line[column + len(old) :]
    return "".join(lines)


def _exported(tree: ast.Module) -> set[tuple[int, int]]:
    """Where strings stand that name symbols: in `__all__`, and as arguments of getattr, setattr, hasattr and patch."""
    found: set[tuple[int, int]] = set()
    for node in ast.walk(tree):
        inner: list[ast.AST] = []
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            inner = list(ast.walk(node.value))
        elif isinstance(node, ast.Call) and re.search(
            r"(getattr|setattr|hasattr|delattr|patch(\.object)?)$", ast.unparse(node.func)
        ):
            inner = list(node.args)
        found |= {(n.lineno, n.col_offset) for n in inner if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found
