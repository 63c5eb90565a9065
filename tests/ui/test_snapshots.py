"""Pictures of the whole screen: eight scenes, three sizes; the light theme at one. `make snapshots` draws them anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from snapshot_scenes import SCENES, make

LOOKS = [((80, 24), "pier-dark"), ((120, 36), "pier-dark"), ((200, 50), "pier-dark"), ((120, 36), "pier-light")]
FEWER = {"compare": [LOOKS[0], LOOKS[3]]}
"""Scenes of which not every look is worth its time."""
CASES = [
    pytest.param(scene, size, theme, id=f"{scene}-{size[0]}x{size[1]}-{theme}")
    for scene in SCENES
    for size, theme in FEWER.get(scene, LOOKS)
]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the terminal the tests happen to run in reaches the picture."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


@pytest.mark.parametrize(("scene", "size", "theme"), CASES)
def test_the_screen_looks_as_it_did(
    scene: str, size: tuple[int, int], theme: str, snap_compare: Callable[..., bool]
) -> None:
    app, drive = make(SCENES[scene], theme)
    assert snap_compare(app, terminal_size=size, run_before=drive)
