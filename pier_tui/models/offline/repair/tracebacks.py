"""Errors whose message names the remedy: a misspelt or unimported name, a moved import, a misspelt attribute."""

from __future__ import annotations

import ast
import builtins
import difflib
import re

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for
from pier_tui.models.offline.plan import Call, Workspace
from pier_tui.models.offline.repair.outcome import propose_tested
from pier_tui.models.offline.repair.syntax import mend_syntax
from pier_tui.models.offline.results import Report

STDLIB = frozenset(
    [
        "os",
        "sys",
        "re",
        "json",
        "math",
        "random",
        "time",
        "datetime",
        "collections",
        "itertools",
        "functools",
        "pathlib",
        "string",
        "io",
        "csv",
        "copy",
        "decimal",
        "fractions",
        "hashlib",
        "logging",
        "operator",
        "shutil",
        "statistics",
        "subprocess",
        "tempfile",
        "textwrap",
        "typing",
        "uuid",
        "heapq",
        "bisect",
    ]
)
MEMBERS = {
    "Path": "pathlib", "defaultdict": "collections", "deque": "collections", "Counter": "collections",
    "OrderedDict": "collections", "namedtuple": "collections", "Decimal": "decimal", "dataclass": "dataclasses",
    "field": "dataclasses", "Any": "typing", "Optional": "typing", "partial": "functools", "lru_cache": "functools",
    "reduce": "functools", "wraps": "functools", "date": "datetime", "timedelta": "datetime", "Enum": "enum",
    "sqrt": "math", "ceil": "math", "floor": "math", "chain": "itertools", "product": "itertools", "dedent": "textwrap",
}  # fmt: skip
_SYNTAX = re.compile(r"\b(SyntaxError|IndentationError)\b")
_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
_ATTRIBUTE = re.compile(r"AttributeError: (?!'NoneType').*has no attribute '(\w+)'")
_IMPORT = re.compile(r"ImportError: cannot import name '(\w+)' from '([\w.]+)'")
_KEYWORD = re.compile(r"TypeError: .*got an unexpected keyword argument '(\w+)'")


def mend(work: Workspace, ran: Report) -> None:
    """Propose the remedy the first such error names; returns where there is none. Raises Wants, Stop."""
    for failure in ran.failures:
        message = failure.message
        text = message + "\n" + ran.text
        place = failure.frames[-1] if failure.frames else None
        if place is None:
            continue
        work.why = f"{ran.headline}. `{failure.id}` stops at `{place[0]}:{place[1]}`: {message}"
        if _SYNTAX.search(message):
            mend_syntax(work, place[0])
        elif match := _NAME.search(message):
            _name(work, *place, match[1])
        elif match := _ATTRIBUTE.search(message):
            _attribute(work, *place, match[1])
        elif match := _IMPORT.search(text):
            _import(work, *place, match[1])


def _name(work: Workspace, path: str, line: int, wrong: str) -> None:
    text = work.text(path)
    if wrong in STDLIB or wrong in MEMBERS:
        statement = f"import {wrong}" if wrong in STDLIB else f"from {MEMBERS[wrong]} import {wrong}"
        after = imported(text, statement)
        propose_tested(
            work, calls_for(path, text, after), f"`{wrong}` is not imported in `{path}`; adding `{statement}`."
        )
    near = difflib.get_close_matches(wrong, _known(text, line) - {wrong}, 2, 0.75)
    if len(near) == 1 or (len(near) == 2 and _likeness(wrong, near[0]) > _likeness(wrong, near[1])):
        _swap(
            work,
            path,
            text,
            line,
            wrong,
            near[0],
            f"`{wrong}` is not defined; the nearest name in scope is `{near[0]}`.",
        )
        return
    hits = work.search(rf"^(def|class)\s+{re.escape(wrong)}\b|^{re.escape(wrong)}\s*=", regex=True)
    homes = sorted({p for p, _, _ in hits if p.endswith(".py") and p != path})
    if len(homes) == 1:
        statement = f"from {module_of(homes[0])} import {wrong}"
        propose_tested(
            work,
            calls_for(path, text, imported(text, statement)),
            f"`{wrong}` is defined in `{homes[0]}`; importing it.",
        )


def _likeness(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b).ratio()


def _swap(work: Workspace, path: str, text: str, line: int, wrong: str, right: str, say: str) -> None:
    lines = text.split("\n")
    fresh = re.sub(rf"\b{re.escape(wrong)}\b", right, lines[line - 1])
    after = "\n".join([*lines[: line - 1], fresh, *lines[line:]])
    if after != text:
        propose_tested(work, calls_for(path, text, after), say)


def _known(text: str, line: int) -> set[str]:
    """Names a line could mean: those of its function and of the module, and the builtins."""
    tree = names.tree_of(text)
    found = set(dir(builtins))
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, names.Definition):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def _attribute(work: Workspace, path: str, line: int, wrong: str) -> None:
    seek = {"pattern": r"^\s*(def|class)\s+\w+|self\.\w+\s*[:=]", "path": "", "regex": True, "max": 200}
    work.ask_all((Call("read", {"path": path, "start": 1, "end": 100_000}), Call("search", seek)))
    text = work.text(path)
    hits = work.search(str(seek["pattern"]), regex=True)
    known = {w for _, _, found in hits for w in re.findall(r"(?:def|class)\s+(\w+)|self\.(\w+)", found) for w in w if w}
    known |= {name for kind in (str, list, dict, set, bytes, int) for name in dir(kind) if not name.startswith("_")}
    near = difflib.get_close_matches(wrong, known, 1, 0.75)
    if near and near[0] != wrong:
        _swap(
            work,
            path,
            text,
            line,
            wrong,
            near[0],
            f"There is no attribute `{wrong}`; the nearest known one is `{near[0]}`.",
        )


def _import(work: Workspace, path: str, line: int, wrong: str) -> None:
    hits = work.search(rf"^(async\s+def|def|class)\s+{re.escape(wrong)}\b|^{re.escape(wrong)}\s*=", regex=True)
    homes = sorted({p for p, _, _ in hits if p.endswith(".py")})
    text = work.text(path)
    match = re.search(rf"^(from\s+)([\w.]+)(\s+import\s+{re.escape(wrong)}[ \t]*)$", text, re.MULTILINE)
    if len(homes) == 1 and match:
        after = text[: match.start(2)] + module_of(homes[0]) + text[match.end(2) :]
        if after != text:
            propose_tested(
                work, calls_for(path, text, after), f"`{wrong}` is defined in `{homes[0]}`; correcting the import."
            )


def module_of(path: str) -> str:
    """The dotted module a path is imported as; a leading src folder is left out."""
    parts = path.removesuffix(".pyi").removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts[1:] if parts[0] in ("src", "lib") and len(parts) > 1 else parts)


def imported(text: str, statement: str) -> str:
    """The text with an import statement after its last top-level import, or after the docstring."""
    tree = names.tree_of(text)
    body = tree.body if tree else []
    ends = [n.end_lineno or n.lineno for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
    docstring = body[:1] if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) else []
    lines = text.split("\n")
    if statement in lines:
        return text
    if ends:
        future = statement.startswith("import ") and [n.end_lineno or 0 for n in body if isinstance(n, ast.Import)]
        at = max(future) if future else max(ends)
        return "\n".join([*lines[:at], statement, *lines[at:]])
    at = (docstring[0].end_lineno or 0) if docstring else 0
    return "\n".join(
        [*lines[:at], *([""] if at else []), statement, *([""] if at == 0 and lines[:1] != [""] else []), *lines[at:]]
    )
