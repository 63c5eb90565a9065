"""Reading what the test tools answered: counts, failures with their frames, and executed lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_COUNTS = re.compile(r"(\d+) passed, (\d+) failed, (\d+) errors?")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (?P<id>[^\s(].*?)(?: - (?P<message>.*))?$")
_AT = re.compile(r"^  at (?P<path>.+):(?P<line>\d+)$")
_EXECUTED = re.compile(r"^executed by (?P<kind>failing|passing) tests: (?P<path>.+): (?P<ranges>[\d,\-]+)$")


@dataclass(frozen=True)
class Failed:
    """One failing test; `frames` are (path, line) from the outermost to the innermost inside the repository."""

    id: str
    message: str
    frames: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Report:
    """A test run. `counts` is None where the result is no test run at all (refused, not found, timed out)."""

    counts: tuple[int, int, int] | None
    failures: tuple[Failed, ...] = ()
    failing: dict[str, frozenset[int]] = field(default_factory=dict)
    passing: dict[str, frozenset[int]] = field(default_factory=dict)
    text: str = ""

    @property
    def green(self) -> bool:
        """Whether at least one test ran and none failed."""
        return self.counts is not None and self.counts[0] > 0 and self.counts[1] == self.counts[2] == 0

    @property
    def headline(self) -> str:
        """The counts in words, or the first line of what came instead."""
        if self.counts is None:
            return self.text.strip().split("\n")[0][:200]
        words = ("passed", "failed", "error" if self.counts[2] == 1 else "errors")
        return ", ".join(f"{n} {w}" for n, w in zip(self.counts, words, strict=True) if n) or "no test ran"


def report(result: str) -> Report:
    """Read a `run_tests` result, or the first part of a `try_edits` result."""
    head = "\n".join(result.split("\n")[:1])
    counts = _COUNTS.search(head)
    failures: list[Failed] = []
    executed: dict[str, dict[str, frozenset[int]]] = {"failing": {}, "passing": {}}
    for line in result.split("\n"):
        if at := _AT.match(line):
            if failures:
                last = failures[-1]
                failures[-1] = Failed(last.id, last.message, (*last.frames, (at["path"], int(at["line"]))))
        elif ran := _EXECUTED.match(line):
            executed[ran["kind"]][ran["path"]] = frozenset(_numbers(ran["ranges"]))
        elif (failed := _FAILED.match(line)) and failed["id"] not in {f.id for f in failures}:
            failures.append(Failed(failed["id"], failed["message"] or ""))
    failures = [_explained(failure, result) for failure in failures]
    known = (int(counts[1]), int(counts[2]), int(counts[3])) if counts else None
    return Report(known, tuple(failures), executed["failing"], executed["passing"], result)


def _explained(failure: Failed, text: str) -> Failed:
    """A file that does not parse is reported by its place alone; the error is in the output below it."""
    if not failure.message.startswith('File "'):
        return failure
    error = re.search(rf"^E +{re.escape(failure.message)}$(?:\n.*)*?\nE +(\w+Error: .+)$", text, re.MULTILINE)
    return Failed(failure.id, error[1], failure.frames) if error else failure


def listed(failures: tuple[Failed, ...], most: int = 8) -> str:
    """Failures as Markdown bullets with their innermost place."""
    lines = []
    for failure in failures[:most]:
        place = f" at `{failure.frames[-1][0]}:{failure.frames[-1][1]}`" if failure.frames else ""
        lines.append(f"- `{failure.id}`: {failure.message or 'failed'}{place}")
    if len(failures) > most:
        lines.append(f"- and {len(failures) - most} more")
    return "\n".join(lines)


def _numbers(ranges: str) -> list[int]:
    found: list[int] = []
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        if first:
            found += range(int(first), int(last or first) + 1)
    return found
