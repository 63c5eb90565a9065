"""Pictures of the whole screen: five scenes, three sizes, two themes. `make snapshots` draws them anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from snapshot_scenes import SCENES, make

SIZES = [(80, 24), (120, 36), (200, 50)]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the terminal the tests happen to run in reaches the picture."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


@pytest.mark.parametrize("theme", ["pier-dark", "pier-light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
def test_the_screen_looks_as_it_did(
    scene: str, size: tuple[int, int], theme: str, snap_compare: Callable[..., bool]
) -> None:
    app, drive = make(SCENES[scene], theme)
    assert snap_compare(app, terminal_size=size, run_before=drive)
