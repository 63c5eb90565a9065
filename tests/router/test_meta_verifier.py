"""Verdict tables and rules over them, against tables worked out by hand and against counting."""

from __future__ import annotations

from random import Random

import pytest

from pier_tui.router.meta_verifier import (
    VerdictTable,
    best_rule,
    bin_of,
    counted,
    double_thresholds,
    thresholds,
)

BINS = 9


def test_verdict_shares_fall_into_k_plus_one_bins() -> None:
    assert [bin_of(k / 3, 4) for k in range(4)] == [0, 1, 2, 3]
    assert (bin_of(-1, 4), bin_of(2, 4)) == (0, 3)
    assert [bin_of(c, BINS) for c in (-1, 0, 0.06, 0.07, 0.5, 0.94, 1, 7)] == [0, 0, 0, 1, 4, 8, 8, 8]
    assert (len(thresholds(BINS)), len(double_thresholds(BINS))) == (BINS + 1, 45)


def test_the_table_counts_good_needy_and_hopeless_answers_per_bin() -> None:
    table = counted([(0, 0, 1), (0, 0, 0), (1, 1, 1), (1, 0, 1), (0.9, 0.8, 0.6)], 2)
    assert table.counts == ((0, 1, 1), (2, 1, 0))
    plain = table.model_copy(update={"smoothing": 0.0})
    assert plain.belief(0) == (0, 0.5, 0.5)
    assert (plain.score(0.1), plain.score(0.9)) == (0.5, pytest.approx(2 / 3))


def test_a_belief_leans_on_all_rows_where_a_bin_has_few_and_is_theirs_where_it_has_none() -> None:
    rows = [(0, 0, 1), (0, 0, 1), (0, 0, 0), (0, 0, 1), (1, 1, 1), (1, 1, 0)]
    table = counted(rows, 3)
    assert table.belief(0).needy == pytest.approx((3 + 3 / 6) / 5)
    assert table.belief(2).good == pytest.approx((2 + 2 / 6) / 3)
    assert table.belief(1) == pytest.approx((2 / 6, 3 / 6, 1 / 6))


def test_the_pomdp_escalates_a_bin_once_the_reward_outweighs_asking() -> None:
    table = VerdictTable(counts=((1, 3, 0), (3, 1, 0), (1, 0, 0)), smoothing=0)
    # r * P(needy) + P(hopeless) > 100: from r = 134 at P(needy) = .75, from r = 401 at .25, never at 0.
    assert table.asks(133) == (False, False, False)
    assert table.asks(134) == (True, False, False)
    assert table.asks(401) == (True, True, False)
    assert table.rules() == [(False, False, False), (True, False, False), (True, True, False)]


def test_asking_pays_where_the_weak_model_is_needy_not_where_both_fail() -> None:
    table = VerdictTable(counts=((0, 0, 9), (1, 9, 0), (9, 0, 0)), smoothing=0)
    assert table.rules() == [(False, False, False), (False, True, False)]
    assert (table.score(0.0), table.score(0.5), table.score(1.0)) == (1.0, pytest.approx(0.1), 1.0)


def test_a_hopeless_answer_tips_a_bin_by_its_one_point() -> None:
    table = VerdictTable(counts=((0, 1, 1),), smoothing=0)
    assert (table.asks(199), table.asks(200)) == ((False,), (True,))


def test_every_rule_of_the_pomdp_is_a_threshold_on_the_score() -> None:
    lots = Random(5)
    rows = [(share := lots.random(), float(lots.random() < share), float(lots.random() < 0.8)) for _ in range(400)]
    table = counted(rows, BINS)
    scores = [table.score(at / (BINS - 1)) for at in range(BINS)]
    assert len(table.rules()) > 4
    for rule in table.rules():
        kept = [score for score, asked in zip(scores, rule, strict=True) if not asked]
        asked = [score for score, asked in zip(scores, rule, strict=True) if asked]
        assert not asked or not kept or max(asked) <= min(kept) + 0.01


def test_the_best_rule_within_a_budget_is_the_one_counting_finds() -> None:
    lots = Random(4)
    bins = [lots.randrange(BINS) for _ in range(300)]
    gain = [(lots.random() < 0.1 + 0.6 * (at == 2)) - (lots.random() < 0.1) for at in bins]
    gains = [sum(g for g, at in zip(gain, bins, strict=True) if at == bin_) / 300 for bin_ in range(BINS)]
    extra = [bins.count(bin_) / 300 for bin_ in range(BINS)]
    rules = thresholds(BINS) + double_thresholds(BINS)
    for budget in (0.1, 0.2, 0.35, 0.6, 1.2):
        chosen = best_rule(rules, gains, extra, 0.2, budget)
        costs = [0.2 + sum(rule[at] for at in bins) / 300 for rule in rules]
        totals = [sum(g for g, at in zip(gain, bins, strict=True) if rule[at]) for rule in rules]
        allowed = [total for total, cost in zip(totals, costs, strict=True) if cost <= budget + 1e-12]
        assert sum(g for g, at in zip(gain, bins, strict=True) if chosen[at]) == (max(allowed) if allowed else 0)
