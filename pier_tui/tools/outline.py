"""The outline of a source file: Python with signatures, others as the symbol index reads them, some by patterns."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from pier_tui.symbols.tags import definitions


@dataclass(frozen=True)
class Symbol:
    """A named definition: its 1-based line, kind, qualified name and, for functions, its signature."""

    line: int
    kind: str
    name: str
    signature: str = ""

    @property
    def label(self) -> str:
        """`name (line)`, as the backbone keeps it."""
        return f"{self.name} ({self.line})"

    def __str__(self) -> str:
        return f"{self.line} {self.kind} {self.name}{self.signature}"


_PATTERNS: dict[str, tuple[tuple[str, str], ...]] = {
    "java": (
        (
            "type",
            r"^\s*(?:(?:public|protected|private|static|final|abstract|sealed)\s+)*(?:class|interface|enum|record)\s+(\w+)",
        ),
        (
            "method",
            r"^\s+(?:(?:public|protected|private|static|final|abstract|synchronized)\s+)+[\w<>\[\], ]+\s(\w+)\s*\(",
        ),
    ),
    "md": (("heading", r"^#{1,6}\s+(.{1,80})"),),
}
_SUFFIXES = {**dict.fromkeys(("kt", "cs", "scala", "swift"), "java"), "md": "md"}


def symbols(path: str, text: str) -> tuple[Symbol, ...]:
    """The definitions in order. Empty for unknown languages; a broken Python file is read by patterns."""
    suffix = path.rsplit(".", 1)[-1].lower()
    if suffix in ("py", "pyi"):
        return _python(text)
    found = definitions(path, text.encode("utf-8", "surrogateescape"))
    if found is not None:
        return tuple(Symbol(d.line, d.kind, d.name) for d in found)
    patterns = _PATTERNS.get(_SUFFIXES.get(suffix, ""), ())
    return _by_pattern(text, patterns)


def _by_pattern(text: str, patterns: tuple[tuple[str, str], ...]) -> tuple[Symbol, ...]:
    compiled = [(kind, re.compile(pattern)) for kind, pattern in patterns]
    found = []
    for number, line in enumerate(text.split("\n") if compiled else (), 1):
        for kind, pattern in compiled:
            match = pattern.match(line[:400])
            if match:
                found.append(Symbol(number, kind, match[1]))
                break
    return tuple(found)


def _python(text: str) -> tuple[Symbol, ...]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _by_pattern(text, (("class", r"^\s*class\s+(\w+)"), ("function", r"^\s*(?:async\s+)?def\s+(\w+)")))
    return tuple(_definitions(tree.body, "", "function"))


def _definitions(body: list[ast.stmt], prefix: str, kind: str) -> Iterator[Symbol]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            bases = ", ".join(ast.unparse(b) for b in node.bases)
            yield Symbol(node.lineno, "class", prefix + node.name, f"({bases})" if bases else "")
            yield from _definitions(node.body, f"{prefix}{node.name}.", "method")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            yield Symbol(node.lineno, kind, prefix + node.name, f"({ast.unparse(node.args)}){returns}")
        elif not prefix and isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (Symbol(node.lineno, "name", t.id) for t in targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.If | ast.Try):
            yield from _definitions(node.body, prefix, kind)
