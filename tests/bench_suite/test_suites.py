"""Suites read from files in the layouts of the public sets."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from pier_tui.bench import suites
from pier_tui.repo.sample import IDENTITY


def test_a_jsonl_of_broken_functions_hides_the_full_test(tmp_path: Path) -> None:
    row = {
        "task_id": "Python/0", "entry_point": "inc", "prompt": "def inc(x):\n", "buggy_solution": "    return x\n",
        "example_test": "def check(inc):\n    assert inc(1) == 2\ncheck(inc)\n", "test": "def check(inc):\n    pass\n",
    }  # fmt: skip
    (tmp_path / "x.jsonl").write_text(json.dumps(row) + "\n\n" + json.dumps({**row, "example_test": " "}) + "\n")
    (task,) = suites.load(f"humanevalfix={tmp_path / 'x.jsonl'}")
    assert task.tree.files["program.py"] == "def inc(x):\n    return x\n"
    assert task.tree.files["test_program.py"].endswith("def test_it():\n    check(inc)\n")
    assert "\ncheck(inc)" not in task.tree.files["test_program.py"]
    assert set(task.checks[1].hidden) == {"test_hidden.py"}


def test_an_exercise_shows_its_stub_and_hides_its_test(tmp_path: Path) -> None:
    exercise = tmp_path / "python/exercises/practice/bob"
    for path, text in (
        (".meta/config.json", json.dumps({"files": {"solution": ["bob.py"], "test": ["bob_test.py"]}})),
        (".docs/instructions.md", "Answer like Bob."),
        ("bob.py", "pass\n"),
        ("bob_test.py", "assert True\n"),
    ):
        (exercise / path).parent.mkdir(parents=True, exist_ok=True)
        (exercise / path).write_text(text)
    (task,) = suites.load(f"polyglot={tmp_path}")
    assert task.request.startswith("Answer like Bob.")
    assert set(task.tree.files) == {"bob.py"}
    assert task.checks[0].hidden == {"bob_test.py": "assert True\n"}


def test_an_instance_of_issues_gets_the_tests_its_patch_makes(tmp_path: Path) -> None:
    root = tmp_path / "lib"
    root.mkdir()
    (root / "test_lib.py").write_text("one\n")
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "Start")):
        subprocess.run(["git", *words], cwd=root, check=True, env={**IDENTITY, "PATH": "/usr/bin:/bin"})
    patch = "--- a/test_lib.py\n+++ b/test_lib.py\n@@ -1 +1,2 @@\n one\n+two\n"
    row = {
        "instance_id": "lib-1", "repository": str(root), "base_commit": "HEAD", "problem_statement": "Do two",
        "test_patch": patch, "FAIL_TO_PASS": '["test_lib.py::a"]', "PASS_TO_PASS": ["test_lib.py::b"],
    }  # fmt: skip
    (tmp_path / "x.jsonl").write_text(json.dumps(row))
    (task,) = suites.load(f"swebench={tmp_path / 'x.jsonl'}")
    assert task.checks[0].hidden == {"test_lib.py": "one\ntwo\n"}
    assert task.checks[0].argv[-2:] == ("test_lib.py::a", "test_lib.py::b")
