"""Benches that are stopped, killed and resumed: nothing is lost and nothing done twice."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import made

from pier_tui.bench.executor import Local, Ray
from pier_tui.bench.expecting import expected
from pier_tui.bench.job import Done
from pier_tui.bench.records import Records
from pier_tui.bench.runner import Going, Limits, jobs_of, left
from pier_tui.errors import ConfigError, PierError
from pier_tui.models.usage import Price

PRICE = Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16))


def always() -> bool:
    return True


def test_a_run_is_found_again_after_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.keep(Done(made.run("a", "x", True), "header\n"))
    with open(tmp_path / "runs.jsonl", "ab") as file:
        file.write(b'{"key": "half')
    records.keep(Done(made.run("b", "x", False), ""))
    assert [run.task for run in records.runs()] == ["a", "b"]
    assert (tmp_path / records.runs()[0].recording).read_text() == "header\n"


def test_what_is_done_is_not_wanted_again_and_a_failed_machinery_is(tmp_path: Path) -> None:
    records = Records(tmp_path)
    jobs = [made.job("a"), made.job("b")]
    records.keep(made.quick(jobs[0]))
    records.keep(Done(made.quick(jobs[1]).run.model_copy(update={"error": "no disk"}), ""))
    assert left(jobs, records) == [jobs[1]]


def test_another_setting_repeat_strategy_or_task_is_another_run() -> None:
    one = made.job("a")
    others = [
        made.job("b"),
        made.job("a", repeat=2),
        made.job("a", "latch"),
        one.model_copy(update={"overrides": {"profile": "local"}}),
        one.model_copy(update={"terms": "2"}),
    ]
    assert len({one.key, *(other.key for other in others)}) == 6
    assert made.job("a").key == one.key


def test_two_benches_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with Records(tmp_path).alone(), pytest.raises(PierError, match="Another bench"), Records(tmp_path).alone():
        pass


def test_a_bench_stops_at_its_cost_limit_and_goes_on_later(tmp_path: Path) -> None:
    records = Records(tmp_path)
    jobs = [made.job(str(n)) for n in range(6)]
    first = Going(records, _Inline(), Limits(cost=Decimal("1.5")))
    assert len(list(first.carry_out(jobs))) == 3
    assert "cost limit" in first.stopped
    assert len(list(Going(records, _Inline(), Limits()).carry_out(left(jobs, records)))) == 3
    assert len(records.runs()) == 6


class _Inline:
    def results(self, jobs, more):  # type: ignore[no-untyped-def]
        for job in jobs:
            if not more():
                return
            yield made.quick(job)


def test_what_is_expected_comes_from_recorded_runs_or_says_that_it_is_a_prior() -> None:
    jobs = [made.job("a"), made.job("b")]
    prior = expected(jobs, jobs, (), PRICE)
    assert "priors" in prior.source
    assert (prior.tokens, prior.rupees) == (84800, Decimal("0.3248"))
    seen = expected(jobs, jobs[:1], [made.run("a", "x", True)], PRICE)
    assert (seen.tokens, seen.rupees, seen.done) == (110, Decimal("0.5"), 1)
    dear = made.run("a", "self-route", True, tiers="sss")
    assert expected(jobs, jobs, [made.run("a", "x", True), dear], PRICE).tokens == 660


def test_an_unknown_strategy_number_is_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="random@2"):
        jobs_of([made.task()], ["random@2"], 1, {}, "")


def _survives(executor: object, names: list[str]) -> Counter[str]:
    jobs = [made.job(name) for name in names]
    return Counter(f"{d.run.task}:{d.run.error}" for d in executor.results(jobs, always))  # type: ignore[attr-defined]


def test_a_worker_that_dies_loses_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIER_TEST_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    names = ["a", "b", "killer", "c", "d"]
    assert _survives(Local(2, made.dying), names) == Counter(f"{name}:" for name in names)
    found = _survives(Local(1, made.dying), ["a", "cursed", "b"])
    assert found == Counter(["a:", "b:", "cursed:its worker process died 3 times"])


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the optional extra: pip install ray")
@pytest.mark.skipif("PIER_SOAK" not in os.environ, reason="starts a cluster: PIER_SOAK=1")
def test_a_ray_worker_that_dies_loses_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIER_TEST_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    names = [*map(str, range(30)), "killer"]
    assert _survives(Ray(3, work=made.dying), names) == Counter(f"{name}:" for name in names)


def test_without_ray_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="pip install"):
        Ray(2)
