"""Measures the offline pair on method-to-function refactorings: `python tests/bench/refactorings.py FOLDER [NAME …]`.

FOLDER is a checkout of the public refactor-benchmark (89 tasks); nothing of it is kept here. A task counts
where the first function of that name in the file is a top-level one of the old method's size, and the class
has shrunk by it, each within 10 % of the syntax nodes: the criterion of that benchmark. It says nothing on
whether the program still works.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from quixbugs import Session

LIMIT = 60.0


def expected(test: str) -> dict[str, str]:
    """The names and sizes a task's test states."""
    found = dict(re.findall(r"^\s*(\w+) = (\S+)$", test, re.MULTILINE))
    return {name: value.strip('"') for name, value in found.items()}


def near(node: ast.AST, size: int) -> bool:
    """Whether a tree has about this many nodes."""
    return abs(sum(1 for _ in ast.walk(node)) - size) * 100 / size < 10


def moved(source: str, wanted: dict[str, str]) -> bool:
    """The benchmark's criterion."""
    tree = ast.parse(source)
    method, owner = wanted["method"], wanted["class_name"]
    size, whole = int(wanted["method_children"]), int(wanted["class_children"])
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == method]
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == owner]
    if not functions or not classes or functions[0] not in tree.body:
        return False
    return near(functions[0], size) and near(classes[0], whole - size)


def measure(task: Path) -> tuple[bool, float, str]:
    """Whether it counts, seconds, and what was said last."""
    test = next(task.glob("*_test.py"))
    program = next(p for p in task.glob("*.py") if p != test)
    request = (task / ".docs" / "instructions.md").read_text().partition("\n")[2].strip()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repo"
        root.mkdir()
        shutil.copy(program, root)
        session = Session(root, request)
        started = time.monotonic()
        try:
            asyncio.run(asyncio.wait_for(session.run(), LIMIT))
        except TimeoutError:
            return False, LIMIT, "late"
        after = session.files.read(program.name).decode()
        return moved(after, expected(test.read_text())), time.monotonic() - started, session.said


def main() -> None:
    """Measure and print one line per task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    tasks = sorted((options.folder / "refactor-benchmark").iterdir())
    done = [task for task in tasks if not options.names or task.name in options.names]
    good = 0
    for task in done:
        counts, seconds, said = measure(task)
        good += counts
        print(
            f"{task.name:70} {'yes' if counts else 'no':4} {seconds:5.1f} s  {' '.join(said.split())[:120]}", flush=True
        )
    print(f"{good} of {len(done)} refactorings count")


if __name__ == "__main__":
    main()
