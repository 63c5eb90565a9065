"""The try_edits tool: candidates judged by real tests in forked processes."""

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pier_tui.errors import ToolError
from pier_tui.tools.tool import Output, Ran, ToolResult
from pier_tui.tools.try_edits import TryEdits

CODE = "def half(n):\n    while n > 9:\n        n = n\n    return n + 2\n"
TEST = """from code_under import half


def test_half():
    assert half(4) == 2


def test_far():
    assert half(40) == 20
"""


class Folder:
    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    def list(self, under: str = "") -> tuple[str, ...]:
        return tuple(sorted(p.name for p in self.root.iterdir() if p.is_file()))

    def write(self, path: str, content: bytes | None, mode: int | None = None) -> None:
        raise AssertionError("try_edits proposes nothing")

    def changed(self) -> tuple[str, ...]:
        return ()


class InPlace:
    def __init__(self, root: Path) -> None:
        self.root = root

    async def run(
        self, argv_or_shell: str | tuple[str, ...], *, timeout: float, edits: Mapping[str, bytes] | None = None
    ) -> AsyncIterator[Output | Ran]:
        for path, content in (edits or {}).items():
            (self.root / path).write_bytes(content)
        done = subprocess.run(  # noqa: ASYNC221
            list(argv_or_shell), check=False, cwd=self.root, capture_output=True, text=True, timeout=timeout
        )
        yield Ran(exit_code=done.returncode, seconds=0.0, output=done.stdout + done.stderr)


class Policy:
    def __init__(self, allowed: bool) -> None:
        self.allowed, self.asked = allowed, ""

    async def command(self, command: str, why: str) -> tuple[bool, str]:
        self.asked = command
        return self.allowed, "not today"


@dataclass
class Table:
    files: Folder
    runner: InPlace
    approval: Policy

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        raise ToolError("nobody")


@pytest.fixture
def table(tmp_path: Path) -> Table:
    (tmp_path / "code_under.py").write_text(CODE)
    (tmp_path / "test_half.py").write_text(TEST)
    return Table(Folder(tmp_path), InPlace(tmp_path), Policy(True))


async def tried(table: Table, **arguments: object) -> str:
    texts = [
        i.text
        async for i in TryEdits().run(TryEdits.Args.model_validate(arguments), table)
        if isinstance(i, ToolResult)
    ]
    return texts[-1]


async def test_failures_hangs_and_executed_lines_are_reported_without_candidates(table: Table) -> None:
    text = await tried(table)
    assert text.startswith("without any edit: 0 passed, 2 failed")
    assert "FAILED test_half.py::test_far - Failed: still running" in text
    assert "executed by failing tests: code_under.py: 2-4" in text


async def test_the_first_candidate_that_passes_is_named_with_its_change(table: Table) -> None:
    candidates = [
        {"start": 4, "end": 4, "text": "    return n"},
        {"start": 2, "end": 4, "text": "    return n // 2"},
        {"start": 4, "end": 4, "text": "    return n - 2"},
    ]
    text = await tried(table, path="code_under.py", candidates=candidates)
    assert "candidate 2: pass" in text
    assert "+    return n // 2" in text
    assert (table.files.root / "code_under.py").read_text() == CODE


async def test_a_candidate_that_never_ends_is_a_timeout(table: Table) -> None:
    candidates = [{"start": 4, "end": 4, "text": "    return n - 2"}]
    text = await tried(table, path="code_under.py", candidates=candidates, timeout=0.2)
    assert "candidates 1: timeout" in text


async def test_nothing_runs_without_approval(table: Table) -> None:
    table.approval.allowed = False
    with pytest.raises(ToolError, match="not today"):
        await tried(table)
    assert table.approval.asked.startswith(sys.executable)


async def test_lines_outside_the_file_are_refused(table: Table) -> None:
    with pytest.raises(ToolError, match="has 5 lines"):
        await tried(table, path="code_under.py", candidates=[{"start": 9, "end": 9, "text": "x"}])


TWO = "def twice(n):\n    return n + 2\n\n\ndef is_ten(n):\n    return n > 10\n"
CASES = """import unittest

from code_two import is_ten, twice


class NumberTest(unittest.TestCase):
    def test_twice(self):
        self.assertEqual(twice(3), 6)

    def test_ten(self):
        self.assertTrue(is_ten(10))

    def test_eleven(self):
        self.assertTrue(is_ten(11))
"""


@pytest.fixture
def bare_python(tmp_path: Path) -> str:
    """A Python without pytest: an environment of its own, without pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "project" / ".venv"], check=True)
    return str(tmp_path / "project")


@pytest.fixture
def plain_table(bare_python: str) -> Table:
    root = Path(bare_python)
    (root / "code_two.py").write_text(TWO)
    (root / "test_two.py").write_text(CASES)
    return Table(Folder(root), InPlace(root), Policy(True))


async def test_unittest_failures_are_reported_with_the_lines_they_execute(plain_table: Table) -> None:
    text = await tried(plain_table)
    assert text.startswith("without any edit: 1 passed, 2 failed, 0 errors")
    assert "FAILED test_two.NumberTest.test_ten - AssertionError: False is not true\n  at test_two.py:" in text
    assert "executed by failing tests: code_two.py: 2,6" in text
    assert " -m unittest" in plain_table.approval.asked


async def test_a_unittest_target_is_enough_for_a_candidate_to_pass(plain_table: Table) -> None:
    candidates = [{"start": 6, "end": 6, "text": f"    return n {op} 10"} for op in ("<", "!=", "==", "<")]
    arguments = {"path": "code_two.py", "candidates": candidates, "target": "test_two.NumberTest.test_ten"}
    assert "candidate 3: pass" in await tried(plain_table, **arguments)


async def test_a_candidate_that_mends_one_of_two_failing_tests_and_breaks_none_is_named(plain_table: Table) -> None:
    candidates = [{"start": 6, "end": 6, "text": f"    return n {op} 10"} for op in ("<", "!=", "==", ">=")]
    failing = ["test_two.NumberTest.test_ten", "test_two.NumberTest.test_twice"]
    text = await tried(plain_table, path="code_two.py", candidates=candidates, failing=failing)
    assert "candidate 4: mends test_two.NumberTest.test_ten" in text
    assert "candidate 3" not in text.replace("candidates", "")


async def test_pytest_candidates_may_mend_one_of_two_failing_tests(table: Table) -> None:
    (table.files.root / "test_half.py").write_text(TEST + "\n\ndef test_lost():\n    assert half(3) == 99\n")
    (table.files.root / "code_under.py").write_text("def half(n):\n    return n // 3\n")
    candidates = [{"start": 2, "end": 2, "text": f"    return n {op} 2"} for op in ("**", "//")]
    failing = [f"test_half.py::{name}" for name in ("test_half", "test_far", "test_lost")]
    text = await tried(table, path="code_under.py", candidates=candidates, failing=failing)
    assert "candidate 2: mends test_half.py::test_half, test_half.py::test_far" in text
