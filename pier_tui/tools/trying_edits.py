"""Runs tests once per candidate edit, each in a forked child of the project's interpreter; imports nothing of ours.

The test framework starts once; where collection would begin the process forks, and the child alone sees the
candidate's text in place of the file (through the import machinery: nothing on disk changes). Every test has a
limit in seconds of processor time, every child a hard one in wall time. The plan is a JSON file named by the
first argument; the report is JSON lines on the real stdout, each after `MARK`. What is particular to pytest or
unittest is in the module `RUNNER` names, laid beside this one.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

MARK = "\x1epier "
ROOT = os.path.realpath(os.getcwd()) + os.sep
RUNNER = "_pier_try_tests"
OWN = ("_pier_try.py", f"{RUNNER}.py")
MEMORY = 3 << 30
WALL = 6
"""A child may take this many times its limit in wall time before it is killed."""
GRACE = 10.0
"""Seconds the search goes on after a candidate that mends only some of the failing tests."""
LINES = 400_000
"""Traced line events per test before tracing stops; a loop shows its lines long before."""


class Plan:
    """What to try, read from the JSON file."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.candidates: list[tuple[str, int, int, str]] = raw["candidates"]
        self.targets: list[str] = raw["targets"]
        self.limit, self.budget = float(raw["limit"]), float(raw["budget"])
        self.every = bool(raw["every"])
        self.jobs = int(raw["jobs"])
        self.folder = str(raw.get("folder", ""))
        self.failing: list[str] = raw.get("failing", [])
        """Ids of failing tests: with them a candidate counts that mends one of them and breaks no other test."""


