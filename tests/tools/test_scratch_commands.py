from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pier_tui.errors import ToolError
from pier_tui.repo.scratch import Scratch
from pier_tui.tools.approval import Nobody, PolicyApproval
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.scratch_runner import ScratchRunner
from pier_tui.tools.testing import PYTEST, TestCommand, detect, narrowed
from pier_tui.tools.tool import CheckFailed, CheckPassed, CommandRun, Ran

PROJECT: dict[str, str | bytes] = {
    "app.py": "def g(x):\n    y = x + 2\n    return y\n\n\ndef boom():\n    return g(None)\n",
    "tests/test_app.py": (
        "import unittest\n\nimport app\n\n\nclass T(unittest.TestCase):\n    def test_g(self):\n"
        "        self.assertEqual(app.g(1), 3)\n\n    def test_boom(self):\n        app.boom()\n"
    ),
}


async def test_a_command_sees_pending_edits_and_its_changes_become_proposals(make_desk) -> None:
    desk = make_desk({"a.txt": "old\n", "b.txt": "b\n"})
    desk.files.write("a.txt", b"pending\n")
    result = await desk.call("run", '{"command": "cat a.txt; echo new > c.txt; rm b.txt; echo more >> a.txt"}')
    assert result.text.split("\n")[1:] == ["pending", "changed, now proposed: a.txt, b.txt, c.txt"]
    assert (desk.files.read("c.txt"), desk.files.exists("b.txt")) == (b"new\n", False)
    assert (desk.root / "a.txt").read_text() == "old\n"
    assert (desk.root / "b.txt").exists()
    assert result.changed == ("a.txt", "b.txt", "c.txt")
    assert "pending\n" in "".join(desk.live)


async def test_a_failing_command_says_where_and_the_same_command_closes_it(make_desk) -> None:
    desk = make_desk({"x.py": "def f():\n    raise ValueError('no')\nf()\n"})
    call = '{"command": "python3 x.py"}'
    failed = await desk.call("run", call)
    assert not failed.ok
    assert failed.text.startswith("exit 1, ")
    run, check = failed.facts
    assert isinstance(run, CommandRun)
    assert isinstance(check, CheckFailed)
    assert (check.signature, check.path, check.line) == ("python3 x.py · ValueError at x.py:2", "x.py", 2)
    desk.files.write("x.py", b"")
    passed = (await desk.call("run", call)).facts[1]
    assert isinstance(passed, CheckPassed)
    assert check.signature.startswith(passed.prefixes[0])


async def test_a_command_that_is_not_allowed_does_not_run(make_desk) -> None:
    desk = make_desk({})
    desk.approval = PolicyApproval("on-request", Nobody())
    with pytest.raises(ToolError, match="nobody is here"):
        await desk.call("run", '{"command": "touch x"}')
    assert desk.files.changed() == ()


async def test_no_secret_of_the_environment_reaches_a_command(make_desk) -> None:
    desk = make_desk({})
    os.environ["SOME_API_KEY"] = "canary"
    try:
        assert "canary" not in (await desk.call("run", '{"command": "env"}')).text
    finally:
        del os.environ["SOME_API_KEY"]


async def test_edits_for_one_run_are_gone_after_it(make_desk) -> None:
    desk = make_desk({"a.txt": "a\n"})
    for _ in range(2):
        async for piece in desk.runner.run("cat a.txt x/y.txt", timeout=10, edits={"a.txt": b"A\n", "x/y.txt": b"Y\n"}):
            if isinstance(piece, Ran):
                assert (piece.output, piece.changed) == ("A\nY\n", ())
    assert (await desk.call("run", '{"command": "cat a.txt; ls x"}')).text.split("\n")[1] == "a"
    assert desk.files.changed() == ()


async def test_edits_never_follow_a_link_out_of_the_copy(make_desk, tmp_path: Path) -> None:
    desk = make_desk({"a.txt": "a\n"})
    outside = tmp_path / "outside"
    outside.mkdir()
    await desk.call("run", json.dumps({"command": f"ln -s {outside} node_modules"}))
    with pytest.raises(ToolError, match="cannot be laid over"):
        async for _ in desk.runner.run("true", timeout=10, edits={"node_modules/x": b"!"}):
            pass
    assert not list(outside.iterdir())


