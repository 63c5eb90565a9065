"""Answers that only look: definitions and uses, explanations from the syntax tree, outlines, test runs, summaries."""

from __future__ import annotations

import ast
import re

from pier_tui.models.offline import names
from pier_tui.models.offline.intents import Intent
from pier_tui.models.offline.plan import Call, Stop, Workspace, plural
from pier_tui.models.offline.repair.outcome import change_of
from pier_tui.models.offline.results import listed, report

MOST = 40


def find(work: Workspace, intent: Intent) -> None:
    """Where a name is defined and mentioned, or where a text stands. Raises Wants, Stop."""
    name = intent.get("name") or intent.get("text")
    folder = _folder(work, intent)
    if intent.get("text") and not re.fullmatch(r"\w+", name):
        hits = work.search(name, path=folder)
        raise Stop(_hits(f"`{name}` is in {_count(hits)}:", hits) if hits else f"Nothing contains `{name}`.")
    if re.search(r"[/.]\w{1,4}$", name) and any(f.endswith(name) for f in work.files()):
        found = [f for f in work.files() if f.endswith(name)]
        raise Stop("\n".join(f"- `{f}`" for f in found))
    defined = names.define(work, name, folder)
    mentioned = names.uses(work, name, folder)
    if not mentioned:
        raise Stop(_nothing(work, name))
    elsewhere = [hit for hit in mentioned if hit[:2] not in {d[:2] for d in defined}]
    parts = []
    if defined:
        parts.append(_hits(f"`{name}` is defined in {_count(defined)}:", defined))
    else:
        parts.append(f"No line defines `{name}`; it is mentioned.")
    if elsewhere:
        parts.append(_hits(f"Other mentions, {_count(elsewhere)}:", elsewhere))
    else:
        parts.append("Nothing else mentions it.")
    raise Stop("\n\n".join(parts))


def explain(work: Workspace, intent: Intent) -> None:
    """A file or a symbol from its syntax tree and docstrings. Raises Wants, Stop."""
    name = intent.get("name")
    if "/" in name or (re.search(r"\.\w{1,4}$", name) and name.rsplit(".", 1)[-1] in _EXTENSIONS):
        path = names.resolve_path(work, name)
        if not path.endswith(".py"):
            outline(work, path)
        raise Stop(_file(path, work.text(path)))
    path, _, symbol = _any_symbol(work, name, _folder(work, intent))
    callers = [hit for hit in names.uses(work, name) if not re.search(rf"\b(def|class)\s+{symbol.node.name}\b", hit[2])]
    raise Stop(_symbol(path, symbol, callers))


_EXTENSIONS = frozenset(
    [
        "py",
        "pyi",
        "js",
        "ts",
        "tsx",
        "jsx",
        "go",
        "rs",
        "java",
        "c",
        "h",
        "cpp",
        "hpp",
        "rb",
        "sh",
        "md",
        "toml",
        "json",
        "yaml",
        "yml",
        "cfg",
        "ini",
        "txt",
        "css",
        "html",
    ]
)


def _any_symbol(work: Workspace, name: str, folder: str) -> tuple[str, str, names.Symbol]:
    hits = names.define(work, name, folder)
    if not hits:
        raise Stop(_nothing(work, name))
    if not any(path.endswith(".py") for path, _, _ in hits) or not any(
        re.match(r"(async\s+def|def|class)\b", line.strip()) for _, _, line in hits
    ):
        mentioned = names.uses(work, name)
        raise Stop(_hits(f"`{name}` is defined here:", hits) + "\n" + _hits("Mentioned here:", mentioned))
    return names.the_function(work, name)


def outline(work: Workspace, path: str) -> None:
    """The outline of one file. Raises Wants, Stop."""
    path = names.resolve_path(work, path)
    lines = work.ask("symbols", path=path).strip().split("\n")
    shown = "\n".join(f"- line {line}" if line[:1].isdigit() else line for line in lines[:80])
    raise Stop(f"`{path}`:\n\n{shown}")


