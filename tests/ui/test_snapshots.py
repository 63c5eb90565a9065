"""Pictures of the whole screen: six scenes, three sizes; the light theme at one. `make snapshots` draws them anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from snapshot_scenes import SCENES, make

LOOKS = [((80, 24), "pier-dark"), ((120, 36), "pier-dark"), ((200, 50), "pier-dark"), ((120, 36), "pier-light")]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the terminal the tests happen to run in reaches the picture."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


@pytest.mark.parametrize(("size", "theme"), LOOKS, ids=[f"{w}x{h}-{theme}" for (w, h), theme in LOOKS])
@pytest.mark.parametrize("scene", SCENES)
def test_the_screen_looks_as_it_did(
    scene: str, size: tuple[int, int], theme: str, snap_compare: Callable[..., bool]
) -> None:
    app, drive = make(SCENES[scene], theme)
    assert snap_compare(app, terminal_size=size, run_before=drive)
