"""Reading what commands print: the failures in the output of test runners, tracebacks and compilers. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Framework = Literal["pytest", "unittest", "generic"]

_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+)(?:, in (.+))?')
_PYTEST_PLACE = re.compile(r"^(?:> )?([^\s:][^:\n]*\.\w+):(\d+): ?(.*)$")
_COMPILER = re.compile(
    r"^\s*(?:-->\s*)?([\w./\\-]+\.\w+):(\d+)(?::\d+)?:?\s*(?:fatal )?(error|Error|ERROR)?\b[:\s]*(.*)$"
)
_OUTSIDE = ("site-packages/", "dist-packages/", "/lib/python", "lib/python3", "<frozen", "<string>", "node_modules/")


@dataclass(frozen=True)
class Frame:
    """A place in a file of the repository."""

    path: str
    line: int


@dataclass(frozen=True)
class Failure:
    """One failing test: its id, the message, and the repository's frames, outermost first."""

    id: str
    message: str
    frames: tuple[Frame, ...] = ()
    kind: Literal["FAILED", "ERROR"] = "FAILED"


@dataclass(frozen=True)
class TestReport:
    """What a test run came to. Counts are None where the output does not say."""

    __test__ = False

    passed: int | None = None
    failed: int | None = None
    errors: int | None = None
    skipped: int = 0
    failures: tuple[Failure, ...] = field(default=())

    @property
    def counts(self) -> str:
        """`P passed, F failed, E errors`."""
        return f"{self.passed or 0} passed, {self.failed or 0} failed, {self.errors or 0} errors"

    @property
    def known(self) -> bool:
        """Whether the output held a summary at all."""
        return self.passed is not None or self.failed is not None or self.errors is not None


def parse_tests(output: str, framework: Framework = "generic") -> TestReport:
    """The report in the output of a test runner; colours and carriage returns do not matter."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output).replace("\r\n", "\n")
    if framework == "pytest":
        return _pytest(plain)
    if framework == "unittest":
        return _unittest(plain)
    return _generic(plain)


def frames_in(block: str) -> tuple[Frame, ...]:
    """The repository's frames of a Python traceback, outermost first; library frames are left out."""
    found = [Frame(_path(m[1]), int(m[2])) for line in block.split("\n") if (m := _FRAME.match(line))]
    return tuple(frame for frame in found if _inside(frame.path))


def traceback_error(output: str) -> tuple[str, Frame | None] | None:
    """The last line of the last traceback in the output (`ValueError: …`) and its innermost repository frame."""
    start = output.rfind("Traceback (most recent call last)")
    if start < 0:
        return None
    block = output[start:]
    last = re.search(r"^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit|[A-Z]\w*)\b.*)$", block, re.MULTILINE)
    frames = frames_in(block)
    return (last[1] if last else "unknown error"), (frames[-1] if frames else None)


def compiler_errors(output: str) -> tuple[tuple[str, Frame], ...]:
    """`path:line: error: message` lines, as compilers, linters and type checkers print them; at most ten."""
    found = []
    for line in output.split("\n"):
        match = _COMPILER.match(line[:1_000])
        if match and match[3] and _inside(match[1]):
            found.append((match[4].strip() or line.strip(), Frame(_path(match[1]), int(match[2]))))
    return tuple(found[:10])


