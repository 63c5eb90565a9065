"""Tasks from a repository's own history: commits that change source and tests, each verified before it is kept.

The task starts from the parent commit; the tests of the commit are hidden. A commit is kept where, in the sandbox and
the repository's Python environment, its tests fail on the parent and pass on the commit (fail to pass), and where tests
that passed before still pass after it (pass to pass). The program itself is run for that, so only mine what you trust.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from pier_tui.bench.judging import run_check
from pier_tui.bench.suites import PYTEST
from pier_tui.bench.task import Check, Task, Tree
from pier_tui.bench.worktree import lay_out, place
from pier_tui.errors import RepositoryError
from pier_tui.repo.history import Stored, commits, listing, stored, subject, touched
from pier_tui.tools.sandbox import Sandbox

TEST = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
MOST_FILES, LEAST_WORDS, MOST_OLD = 8, 3, 20


@dataclass(frozen=True)
class Mined:
    """A commit looked at: the task, or why there is none."""

    commit: str
    task: Task | None
    reason: str = ""


async def mine(root: Path, sandbox: Sandbox, *, look_at: int = 200, environment: str = "") -> AsyncIterator[Mined]:
    """Look at the newest commits, newest first; tests run in a Python environment. Raises RepositoryError."""
    for commit in commits(root, look_at):
        paths = touched(root, commit)
        tests = tuple(path for path in paths if TEST.search(path))
        sources = tuple(path for path in paths if path.endswith(".py") and path not in tests)
        message = subject(root, commit)
        if not tests or not sources or len(paths) > MOST_FILES:
            yield Mined(commit, None, "does not change source and tests in a few files")
        elif len(message.split()) < LEAST_WORDS:
            yield Mined(commit, None, "its message says too little to be a request")
        else:
            yield await _verified(root, commit, message, tests, sandbox, environment)


async def _verified(
    root: Path, commit: str, message: str, tests: tuple[str, ...], sandbox: Sandbox, environment: str
) -> Mined:
    hidden = {file.path: file.content.decode("utf-8", "replace") for file in _of(root, commit, tests)}
    if not hidden:
        return Mined(commit, None, "removes its tests")
    start = Tree(repository=str(root), commit=f"{commit}^", environment=environment)
    new = Check(argv=(*PYTEST, *sorted(hidden)), hidden=hidden, seconds=120)
    with place() as folder:
        before, after = folder / "before", folder / "after"
        try:
            lay_out(start, before)
            lay_out(start.model_copy(update={"commit": commit}), after)
        except (RepositoryError, OSError) as error:
            return Mined(commit, None, f"cannot be laid out: {error}")
        if not (await run_check(new, after, sandbox))[0]:
            return Mined(commit, None, "its tests do not pass here")
        if (await run_check(new, before, sandbox))[0]:
            return Mined(commit, None, "its tests pass without it")
        old = [path for path, _ in _tests_of(root, f"{commit}^") if path not in hidden]
        kept = await _passing(old[:MOST_OLD], before, after, sandbox)
    checks = [new] + ([Check(argv=(*PYTEST, *kept), seconds=300)] if kept else [])
    task = Task(
        id=f"commits/{root.name}-{commit[:12]}",
        suite="commits",
        kind="commit",
        request=message,
        tree=start,
        checks=tuple(checks),
        may_change=("*.py", "*.md", "*.rst", "*.txt", "*.toml"),
        seconds=1200,
    )
    return Mined(commit, task, f"{len(hidden)} files fail to pass, {len(kept)} pass to pass")


async def _passing(paths: list[str], before: Path, after: Path, sandbox: Sandbox) -> list[str]:
    """The test files that pass on both trees: all of them in one go, else found by halving."""
    if not paths:
        return []
    check = Check(argv=(*PYTEST, *paths), seconds=120)
    if (await run_check(check, before, sandbox))[0] and (await run_check(check, after, sandbox))[0]:
        return paths
    half = len(paths) // 2
    if not half:
        return []
    return [p for part in (paths[:half], paths[half:]) for p in await _passing(part, before, after, sandbox)]


def _of(root: Path, commit: str, paths: tuple[str, ...]) -> list[Stored]:
    return list(stored(root, tuple(file for file in listing(root, commit) if file.path in paths)))


def _tests_of(root: Path, commit: str) -> list[tuple[str, str]]:
    return [(file.path, file.object) for file in listing(root, commit) if TEST.search(file.path)]
