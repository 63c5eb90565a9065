"""The numbered places where the program meets the system, so that a test can kill it or fail a call at each.

Calls that matter go through `call` with a name such as `fs.rename`. Two variables of this very process's own
environment, read once at start, choose a place: `PIER_CRASH_AT` kills the process there as `kill -9` does,
`PIER_FAIL_AT` makes the call fail. Nothing in a repository and nothing a model says is ever read here.

    PIER_CRASH_AT=7                 before the 7th call of all
    PIER_CRASH_AT=fs.rename:3:after after the 3rd rename
    PIER_CRASH_AT=fs.write:1:half   with half of the bytes of the first write written
    PIER_FAIL_AT=fs.fsync:2:ENOSPC  the 2nd flush fails; `2+` instead of `2`: that one and all after it
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SPEC = re.compile(r"(?:(?P<name>[a-z.]+):)?(?P<number>\d+)(?P<on>\+?)(?::(?P<error>E[A-Z0-9]+))?(?::(?P<when>\w+))?")
WHEN = ("before", "after", "half")


@dataclass(frozen=True)
class Fault:
    """One thing to go wrong: at the `number`th call (from 1) of all, or of those named, and after it where `onwards`.

    `error` is the errno to fail with; 0 kills the process. `when` is `before`, `after` or, in a write, `half`.
    """

    number: int
    name: str = ""
    error: int = 0
    onwards: bool = False
    when: str = "before"

    def strikes(self, name: str, total: int, of_name: int) -> bool:
        """Whether this call is the one."""
        if self.name and self.name != name:
            return False
        count = of_name if self.name else total
        return count >= self.number if self.onwards else count == self.number

    def happen(self) -> NoReturn:
        """Die, or raise the OSError."""
        if not self.error:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(self.error, os.strerror(self.error))


@dataclass
class Armed:
    """Faults waiting for their call, and the names of the calls so far."""

    faults: tuple[Fault, ...] = ()
    names: list[str] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, name: str, function: Callable[P, T], /, *args: P.args, **keywords: P.kwargs) -> T:
        """Count the call and carry it out, or let a fault happen before, in the midst of it or after it."""
        with self._lock:
            self.names.append(name)
            self._counts[name] += 1
            total, of_name = len(self.names), self._counts[name]
        fault = next((f for f in self.faults if f.strikes(name, total, of_name)), None)
        if fault is None:
            return function(*args, **keywords)
        if fault.when == "before":
            fault.happen()
        if fault.when == "half" and name == "fs.write":
            number, content = args
            os.write(number, content[: len(content) // 2])  # type: ignore[index, arg-type]
            fault.happen()
        try:
            function(*args, **keywords)
        finally:
            fault.happen()


_armed: Armed | None = None


def call(name: str, function: Callable[P, T], /, *args: P.args, **keywords: P.kwargs) -> T:
    """Make a call that tests can strike: `call("fs.rename", os.rename, old, new)`. Raises what the call raises."""
    if _armed is None:
        return function(*args, **keywords)
    return _armed.call(name, function, *args, **keywords)


def write_whole(number: int, content: bytes) -> None:
    """Write all of `content` to an open file, however many calls it takes."""
    left = memoryview(content)
    while left:
        left = left[call("fs.write", os.write, number, left) :]


@contextlib.contextmanager
def armed(*faults: Fault) -> Iterator[Armed]:
    """Let these faults happen inside the block; without any, only the calls are noted. For tests."""
    global _armed  # noqa: PLW0603
    before, _armed = _armed, Armed(faults)
    try:
        yield _armed
    finally:
        _armed = before


def parsed(text: str, *, fails: bool) -> Fault:
    """One fault as the variables spell it. Raises ValueError with a sentence."""
    match = SPEC.fullmatch(text)
    when = (match["when"] or "before") if match else ""
    error = getattr(errno, match["error"], None) if match and match["error"] else 0
    if match is None or when not in WHEN or error is None or bool(error) != fails or int(match["number"]) < 1:
        example = "fs.fsync:2:ENOSPC" if fails else "fs.rename:3 or 7:after"
        raise ValueError(f"{text!r} names no place to strike: write it as {example}")
    return Fault(int(match["number"]), match["name"] or "", error, bool(match["on"]), when)


def from_environment(env: Mapping[str, str]) -> Armed | None:
    """What the two variables ask for; None where neither is set. Ends the program where one cannot be read."""
    found: list[Fault] = []
    for variable, fails in (("PIER_CRASH_AT", False), ("PIER_FAIL_AT", True)):
        try:
            found += [parsed(text, fails=fails) for text in env.get(variable, "").split(",") if text]
        except ValueError as error:
            sys.exit(f"pier-tui: {variable}: {error}.")
    return Armed(tuple(found)) if found else None


_armed = from_environment(os.environ)
