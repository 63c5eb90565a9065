"""The house rules that a machine can hold: layers, homes of dependencies, sizes, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pier_tui"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS: dict[str, int] = {
    "cli": 10,
    "cli_feedback": 9,
    "argv": 8,
    "cli_replay": 8,
    "__main__": 10,
    "ui": 7,
    "headless": 8,
    "teaching": 8,
    "doctor": 8,
    "bench": 7,
    "wiring": 6,
    "local": 6,
    "local_session": 9,
    "connecting": 5,
    "taught": 5,
    "config": 4,
    "agent": 4,
    "router": 3,
    "session": 3,
    "feedback": 3,
    "events": 2,
    "backbone": 1,
    "tools": 1,
    "trust": 1,
    "symbols": 0,
    "calibration": 0,
    "models": 0,
    "repo": 0,
    "private": -1,
    "redaction": -1,
    "seams": -1,
    "amounts": -1,
    "crash": 0,
    "errors": -2,
}
HOMES: dict[str, tuple[str, ...]] = {
    "textual": ("ui",),
    "httpx": ("models",),
    "git": (),
    "watchfiles": ("repo",),
    "sqlite3": ("session", "feedback"),
    "rich": ("ui", "cli", "bench"),
    "tree_sitter": ("symbols", "tools"),
    "tree_sitter_bash": ("tools",),
    "numpy": ("router", "feedback", "bench"),
    "pyarrow": ("bench",),
}
# Modules imported inside a function: start-up time, or an optional extra. Each line says which and why.
DEFERRED: dict[str, str] = {
    "argv.py": "start-up: only what is said needs the screen's text",
    "cli_feedback.py": "start-up: each command imports only what it runs",
    "bench/outcome_files.py": "optional extra: pyarrow",
    "cli_replay.py": "start-up: only a replay needs matrices",
    "cli.py": "start-up: each command imports only what it runs",
    "feedback/pool.py": "optional extra: pool",
    "models/connect.py": "start-up: only the offline profile needs the embedded pair",
    "models/keys.py": "optional extra: keyring",
    "repo/syscalls.py": "start-up: ctypes is needed with the first write",
    "models/local/serve.py": "optional extra: local",
    "tools/shell_tree.py": "start-up: the grammar is needed with the first command",
    "symbols/languages.py": "start-up: a grammar is loaded with the first file of its language",
    "ui/launch.py": "start-up: a picture, then the panes, then models, tools and git are imported",
    "ui/widgets/markdown_code.py": "start-up: pygments is needed with the first fence",
    "ui/widgets/markdown_paint.py": "start-up: the parser is needed with the first answer",
}
FILE_LINES, CLASS_LINES, FUNCTION_STATEMENTS, APP_LINES, LOOP_LINES = 400, 250, 40, 150, 250


def cell(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST) -> list[tuple[ast.stmt, str]]:
    found: list[tuple[ast.stmt, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            module = node.module or ""
            if module == "pier_tui":
                found += [(node, f"pier_tui.{alias.name}") for alias in node.names]
            else:
                found.append((node, module))
    return found


def statements(function: ast.AST) -> int:
    return sum(isinstance(n, ast.stmt) for n in ast.walk(function)) - 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_keeps_the_house_rules(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    name = str(path.relative_to(PACKAGE))
    assert ast.get_docstring(tree), f"{name} has no docstring"
    assert_layers(path, name, tree)
    assert_sizes(name, source, tree)


def assert_layers(path: Path, name: str, tree: ast.Module) -> None:
    own = cell(path)
    if own == "__init__":
        return
    for node, module in imports(tree):
        top = module.split(".")[0]
        if top in HOMES:
            assert own in HOMES[top], f"{name}:{node.lineno} imports {top}, whose home is {HOMES[top]}"
        if top != "pier_tui" or module == "pier_tui":
            continue
        other = module.split(".")[1]
        if other != own:
            assert LAYERS[other] < LAYERS[own], f"{name}:{node.lineno} imports {module}: not a row below {own}"


def assert_sizes(name: str, source: str, tree: ast.Module) -> None:
    lines = source.count("\n")
    cap = {"ui/app.py": APP_LINES, "agent/agent.py": LOOP_LINES}.get(name, FILE_LINES)
    assert lines <= cap, f"{name} has {lines} lines (cap {cap})"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            assert size <= CLASS_LINES, f"{name}: class {node.name} has {size} lines (cap {CLASS_LINES})"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = statements(node)
            assert count <= FUNCTION_STATEMENTS, f"{name}: {node.name} has {count} statements"


def deferred_imports() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for _, module in imports(function):
                    found.setdefault(str(path.relative_to(PACKAGE)), set()).add(module)
    return found


def test_imports_inside_functions_are_listed_with_their_reason() -> None:
    found = deferred_imports()
    assert set(found) <= set(DEFERRED), f"unlisted: { {k: v for k, v in found.items() if k not in DEFERRED} }"
    assert set(DEFERRED) <= set(found), f"listed but gone: {set(DEFERRED) - set(found)}"


def test_settings_are_read_only_where_things_are_assembled() -> None:
    allowed = {"cli.py", "cli_feedback.py", "local.py", "connecting.py", "taught.py", "wiring.py", "doctor.py"}
    allowed |= {"ui/app.py", "config.py", "bench/planning.py", "bench/worktree.py", "bench/environment.py"}
    for path in FILES:
        name = str(path.relative_to(PACKAGE))
        modules = {m for _, m in imports(ast.parse(path.read_text(encoding="utf-8")))}
        assert name in allowed or "pier_tui.config" not in modules, f"{name} reads settings"


STARTERS = {"run", "Popen", "call", "check_call", "check_output", "create_subprocess_exec", "create_subprocess_shell"}
STARTERS |= {"system", "popen", "getoutput", "getstatusoutput", "stream", "execv", "execvp", "execve", "posix_spawn"}
"""Functions that start programs, by their last name."""
ASKED = {"status", "ls-files", "rev-parse", "symbolic-ref", "diff", "config", "check-ignore", "version"}
"""All that is ever asked of git in a repository of the user's."""
SAMPLE = {"init", "add", "commit"}
"""What makes the sample, and a repository of a folder when the user says so."""
HISTORY = {"ls-tree", "cat-file", "rev-list", "diff-tree"}
"""What reads commits, for the benchmark."""


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def names_git(node: ast.expr) -> bool:
    """Whether an argument is git: a word, the first of a list, or a shell's line."""
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        node = node.elts[0]
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return Path(text.split(" ")[0]).name in ("git", "git.exe")


