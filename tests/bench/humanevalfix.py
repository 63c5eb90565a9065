"""Measures the offline pair on HumanEvalFix: `python tests/bench/humanevalfix.py FILE [TASK …]`.

FILE is the public humanevalpack.jsonl for Python; nothing of it is kept here. For each task whose example
test fails on the buggy program, the pair sees that program and the example test only. It is judged twice in
fresh processes: by the example test it saw, and by the hidden test.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from quixbugs import Session

LIMIT = 60.0
PROGRAM, TEST = "program.py", "test_program.py"


def as_test(task: dict[str, str], checks: str) -> str:
    """A pytest module of a task's checks."""
    name = task["entry_point"]
    body = re.sub(rf"^check\({name}\)\s*$", "", checks, flags=re.MULTILINE).strip()
    return f"from program import *\nfrom program import {name}\n\n\n{body}\n\n\ndef test_it():\n    check({name})\n"


def passes(program: str, test: str) -> bool:
    """Whether the test passes in a fresh process within ten seconds."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / PROGRAM).write_text(program)
        (Path(folder) / TEST).write_text(test)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST]
        try:
            return subprocess.run(command, check=False, cwd=folder, capture_output=True, timeout=10).returncode == 0
        except subprocess.TimeoutExpired:
            return False


async def repair(program: str, test: str) -> str:
    """The program after the pair worked on it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repo"
        root.mkdir()
        (root / PROGRAM).write_text(program)
        (root / TEST).write_text(test)
        session = Session(root, f"The test {TEST} fails. Please fix the program.")
        try:
            await asyncio.wait_for(session.run(), LIMIT)
        except TimeoutError:
            return program
        return session.files.read(PROGRAM).decode()


def measure(task: dict[str, str]) -> tuple[str, float]:
    """`hidden` passes both, `visible` only what was shown, `no` neither, `skipped` nothing failed to begin with."""
    program = task["prompt"] + task["buggy_solution"]
    shown, hidden = as_test(task, task["example_test"]), as_test(task, task["test"])
    if not task["example_test"].strip() or passes(program, shown):
        return "skipped", 0.0
    started = time.monotonic()
    after = asyncio.run(repair(program, shown))
    seconds = time.monotonic() - started
    if not passes(after, shown):
        return "no", seconds
    return ("hidden" if passes(after, hidden) else "visible"), seconds


def main() -> None:
    """Measure and print one line per task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("tasks", nargs="*")
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    for line in options.file.read_text(encoding="utf-8").splitlines():
        task = json.loads(line)
        if options.tasks and task["task_id"] not in options.tasks:
            continue
        outcome, seconds = measure(task)
        outcomes[outcome] += 1
        print(f"{task['task_id']:12} {outcome:8} {seconds:5.1f} s", flush=True)
    tried = outcomes.total() - outcomes["skipped"]
    repaired = outcomes["hidden"] + outcomes["visible"]
    print(f"{repaired} of {tried} pass the tests they were shown; {outcomes['hidden']} of them the hidden ones too")


if __name__ == "__main__":
    main()