def _path(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./")


def _inside(path: str) -> bool:
    return not path.startswith(("/", "<")) and ".." not in path.split("/") and not any(o in path for o in _OUTSIDE)


def _number(output: str, word: str) -> int | None:
    """The count before a word in the last line of pytest's summary form."""
    lines = [
        line for line in output.split("\n") if re.search(r"\b\d+ (passed|failed|error|errors|skipped)\b.* in ", line)
    ]
    match = re.search(rf"(\d+) {word}s?\b", lines[-1]) if lines else None
    return int(match[1]) if match else None


def _pytest(output: str) -> TestReport:
    blocks = _pytest_blocks(output)
    failures = []
    for kind, node, message in _pytest_summary(output):
        block = blocks.get(_pytest_title(node), "") or blocks.get(f"ERROR {_pytest_title(node)}", "")
        failures.append(_pytest_failure(kind, node, message, block))
    passed, failed, errors = (_number(output, word) for word in ("passed", "failed", "error"))
    if passed is None and failed is None and errors is None and re.search(r"^no tests ran", output, re.MULTILINE):
        passed = 0
    return TestReport(passed, failed, errors, _number(output, "skipped") or 0, tuple(failures))


def _pytest_summary(output: str) -> list[tuple[Literal["FAILED", "ERROR"], str, str]]:
    at = output.rfind("short test summary info")
    rows: list[tuple[Literal["FAILED", "ERROR"], str, str]] = []
    for line in output[at:].split("\n") if at >= 0 else []:
        match = re.match(r"^(FAILED|ERROR) (.+?)(?: - (.*))?$", line)
        if match:
            rows.append(("FAILED" if match[1] == "FAILED" else "ERROR", match[2].strip(), (match[3] or "").strip()))
    return rows


def _pytest_title(node: str) -> str:
    """The title of a test's block: what comes after the file in its id, joined by dots."""
    path, _, rest = node.partition("::")
    return rest.replace("::", ".", rest.split("[", 1)[0].count("::")) if rest else path


def _pytest_blocks(output: str) -> dict[str, str]:
    """The text under each `____ title ____` line."""
    blocks: dict[str, str] = {}
    title, start = "", 0
    for match in re.finditer(r"^(_{3,} (.+?) _{3,}|={3,} .* ={3,})$", output, re.MULTILINE):
        if title:
            blocks.setdefault(title, output[start : match.start()])
        named = match[2] or ""
        title = re.sub(r"^ERROR (?:at (?:setup|teardown) of|collecting) ", "", named)
        start = match.end()
    if title:
        blocks.setdefault(title, output[start:])
    return blocks


def _pytest_failure(kind: Literal["FAILED", "ERROR"], node: str, message: str, block: str) -> Failure:
    said = [line[1:].strip() for line in block.split("\n") if line.startswith("E ")]
    if (not message or message.endswith("...")) and said:
        message = said[0]
    frames = [Frame(_path(m[1]), int(m[2])) for line in block.split("\n") if (m := _PYTEST_PLACE.match(line))]
    frames += frames_in("\n".join(line.removeprefix("E").strip() for line in block.split("\n")))
    kept = tuple(frame for frame in dict.fromkeys(frames) if _inside(frame.path))
    return Failure(node, message or "failed", kept, kind)


def _unittest(output: str) -> TestReport:
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    failures = []
    for match in re.finditer(r"^={60,}\n(FAIL|ERROR): (.+)\n(?:(?!-{60}).*\n)?-{60,}\n", output, re.MULTILINE):
        rest = output[match.end() :]
        end = re.search(r"^(={60,}|-{60,})$", rest, re.MULTILINE)
        block = rest[: end.start()] if end else rest
        failures.append(_unittest_failure(match[1], match[2], block))
    if ran is None:
        return TestReport(failures=tuple(failures))
    tally = {name: int(n) for name, n in re.findall(r"(failures|errors|skipped)=(\d+)", _last_status(output))}
    failed, errors, skipped = (tally.get(name, 0) for name in ("failures", "errors", "skipped"))
    return TestReport(max(int(ran[1]) - failed - errors - skipped, 0), failed, errors, skipped, tuple(failures))


def _last_status(output: str) -> str:
    found = re.findall(r"^(?:OK|FAILED|NO TESTS RAN).*$", output, re.MULTILINE)
    return found[-1] if found else ""


def _unittest_failure(word: str, title: str, block: str) -> Failure:
    error = traceback_error(block)
    message = error[0] if error else next((line for line in block.split("\n") if line.strip()), "failed")
    kind: Literal["FAILED", "ERROR"] = "FAILED" if word == "FAIL" else "ERROR"
    return Failure(_unittest_id(title), message, frames_in(block), kind)


def _unittest_id(title: str) -> str:
    """`tests.test_a.TestA.test_x` from `test_x (tests.test_a.TestA.test_x)`, or the older form without the name."""
    match = re.match(r"^(\S+) \(([\w.]+)\)(.*)$", title.strip())
    if not match:
        return title.strip()
    name, place, rest = match[1], match[2], match[3].strip()
    whole = place if place.endswith(f".{name}") else f"{place}.{name}"
    if place.startswith("unittest.loader._FailedTest"):
        whole = name
    return f"{whole} {rest}".strip()


def _generic(output: str) -> TestReport:
    """Counts of the usual summaries (go, cargo, jest, mocha, TAP) and the names of failing tests where told."""
    if re.search(r"^Ran \d+ tests?", output, re.MULTILINE):
        return _unittest(output)
    if re.search(r"^=+ .*\b(passed|failed|error)\b.* in [\d.]+s", output, re.MULTILINE):
        return _pytest(output)
    names = re.findall(r"^\s*--- FAIL: (\S+)", output, re.MULTILINE)
    names += re.findall(r"^test (\S+) \.\.\. FAILED", output, re.MULTILINE)
    names += re.findall(r"^\s*not ok \d+ -? ?(.+)$", output, re.MULTILINE)
    names += [name.strip() for name in re.findall(r"^\s*● (.+)$", output, re.MULTILINE)]
    errors = {frame: message for message, frame in compiler_errors(output)}
    places = re.findall(r"([\w./-]+\.\w+):(\d+)", output)
    frame = next((Frame(_path(p), int(n)) for p, n in places if _inside(p)), None)
    failures = [Failure(name, "failed", (frame,) if frame else ()) for name in dict.fromkeys(names)]
    failures += [Failure(f"{f.path}:{f.line}", message, (f,), "ERROR") for f, message in errors.items() if not names]
    passed, failed = _tally(output)
    return TestReport(passed, failed if failed is not None else len(names) or None, None, 0, tuple(failures))


def _tally(output: str) -> tuple[int | None, int | None]:
    passed = re.search(r"(\d+) (?:passed|passing)", output) or re.search(r"^# pass (\d+)", output, re.MULTILINE)
    failed = re.search(r"(\d+) (?:failed|failing)", output) or re.search(r"^# fail (\d+)", output, re.MULTILINE)
    ok = len(re.findall(r"^\s*--- PASS: ", output, re.MULTILINE))
    return (int(passed[1]) if passed else ok or None), (int(failed[1]) if failed else None)
