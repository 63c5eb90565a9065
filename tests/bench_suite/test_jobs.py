"""Jobs carried out for real: the offline pair, a repository of its own, the sandbox, and the judge."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import made

from pier_tui.bench import suites
from pier_tui.bench.environment import environment, requirements
from pier_tui.bench.job import audit_of, carry_out, state_before
from pier_tui.bench.judging import judge
from pier_tui.bench.mining import mine
from pier_tui.bench.own import own
from pier_tui.bench.task import PYTHON, Check, Job, Task, Tree
from pier_tui.bench.worktree import files_of, lay_out
from pier_tui.errors import ConfigError, PierError
from pier_tui.repo.repo import Repo
from pier_tui.repo.sample import IDENTITY
from pier_tui.session.export import from_jsonl
from pier_tui.tools.probing import probe
from pier_tui.tools.sandbox import Sandbox

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")


def of(name: str) -> Task:
    return next(task for task in own() if task.id == f"own/{name}")


async def verdict(task: Task, tmp_path: Path, **changes: str) -> dict[str, object]:
    tree = tmp_path / "tree"
    lay_out(task.tree, tree)
    before = files_of(tree)
    for name, text in changes.items():
        (tree / name.replace("__", ".")).write_text(text)
    return await judge(task, before, tree, Sandbox())


async def test_a_final_tree_is_judged_by_its_checks(tmp_path: Path) -> None:
    assert (await verdict(made.task(), tmp_path, app__py="n = 2\n"))["passed"]


async def test_a_tree_nobody_changed_does_not_pass(tmp_path: Path) -> None:
    found = await verdict(made.task(), tmp_path)
    assert (found["passed"], found["lines"]) == (False, 0)
    assert "AssertionError" in str(found["said"])


async def test_a_change_elsewhere_is_stray_and_a_large_diff_too_large(tmp_path: Path) -> None:
    task = made.task(may_change=("app.py",), most_lines=3)
    found = await verdict(task, tmp_path, app__py="n = 2\n", other__py="x = 2\n")
    assert (found["stray"], found["lines"], found["too_large"]) == (("other.py",), 4, True)


async def test_a_hidden_test_stands_in_for_the_one_the_agent_changed(tmp_path: Path) -> None:
    hidden = Check(argv=(PYTHON, "check.py"), hidden={"check.py": "import app\nassert app.n == 2\n"})
    task = made.task(checks=(hidden,), tree=Tree(files={"app.py": "n = 1\n", "check.py": "assert False\n"}))
    assert not (await verdict(task, tmp_path, check__py="pass\n"))["passed"]


async def test_a_check_that_does_not_end_is_no_pass(tmp_path: Path) -> None:
    task = made.task(checks=(Check(argv=(PYTHON, "-c", "while True: pass"), seconds=0.5),))
    assert "did not end" in str((await verdict(task, tmp_path))["said"])


def test_a_task_cannot_write_outside_its_tree(tmp_path: Path) -> None:
    for number, path in enumerate(("../x", "/x", ".git/config")):
        with pytest.raises(PierError, match="not inside"):
            lay_out(Tree(files={path: ""}), tmp_path / str(number))


def test_own_tasks_are_twenty_with_ids_of_their_own() -> None:
    tasks = list(own())
    assert len({task.id for task in tasks}) == len({task.digest for task in tasks}) == 20


@pytest.mark.parametrize("name", ["untested-cents", "where-used", "add-parameter", "both-bugs"])
async def test_no_task_is_solved_by_doing_nothing(name: str, tmp_path: Path) -> None:
    assert not (await verdict(of(name), tmp_path))["passed"]


@needs_bwrap
def test_a_job_is_run_judged_and_recorded_and_its_audit_starts_from_the_same_state() -> None:
    job = Job(task=of("rename-class"), strategy="self-route", repeat=1, overrides={"profile": "offline"})
    done = carry_out(job)
    run, events = done.run, from_jsonl(done.recording).events
    assert (run.success, run.error, run.ended, run.sandbox) == (True, "", "finished", "sandbox full")
    assert run.calls[0].prompt > 1000
    assert run.calls[0].cost
    weak = [turn.turn for turn in run.turns if turn.tier == "weak"]
    audit = audit_of(run, events, weak[-1])
    audited = carry_out(job.model_copy(update={"audit": audit})).run
    assert (audited.error, audited.void, audited.audits) == ("", False, run.key)
    assert [turn.route for turn in audited.turns][: weak[-1]] == ["recorded"] * (weak[-1] - 1) + ["strategy"]
    assert min(call.turn for call in audited.calls) == weak[-1]
    assert state_before(events, 1) != state_before(events, len(run.turns))


def test_what_goes_wrong_around_the_agent_is_an_error_and_no_result() -> None:
    task = made.task(tree=Tree(repository="/nowhere", commit="HEAD"))
    done = carry_out(Job(task=task, strategy="self-route", repeat=1, overrides={"profile": "offline"}))
    assert done.run.error
    assert not done.run.success


def test_suites_say_what_is_wrong_with_what_was_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("{}\n")
    for named, why in (
        ("mine", "is no suite"),
        ("quixbugs", "is no suite"),
        (f"quixbugs={tmp_path}/none", "nothing is there"),
        (f"quixbugs={tmp_path}", "no task"),
        (f"humanevalfix={tmp_path}/x.jsonl", "cannot be read"),
        (f"commits={tmp_path}/x.jsonl", "is no task"),
    ):
        with pytest.raises(PierError, match=why):
            suites.load(named)
    with pytest.raises(ConfigError):
        suites.load("own=here")


def test_a_folder_of_programs_and_tests_becomes_tasks(tmp_path: Path) -> None:
    for path, text in (("python_programs/inc.py", "def inc(x): return x\n"), ("python_testcases/test_inc.py", "")):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (task,) = suites.load(f"quixbugs={tmp_path}")
    assert (task.id, task.may_change) == ("quixbugs/inc", ("python_programs/inc.py",))
    assert set(task.tree.files) == {"python_programs/inc.py", "python_testcases/test_inc.py"}


def test_only_requirements_are_installed_and_never_the_package_itself(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "lib"\ndependencies = ["attrs"]\n[project.optional-dependencies]\n'
        'test = ["hypothesis", "lib[extra]"]\ndocs = ["sphinx"]\n'
        '[dependency-groups]\ndev = ["attrs", {include-group = "docs"}]\n'
    )
    assert requirements(tmp_path) == ("--requirement", str(tmp_path / "requirements.txt"), "attrs", "hypothesis")


def commit(root: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", message)):
        subprocess.run(["git", *words], cwd=root, check=True, env={**IDENTITY, "PATH": "/usr/bin:/bin"})


@needs_bwrap
@pytest.mark.skipif("PIER_SOAK" not in os.environ, reason="runs a repository's tests at many commits: PIER_SOAK=1")
async def test_commits_that_fix_what_their_tests_show_become_tasks(tmp_path: Path) -> None:
    root = tmp_path / "lib"
    root.mkdir()
    commit(root, "Start the library", lib="def inc(x):\n    return x\n", test_old="def test_old():\n    pass\n")
    test = "from lib import inc\n\n\ndef test_inc():\n    assert inc(1) == 2\n"
    commit(root, "Make inc add one", lib="def inc(x):\n    return x + 1\n", test_lib=test)
    commit(root, "Say more in a comment", lib="# inc\ndef inc(x):\n    return x + 1\n", test_lib=test + "# more\n")
    python = await environment(root, install=False)
    found = [mined async for mined in mine(root, await probe(readable=(root,)), environment=str(python))]
    assert [m.reason for m in found if m.task is None] == ["its tests pass without it"]
    (task,) = [m.task for m in found if m.task]
    assert task.request == "Make inc add one"
    assert [check.argv[-1] for check in task.checks] == ["test_lib.py", "test_old.py"]
    file = tmp_path / "tasks.jsonl"
    file.write_text(task.model_dump_json() + "\n")
    assert suites.load(f"commits={file}") == [task]
    tree = tmp_path / "tree"
    lay_out(task.tree, tree)
    assert (tree / ".venv").resolve() == python
    assert ".venv" not in str(Repo.open(tree).files_sync())
    assert not (tree / "test_lib.py").exists()
    assert "return x\n" in (tree / "lib.py").read_text()
