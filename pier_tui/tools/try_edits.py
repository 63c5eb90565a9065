"""The try_edits tool: many candidate edits of one file, each judged by the tests, none of them proposed."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any, ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import paths, testing
from pier_tui.tools.run import permitted
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip, closing, decode, lines_of
from pier_tui.tools.tool import CommandRun, Desk, Kind, Output, Ran, ToolResult
from pier_tui.tools.tracing_tests import ranges

MARK = "\x1epier "
HARNESS, RUNNER, PLAN = "_pier_try.py", "_pier_try_tests.py", "_pier_try.json"
MOST, FAILURES = 1_000, 20
JOBS = 2


class Candidate(Arguments):
    """Lines `start` to `end`, counted from 1 and both included, become `text`. An empty `path` is the call's."""

    path: str = ""
    start: int
    end: int
    text: str


class TryEdits(Described):
    """Runs the tests once per candidate."""

    name: ClassVar[str] = "try_edits"
    kind: ClassVar[Kind] = "run"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("strong",)

    class Args(Arguments):
        """`timeout` and `budget` are seconds: processor time per test, and for the whole call."""

        path: str = Field(default="", description="Python file the candidates are for")
        candidates: tuple[Candidate, ...] = Field(default=(), description="what to try, the likeliest first")
        target: str = Field(default="", description="test files, folders or ids, separated by spaces; empty: all")
        timeout: float = Field(default=5.0, description="seconds one test may compute")
        budget: float = Field(default=60.0, description="seconds for all of it")
        every: bool = Field(default=False, description="go on after the first candidate that passes")
        failing: tuple[str, ...] = Field(
            default=(), description="ids of failing tests: a candidate counts that mends one and breaks no other test"
        )

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: not Python, no such file, too many candidates, or not allowed."""
        command = await asyncio.to_thread(testing.detect, desk.files)
        if command.framework not in ("pytest", "unittest"):
            raise ToolError("try_edits needs a Python project whose tests pytest or unittest can run.")
        plan, old = await asyncio.to_thread(_plan, args, desk)
        plan["folder"] = command.folder
        argv = (command.argv[0], HARNESS, PLAN)
        count = len(args.candidates)
        shown = shlex.join([*command.argv, *plan["targets"]])
        await permitted(desk, shown, f"to try {count} small edits, running the tests once for each")
        sources = resources.files("pier_tui.tools")
        edits = {
            HARNESS: sources.joinpath("trying_edits.py").read_bytes(),
            RUNNER: sources.joinpath(f"trying_{command.framework}.py").read_bytes(),
            PLAN: json.dumps(plan).encode(),
        }
        printed: list[str] = []
        async with closing(desk.runner.run(argv, timeout=plan["budget"] + 60, edits=edits)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Ran):
                    yield _result(args, old, piece, _marked("".join(printed) or piece.output))
                else:
                    printed.append(piece.text)


def _plan(args: TryEdits.Args, desk: Desk) -> tuple[dict[str, Any], dict[str, list[str]]]:
    if len(args.candidates) > MOST:
        raise ToolError(f"At most {MOST} candidates in one call.")
    targets = shlex.split(args.target) if args.target.strip() else []
    if any(target.startswith("-") for target in targets):
        raise ToolError("target must be test files, folders or ids, not options.")
    old: dict[str, list[str]] = {}
    for wanted in dict.fromkeys(c.path or args.path for c in args.candidates):
        path = paths.existing(wanted, desk.files)
        old[wanted] = decode(desk.files.read(path), path).replace("\r\n", "\n").split("\n")
    return {
        "candidates": [_checked(c, c.path or args.path, old[c.path or args.path]) for c in args.candidates],
        "targets": targets,
        "limit": min(max(args.timeout, 0.1), 60.0),
        "budget": min(max(args.budget, 1.0), 600.0),
        "every": args.every,
        "failing": list(dict.fromkeys(re.split(r"\[| \(", test)[0] for test in args.failing)),
        "jobs": JOBS,
    }, old


def _checked(candidate: Candidate, path: str, lines: list[str]) -> tuple[str, int, int, str]:
    if not 1 <= candidate.start <= candidate.end <= len(lines):
        raise ToolError(f"{path} has {len(lines)} lines; a candidate replaces {candidate.start}-{candidate.end}.")
    return path, candidate.start, candidate.end, candidate.text


def _marked(output: str) -> list[dict[str, Any]]:
    found = []
    for line in output.split("\n"):
        _, mark, rest = line.partition(MARK)
        if mark:
            try:
                found.append(json.loads(rest))
            except ValueError:
                continue
    return found


def _result(args: TryEdits.Args, old: dict[str, list[str]], ran: Ran, said: list[dict[str, Any]]) -> ToolResult:
    baseline = next((s["baseline"] for s in said if "baseline" in s), None)
    if baseline is None:
        tail = "\n".join(ran.output.strip().split("\n")[-15:])
        raise ToolError(f"The tests could not be started:\n{clip(tail, 1500)}")
    outcomes = {int(s["candidate"]): str(s["outcome"]) for s in said if "candidate" in s}
    passing = [number for number, outcome in sorted(outcomes.items()) if outcome == "pass"]
    mended = {int(s["candidate"]): [str(test) for test in s["mended"]] for s in said if s.get("mended")}
    first = [] if args.failing else _baseline(baseline, bool(args.candidates))
    lines = [*first, *_outcomes(outcomes, len(args.candidates)), *_mended(mended)]
    for number in [*passing, *mended][:10]:
        lines += _change(args.candidates[number - 1], old, number, args.path)
    count = len(args.candidates)
    command = f"try_edits {args.path} {args.target}".strip()
    fact = CommandRun(
        command=command, exit_code=ran.exit_code, seconds=round(ran.seconds, 3), excerpt="\n".join(lines[:6])[:600]
    )
    partly = f", {len(mended)} mend some" if mended else ""
    what = f"{len(outcomes)} of {count} tried, {len(passing)} pass{partly}" if count else lines[0]
    line = f"try_edits{' ' + args.path if args.path else ''}  {what}  {ran.seconds:.1f} s"
    return ToolResult(text="\n".join(lines), line=line, facts=(fact,))


def _baseline(report: dict[str, Any], first: bool) -> list[str]:
    """What the tests say without any edit; `first`: only the first failure is known."""
    counts = report.get("counts")
    if counts is None:
        return ["without any edit: the tests did not end in time"]
    heading = f"{counts['passed']} passed, {counts['failed']} failed, {counts['errors']} errors"
    if first:
        heading = "this fails first" if report["failures"] else "the tests pass"
    lines = [f"without any edit: {heading}"]
    for failure in report["failures"][:FAILURES]:
        lines.append(clip(f"FAILED {failure['id']} - {failure['message']}", 300))
        lines += [f"  at {path}:{line}" for path, line in failure["frames"]]
    if len(report["failures"]) > FAILURES:
        lines.append(f"… {len(report['failures']) - FAILURES} more failing tests")
    for kind, places in report["lines"].items() if not first else ():
        by_path: dict[str, list[int]] = {}
        for path, line in places:
            by_path.setdefault(path, []).append(line)
        lines += [f"executed by {kind} tests: {path}: {ranges(by_path[path])}" for path in sorted(by_path)]
    return lines


def _outcomes(outcomes: dict[int, str], count: int) -> list[str]:
    """One line per candidate that passes; the others as ranges of numbers."""
    if not count:
        return []
    lines = [f"candidate {number}: pass" for number, how in sorted(outcomes.items()) if how == "pass"]
    for how in ("fail", "timeout"):
        numbers = sorted(number for number, outcome in outcomes.items() if outcome == how)
        if numbers:
            lines.append(f"candidates {ranges(numbers)}: {how}")
    left = [number for number in range(1, count + 1) if number not in outcomes]
    if left:
        lines.append(f"candidates {ranges(left)}: not tried")
    return lines


def _mended(mended: dict[int, list[str]]) -> list[str]:
    """One line per candidate that mends some of the failing tests and breaks none of the others."""
    rows = sorted(mended.items(), key=lambda row: (-len(row[1]), row[0]))
    return [f"candidate {number}: mends {', '.join(tests)}" for number, tests in rows[:10]]


def _change(candidate: Candidate, old: dict[str, list[str]], number: int, path: str) -> list[str]:
    where = candidate.path or path
    before = old[where][candidate.start - 1 : candidate.end]
    after = lines_of(candidate.text) if candidate.text else []
    return [
        f"change of candidate {number} in {where}:",
        *(f"-{line}" for line in before),
        *(f"+{line}" for line in after),
    ]
