"""Failing tests mended over the wire with the real tools: several causes, with pytest and with unittest, in vain."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pier_tui.models.offline.repair.syntax import completed
from pier_tui.repo.sample import make_sample

TWO = {
    "sums.py": "def add(a, b):\n    return a - b\n\n\ndef biggest(a, b):\n    return min(a, b)\n",
    "test_sums.py": (
        "import unittest\n\nfrom sums import add, biggest\n\n\nclass SumsTest(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(2, 3), 5)\n\n"
        "    def test_biggest(self):\n        self.assertEqual(biggest(4, 9), 9)\n"
    ),
}


@pytest.mark.parametrize("framework", ["pytest", "unittest"])
async def test_both_bugs_of_the_sample_are_mended_by_both_models(
    session_in: Any, tmp_path: Path, framework: str
) -> None:
    root = make_sample(tmp_path / "shop")
    python = sys.executable
    if framework == "unittest":
        _run(root, sys.executable, "-m", "venv", "--without-pip", ".venv")
        python = str(root / ".venv/bin/python")
    session = await session_in(root, "fix the failing tests")
    assert session.said.startswith("All 21 tests pass now.")
    assert "passes the given tests; please review" in session.said
    assert session.calls.count("try_edits") == 1
    assert session.calls.count("run_tests") == 3
    assert sorted(session.text) == ["shop/discounts.py", "shop/orders.py"]
    for path, text in session.text.items():
        (root / path).write_text(text)
    options = ["-q", "-p", "no:cacheprovider"] if framework == "pytest" else []
    printed = _run(root, python, "-m", framework, *options)
    assert ("21 passed" if framework == "pytest" else "Ran 21 tests") in printed


def _run(folder: Path, *argv: str) -> str:
    """Both outputs of a command that has to succeed."""
    done = subprocess.run(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout


async def test_two_causes_that_no_traceback_names_are_searched_one_after_the_other(ask: Any) -> None:
    session = await ask("fix the failing tests", TWO)
    assert session.text["sums.py"] == "def add(a, b):\n    return a + b\n\n\ndef biggest(a, b):\n    return max(a, b)\n"
    assert "These failed and pass now" in session.said
    assert "`sums.py`: `return a - b` becomes `return a + b`" in session.said


async def test_what_no_change_mends_is_said_beside_what_was_mended(ask: Any) -> None:
    tests = TWO["test_sums.py"].replace("biggest(4, 9), 9", "biggest(4, 9), 'horse'")
    session = await ask("fix the failing tests", {**TWO, "test_sums.py": tests})
    assert "return a + b" in session.text["sums.py"]
    assert "Tests: 1 passed, 1 failed." in session.said
    assert "Still failing:\n\n- `test_sums.SumsTest.test_biggest`" in session.said
    assert "small changes mends what fails" in session.said


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("def f(a)\n    return a\n", "def f(a):\n    return a\n"),
        ("def f(a):\n    if a = 1:\n        return 2\n", "def f(a):\n    if a == 1:\n        return 2\n"),
        ("x = [1, 2\ny = 3\n", "x = [1, 2]\ny = 3\n"),
        ("def f(a):\n    if len(a:\n        return 1\n", "def f(a):\n    if len(a):\n        return 1\n"),
        ("while True  # always\n    break\n", "while True:  # always\n    break\n"),
    ],
)
def test_one_small_insertion_completes_a_line(broken: str, whole: str) -> None:
    _, found = completed(broken)
    assert list(found) == [whole]


async def test_a_missing_colon_is_mended_without_a_search(ask: Any) -> None:
    broken = "def add(a, b)\n    return a + b\n\n\ndef biggest(a, b):\n    return max(a, b)\n"
    session = await ask("fix the failing tests", {**TWO, "sums.py": broken})
    assert session.text["sums.py"] == broken.replace("b)\n    return a", "b):\n    return a")
    assert "try_edits" not in session.calls
    assert "All 2 tests pass now." in session.said