def overview(work: Workspace, intent: Intent) -> None:
    """What the repository holds: files by folder and kind, or one file's outline. Raises Wants, Stop."""
    if path := intent.get("path"):
        if "." in path.rsplit("/", 1)[-1]:
            outline(work, path)
        found = [f for f in work.files() if f.startswith(path.rstrip("/") + "/")]
        raise Stop("\n".join(f"- `{f}`" for f in found[:100]) or f"There is nothing under `{path}`.")
    files = work.files()
    if not files:
        raise Stop("There are no files in this repository yet.")
    folders: dict[str, list[str]] = {}
    for file in files:
        folders.setdefault(file.rpartition("/")[0] or ".", []).append(file)
    lines = [f"{plural(len(files), 'file')} in {plural(len(folders), 'folder')}:", ""]
    for folder, inside in sorted(folders.items())[:MOST]:
        shown = ", ".join(f"`{f.rsplit('/', 1)[-1]}`" for f in inside[:8])
        more = f" and {len(inside) - 8} more" if len(inside) > 8 else ""
        lines.append(f"- `{folder}/`: {shown}{more}")
    readme = next((f for f in files if re.fullmatch(r"readme(\.\w+)?", f, re.IGNORECASE)), "")
    if readme:
        text = [line.strip() for line in work.text(readme).split("\n") if line.strip()]
        first = [line for line in text if not line.startswith(("<", "[!", "![", "---", "==="))][:3]
        lines += ["", f"`{readme}` begins:", "", *(f"> {line}" for line in first)]
    raise Stop("\n".join(lines))


def run_tests(work: Workspace, intent: Intent) -> None:
    """Run the tests and say what came of it. Raises Wants, Stop."""
    target = intent.get("path").strip(".") if intent.get("path") else ""
    (result,) = work.ask_all((Call("run_tests", {"target": target}),), "", "run_test")
    ran = report(result)
    if ran.counts is None:
        raise Stop(f"No test result: {ran.headline}")
    if ran.green:
        raise Stop(f"Tests: {ran.headline}.")
    raise Stop(f"Tests: {ran.headline}.\n\n{listed(ran.failures, 12)}".rstrip())


def summarise(work: Workspace, _: Intent) -> None:
    """The last test output, else the uncommitted changes, from git. Raises Wants, Stop."""
    if re.search(r"\btests?\b|\boutput\b|\bresults?\b|\bfail", work.transcript.request, re.IGNORECASE):
        _last_tests(work)
    diff = work.ask("diff", path="")
    if "diff --git" not in diff and diff.strip() != "no changes":
        raise Stop(_proposed(work))
    files: dict[str, list[int]] = {}
    places: dict[str, list[str]] = {}
    current = ""
    for line in diff.split("\n"):
        if match := re.match(r"^diff --git a/.+ b/(.+)$", line):
            current = match[1]
            files[current] = [0, 0]
        elif current and (hunk := re.match(r"^@@ .* @@ ?(.*)$", line)):
            places.setdefault(current, []).append(hunk[1].strip())
        elif current and line[:1] in ("+", "-") and not line.startswith(("+++", "---")):
            files[current][line[0] == "-"] += 1
    if not files:
        raise Stop("There are no uncommitted changes, pending proposals included.")
    lines = [f"{plural(len(files), 'changed file')}, pending proposals included:", ""]
    for path, (added, removed) in files.items():
        where = ", ".join(f"`{p}`" for p in dict.fromkeys(filter(None, places.get(path, []))))
        lines.append(f"- `{path}` +{added} -{removed}{': in ' + where if where else ''}")
    raise Stop("\n".join(lines))


def _proposed(work: Workspace) -> str:
    """What this session proposed, from the prompt: for where git cannot be asked."""
    edits = work.transcript.proposed
    head = "The uncommitted changes could not be read from git here, so this is what the session proposed"
    if not edits:
        return f"{head}: nothing so far, as far as the prompt says."
    return "\n".join([f"{head}:", "", *(f"- {change}" for done in edits for change in change_of(done))])


def _last_tests(work: Workspace) -> None:
    """What the last test run of the session said, as far as the prompt still has it. Raises Stop."""
    last = work.transcript.last_tests
    if not last:
        raise Stop("No test was run in this session, as far as the prompt says. Ask to run the tests.")
    ran = report(last)
    places: dict[str, int] = {}
    for failure in ran.failures:
        kind = failure.message.partition(":")[0] or "failed"
        places[kind] = places.get(kind, 0) + 1
    kinds = ", ".join(f"{count} × {kind}" for kind, count in places.items())
    more = f" By kind: {kinds}." if len(ran.failures) > 1 else ""
    raise Stop(f"The last test run: {ran.headline}.{more}\n\n{listed(ran.failures, 12)}".rstrip())


