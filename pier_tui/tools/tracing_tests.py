"""Records which lines failing and passing tests execute.

Runs in the tested project's interpreter, so it imports nothing of ours.
As a pytest plugin it is loaded with `-p`; for unittest it is started instead of `python -m unittest`.
"""

from __future__ import annotations

import os
import sys
import threading
import unittest
from typing import Any

ROOT = os.path.realpath(os.getcwd()) + os.sep
OWN = os.path.realpath(__file__)
Lines = set[tuple[str, int]]

executed: Lines = set()
failing: Lines = set()
passing: Lines = set()
_known: dict[str, bool] = {}
_state = {"failed": False}


def _ours(filename: str) -> bool:
    """Whether a file belongs to the project; asked once per file."""
    found = _known.get(filename)
    if found is None:
        path = os.path.realpath(filename)
        inside = not filename.startswith("<") and path.startswith(ROOT) and "site-packages" not in path and path != OWN
        found = _known[filename] = inside
    return found


def _call(frame: Any, event: str, arg: Any) -> Any:
    return _line if _ours(frame.f_code.co_filename) else None


def _line(frame: Any, event: str, arg: Any) -> Any:
    if event == "line":
        executed.add((frame.f_code.co_filename, frame.f_lineno))
    return _line


def start() -> None:
    """Begin recording for one test."""
    executed.clear()
    _state["failed"] = False
    threading.settrace(_call)
    sys.settrace(_call)


def stop(failed: bool) -> None:
    """End recording; the lines count for the kind of test it was."""
    sys.settrace(None)
    threading.settrace(None)
    (failing if failed else passing).update(executed)


def report() -> list[str]:
    """One line per file the failing tests executed: `executed by failing tests: path: 3-9,12`; then of the passing."""
    if not failing:
        return []
    wanted = {filename for filename, _ in failing}
    return [*_report("failing", failing), *_report("passing", {p for p in passing if p[0] in wanted})]


def _report(kind: str, lines: Lines) -> list[str]:
    by_path: dict[str, list[int]] = {}
    for filename, line in lines:
        by_path.setdefault(os.path.realpath(filename)[len(ROOT) :], []).append(line)
    return [f"executed by {kind} tests: {path}: {ranges(sorted(set(by_path[path])))}" for path in sorted(by_path)]


def ranges(lines: list[int]) -> str:
    """`3-9,12` of ascending numbers."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def pytest_runtest_logstart(nodeid: str, location: Any) -> None:
    """A test begins."""
    start()


def pytest_runtest_logreport(report: Any) -> None:
    """A phase of a test ended."""
    if report.failed:
        _state["failed"] = True


def pytest_runtest_logfinish(nodeid: str, location: Any) -> None:
    """A test ended."""
    stop(_state["failed"])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell at the end."""
    for line in report():
        terminalreporter.write_line(line)


def _unittest() -> None:
    """`python -m unittest` with every test case recorded."""
    plain = unittest.TestCase.run

    def run(self: unittest.TestCase, result: Any = None) -> Any:
        before = len(result.failures) + len(result.errors) if result is not None else 0
        start()
        try:
            return plain(self, result)
        finally:
            stop(result is not None and len(result.failures) + len(result.errors) > before)

    unittest.TestCase.run = run  # type: ignore[method-assign]
    sys.path.insert(0, "")
    try:
        unittest.main(module=None, argv=["python -m unittest", *sys.argv[1:]])
    finally:
        sys.stderr.write("".join(f"{line}\n" for line in report()))


if __name__ == "__main__":
    _unittest()