async def test_a_timed_out_command_proposes_nothing(make_desk) -> None:
    desk = make_desk({"a.txt": "a\n"})
    result = await desk.call("run", '{"command": "echo half > a.txt; exec sleep 60", "timeout": 1}')
    assert result.text.startswith("timed out after 1 s")
    assert desk.files.changed() == ()
    assert (await desk.call("run", '{"command": "cat a.txt"}')).text.endswith("\na")


async def test_the_tests_run_and_tell_what_failed_where_and_what_ran(make_desk) -> None:
    desk = make_desk(PROJECT)
    result = await desk.call("run_tests", '{"trace": true}')
    lines = result.text.split("\n")
    assert lines[0] == "exit 1: 1 passed, 1 failed, 0 errors"
    assert lines[1].startswith("FAILED tests/test_app.py::T::test_boom - TypeError")
    assert lines[2:5] == ["  at tests/test_app.py:11", "  at app.py:7", "  at app.py:2"]
    executed = [line for line in lines if line.startswith("executed by failing tests: ")]
    assert executed == ["executed by failing tests: app.py: 2,7", "executed by failing tests: tests/test_app.py: 11"]
    assert "pytest" in desk.approval.asked[0][0]
    assert result.changed == ()
    desk.files.write("app.py", PROJECT["app.py"].replace("g(None)", "g(0)").encode())  # type: ignore[union-attr, arg-type]
    fixed = await desk.call("run_tests", '{"target": "tests/test_app.py::T"}')
    assert fixed.text.startswith("exit 0: 2 passed, 0 failed, 0 errors\n")
    assert fixed.facts[1] == CheckPassed(prefixes=("tests/test_app.py::T",))


async def test_unittest_is_traced_where_there_is_no_pytest(make_desk) -> None:
    desk = make_desk(PROJECT)
    python = desk.root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/usr/bin/env")
    assert detect(desk.files).framework == "unittest"
    python.unlink()
    python.write_text('#!/bin/sh\nexec python3 "$@"\n')
    python.chmod(0o755)
    result = await desk.call("run_tests", '{"target": "tests/test_app.py", "trace": true}')
    assert result.text.startswith("exit 1: 1 passed, 0 failed, 1 errors\nERROR test_app.T.test_boom - TypeError")
    assert "executed by failing tests: app.py: 2,7" in result.text


def test_the_project_tells_how_it_is_tested(make_desk) -> None:
    desk = make_desk({"Cargo.toml": "", "Makefile": "test:\n\ttrue\n"})
    assert detect(desk.files).argv == ("cargo", "test", "--offline")
    desk.files.write("Cargo.toml", None)
    assert detect(desk.files).argv == ("make", "test")
    desk.files.write("package.json", b'{"scripts": {"test": "jest"}}')
    assert detect(desk.files).argv == ("npm", "test", "--silent")
    desk.files.write("test_x.py", b"")
    command = detect(desk.files)
    assert command.framework == "pytest"
    assert narrowed(command, "test_x.TestA.test_b", desk.files)[-1] == "test_x.py::TestA::test_b"
    assert narrowed(command, "adds or empties", desk.files)[-2:] == ("-k", "adds or empties")
    for bad in ("-p evil", "--cov", "x\ny"):
        with pytest.raises(ToolError, match="not an option"):
            narrowed(command, bad, desk.files)


@pytest.mark.parametrize("target", ["", "test_x.py", "test_x.py::TestA::test_b", "sub", "adds or empties", "test_x"])
@pytest.mark.parametrize("frame", ["pytest", "unittest", "cargo", "go", "npm", "make"])
def test_every_run_begins_with_the_words_a_permission_binds(make_desk, frame: str, target: str) -> None:
    desk = make_desk({"test_x.py": "", "sub/test_y.py": ""})
    argv = {"pytest": ("python", *PYTEST), "unittest": ("python", "-m", "unittest", "discover")}.get(frame)
    framework = "generic" if argv is None else frame
    command = TestCommand(framework, argv or (frame, "test", *(["./..."] if frame == "go" else [])))
    assert narrowed(command, target, desk.files)[: len(command.begins)] == command.begins
    assert command.begins == (("python", "-m", frame) if argv else (frame, "test"))


