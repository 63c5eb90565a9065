"""Themes: shipped ones load and can be read, a user's override, bad ones are a sentence."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from textual.color import Color

from pier_tui.ui.app import PierApp
from pier_tui.ui.themes import load, shipped_folder


def contrast(one: Color, other: Color) -> float:
    def luminance(colour: Color) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_shipped_themes_all_load() -> None:
    themes, wrong = load([shipped_folder()])
    assert not wrong
    assert {"pier-dark", "pier-light", "high-contrast", "ansi-16"} <= set(themes)


@pytest.mark.parametrize(("name", "least"), [("pier-dark", 4.5), ("pier-light", 4.5), ("high-contrast", 7.0)])
def test_every_text_colour_can_be_read_on_every_ground(name: str, least: float) -> None:
    theme = load([shipped_folder()])[0][name]
    colours = theme.to_color_system().generate()
    grounds = [colours["background"], colours["surface"], colours["panel"]]
    own = [theme.variables[key] for key in ("muted", "weak", "strong")]
    texts = [colours["foreground"], *own]
    for text in texts:
        for ground in grounds:
            assert contrast(Color.parse(text), Color.parse(ground)) >= least, (text, ground)
    cursor = contrast(
        Color.parse(theme.variables["block-cursor-foreground"]), Color.parse(theme.variables["block-cursor-background"])
    )
    assert cursor >= least


def test_a_users_theme_overrides_a_shipped_one_by_name(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "pier-dark"\nprimary = "#ff0000"\n')
    assert load([shipped_folder(), tmp_path])[0]["pier-dark"].primary == "#ff0000"


@pytest.mark.parametrize(
    "text",
    ["name = ", 'name = "x"\nprimary = "not a colour"', 'name = "x"', 'name="x"\nprimary="red"\nfont="big"', "\xff"],
)
def test_a_bad_theme_file_is_a_sentence_and_the_others_load(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.toml").write_text(text, encoding="latin-1")
    (tmp_path / "good.toml").write_text('name = "good"\nprimary = "#00ff00"\n')
    themes, wrong = load([tmp_path, tmp_path / "missing"])
    assert set(themes) == {"good"}
    assert len(wrong) == 1
    assert "bad.toml" in wrong[0]


async def test_every_shipped_theme_can_be_switched_to_from_every_other() -> None:
    names = sorted(load([shipped_folder()])[0])
    app = PierApp(repository="shop", theme=names[0])
    async with app.run_test(size=(80, 24)) as pilot:
        for one, other in combinations(names, 2):
            for name in (one, other, one):
                app.theme = name
                await pilot.pause()
            assert app.theme == one