def _folder(work: Workspace, intent: Intent) -> str:
    path = intent.get("path")
    return names.resolve_path(work, path) if path and "." in path.rsplit("/", 1)[-1] else path.rstrip("/")


def _nothing(work: Workspace, name: str) -> str:
    loose = work.search(f"(?i){re.escape(name.rsplit('.', 1)[-1])}", regex=True)
    near = sorted({w for _, _, line in loose for w in re.findall(r"\w+", line) if name.lower() in w.lower()})
    hint = f" Similar words here: {', '.join(f'`{w}`' for w in near[:6])}." if near else ""
    return f"Nothing in this repository mentions `{name}`.{hint}"


def _count(hits: list[tuple[str, int, str]]) -> str:
    paths = len({path for path, _, _ in hits})
    return f"{plural(len(hits), 'line')} of {plural(paths, 'file')}"


def _hits(title: str, hits: list[tuple[str, int, str]]) -> str:
    lines = [f"- `{path}:{line}`  `{text.strip()[:120]}`" for path, line, text in hits[:MOST]]
    more = [f"- and {len(hits) - MOST} more"] if len(hits) > MOST else []
    return "\n".join([title, "", *lines, *more])


def _file(path: str, text: str) -> str:
    tree = names.tree_of(text)
    if tree is None:
        return f"`{path}` does not parse as Python; {plural(len(text.splitlines()), 'line')}."
    lines = [f"`{path}`, {plural(len(text.splitlines()), 'line')}."]
    if doc := ast.get_docstring(tree):
        lines += ["", f"> {doc.splitlines()[0]}"]
    imported = [a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names]
    imported += [n.module or "." for n in tree.body if isinstance(n, ast.ImportFrom)]
    if imported:
        lines += ["", f"Imports {', '.join(f'`{i}`' for i in dict.fromkeys(imported))}."]
    lines.append("")
    for symbol in names.symbols(tree):
        doc = ast.get_docstring(symbol.node)
        first = f": {doc.splitlines()[0]}" if doc else ""
        lines.append(f"- line {symbol.node.lineno} `{_heading(symbol)}`{first}")
    return "\n".join(lines)


def _heading(symbol: names.Symbol) -> str:
    node = symbol.node
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {symbol.name}({bases})" if bases else f"class {symbol.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    return f"{word} {symbol.name}({ast.unparse(node.args)}){returns}"


def _symbol(path: str, symbol: names.Symbol, callers: list[tuple[str, int, str]]) -> str:
    node = symbol.node
    lines = [f"`{_heading(symbol)}` in `{path}`, lines {node.lineno}-{node.end_lineno}."]
    doc = ast.get_docstring(node)
    lines += ["", f"> {' '.join(doc.split())[:600]}" if doc else "It has no docstring."]
    if isinstance(node, ast.ClassDef):
        methods = [s for s in names.symbols(node) if "." not in s.name]
        lines += ["", *(f"- line {m.node.lineno} `{_heading(m)}`" for m in methods)]
    else:
        lines += ["", *(f"- {line}" for line in _body(node))]
    lines.append("")
    if callers:
        lines.append(_hits(f"Mentioned in {_count(callers)}:", callers[:12]))
    else:
        lines.append("Nothing else mentions it.")
    return "\n".join(lines)


def _body(node: names.Function) -> list[str]:
    """What a function calls, branches on, loops over, raises and returns, in the source's own words."""
    found: dict[str, list[str]] = {"Calls": [], "Branches on": [], "Loops": [], "Raises": [], "Returns": []}
    for inner in ast.walk(node):
        match inner:
            case ast.Call():
                found["Calls"].append(ast.unparse(inner.func))
            case ast.If() | ast.IfExp():
                found["Branches on"].append(ast.unparse(inner.test))
            case ast.While():
                found["Loops"].append(f"while {ast.unparse(inner.test)}")
            case ast.For() | ast.AsyncFor():
                found["Loops"].append(f"for {ast.unparse(inner.target)} in {ast.unparse(inner.iter)}")
            case ast.Raise(exc=ast.expr() as exc):
                found["Raises"].append(ast.unparse(exc))
            case ast.Return(value=ast.expr() as value):
                found["Returns"].append(ast.unparse(value))
            case ast.Yield(value=ast.expr() as value):
                found["Returns"].append(f"yield {ast.unparse(value)}")
    return [
        f"{word}: {', '.join(f'`{_short(t)}`' for t in list(dict.fromkeys(texts))[:10])}."
        for word, texts in found.items()
        if texts
    ]


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"
