"""Accepting and resampling keeps the target's distribution, exactly and when it is drawn."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.router.strategies.speculative import accept, emitted, expected_tokens, residual, speed_up


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    size = draw(st.integers(2, 8))
    weights = st.lists(st.floats(0, 1), min_size=size, max_size=size).filter(lambda w: sum(w) > 1e-3)
    p, q = draw(weights), draw(weights)
    return [x / sum(p) for x in p], [x / sum(q) for x in q]


@given(pairs())
def test_what_comes_out_has_exactly_the_targets_distribution(pair: tuple[list[float], list[float]]) -> None:
    p, q = pair
    assert emitted(p, q) == pytest.approx(p, abs=1e-9)


@given(pairs())
def test_the_replacement_is_a_distribution_and_never_a_token_the_draft_had_in_plenty(
    pair: tuple[list[float], list[float]],
) -> None:
    p, q = pair
    rest = residual(p, q)
    assert sum(rest) == pytest.approx(1)
    assert all(r == 0 for r, a, b in zip(rest, p, q, strict=True) if a < b) or rest == p


def test_drawing_by_the_rule_gives_the_targets_shares() -> None:
    p, q, lots = [0.6, 0.3, 0.1], [0.2, 0.3, 0.5], Random(7)
    counts = [0, 0, 0]
    for _ in range(20_000):
        drafted = lots.choices(range(3), q)[0]
        kept = accept(p[drafted], q[drafted], lots.random())
        counts[drafted if kept else lots.choices(range(3), residual(p, q))[0]] += 1
    assert [c / 20_000 for c in counts] == pytest.approx(p, abs=0.015)


def test_a_token_the_target_never_says_is_never_kept_and_one_it_likes_more_always() -> None:
    assert not accept(0.0, 0.5, 0.0)
    assert accept(0.5, 0.4, 0.999)


@pytest.mark.parametrize(("alpha", "drafted", "ratio", "gain"), [(0.7, 2, 0.25, 1.46), (0.8, 3, 0.25, 1.69)])
def test_the_speed_up_is_that_of_the_paper(alpha: float, drafted: int, ratio: float, gain: float) -> None:
    assert speed_up(alpha, drafted, ratio) == pytest.approx(gain, abs=0.01)
    assert expected_tokens(1.0, drafted) == drafted + 1
