"""Measures the offline pair on HumanEvalFix: `python tests/bench/humanevalfix.py FILE [TASK …]`.

FILE is the public humanevalpack.jsonl for Python; nothing of it is kept here. For each task whose example
test fails on the buggy program, the pair sees that program and the example test only. It is judged twice in
fresh processes: by the example test it saw, and by the hidden test.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from quixbugs import passes, repaired

from pier_tui.bench.suites import load
from pier_tui.bench.task import Task


def measure(task: Task) -> tuple[str, float]:
    """`hidden` passes both, `visible` only what was shown, `no` neither, `skipped` nothing failed to begin with."""
    shown, hidden = task.checks
    if passes(task, shown, {}):
        return "skipped", 0.0
    changed, seconds, _ = asyncio.run(repaired(task))
    if not changed or not passes(task, shown, changed):
        return "no", seconds
    return ("hidden" if passes(task, hidden, changed) else "visible"), seconds


def main() -> None:
    """Measure and print one line per task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("tasks", nargs="*")
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    for task in load(f"humanevalfix={options.file}"):
        name = task.id.partition("/")[2]
        if options.tasks and name not in options.tasks:
            continue
        outcome, seconds = measure(task)
        outcomes[outcome] += 1
        print(f"{name:12} {outcome:8} {seconds:5.1f} s", flush=True)
    tried = outcomes.total() - outcomes["skipped"]
    repaired = outcomes["hidden"] + outcomes["visible"]
    print(f"{repaired} of {tried} pass the tests they were shown; {outcomes['hidden']} of them the hidden ones too")


if __name__ == "__main__":
    main()
