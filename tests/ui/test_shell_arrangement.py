"""The layout at every size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pier_tui.ui.arrangement import LEAST, ORDER, Wishes, arrange, resize


@pytest.mark.parametrize("columns", [150, 200, 400])
def test_wide_screens_show_three_panes_that_fill_the_width(columns: int) -> None:
    shown = arrange(columns, 50, Wishes()).widths
    assert tuple(shown) == ORDER
    assert sum(shown.values()) == columns
    assert shown["backbone"] == 34
    assert shown["diff"] == round(columns * 0.4)


@pytest.mark.parametrize(("side", "names"), [("backbone", ORDER[:2]), ("diff", ORDER[1:])])
def test_middle_screens_show_the_conversation_and_one_side(side: str, names: tuple[str, ...]) -> None:
    shown = arrange(120, 36, Wishes(side=side)).widths  # type: ignore[arg-type]
    assert tuple(shown) == names
    assert sum(shown.values()) == 120


def test_narrow_screens_show_one_pane_under_tabs() -> None:
    arrangement = arrange(80, 24, Wishes(focus="diff"))
    assert arrangement.tabs
    assert arrangement.widths == {"diff": 80}


@pytest.mark.parametrize(("columns", "lines"), [(59, 24), (80, 15), (1, 1)])
def test_tiny_screens_show_only_a_notice(columns: int, lines: int) -> None:
    assert arrange(columns, lines, Wishes()).too_small


def test_a_zoomed_pane_fills_the_screen_and_a_hidden_one_is_gone_until_looked_at() -> None:
    assert arrange(200, 50, Wishes(focus="diff", zoomed=True)).widths == {"diff": 200}
    hidden = Wishes().hide("backbone")
    assert "backbone" not in arrange(200, 50, hidden).widths
    assert "backbone" in arrange(200, 50, hidden.look_at("backbone")).widths
    assert Wishes().hide("conversation") == Wishes()


def test_a_border_moves_until_a_pane_would_become_too_narrow() -> None:
    wishes = Wishes(focus="backbone")
    for _ in range(60):
        wishes = resize(200, wishes, arrange(200, 50, wishes).widths, 4)
    shown = arrange(200, 50, wishes).widths
    assert min(shown.values()) >= LEAST
    assert sum(shown.values()) == 200
    narrower = resize(200, replace(Wishes(), focus="diff"), arrange(200, 50, Wishes()).widths, 4)
    assert arrange(200, 50, narrower).widths["diff"] == 76
