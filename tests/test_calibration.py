"""Calibrators against values worked out by hand, and the threshold file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pier_tui.calibration import Identity, Isotonic, Platt, Threshold, load, save, shown
from pier_tui.errors import ConfigError


@pytest.mark.parametrize(("score", "value"), [(0.0, 0.1192), (0.5, 0.5), (0.75, 0.7311), (1.0, 0.8808)])
def test_platt_is_a_sigmoid_of_the_score(score: float, value: float) -> None:
    assert Platt(slope=4, offset=-2).apply(score) == pytest.approx(value, abs=1e-4)


def test_platt_survives_extremes() -> None:
    assert Platt(slope=1e6, offset=0).apply(1) == pytest.approx(1)
    assert Platt(slope=-1e6, offset=0).apply(1) == pytest.approx(0)


@pytest.mark.parametrize(
    ("score", "value"),
    [(0.0, 0.2), (0.3, 0.2), (0.4, 0.3), (0.5, 0.4), (0.7, 0.4), (0.8, 0.65), (0.9, 0.9), (1.0, 0.9)],
)
def test_isotonic_is_straight_between_points_and_flat_outside(score: float, value: float) -> None:
    table = Isotonic(scores=(0.3, 0.5, 0.7, 0.9), values=(0.2, 0.4, 0.4, 0.9))
    assert table.apply(score) == pytest.approx(value)


@pytest.mark.parametrize(
    ("scores", "values"), [((0.1, 0.2), (0.5, 0.4)), ((0.2, 0.2), (0.1, 0.2)), ((0.1,), (0.1, 0.2)), ((), ())]
)
def test_a_table_that_falls_or_does_not_fit_is_refused(scores: tuple[float, ...], values: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        Isotonic(scores=scores, values=values)


def test_identity_stays_within_its_bounds() -> None:
    assert [Identity().apply(x) for x in (-1, 0.4, 2)] == [0, 0.4, 1]


def test_a_threshold_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "state" / "threshold.json"
    assert load(path) is None
    made = Threshold(tau=0.62, alpha=0.05, n=120, calibrator=Platt(slope=3, offset=-1), strategy="cascade")
    save(path, made)
    assert load(path) == made
    assert [p.name for p in path.parent.iterdir()] == ["threshold.json"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "Invalid JSON"), ('{"tau": 2}', "tau"), ('{"tau": 0.5, "version": 9}', "newer"), ('{"alpha": 0.1}', "tau")],
)
def test_a_threshold_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "threshold.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load(path)


def test_a_threshold_that_keeps_something_is_not_shown_as_one_that_keeps_nothing() -> None:
    assert [shown(tau) for tau in (0.5, 0.996, 0.999, 1.0, 0.001, 0.0)] == [
        "0.50",
        "0.996",
        "0.999",
        "1.00",
        "0.001",
        "0.00",
    ]
