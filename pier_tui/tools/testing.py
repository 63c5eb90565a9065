"""Finding out how a repository is tested, from its files alone: nothing of it is run for that."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pier_tui.errors import ToolError
from pier_tui.tools import paths
from pier_tui.tools.output import Framework
from pier_tui.tools.tool import Files

PYTEST = ("-m", "pytest", "-q", "--no-header", "--tb=short", "--color=no", "-rfE", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class TestCommand:
    """How to run the tests: the arguments without a target, and whose output it is."""

    __test__ = False

    framework: Framework
    argv: tuple[str, ...]
    folder: str = ""
    """Where unittest looks for tests, when not at the root."""

    @property
    def begins(self) -> tuple[str, ...]:
        """The words every run begins with, of all tests or some, and nothing else: what a permission binds."""
        return self.argv[: 2 if self.framework == "generic" else 3]


def detect(files: Files) -> TestCommand:
    """The project's test command. Raises ToolError where there is no sign of tests."""
    every = files.list()
    known = set(every)
    if _has_python_tests(every):
        return _python_command(files, every)
    if "package.json" in known and _npm_script(files):
        return TestCommand("generic", ("npm", "test", "--silent"))
    if "Cargo.toml" in known:
        return TestCommand("generic", ("cargo", "test", "--offline"))
    if "go.mod" in known:
        return TestCommand("generic", ("go", "test", "./..."))
    for name in ("Makefile", "makefile", "GNUmakefile"):
        if name in known and re.search(r"^test:", files.read(name).decode("utf-8", "replace"), re.MULTILINE):
            return TestCommand("generic", ("make", "test"))
    raise ToolError("No tests were found here (pytest, unittest, npm, cargo, go or make test); use run.")


def _has_python_tests(every: tuple[str, ...]) -> bool:
    names = (path.rsplit("/", 1)[-1] for path in every if path.endswith(".py"))
    return any(name.startswith("test") or name.endswith("_test.py") for name in names)


def _python_command(files: Files, every: tuple[str, ...]) -> TestCommand:
    python = interpreter(paths.root_of(files))
    if has_pytest(python):
        return TestCommand("pytest", (python, *PYTEST))
    folders = sorted({path.rpartition("/")[0] for path in every if re.search(r"(^|/)test[^/]*\.py$", path)}, key=len)
    folder = folders[0] if folders else ""
    importable = not folder or f"{folder}/__init__.py" in every
    where = () if importable else ("-s", folder)
    return TestCommand("unittest", (python, "-m", "unittest", "discover", *where), "" if importable else folder)


def interpreter(root: Path | None) -> str:
    """The Python of the repository's own environment, else the one pier-tui runs in."""
    for name in (".venv", "venv"):
        python = root / name / "bin" / "python" if root else None
        if python is not None and python.exists():
            return str(python)
    return sys.executable


def has_pytest(python: str) -> bool:
    """Whether pytest is installed for an interpreter, told by its files: it is not started."""
    if python == sys.executable:
        return importlib.util.find_spec("pytest") is not None
    environment = Path(python).parent.parent
    return any(environment.glob("lib/python3*/site-packages/pytest/__init__.py"))


def _npm_script(files: Files) -> bool:
    try:
        scripts = json.loads(files.read("package.json")).get("scripts", {})
    except (ValueError, AttributeError, ToolError):
        return False
    return isinstance(scripts, dict) and "no test specified" not in str(scripts.get("test", "no test specified"))


def narrowed(command: TestCommand, target: str, files: Files) -> tuple[str, ...]:
    """The arguments that run only `target`: a file, a folder, a test id, or a word in test names.

    Raises ToolError for a target that would be read as an option.
    """
    target = target.strip()
    if not target:
        return command.argv
    if target.startswith("-") or any(character in target for character in "\n\r\0"):
        raise ToolError("target must be a test file, a folder or a test id, not an option.")
    if command.framework == "pytest":
        return (*command.argv, *_for_pytest(target, files))
    if command.framework == "unittest":
        return _for_unittest(command, target, files)
    if command.argv[0] == "go":
        return (*command.argv, "-run", target)
    return (*command.argv, *(("--",) if command.argv[0] == "npm" else ()), target)


def _for_pytest(target: str, files: Files) -> tuple[str, ...]:
    path = paths.clean(target.partition("::")[0], files)
    rest = target.partition("::")[2]
    if files.exists(path) or paths.under(path, files):
        return (f"{path}::{rest}" if rest else path,)
    module, rest_of_id = _module(target, files)
    if module:
        return ("::".join([module, *rest_of_id]),)
    return ("-k", target) if re.fullmatch(r"[\w .()\[\]-]+", target) else (target,)


def _module(dotted: str, files: Files) -> tuple[str, list[str]]:
    """The file of a dotted test id, and what of the id comes after it."""
    parts = dotted.split(".")
    for size in range(len(parts), 0, -1):
        path = "/".join(parts[:size]) + ".py"
        if files.exists(path):
            return path, parts[size:]
    return "", []


def _for_unittest(command: TestCommand, target: str, files: Files) -> tuple[str, ...]:
    python = command.argv[:3]
    path, _, rest = target.partition("::")
    path = paths.clean(path, files)
    if not path.endswith(".py") and paths.under(path, files):
        return (*python, "discover", "-s", path)
    if path.endswith(".py"):
        inner = path.removeprefix(f"{command.folder}/") if command.folder else path
        if command.folder or f"{PurePosixPath(path).parent}/__init__.py" not in (*files.list(), "./__init__.py"):
            tests = ("-k", rest.replace("::", ".")) if rest else ()
            folder = path.rpartition("/")[0] or "."
            return (*python, "discover", "-s", folder, "-p", path.rpartition("/")[2], *tests)
        dotted = inner.removesuffix(".py").replace("/", ".")
        return (*python, ".".join([dotted, *rest.split("::")]) if rest else dotted)
    if _module(target, files)[0]:
        return (*python, target)
    return (*command.argv, "-k", target)
