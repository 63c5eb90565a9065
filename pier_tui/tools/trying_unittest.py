"""The unittest half of trying edits: forks before discovery, reports each test to the child it runs in.

Laid beside `trying_edits` in the tested project, whose objects it is given: it imports nothing of ours.
"""

from __future__ import annotations

import traceback
import unittest
from collections.abc import Callable, Iterator
from typing import Any

FAILED_LOADING = "unittest.loader._FailedTest."


class Ordered(unittest.TestSuite):
    """Tests in a child's order; cases of a test it gave up are passed over."""

    child: Any = None

    def __iter__(self) -> Iterator[Any]:
        """One test after another, asked for as they are run."""
        return (test for test in super().__iter__() if not self.child.given_up(name_of(test)))


class Recorder(unittest.TestResult):
    """Reports each test to the child."""

    def __init__(self, child: Any, frames: Callable[..., Any]) -> None:
        super().__init__()
        self.child, self.frames = child, frames
        self.sub_failed = False

    def startTest(self, test: Any) -> None:
        """A test begins."""
        super().startTest(test)
        self.sub_failed = False
        self.child.begin(name_of(test))

    def stopTest(self, test: Any) -> None:
        """A test ended."""
        self.child.end()
        super().stopTest(test)

    def addSuccess(self, test: Any) -> None:
        """It passed."""
        if not self.sub_failed:
            self.child.passed(name_of(test))

    def addFailure(self, test: Any, err: Any) -> None:
        """An assertion of it failed."""
        self._bad(test, err, "failed")

    def addError(self, test: Any, err: Any) -> None:
        """It raised."""
        self._bad(test, err, "errors")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        """One of its sub-tests ended."""
        if err is not None:
            self.sub_failed = True
            self._bad(subtest, err, "failed" if issubclass(err[0], test.failureException) else "errors")

    def addUnexpectedSuccess(self, test: Any) -> None:
        """It passed though it is expected to fail."""
        self.child.failed(name_of(test), "unexpected success", [])

    def _bad(self, test: Any, err: Any, kind: str) -> None:
        places = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(err[2])]
        message = "".join(traceback.format_exception_only(err[0], err[1])).split("\n")[0][:300]
        self.child.failed(name_of(test), message, self.frames(places), kind)


def name_of(test: Any) -> str:
    """A test's id; for a module that cannot be loaded, its name."""
    return str(test.id()).removeprefix(FAILED_LOADING)


def loaded(targets: list[str], folder: str) -> list[Any]:
    """The tests of these files, folders or ids; all of them where there is none."""
    found = list(flat(unittest.TestLoader().discover(folder or ".")))
    if not targets:
        return found
    chosen: dict[str, Any] = {}
    for target in targets:
        path, _, rest = target.partition("::")
        inner = path.removeprefix(f"{folder}/") if folder else path
        dotted = ".".join(filter(None, [inner.removesuffix(".py").strip("/").replace("/", "."), *rest.split("::")]))
        tests = [test for test in found if name_of(test) == dotted or name_of(test).startswith(f"{dotted}.")]
        if not tests and path.endswith(".py"):
            parent, _, name = path.rpartition("/")
            tests = list(flat(unittest.TestLoader().discover(parent or ".", name)))
        chosen.update((name_of(test), test) for test in tests)
    return list(chosen.values())


def flat(suite: Any) -> Iterator[Any]:
    """The tests of a suite, suites in it opened."""
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from flat(part)
        else:
            yield part


def start(plan: Any, fork: Callable[[], Any], frames: Callable[..., Any], last: Callable[[str], str]) -> None:
    """Fork, and in the child load and run the tests."""
    child = fork()
    tests = loaded([] if child.failing else plan.targets, plan.folder)
    Ordered.child = child
    suite = Ordered(sorted(tests, key=lambda test: int(child.order(name_of(test)))))
    suite.run(Recorder(child, frames))
    child.over()
