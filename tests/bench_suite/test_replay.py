"""Strategies replayed on outcomes made up here, where the right answer is known."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from pier_tui.bench.contenders import ENTRIES
from pier_tui.bench.crossfit import Ground, folds_of
from pier_tui.bench.outcomes import Row, outcomes
from pier_tui.bench.replay import Replay, Result, Wanted, replay
from pier_tui.bench.replay_page import html_of, svg_of
from pier_tui.bench.replay_text import text_of
from pier_tui.errors import ConfigError

QUICK = Wanted(bootstrap=50)


def rows(count: int = 240, seed: int = 0, **extra: object) -> list[Row]:
    """Half the questions are about sums, which the weak model often gets wrong and shows by its arithmetic."""
    rng = np.random.default_rng(seed)
    made: list[Row] = []
    for i in range(count):
        hard, a, b = bool(rng.random() < 0.5), int(rng.integers(2, 9)), int(rng.integers(2, 9))
        wrong = bool(rng.random() < (0.7 if hard else 0.1))
        prompt = (
            f"Sum {i}: multiply {a} boxes of {b} pens" if hard else f"Name {i}: who ruled the empire of {a} and {b}"
        )
        claimed = a * b + wrong
        made.append(
            {
                "prompt": prompt,
                "weak": float(not wrong),
                "strong": float(rng.random() < 0.95),
                "weak_response": f"<<{a}*{b}={claimed}>>\n#### {claimed}",
                "strong_response": f"#### {a * b}",
                "domain": "sums" if hard else "names",
                **extra,
            }
        )
    return made


def by_name(found: Replay) -> dict[str, Result]:
    return {result.name: result for result in found.results}


@pytest.fixture(scope="module")
def found() -> Replay:
    return replay(outcomes(rows()), QUICK, "made <up> & \x1b[31m.csv")


def apgr(result: Result) -> float:
    assert result.apgr is not None
    assert result.apgr.value is not None
    return result.apgr.value


def test_strategies_find_what_is_there_and_baselines_are_in_their_places(found: Replay) -> None:
    results = by_name(found)
    for name in ("learned-knn", "learned-sw", "learned-mf", "learned-lr", "difficulty-det", "domain-mean"):
        assert apgr(results[name]) > 0.6, name
    assert apgr(results["self-verify"]) > apgr(results["domain-mean"]) + 0.05
    assert apgr(results["cascade"]) > apgr(results["domain-mean"]) + 0.05
    assert apgr(results["random"]) == pytest.approx(0.5)
    assert all(apgr(r) <= apgr(results["oracle (single-run)"]) for r in results.values() if r.apgr)
    assert {s.name for s in found.not_run} == {"self-route", "mixture", "difficulty-prob", "difficulty-trans"}


def test_every_figure_lies_in_its_interval_and_every_curve_goes_from_weak_to_strong(found: Replay) -> None:
    for result in found.results:
        for figure in [result.apgr, *(f for s in result.settings for f in s.figures.values())]:
            if figure and figure.value is not None and figure.low is not None and figure.high is not None:
                assert figure.low - 0.05 <= figure.value <= figure.high + 0.05
        if result.curve:
            assert result.curve.quality[0] == pytest.approx(found.weak.value, abs=1e-5)
            assert result.curve.quality[-1] == pytest.approx(found.strong.value, abs=1e-5)
            assert len(result.curve.cost) == 101


def test_costs_are_kept_and_drafts_are_paid_besides(found: Replay) -> None:
    results = by_name(found)
    for name, result in results.items():
        for setting in result.settings:
            cost, share = setting.figures["cost"].value, setting.figures["escalated"].value
            assert cost is not None
            assert share is not None
            drafts = name in ("cascade", "speculative") or name.startswith("self-verify")
            assert cost == pytest.approx(0.625 + share if drafts else 0.625 + share * 0.375)
    drafted, before = results["cascade"].curve, results["learned-knn"].curve
    assert drafted is not None
    assert before is not None
    assert (drafted.cost[0], drafted.cost[-1]) == pytest.approx((0.625, 1.625))
    assert (before.cost[0], before.cost[-1]) == pytest.approx((0.625, 1))


def test_the_same_seed_gives_the_same_report_and_another_one_another() -> None:
    one, again, other = (replay(outcomes(rows(60)), Wanted(bootstrap=20, seed=s)) for s in (1, 1, 2))
    assert one == again
    assert one != other


def test_no_row_is_scored_by_a_fit_that_saw_its_task() -> None:
    made = rows(60)
    doubled = outcomes([*made, *made])
    ground = Ground(doubled, 5, 0, 0.5)
    seen: list[int] = []
    for fit, score in ground.splits():
        assert not set(doubled.tasks[fit]) & set(doubled.tasks[score])
        seen += score.tolist()
    assert sorted(seen) == list(range(120))


def test_labels_that_are_noise_are_not_learned_by_heart() -> None:
    rng = np.random.default_rng(3)
    noise: list[Row] = [
        {**row, "weak": float(rng.random() < 0.5), "strong": float(rng.random() < 0.8)} for row in rows(200)
    ]
    results = by_name(replay(outcomes([*noise, *noise]), QUICK))
    for name in ("learned-knn", "learned-sw", "learned-lr", "learned-mf", "cascade"):
        assert 0.36 < apgr(results[name]) < 0.64, name


def test_folds_whose_fits_differ_in_level_only_are_ordered_at_random() -> None:
    # Of eight rows every fit without the good ones predicts too little for them, unless its level is taken out.
    ground = Ground(outcomes([{"weak": 0, "strong": i % 2} for i in range(8)]), 8, 0, 0.5)
    levels = ground.out_of_fold(ground.gain, lambda fit, score: np.full(len(score), ground.gain[fit].mean()))
    assert levels == pytest.approx(np.full(8, 0.5))


def test_costs_that_say_nothing_are_not_used_and_said_so() -> None:
    plain = rows(30)
    free = replay(outcomes([{**row, "weak_cost": 0, "strong_cost": 0} for row in plain]), QUICK)
    half = replay(outcomes([{**row, "strong_cost": 2} for row in plain]), QUICK)
    assert free.ratio == half.ratio == 0.625
    assert any("all 0" in note for note in free.notes)
    assert any("Only strong_cost is there" in note for note in half.notes)
    assert "strong_cost" in text_of(half).splitlines()[1]


def test_marked_training_rows_are_fitted_on_and_never_scored() -> None:
    made = [{**row, "split": "train" if i < 180 else "test"} for i, row in enumerate(rows())]
    found = replay(outcomes(made), Wanted(bootstrap=0, strategies=["learned-lr"]))
    assert found.rows == 60
    assert found.left_out == {"only trained on": 180}
    flipped = [{**row, "weak": 1.0, "strong": 0.0} if i >= 180 else row for i, row in enumerate(made)]
    ground, other = (Ground(outcomes(m), 5, 0, 0.5) for m in (made, flipped))
    one, two = (ENTRIES["learned-lr"](g) for g in (ground, other))
    assert np.array_equal(one.score[180:], two.score[180:])  # type: ignore[union-attr, index]


def test_folds_are_of_whole_tasks_and_as_many_as_there_are() -> None:
    tasks = np.array([0, 0, 1, 2, 2, 3])
    folds = folds_of(tasks, 5, 0)
    assert folds[0] == folds[1]
    assert sorted(set(folds)) == [0, 1, 2, 3]


def test_soft_and_graded_outcomes_bring_the_labels_made_for_them() -> None:
    rng = np.random.default_rng(0)

    def graded(row: Row) -> Row:
        runs = np.clip(float(str(row["weak"])) * 0.6 + rng.normal(0.1, 0.1, 3), 0, 1)
        return {**row, "weak": runs.tolist(), "strong": [0.9, 0.8, 1.0]}

    made = [graded(row) for row in rows(100)]
    results = by_name(replay(outcomes(made), QUICK))
    assert {"difficulty-det", "difficulty-prob", "difficulty-trans", "oracle"} <= set(results)
    assert "t* =" in results["difficulty-trans"].about


def test_recorded_columns_replay_what_only_a_live_run_could() -> None:
    made = [
        {**row, "weak_confidence": 0.2 + 0.6 * weak, "mixture": 1, "mixture_cost": 2.5, "score:mine": -weak}
        for row in rows(60)
        for weak in [float(str(row["weak"]))]
    ]
    results = by_name(replay(outcomes(made), QUICK))
    assert apgr(results["self-route"]) == pytest.approx(apgr(results["score:mine"]))
    mixed = results["mixture"].settings[0].figures
    assert (mixed["quality"].value, mixed["cost"].value) == (1, 2.5)


def without(made: list[Row], *names: str) -> list[Row]:
    return [{k: v for k, v in row.items() if k not in names} for row in made]


@pytest.mark.parametrize(
    "made",
    [
        without(rows(40), "prompt", "weak_response", "strong_response", "domain"),
        without(rows(40), "prompt"),
        [{**r, "weak": 1, "strong": 1} for r in rows(30)],
        [{**r, "weak": r["strong"], "strong": r["weak"]} for r in rows(60)],
        [{**r, "weak": 0, "strong": 1} for r in rows(30)],
        rows(3),
        rows(2),
        [{**r, "prompt": "same"} for r in rows(20)],
        [{**r, "prompt": "", "weak_response": ""} for r in rows(20)],
        [{**r, "weak_cost": 0, "strong_cost": 0} for r in rows(20)],
        [{**r, "weak_cost": 5, "strong_cost": 1} for r in rows(20)],
        [{**r, "embedding": [0.0, 0.0]} for r in without(rows(20), "prompt")],
        [{**r, "split": "train" if i < 1 else "test"} for i, r in enumerate(rows(20))],
    ],
    ids=["bare", "no-prompt", "constant", "weak-better", "always-needed", "three", "two", "one-text", "empty", "free",
         "weak-dearer", "zero-embedding", "one-trained"],
)  # fmt: skip
def test_odd_outcomes_give_a_report_not_an_error(made: list[Row]) -> None:
    with np.errstate(all="raise", under="ignore"):
        found = replay(outcomes(made), Wanted(bootstrap=20))
    assert text_of(found)
    assert html_of(found)
    assert svg_of(found)
    assert "NaN" not in found.model_dump_json()
    assert "Infinity" not in found.model_dump_json()


def test_a_strong_model_that_is_no_better_is_said() -> None:
    made = [{**r, "weak": r["strong"], "strong": r["weak"]} for r in rows(60)]
    found = replay(outcomes(made), QUICK)
    assert any("not better" in note for note in found.notes)
    assert all(r.apgr is None or r.apgr.value is None for r in found.results)


def test_only_what_is_asked_for_is_replayed_and_an_unknown_name_is_said() -> None:
    found = replay(outcomes(rows(40)), Wanted(bootstrap=0, strategies=["difficulty", "prompt-length"]))
    assert set(by_name(found)) == {"difficulty-det", "prompt-length", "random", "always-weak", "always-strong"}
    with pytest.raises(ConfigError, match="no strategy 'best'"):
        replay(outcomes(rows(40)), Wanted(strategies=["best"]))


class _Checked(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "path", "polyline"):
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [v or "" for k, v in attrs if k in ("src", "href")]


def test_the_page_is_whole_needs_no_network_and_escapes_names(found: Replay) -> None:
    page = html_of(found)
    parser = _Checked()
    parser.feed(page)
    assert parser.open == []
    assert parser.links == []
    assert "made &lt;up&gt; &amp;" in page
    assert "<script" not in page
    assert "self-verify" in page


def test_the_picture_is_well_formed_and_names_its_curves(found: Replay) -> None:
    drawn = ElementTree.fromstring(svg_of(found.model_copy(update={"file": "a<b>.csv"})))
    named = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"random", "self-verify", "cascade"} <= set(named)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}polyline"))) == 7


def test_the_text_says_what_was_left_out_and_why(found: Replay) -> None:
    text = text_of(found)
    assert "self-route: asks the weak model" in text
    assert "APGR [95%]" in text
    assert "price ratio r = 0.625" in text
    assert max(map(len, text.splitlines())) < 170


def test_the_command_prints_text_or_json_and_writes_files(tmp_path: Path) -> None:
    import csv
    import json

    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows(1)[0]))
        writer.writeheader()
        writer.writerows(rows(40))
    command = [sys.executable, "-m", "pier_tui.cli", "replay", str(path), "--bootstrap", "10", "--strategy", "learned"]
    shown = subprocess.run(
        [*command, "--json", "--svg", "a.svg", "--html", "a.html"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert Replay.model_validate(json.loads(shown.stdout)).rows == 40
    assert (tmp_path / "a.svg").read_text().startswith("<svg")
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    path.write_text("weak,strong\n1,x\n")
    failed = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert failed.returncode == 2
    assert failed.stderr == "pier-tui: Row 1: strong is 'x', which is not a number.\n"
