"""Runs tests once per candidate edit, each in a forked child of the project's interpreter; imports nothing of ours.

pytest starts once; where collection would begin the process forks, and the child alone sees the candidate's
text in place of the file (through the import machinery: nothing on disk changes). Every test has a limit in
seconds of processor time, every child a hard one in wall time. The plan is a JSON file named by the first
argument; the report is JSON lines on the real stdout, each after `MARK`.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any

import pytest

MARK = "\x1epier "
ROOT = os.path.realpath(os.getcwd()) + os.sep
OWN = os.path.realpath(__file__)
MEMORY = 3 << 30
WALL = 6
"""A child may take this many times its limit in wall time before it is killed."""
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


class Child:
    """What happens inside a forked child: one candidate, tests run under limits, results sent up a pipe."""

    def __init__(self, pipe: int, limit: float, traced: bool, first: list[str]) -> None:
        self.pipe, self.limit, self.traced, self.first = pipe, limit, traced, first
        self.counts = {"passed": 0, "failed": 0, "errors": 0}
        self.failures: list[dict[str, Any]] = []
        self.lines: dict[str, set[tuple[str, int]]] = {"failing": set(), "passing": set()}
        self.executed: set[tuple[str, int]] = set()
        self.budgeted = 0
        self.bad = False
        self.slow: list[str] = []

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
        return self.line if name.startswith(ROOT) and "site-packages" not in name and name != OWN else None

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
        pytest.fail(f"still running after {self.limit:g} s of processor time", pytrace=True)

    def send(self) -> None:
        """Report to the parent."""
        named = {
            kind: [[os.path.relpath(os.path.realpath(f), ROOT), n] for f, n in sorted(lines)]
            for kind, lines in self.lines.items()
        }
        report = {"counts": self.counts, "failures": self.failures, "lines": named, "slow": bool(self.slow)}
        with os.fdopen(self.pipe, "w") as out:
            out.write(json.dumps(report))


class Plugin:
    """The pytest plugin of both the parent (forks at collection) and its children (report)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.child: Child | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: Any) -> None:
        """In the parent: try everything, and leave. A child returns from here and goes on to collect and run."""
        if self.child is None:
            parent = Parent(self.plan)
            self.child = parent.run()
            if self.child is not None:
                session.config.get_terminal_writer()._file = open(os.devnull, "w")  # noqa: SIM115

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Tests that failed before come first."""
        if self.child and self.child.first:
            order = {nodeid: i for i, nodeid in enumerate(self.child.first)}
            items.sort(key=lambda item: order.get(item.nodeid, len(order)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        """A test begins."""
        if self.child:
            self.child.begin(nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be collected is an error."""
        if self.child and report.failed:
            self.child.counts["errors"] += 1
            self.child.failures.append({"id": report.nodeid, "message": _last(str(report.longrepr)), "frames": []})
            if not self.child.traced:
                self.leave(1)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """A candidate that fails a test is done for: no traceback is rendered, which can take longer than the test."""
        if self.child is None or self.child.traced or call.excinfo is None:
            return
        expected = issubclass(call.excinfo.type, pytest.skip.Exception) or item.get_closest_marker("xfail")
        if not expected and not issubclass(call.excinfo.type, pytest.xfail.Exception):
            self.child.failures.append({"id": item.nodeid, "message": call.excinfo.exconly()[:300], "frames": []})
            self.child.counts["failed"] += 1
            self.leave(1)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test ended; a candidate's first failure ends its child."""
        child = self.child
        if child is None:
            return
        if report.when == "call" and report.passed:
            child.counts["passed"] += 1
        if report.failed:
            child.bad = True
            child.counts["failed" if report.when == "call" else "errors"] += 1
            if len(child.failures) < 40:
                child.failures.append({"id": report.nodeid, "message": _message(report), "frames": _frames(report)})
            if not child.traced:
                self.leave(1)

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        """A test ended."""
        if self.child:
            self.child.end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> Any:
        """A child at the end of this ran every test; it leaves before other plugins clean up shared things."""
        done = yield
        if self.child:
            ran = self.child.counts
            self.leave(0 if ran["passed"] and not ran["failed"] and not ran["errors"] else 1)
        return done

    def leave(self, code: int) -> None:
        """Report and end the child without running anything else."""
        assert self.child is not None
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.child.send()
        os._exit(code)


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
        child = self.baseline()
        if child is not None:
            return child
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
            for number, outcome, _ in self.reap(0.0):
                if outcome == "timeout":
                    slow.append(number)
                elif outcome == "pass" and self.first and number not in self.confirming:
                    self.confirming.add(number)
                    waiting.insert(0, number)
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
            child = Child(writing, limit, traced, [] if number in self.confirming else self.first)
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
            inside = loaded and os.path.realpath(loaded).startswith(ROOT) and "site-packages" not in loaded
            if inside and not os.path.realpath(loaded).endswith((f"{os.sep}conftest.py", os.path.basename(__file__))):
                del sys.modules[name]


def say(value: dict[str, Any]) -> None:
    """One line of the report, on the stdout pytest does not capture."""
    os.write(OUT, (MARK + json.dumps(value) + "\n").encode())


def _message(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", "") or _last(str(report.longrepr))).split("\n")[0][:300]


def _last(text: str) -> str:
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return lines[-1][:300] if lines else ""


def _frames(report: Any) -> list[list[Any]]:
    entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
    found = []
    for entry in entries:
        place = getattr(entry, "reprfileloc", None)
        if place is not None:
            path = os.path.realpath(os.path.join(ROOT, place.path))
            if path.startswith(ROOT) and "site-packages" not in path and path != OWN:
                found.append([path[len(ROOT) :], place.lineno])
    return found[-6:]


def main() -> None:
    """Read the plan, hand over to pytest."""
    with open(sys.argv[1], encoding="utf-8", errors="surrogateescape") as file:
        plan = Plan(json.load(file))
    sys.dont_write_bytecode = True
    sys.path[0] = ""
    options = ["-q", "--tb=short", "--color=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=fd"]
    pytest.main([*options, *plan.targets], plugins=[Plugin(plan)])


OUT = os.dup(1)

if __name__ == "__main__":
    main()
