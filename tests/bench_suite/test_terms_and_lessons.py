"""What a bench was measured with, which runs therefore count together, and what contestants that learn are taught."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import made

from pier_tui.bench.arguments import carried_out
from pier_tui.bench.command import run, shown
from pier_tui.bench.contestants import contestant
from pier_tui.bench.job import Done
from pier_tui.bench.lessons import fold, taught
from pier_tui.bench.planning import Wanted, planned
from pier_tui.bench.records import Records
from pier_tui.bench.terms import commit_of, contents, terms
from pier_tui.bench.worktree import place
from pier_tui.errors import ConfigError, PierError
from pier_tui.models.profiles import load_profile
from pier_tui.repo.sample import IDENTITY
from pier_tui.router.signals import Signals
from pier_tui.router.strategy import TurnState


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True, env={**IDENTITY, "PATH": "/usr/bin:/bin"})


def test_a_checkout_is_known_by_its_commit_and_whether_it_was_changed(tmp_path: Path) -> None:
    package = tmp_path / "tool"
    package.mkdir()
    (package / "__init__.py").write_text("n = 1\n")
    assert commit_of(package) == "no checkout"
    git(tmp_path, "init", "--quiet")
    assert commit_of(package) == "no checkout"
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Start")
    clean, code = commit_of(package), contents(package)
    assert clean.startswith("commit ")
    (tmp_path / "README").write_text("another document\n")
    assert (commit_of(package), contents(package)) == (clean, code)
    (package / "__init__.py").write_text("n = 2\n")
    assert commit_of(package) == f"{clean} and changes"
    assert contents(package) != code


def test_another_model_price_setting_or_prompt_is_measured_apart_and_another_port_is_not(tmp_path: Path) -> None:
    offline, hosted = load_profile("offline"), load_profile("sarvam-2026-06", {"strong_model": "x"}, usable=False)
    (tmp_path / "weak.md").write_text("Be brief.\n")
    none = tmp_path / "none"
    digests = {
        terms(offline, hosted, {"weak_url": "http://127.0.0.1:4001/v1"}, none).digest,
        terms(offline, offline, {"weak_url": "http://127.0.0.1:4001/v1"}, none).digest,
        terms(hosted, hosted, {"weak_url": "http://127.0.0.1:4001/v1"}, none).digest,
        terms(offline, hosted, {"weak_url": "https://elsewhere.org:4001/v1"}, none).digest,
        terms(offline, hosted, {"weak_url": "http://127.0.0.1:4001/v1"}, tmp_path).digest,
    }
    assert len(digests) == 5
    assert terms(offline, hosted, {"weak_url": "http://127.0.0.1:7/v1"}, none).digest in digests


def test_a_dry_run_says_what_would_be_measured_and_starts_nothing(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    said = run(Wanted(["own"], out, ["always-30B", "learned"], 2, {"profile": "offline"}, dry_run=True))
    assert "30B: offline-30b-rules, 105B: offline-105b-rules, profile offline" in said
    assert "80 runs to do" in said
    assert not out.exists()


@pytest.mark.parametrize("changed", [{"strategy": "latch"}, {"only": "weak"}])
def test_what_would_bind_every_contestant_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="--contestant"):
        carried_out(Namespace(act="run"), changed)


def test_a_sample_is_even_and_may_have_a_time_limit_of_its_own(tmp_path: Path) -> None:
    ahead = planned(Wanted(["own"], tmp_path, ["latch"], 1, {"profile": "offline"}, tasks=15, seconds=7))
    every = [job.task.id for job in planned(Wanted(["own"], tmp_path, ["latch"], 1, {"profile": "offline"})).jobs]
    chosen = [every.index(job.task.id) for job in ahead.jobs]
    assert (len(chosen), chosen[0], chosen[-1]) == (15, 0, 18)
    assert {job.task.seconds for job in ahead.jobs} == {7}


def test_a_report_counts_all_contestants_of_its_terms_and_says_how_many_runs_it_left_out(tmp_path: Path) -> None:
    records = Records(tmp_path)
    plan = planned(Wanted(["own"], tmp_path, ["latch"], 1, {"profile": "offline"}, command="second")).plan
    records.keep_plan(plan.model_copy(update={"terms": "others", "commands": ("of others",)}))
    records.keep_plan(plan.model_copy(update={"commands": ("first",)}))
    records.keep_plan(plan)
    for strategy, under in (("latch", plan.terms), ("always-30B", plan.terms), ("self-route", "others")):
        records.keep(Done(made.run("a", strategy, True, terms=under, key=strategy), ""))
    said = shown(tmp_path)
    assert said.index("first\n") < said.index("second\n")
    assert "of others\n" not in said
    assert "always-30B" in said
    assert "self-route" not in said.replace("pier-tui", "")
    assert "1 runs of other code, models or settings" in said
    assert shown(tmp_path, "s")
    with pytest.raises(PierError, match="No run of the suite t"):
        shown(tmp_path, "t")


def test_the_last_run_of_a_task_that_was_changed_or_taught_anew_is_the_one_that_counts(tmp_path: Path) -> None:
    records = Records(tmp_path)
    plan = planned(Wanted(["own"], tmp_path, ["learned"], 1, {"profile": "offline"})).plan
    records.keep_plan(plan)
    for lessons, success in ((10, True), (12, False)):
        run = made.run("a", "learned", success, terms=plan.terms, key=str(lessons), lessons=lessons)
        records.keep(Done(run, ""))
    assert "0 % [0, 98] n=1" in shown(tmp_path)
    assert "learned had 12 to 12 labels and needs 30" in shown(tmp_path)


def test_a_place_for_copies_is_removed_and_so_is_one_a_killed_process_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with place() as folder:
        assert folder.is_relative_to(tmp_path)
        left = folder.parent / "999999999-ab"
        left.mkdir()
        (folder / "file").write_text("x")
    with place() as again:
        assert not folder.exists()
        assert not left.exists()
        assert again.stat().st_mode & 0o077 == 0


def test_a_task_is_taught_by_tasks_of_other_folds_that_both_models_were_run_on() -> None:
    names = [str(number) for number in range(40)]
    runs = [made.run(n, s, s == "always-105B" or n > "2") for n in names[:30] for s in ("always-30B", "always-105B")]
    runs += [made.run(n, "always-30B", True) for n in names[30:]]
    jobs = taught([made.job(name, "learned") for name in names], {name: f"do {name}" for name in names}, runs)
    for job in jobs:
        told = {text.removeprefix("do "): good for text, good in job.lessons}
        assert set(told) == {name for name in names[:30] if fold(name) != fold(job.task.id)}
        assert all(good == (name > "2") for name, good in told.items())
    assert len({job.key for job in jobs}) == 40
    assert jobs[0].key != made.job("0", "learned").key


def test_with_lessons_enough_the_model_is_chosen_before_any_call() -> None:
    lessons = tuple((f"{'rename' if n % 2 else 'fix'} the thing {n}", float(n % 2)) for n in range(40))
    chosen = contestant("learned", lessons).strategy
    assert chosen is not None
    told = {}
    for request in ("rename the thing 99", "fix the thing 99"):
        (call,) = next(chosen.flow(TurnState(request=request, signals=Signals())))
        told[call.tier] = call.reason
    assert told == {"weak": "foreseen", "strong": "foreseen"}
