"""The run_tests tool: the project's tests in the scratch copy, and what failed where."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Mapping
from importlib import resources
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.tools import testing
from pier_tui.tools.output import Failure, Framework, TestReport, parse_tests
from pier_tui.tools.run import permitted, status
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.testing import TestCommand, detect
from pier_tui.tools.text import clip, closing, head_tail, shown
from pier_tui.tools.tool import CheckFailed, CheckPassed, CommandRun, Desk, Fact, Kind, Output, Ran, ToolResult

SECONDS = 300.0
FAILURES, FRAMES, TAIL = 20, 6, 3_000
TRACER = "_pier_trace"
EXECUTED = ("executed by failing tests: ", "executed by passing tests: ")

__all__ = ["Framework", "RunTests", "TestCommand", "TestReport", "detect", "parse_tests"]


class RunTests(Described):
    """Runs the tests, all or some of them."""

    name: ClassVar[str] = "run_tests"
    kind: ClassVar[Kind] = "run"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """An empty target is the whole suite."""

        target: str = Field(default="", description="test file, folder or id; empty: all tests")
        trace: bool = Field(default=False, description="also tell which lines the failing tests executed (Python)")
        timeout: float = Field(default=SECONDS, description="seconds after which the run is ended")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: no tests found, a bad target, or not allowed to run."""
        command = await asyncio.to_thread(detect, desk.files)
        argv = await asyncio.to_thread(testing.narrowed, command, args.target, desk.files)
        await permitted(desk, shlex.join(argv), "to run the tests")
        edits: Mapping[str, bytes] | None = None
        started = argv
        if args.trace and command.framework in ("pytest", "unittest"):
            started, edits = _traced(command.framework, argv), {f"{TRACER}.py": _tracer()}
        limit = min(max(1.0, args.timeout), SECONDS)  # in this order a NaN is 1 s
        async with closing(desk.runner.run(started, timeout=limit, edits=edits)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Output):
                    yield piece
                else:
                    yield await asyncio.to_thread(_result, command.framework, argv, args.target.strip(), piece, limit)


def _tracer() -> bytes:
    return resources.files("pier_tui.tools").joinpath("tracing_tests.py").read_bytes()


def _traced(framework: Framework, argv: tuple[str, ...]) -> tuple[str, ...]:
    if framework == "pytest":
        return (*argv[:3], "-p", TRACER, *argv[3:])
    return (argv[0], f"{TRACER}.py", *argv[3:])


def _result(framework: Framework, argv: tuple[str, ...], target: str, ran: Ran, limit: float) -> ToolResult:
    output = shown(ran.output)
    executed = [line for line in output.split("\n") if line.startswith(EXECUTED)]
    body = "\n".join(line for line in output.split("\n") if not line.startswith(EXECUTED))
    report = parse_tests(body, framework)
    how = status(ran, limit)
    parts = [f"{how}: {report.counts}", *_failures(report), head_tail(body.strip(), TAIL) or "(no output)"]
    if ran.changed:
        parts.append(f"changed, now proposed: {', '.join(ran.changed)}")
    command = f"run_tests {target}".strip()
    excerpt = clip("\n".join([parts[0], *_failures(report)[:12]]), 900)
    fact = CommandRun(command=command, exit_code=ran.exit_code, seconds=round(ran.seconds, 3), excerpt=excerpt)
    return ToolResult(
        ok=ran.exit_code == 0,
        text="\n".join([*parts, *[clip(line, 400) for line in executed[:30]]]),
        line=f"{command}  {_short(report, how)}  {ran.seconds:.1f} s",
        facts=(fact, *checks(report, framework, scope(framework, argv, target), ran.exit_code)),
        changed=ran.changed,
    )


def _short(report: TestReport, how: str) -> str:
    """`12 passed, 1 failed`, or how the process ended where no test is known to have run."""
    counts = [(report.passed, "passed"), (report.failed, "failed"), (report.errors, "errors")]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or how


def _failures(report: TestReport) -> list[str]:
    lines = []
    for failure in report.failures[:FAILURES]:
        lines.append(clip(f"{failure.kind} {failure.id} - {' '.join(failure.message.split())}", 300))
        lines += [f"  at {frame.path}:{frame.line}" for frame in failure.frames[-FRAMES:]]
    if len(report.failures) > FAILURES:
        lines.append(f"… {len(report.failures) - FAILURES} more failing tests")
    return lines


def checks(report: TestReport, framework: Framework, within: str | None, exit_code: int | None) -> tuple[Fact, ...]:
    """What the run says of the code: first what is closed, then what is (still) broken. `within` is its `scope`.

    A run that came to its end tells of every test it was asked for, so whatever it does not report as
    failing passes; a run that broke off closes nothing.
    """
    failed = tuple(_failed(failure) for failure in report.failures[:50])
    if within is None:
        return failed
    if exit_code == 0 and not failed and report.passed:
        return (CheckPassed(prefixes=(within,)),)
    if exit_code == 1 and failed and report.known:
        tops = {_top(fact.signature, framework) for fact in failed}
        prefixes = (within,) if within else tuple(sorted(tops))
        return (CheckPassed(prefixes=prefixes), *failed)
    return failed


def scope(framework: Framework, argv: tuple[str, ...], target: str) -> str | None:
    """What the ids of all tests of a run begin with: empty for the whole suite, None where it cannot be told."""
    if not target:
        return ""
    if framework == "generic" or "-k" in argv:
        return None
    if framework == "pytest":
        return argv[-1]
    if "-p" in argv:
        return argv[argv.index("-p") + 1].removesuffix(".py")
    return None if "-s" in argv else argv[-1]


def _top(signature: str, framework: Framework) -> str:
    """The first folder, file or package of a test id."""
    separator = "." if framework == "unittest" else "/"
    first, found, _ = signature.partition(separator)
    return first + found if found else signature.partition("::")[0]


def _failed(failure: Failure) -> CheckFailed:
    inner = failure.frames[-1] if failure.frames else None
    return CheckFailed(
        signature=failure.id,
        message=clip(" ".join(failure.message.split()), 300),
        path=inner.path if inner else "",
        line=inner.line if inner else 0,
    )
