"""Judging a final tree: its checks run in the sandbox, in a copy that is thrown away. What was said plays no part."""

from __future__ import annotations

import shutil
from pathlib import Path

from pier_tui.bench.task import PYTHON, Check, Task
from pier_tui.bench.worktree import Files, changed, diff_lines, files_of, lay_over, place, stray
from pier_tui.repo.scratch import CACHES
from pier_tui.tools import process
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.testing import interpreter
from pier_tui.tools.text import closing
from pier_tui.tools.tool import Ran

SAID = 300


async def judge(task: Task, before: Files, tree: Path, sandbox: Sandbox) -> dict[str, object]:
    """The fields of a run that say how it went: passed, said, stray, lines, too_large. Raises PierError."""
    after = files_of(tree)
    paths = changed(before, after)
    strays, lines = stray(task, paths), diff_lines(before, after, paths)
    too_large = bool(task.most_lines) and lines > task.most_lines
    passed, said = True, ""
    for check in task.checks:
        passed, said = await run_check(check, tree, sandbox)
        if not passed:
            break
    if passed and strays:
        said = f"changed what it should not: {', '.join(strays)[:SAID]}"
    elif passed and too_large:
        said = f"{lines} lines changed, more than {task.most_lines}"
    return {"passed": passed, "said": said, "stray": strays, "lines": lines, "too_large": too_large}


async def run_check(check: Check, tree: Path, sandbox: Sandbox) -> tuple[bool, str]:
    """Whether a check passes on a tree, and if not, why in a line. Raises PierError: it cannot be started."""
    with place() as folder:
        copy = folder / "tree"
        shutil.copytree(tree, copy, symlinks=True, ignore=shutil.ignore_patterns(*CACHES))
        lay_over(copy, check.hidden)
        argv = tuple(interpreter(copy) if word == PYTHON else word for word in check.argv)
        launch = sandbox.launch(argv, copy, {"PYTHONDONTWRITEBYTECODE": "1"}, seconds=check.seconds)
        ran: Ran | None = None
        async with closing(process.stream(launch, folder=copy, timeout=check.seconds)) as pieces:
            async for piece in pieces:
                ran = piece if isinstance(piece, Ran) else ran
    if ran is None or ran.timed_out:
        return False, f"the check did not end within {check.seconds:g} s"
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    return ran.exit_code == 0, "" if ran.exit_code == 0 else (lines[-1] if lines else f"code {ran.exit_code}")[:SAID]