def test_a_repository_without_tests_says_so(make_desk) -> None:
    with pytest.raises(ToolError, match="No tests were found"):
        detect(make_desk({"a.txt": ""}).files)


async def test_the_sandbox_lets_tests_run_and_nothing_out(make_desk, sandbox: Sandbox, tmp_path: Path) -> None:
    desk = make_desk(PROJECT)
    desk.runner = ScratchRunner(Scratch(desk.root), desk.files, sandbox)
    outside = tmp_path / "outside"
    script = (
        f"touch {desk.root}/x {outside} ~/.pier-canary /etc/pier-canary; ls -A ~/.ssh; ls /proc | grep -c '^[0-9]'; :"
    )
    result = await desk.call("run", json.dumps({"command": script}))
    assert not outside.exists()
    assert not (desk.root / "x").exists()
    assert not (Path.home() / ".pier-canary").exists()
    assert "Read-only file system" in result.text
    net = "import socket; socket.create_connection(('1.1.1.1', 80), 2)"
    assert "unreachable" in (await desk.call("run", json.dumps({"command": f'python3 -c "{net}"'}))).text
    tests = await desk.call("run_tests", "{}")
    assert tests.text.startswith("exit 1: 1 passed, 1 failed, 0 errors")


async def test_what_others_obey_is_not_proposed_by_a_command_whether_it_was_there_or_not(make_desk) -> None:
    desk = make_desk({"AGENTS.md": "be kind\n", "sub/a.txt": "a\n"})
    script = (
        "mkdir -p .git/hooks .vscode sub/.Husky; echo evil | tee -a AGENTS.md .envrc .vscode/tasks.json sub/.Husky/x "
        "sub/.git .gitmodules .git/hooks/pre-commit fine.txt >/dev/null; rm AGENTS.md"
    )
    result = await desk.call("run", json.dumps({"command": script}))
    assert result.changed == ("fine.txt",)
    assert desk.files.changed() == ("fine.txt",)
    for name in ("AGENTS.md", ".envrc", ".vscode/tasks.json", "sub/.Husky/x", "sub/.git", ".gitmodules"):
        assert f"({name} not proposed: commands may not change it" in result.text
    again = await desk.call("run", '{"command": "ls -A . sub; cat AGENTS.md"}')
    assert again.text.split("\n")[1:] == [".:", "AGENTS.md", "fine.txt", "sub", "", "sub:", "a.txt", "be kind"]


async def test_a_read_only_sandbox_proposes_nothing_even_where_it_cannot_keep_a_command_from_writing(make_desk) -> None:
    desk = make_desk({"a.txt": "a\n"})
    desk.runner = ScratchRunner(Scratch(desk.root), desk.files, Sandbox(writes="read-only"))
    result = await desk.call("run", '{"command": "echo b > a.txt"}')
    assert desk.files.changed() == result.changed == ()
    assert "(a.txt not proposed: commands may only read here)" in result.text


async def test_a_model_chooses_no_folder_no_sandbox_and_no_endless_time(make_desk) -> None:
    desk = make_desk({"test_a.py": "def test_a():\n    pass\n"})
    knobs = '"cwd": "/", "sandbox": "none", "approved": true, "env": {"X": "y"}, "writable": ["/"]'
    told = await desk.call("run", f'{{"command": "pwd; echo ${{X-unset}}", {knobs}}}')
    assert told.text.split("\n")[1:] == [".", "unset"]
    assert desk.approval.asked == [("pwd; echo ${X-unset}", "the model wants to run it")]
    assert (await desk.call("run", '{"command": "pwd", "timeout": -5}')).text.endswith("\n.")
    assert (await desk.call("run", '{"command": "pwd", "timeout": 99999999}')).text.endswith("\n.")
    assert (await desk.call("run_tests", '{"timeout": 1e300}')).ok
