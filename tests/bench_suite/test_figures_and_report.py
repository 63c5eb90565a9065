"""The report's arithmetic, on runs made by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import made

from pier_tui.bench.figures import audits_needed, bootstrap, difference, part, quantile, ratio
from pier_tui.bench.page import html_of, spread
from pier_tui.bench.records import Plan
from pier_tui.bench.report import report
from pier_tui.bench.table import cell, compared, markdown_of, text_of

PLAN = Plan(strategies=("always-30B", "always-105B", "self-route"), repeats=2, profile="offline", ratio=0.5)
TASKS = "abcd"


def runs(repeats: int = 2) -> list[made.Run]:
    found = []
    for repeat in range(1, repeats + 1):
        for task in TASKS:
            found.append(made.run(task, "always-30B", task in "ab", repeat, "ww"))
            found.append(made.run(task, "always-105B", task in "abc", repeat, "ss"))
            found.append(made.run(task, "self-route", task in "ac", repeat, "ws" if task in "cd" else "ww"))
    return found


def row(name: str, repeats: int = 2):  # type: ignore[no-untyped-def]
    return next(r for r in report(PLAN, runs(repeats)).rows if r.strategy == name)


def test_each_figure_is_what_the_runs_say() -> None:
    figures = row("self-route").figures
    told = {name: figures[name].value for name in figures}
    assert told["success"] == 0.5
    assert told["escalated turns"] == 0.25
    assert told["escalated tasks"] == 0.5
    assert told["cost of strong"] == pytest.approx((1 + 1 + 1.5 + 1.5) / 8)
    assert told["cached"] == 0.5
    assert told["flips a task"] == 0.5
    assert told["recovered"] == 0
    assert told["false keep"] == 0.5
    assert told["false escalation"] == 0
    assert all(figure.n for name, figure in figures.items() if name not in ("drop on kept",))


def test_false_keeps_are_of_tasks_the_other_model_was_run_on() -> None:
    (alone,) = report(PLAN, [run for run in runs() if run.strategy == "self-route"]).rows
    assert (alone.figures["false keep"].n, alone.figures["false escalation"].n) == (0, 0)


def test_drawing_is_over_tasks_so_more_repeats_of_the_same_do_not_narrow_it() -> None:
    assert row("self-route", 2).figures["success"] == row("self-route", 9).figures["success"]


def test_a_share_that_never_varies_still_has_an_interval() -> None:
    none = ratio({name: [(0, 1)] for name in "abcdefghij"}, share=True)
    assert none.low == 0
    assert none.high == pytest.approx(0.3085, abs=1e-4)


def test_differences_that_never_show_could_still_be_there() -> None:
    same = difference({name: [(0, 1)] for name in "abcdefghij"})
    assert (same.value, same.low) == (0, -(same.high or 0))
    assert same.high == pytest.approx(0.3085, abs=1e-4)
    assert difference({"a": [(1, 1)], "b": [(0, 1)]}).high == 1


def test_a_way_gone_to_its_end_is_known_by_the_tasks_that_had_one() -> None:
    whole = part({name: [(1, 1)] if name in "abc" else [(0, 0)] for name in "abcdefghij"})
    assert (whole.value, whole.high, whole.n) == (1, 1, 3)
    assert whole.low == pytest.approx(0.025 ** (1 / 3))


def test_a_single_task_has_no_interval_and_the_cell_says_so() -> None:
    assert cell("success", bootstrap({"a": [1.0]}, lambda values: values[0])) == "100 % [no interval] n=1"


def test_quantiles_lie_between_the_values() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2.5


def test_a_two_point_bound_needs_2400_audits() -> None:
    assert audits_needed(0.25) == 2401


def test_an_oracle_of_single_runs_is_refused() -> None:
    made_of = report(PLAN, runs(1))
    assert "oracle" not in [r.strategy for r in made_of.rows]
    assert any("No oracle" in note for note in made_of.notes)


def test_the_oracle_is_counted_on_repeats_it_was_not_chosen_by() -> None:
    lucky = [made.run(t, s, r == 1, r) for t in TASKS for s in ("always-30B", "always-105B") for r in (1, 2)]
    oracle = next(r for r in report(PLAN, lucky).rows if r.strategy == "oracle")
    assert oracle.figures["success"].value == 0.5


def test_the_drop_on_kept_turns_comes_from_audits_and_void_ones_are_left_out() -> None:
    audits = [
        made.run("b", "self-route", True, key="1", audits="b-self-route-1", audited=1),
        made.run("a", "self-route", True, key="2", audits="a-self-route-1", audited=2),
        made.run("d", "self-route", True, key="3", audits="d-self-route-1", audited=1, void=True),
    ]
    found = report(PLAN, [*runs(), *audits])
    drop = next(r for r in found.rows if r.strategy == "self-route").figures["drop on kept"]
    assert (drop.value, drop.n, drop.of) == (0.5, 2, "audits")
    assert "2 audits count, 1 are void" in found.power[0]
    assert "a disagreement of 50 % as measured on 2, 4,802; of 25 % as in public pairs, 2,401 audits" in found.power[0]
    alike = report(PLAN, [*runs(), audits[1]]).power[0]
    assert "at most 98 % (95 %: none of 1 differed), 9,364; of" in alike


def test_regrets_name_the_recording_and_rows_of_too_few_repeats_are_called_a_trial() -> None:
    found = report(PLAN, [r.model_copy(update={"recording": f"recordings/{r.key}.jsonl"}) for r in runs()])
    assert {(r.strategy, r.task, len(r.recordings)) for r in found.regrets} == {("self-route", "b", 2)}
    text = text_of(found, Path("runs"), 100)
    assert "pier-tui replay-session runs/recordings/b-self-route-1.jsonl" in text
    assert "not as a claim" in text
    assert "Baselines not run: random, length, latch" in text


def test_every_number_in_the_tables_has_its_n_and_interval() -> None:
    body = [line for line in markdown_of(report(PLAN, runs())).splitlines() if line.startswith("| self-route")]
    cells = [c.strip() for line in body for c in line.strip("|").split("|")[2:]]
    assert cells
    assert all("n=" in c and ("[" in c or c.startswith("-")) for c in cells)


def test_the_page_is_one_file_with_pictures_and_nothing_from_elsewhere() -> None:
    page = html_of(report(PLAN, runs()))
    assert page.count("<svg") == 2
    assert "http" not in page
    assert "self-route (n=4)" in page


def test_names_beside_a_picture_do_not_lie_on_each_other() -> None:
    assert spread([50, 50, 50, 10], 14, (24, 324)) == [50, 64, 78, 24]
    assert spread([320, 322], 14, (24, 324)) == [310, 324]


def test_at_eighty_columns_no_line_of_a_table_or_a_note_is_wider() -> None:
    lines = text_of(report(PLAN, runs()), Path("runs"), 80).splitlines()
    assert max(len(line) for line in lines if "replay-session" not in line) <= 80
    assert sum(line.startswith("strategy") for line in lines) > 3


def test_two_benches_are_paired_by_task() -> None:
    better = [r.model_copy(update={"passed": True}) for r in runs()]
    text = compared(PLAN, runs(), PLAN, better)
    assert "self-route   50 % [0, 100] n=4" in text
    assert "always-30B" in text