def git_starts(tree: ast.AST) -> list[int]:
    """Lines that start git, look for it, or write a command line that begins with it."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in STARTERS | {"which", "split"}:
            found += [node.lineno for argument in node.args if names_git(argument)]
        elif isinstance(node, ast.List) and len(node.elts) > 1 and names_git(node):
            found.append(node.lineno)
    return found


def test_only_the_git_module_starts_git() -> None:
    for path in FILES:
        name = str(path.relative_to(PACKAGE))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tops = {module.split(".")[0] for _, module in imports(tree)}
        assert not tops & {"git", "pygit2", "dulwich", "sh", "plumbum"}, f"{name} imports another way to git"
        assert name == "repo/git.py" or git_starts(tree) == [], f"{name} starts git itself"


@pytest.mark.parametrize(
    "line",
    [
        'subprocess.run(["git", "status"])',
        'subprocess.run("git status", shell=True)',
        'await asyncio.create_subprocess_exec("git", "status")',
        'os.system("/usr/bin/git gc")',
        'process.stream(("git", "log"), folder=f)',
        'program = shutil.which("git")',
        'argv = ["git", *words]',
        'os.execvp("git", words)',
    ],
)
def test_every_way_of_starting_git_is_seen(line: str) -> None:
    assert git_starts(ast.parse(line)) != []


def test_git_is_only_asked_and_never_told_to_change_the_users_files() -> None:
    asked: dict[str, set[str]] = {}
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        lists = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in ("git", "git_sync") and len(node.args) > 1:
                verb = node.args[1]
                if isinstance(verb, ast.Starred) and isinstance(verb.value, ast.Name):
                    words = lists[verb.value.id]
                    assert isinstance(words, ast.Tuple)
                    verb = words.elts[0]
                assert isinstance(verb, ast.Constant), f"{path}:{node.lineno}: the verb must be written out"
                asked.setdefault(str(verb.value), set()).add(str(path.relative_to(PACKAGE)))
    assert set(asked) == ASKED | SAMPLE | HISTORY
    assert set().union(*(asked[verb] for verb in HISTORY)) == {"repo/history.py"}
    assert set().union(*(asked[verb] for verb in SAMPLE)) == {"repo/sample.py", "ui/launch.py"}


def test_importing_the_agent_leaves_the_screen_unimported() -> None:
    code = "import sys, pier_tui.agent.agent; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_names_avoid_words_that_say_nothing() -> None:
    banned = {"manager", "helper", "util", "utils", "handler", "service", "engine", "processor", "wrapper"}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                words = set("".join(f" {c.lower()}" if c.isupper() else c for c in node.name).replace("_", " ").split())
                assert not words & banned, f"{path.relative_to(PACKAGE)}: {node.name}"
        assert not set(path.stem.split("_")) & banned, path
