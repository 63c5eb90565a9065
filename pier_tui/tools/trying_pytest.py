"""The pytest half of trying edits: forks where collection begins, reports each test to the child it runs in.

Laid beside `trying_edits` in the tested project, whose objects it is given: it imports nothing of ours.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from typing import Any

import pytest


class Plugin:
    """The pytest plugin of both the parent (forks at collection) and its children (report)."""

    def __init__(self, fork: Callable[[], Any], frames: Callable[..., Any], last: Callable[[str], str]) -> None:
        self.fork, self.frames, self.last = fork, frames, last
        self.child: Any = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: Any) -> None:
        """In the parent: try everything, and leave. A child returns from here and goes on to collect and run."""
        if self.child is None:
            self.child = self.fork()
            self.child.fail = pytest.fail
            session.config.get_terminal_writer()._file = open(os.devnull, "w")  # noqa: SIM115
            if self.child.failing:
                folders = [f for pattern in session.config.getini("testpaths") for f in sorted(glob.glob(pattern))]
                session.config.args = folders or [str(session.config.invocation_params.dir)]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Tests that failed before come first."""
        if self.child and self.child.first:
            items.sort(key=lambda item: self.child.order(item.nodeid))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        """A test begins."""
        self.child.begin(nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: Any) -> None:
        """Further cases of a test that failed already are passed over."""
        if self.child.given_up(item.nodeid):
            pytest.skip("another case of it failed")

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be collected is an error."""
        if report.failed:
            self.child.failed(report.nodeid, self.last(str(report.longrepr)), [], "errors")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """A candidate that fails a test is done for: no traceback is rendered, which can take longer than the test."""
        if self.child.traced or self.child.failing or call.excinfo is None:
            return
        expected = issubclass(call.excinfo.type, pytest.skip.Exception) or item.get_closest_marker("xfail")
        if not expected and not issubclass(call.excinfo.type, pytest.xfail.Exception):
            self.child.failed(item.nodeid, call.excinfo.exconly()[:300], [])

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test ended; a candidate's first failure ends its child."""
        if report.when == "call" and report.passed:
            self.child.passed(report.nodeid)
        if report.failed:
            kind = "failed" if report.when == "call" else "errors"
            self.child.failed(report.nodeid, _message(report, self.last), self.frames(_places(report)), kind)

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        """A test ended."""
        self.child.end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> Any:
        """A child at the end of this ran every test; it leaves before other plugins clean up shared things."""
        try:
            return (yield)
        finally:
            self.child.over()


def _message(report: Any, last: Callable[[str], str]) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", "") or last(str(report.longrepr))).split("\n")[0][:300]


def _places(report: Any) -> list[tuple[str, int]]:
    entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
    places = [getattr(entry, "reprfileloc", None) for entry in entries]
    return [(place.path, place.lineno) for place in places if place is not None]


def start(plan: Any, fork: Callable[[], Any], frames: Callable[..., Any], last: Callable[[str], str]) -> None:
    """Hand over to pytest."""
    options = ["-q", "--tb=short", "--color=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=fd"]
    options += ["--continue-on-collection-errors"] if plan.failing else []
    pytest.main([*options, *plan.targets], plugins=[Plugin(fork, frames, last)])
