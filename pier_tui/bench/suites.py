"""Suites by name: our own, and those that stand in a folder or file the user has. Nothing of them is kept here.

own                       twenty tasks on the sample repository
quixbugs=FOLDER           a checkout of jkoppel/QuixBugs, the Python programs that have a Python test
humanevalfix=FILE         humanevalpack.jsonl: the agent sees the example test, the hidden test decides
polyglot=FOLDER           a checkout of Aider-AI/polyglot-benchmark, its Python part
swebench=FILE             JSON lines: instance_id, repository (a path), base_commit, problem_statement, test_patch,
                          FAIL_TO_PASS, PASS_TO_PASS
commits=FILE              a task file, as `pier-tui bench mine` writes it
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pier_tui.bench.own import own
from pier_tui.bench.task import PYTHON, Check, Task, Tree
from pier_tui.errors import ConfigError, PierError
from pier_tui.repo.history import listing, stored
from pier_tui.repo.parsing import parse
from pier_tui.repo.patched_tree import patched

PYTEST = (PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def load(named: str) -> list[Task]:
    """The tasks of `own` or `NAME=PATH`. Raises PierError with what is wrong with the folder or file."""
    name, _, place = named.partition("=")
    if name == "own" and not place:
        return list(own())
    loader = LOADERS.get(name)
    if loader is None or not place:
        raise ConfigError(f"{named!r} is no suite: use own, or one of {', '.join(LOADERS)} with =PATH.")
    path = Path(place).expanduser()
    if not path.exists():
        raise ConfigError(f"The suite {name} is to be in {path}, and nothing is there: fetch it first.")
    try:
        tasks = list(loader(path.resolve()))
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as {name}: {type(error).__name__}: {error}.") from None
    if not tasks:
        raise ConfigError(f"There is no task of {name} in {path}: is it the right folder?")
    return tasks


def _quixbugs(folder: Path) -> Iterator[Task]:
    shared = ("conftest.py", "python_testcases/load_testdata.py", "python_testcases/node.py", "python_programs/node.py")
    for test in sorted((folder / "python_testcases").glob("test_*.py")):
        name = test.stem.removeprefix("test_")
        program, seen = f"python_programs/{name}.py", f"python_testcases/test_{name}.py"
        wanted = (*shared, program, seen, f"json_testcases/{name}.json")
        if not (folder / program).is_file():
            continue
        yield Task(
            id=f"quixbugs/{name}",
            suite="quixbugs",
            kind="repair",
            request=f"The test {seen} fails. Please fix the program.",
            tree=Tree(files={p: (folder / p).read_text(encoding="utf-8") for p in wanted if (folder / p).is_file()}),
            checks=(Check(argv=(*PYTEST, seen)),),
            may_change=(program,),
            most_lines=12,
        )


def _humanevalfix(file: Path) -> Iterator[Task]:
    for row in _rows(file):
        if not row["example_test"].strip():
            continue
        entry = row["entry_point"]
        yield Task(
            id=f"humanevalfix/{row['task_id']}",
            suite="humanevalfix",
            kind="repair",
            request="The test test_program.py fails. Please fix the program.",
            tree=Tree(
                files={
                    "program.py": row["prompt"] + row["buggy_solution"],
                    "test_program.py": _as_test(entry, row["example_test"]),
                }
            ),
            checks=(
                Check(argv=(*PYTEST, "test_program.py"), seconds=20),
                Check(argv=(*PYTEST, "test_hidden.py"), hidden={"test_hidden.py": _as_test(entry, row["test"])}),
            ),
            may_change=("program.py",),
            most_lines=30,
        )


def _as_test(name: str, checks: str) -> str:
    body = re.sub(rf"^check\({re.escape(name)}\)\s*$", "", checks, flags=re.MULTILINE).strip()
    return f"from program import *\nfrom program import {name}\n\n\n{body}\n\n\ndef test_it():\n    check({name})\n"


def _polyglot(folder: Path) -> Iterator[Task]:
    for exercise in sorted((folder / "python" / "exercises" / "practice").iterdir()):
        config = json.loads((exercise / ".meta" / "config.json").read_text(encoding="utf-8"))["files"]
        texts = {p: (exercise / p).read_text(encoding="utf-8") for p in (*config["solution"], *config["test"])}
        told = "\n\n".join(p.read_text(encoding="utf-8") for p in sorted((exercise / ".docs").glob("*.md")))
        solution = ", ".join(config["solution"])
        yield Task(
            id=f"polyglot/{exercise.name}",
            suite="polyglot",
            kind="exercise",
            request=f"{told}\n\nComplete {solution} so that this holds. Standard library only.",
            tree=Tree(files={p: text for p, text in texts.items() if p in config["solution"]}),
            checks=(Check(argv=(*PYTEST, *config["test"]), hidden={p: texts[p] for p in config["test"]}),),
            may_change=tuple(config["solution"]),
            seconds=600,
        )


def _swebench(file: Path) -> Iterator[Task]:
    for row in _rows(file):
        root = Path(row["repository"]).expanduser()
        commit = row["base_commit"]
        asked = [_listed(row[name]) for name in ("FAIL_TO_PASS", "PASS_TO_PASS")]
        hidden = _after(root, commit, row["test_patch"])
        ids = tuple(dict.fromkeys([*asked[0], *asked[1]]))
        yield Task(
            id=f"swebench/{row['instance_id']}",
            suite="swebench",
            kind="commit",
            request=row["problem_statement"],
            tree=Tree(repository=str(root), commit=commit),
            checks=(Check(argv=(*PYTEST, *ids), hidden=hidden, seconds=600),),
            seconds=1800,
            turns=60,
        )


def _after(root: Path, commit: str, patch: str) -> dict[str, str]:
    """The files a test patch names, as they are with it. Raises PierError."""
    files = {file.path: file for file in parse(patch.encode()).files}
    before = {f.path: f.content for f in stored(root, tuple(f for f in listing(root, commit) if f.path in files))}
    after = {path: patched(file, before.get(path)) for path, file in files.items()}
    return {path: content.decode("utf-8", "replace") for path, content in after.items() if content is not None}


def _listed(value: Any) -> list[str]:
    return list(json.loads(value) if isinstance(value, str) else value)


def _commits(file: Path) -> Iterator[Task]:
    for row in _rows(file):
        try:
            yield Task.model_validate(row)
        except ValidationError as error:
            raise PierError(f"{file} holds something that is no task: {error.errors()[0]['msg']}.") from None


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


LOADERS: dict[str, Callable[[Path], Iterator[Task]]] = {
    "quixbugs": _quixbugs,
    "humanevalfix": _humanevalfix,
    "polyglot": _polyglot,
    "swebench": _swebench,
    "commits": _commits,
}