class Child:
    """What happens inside a forked child: one candidate, tests run under limits, results sent up a pipe."""

    def __init__(self, pipe: int, limit: float, traced: bool, first: list[str], failing: list[str]) -> None:
        self.pipe, self.limit, self.traced, self.first, self.failing = pipe, limit, traced, first, failing
        self.fail: Callable[[str], Any] = _raise
        self.counts = {"passed": 0, "failed": 0, "errors": 0}
        self.failures: list[dict[str, Any]] = []
        self.lines: dict[str, set[tuple[str, int]]] = {"failing": set(), "passing": set()}
        self.executed: set[tuple[str, int]] = set()
        self.budgeted = 0
        self.bad = False
        self.slow: list[str] = []
        self.lost: set[str] = set()
        self.won: set[str] = set()

    def order(self, test: str) -> int:
        """Where a test comes in the order of this child: those that failed before are first."""
        return next((i for i, first in enumerate(self.first) if belongs(test, first)), len(self.first))

    def group(self, test: str) -> str:
        """The failing test this one is, or is a case of; empty where it passed before."""
        return next((known for known in self.failing if belongs(test, known)), "")

    def given_up(self, test: str) -> bool:
        """Whether another case of the same failing test failed in this child already."""
        return bool(self.lost) and self.group(test) in self.lost

    def passed(self, test: str) -> None:
        """A test passed."""
        self.counts["passed"] += 1
        if self.failing:
            self.won.add(self.group(test))

    def failed(self, test: str, message: str, frames: list[list[Any]], kind: str = "failed") -> None:
        """A test failed. Ends the child where nothing can come of its candidate any more."""
        self.bad = True
        self.counts[kind] += 1
        if len(self.failures) < 40:
            self.failures.append({"id": test, "message": message, "frames": frames})
        if self.traced:
            return
        self.lost.add(self.group(test))
        if not self.failing or "" in self.lost or len(self.lost) == len(self.failing):
            self.leave(1)

    def over(self) -> None:
        """Every test ran."""
        mended = self.won - self.lost - {""}
        good = self.counts["passed"] and not self.counts["failed"] and not self.counts["errors"]
        self.leave(0 if (mended if self.failing else good) else 1)

    def leave(self, code: int) -> None:
        """Report and end the child without running anything else."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.send()
        os._exit(code)

    def begin(self, nodeid: str) -> None:
        """A test begins: arm the limit, start tracing."""
        self.executed, self.bad, self.budgeted = set(), False, LINES
        signal.setitimer(signal.ITIMER_PROF, self.limit if len(self.slow) < 2 else self.limit / 5)
        if self.traced:
            sys.settrace(self.call)

    def end(self) -> None:
        """A test ended."""
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.lines["failing" if self.bad else "passing"] |= self.executed

    def call(self, frame: Any, event: str, arg: Any) -> Any:
        """Trace only files of the project."""
        name = frame.f_code.co_filename
        return self.line if ours(name) else None

    def line(self, frame: Any, event: str, arg: Any) -> Any:
        """Note one line."""
        if event == "line":
            self.executed.add((frame.f_code.co_filename, frame.f_lineno))
            self.budgeted -= 1
            if self.budgeted < 0:
                sys.settrace(None)
                return None
        return self.line

    def expired(self, number: int, frame: Any) -> None:
        """The limit is reached: the test fails where it is."""
        sys.settrace(None)
        self.slow.append("slow")
        self.fail(f"still running after {self.limit:g} s of processor time")

    def send(self) -> None:
        """Report to the parent."""
        named = {
            kind: [[os.path.relpath(os.path.realpath(f), ROOT), n] for f, n in sorted(lines)]
            for kind, lines in self.lines.items()
        }
        report = {"counts": self.counts, "failures": self.failures, "lines": named, "slow": bool(self.slow)}
        report["mended"] = [test for test in self.failing if test in self.won - self.lost]
        with os.fdopen(self.pipe, "w") as out:
            out.write(json.dumps(report))


class Parent:
    """Forks children, reads their reports, kills the ones that hang."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.until = time.monotonic() + plan.budget
        self.first: list[str] = []
        self.confirming: set[int] = set()
        """Candidates that passed with failing tests first, and now have to pass in the order the tests stand."""
        self.running: dict[int, tuple[int, int, float, list[bytes]]] = {}
        self.over = False

    def run(self) -> Child | None:
        """Everything; in a child, returns what makes it one. The parent never returns: it exits."""
        child = None if self.plan.failing else self.baseline()
        if child is not None:
            return child
        if self.plan.failing:
            self.first = self.plan.failing
            say({"baseline": {"counts": {"passed": 0, "failed": 0, "errors": 0}, "failures": [], "lines": {}}})
        again = list(range(1, len(self.plan.candidates) + 1))
        for limit in (min(0.5, self.plan.limit), self.plan.limit):
            again, child = self.round(again, limit)
            if child is not None:
                return child
            if not again or self.over or limit == self.plan.limit:
                break
        for number in again:
            say({"candidate": number, "outcome": "timeout"})
        os._exit(0)

    def baseline(self) -> Child | None:
        """The tests as they are. Without candidates traced, to the end; with some only to the first failure."""
        child = self.fork(0, min(0.5, self.plan.limit), traced=not self.plan.candidates)
        if child is not None:
            return child
        hard = time.monotonic() + max(self.plan.budget / 3, 10 * self.plan.limit)
        report: dict[str, Any] = {}
        while self.running:
            for _, outcome, found in self.reap(hard):
                report = found or {"killed": outcome}
        self.first = [failure["id"] for failure in report.get("failures", [])]
        say({"baseline": report})
        return None

    def round(self, numbers: list[int], limit: float) -> tuple[list[int], Child | None]:
        """Try these; returns those that reached the limit."""
        slow: list[int] = []
        waiting = list(numbers)
        while waiting or self.running:
            while waiting and len(self.running) < self.plan.jobs and not self.over:
                child = self.fork(waiting.pop(0), limit)
                if child is not None:
                    return [], child
            for number, outcome, report in self.reap(0.0):
                mended = (report or {}).get("mended", [])
                if outcome == "timeout":
                    slow.append(number)
                elif outcome == "pass" and self.first and number not in self.confirming:
                    self.confirming.add(number)
                    waiting.insert(0, number)
                elif outcome == "pass" and len(mended) < len(self.plan.failing):
                    say({"candidate": number, "outcome": "some", "mended": mended})
                    self.until = min(self.until, time.monotonic() + GRACE)
                else:
                    say({"candidate": number, "outcome": outcome})
                    self.over = self.over or (outcome == "pass" and not self.plan.every)
            if time.monotonic() > self.until:
                self.over = True
            if self.over:
                waiting = []
                self.kill_all()
        return sorted(slow), None

    def fork(self, number: int, limit: float, traced: bool = False) -> Child | None:
        """Start a child for a candidate (0: the file as it is)."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            child = Child(writing, limit, traced, [] if number in self.confirming else self.first, self.plan.failing)
            signal.signal(signal.SIGPROF, child.expired)
            if number:
                substitute(*self.plan.candidates[number - 1])
            return child
        os.close(writing)
        self.running[reading] = (pid, number, time.monotonic() + WALL * limit + 2, [])
        return None

    def reap(self, hard: float) -> list[tuple[int, str, dict[str, Any] | None]]:
        """Children that ended (or were killed) since: their numbers, outcomes and reports."""
        ended: list[tuple[int, str, dict[str, Any] | None]] = []
        ready, _, _ = select.select(list(self.running), [], [], 0.05)
        for pipe in list(self.running):
            pid, number, until, read = self.running[pipe]
            data = os.read(pipe, 65_536) if pipe in ready else None
            if data:
                read.append(data)
            elif data == b"":
                ended.append((number, *self.close(pipe)))
            elif time.monotonic() > max(until, hard):
                kill(pid)
                self.close(pipe)
                ended.append((number, "timeout", None))
        return ended

    def close(self, pipe: int) -> tuple[str, dict[str, Any] | None]:
        """Wait for a child and judge it."""
        pid, _, _, read = self.running.pop(pipe)
        os.close(pipe)
        _, status = os.waitpid(pid, 0)
        report = json.loads(b"".join(read)) if read else None
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0 and report:
            return "pass", report
        return ("timeout" if report and report["slow"] else "fail"), report

    def kill_all(self) -> None:
        """End what still runs."""
        for pipe, (pid, _, _, _) in list(self.running.items()):
            kill(pid)
            self.close(pipe)


def belongs(test: str, known: str) -> bool:
    """Whether a test is the known one, or a case of it."""
    return test == known or test.startswith((f"{known}[", f"{known} (", f"{known}::", f"{known}."))


def ours(path: str) -> bool:
    """Whether a file belongs to the project."""
    return path.startswith(ROOT) and "site-packages" not in path and os.path.basename(path) not in OWN


def frames(places: list[tuple[str, int]]) -> list[list[Any]]:
    """The places inside the project, relative to it; the innermost six."""
    absolute = [(os.path.realpath(os.path.join(ROOT, path)), line) for path, line in places]
    return [[path[len(ROOT) :], line] for path, line in absolute if ours(path)][-6:]


def last(text: str) -> str:
    """The last line of a traceback."""
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return lines[-1][:300] if lines else ""


class StillRunning(BaseException):
    """A test reached its limit; no test code catches this by accident."""


def _raise(message: str) -> None:
    raise StillRunning(message)


def kill(pid: int) -> None:
    """Kill a child and what it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def substitute(path: str, start: int, end: int, text: str) -> None:
    """From now on importing the file at `path` compiles it with these lines replaced; what was loaded is forgotten."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().replace("\r\n", "\n").split("\n")
    source = "\n".join([*lines[: start - 1], *([text] if text else []), *lines[end:]])
    path = os.path.realpath(path)
    plain = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        """The candidate's code for the one file, everything else as ever."""
        if os.path.realpath(self.path) == path:
            return compile(source, self.path, "exec", dont_inherit=True)
        return plain(self, fullname)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    origin = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    if path in map(os.path.realpath, filter(None, origin.values())):
        for name, loaded in origin.items():
            if loaded and ours(os.path.realpath(loaded)) and not loaded.endswith(f"{os.sep}conftest.py"):
                del sys.modules[name]


def say(value: dict[str, Any]) -> None:
    """One line of the report, on the stdout pytest does not capture."""
    os.write(OUT, (MARK + json.dumps(value) + "\n").encode())


def main() -> None:
    """Read the plan, hand over to the framework's runner, which forks where collection begins."""
    with open(sys.argv[1], encoding="utf-8", errors="surrogateescape") as file:
        plan = Plan(json.load(file))
    sys.dont_write_bytecode = True
    sys.path[0] = ""
    importlib.import_module(RUNNER).start(plan, Parent(plan).run, frames, last)


OUT = os.dup(1)

if __name__ == "__main__":
    main()
