"""Real inference: llama.cpp's own server with a small model, started once, in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_model import small_model

from pier_tui.models.local.servers import Plan, Server, serving

WINDOW = 2048


@pytest.fixture(scope="session")
def model() -> Path:
    return small_model()


@pytest.fixture(scope="session")
def servers(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, ...]]:
    """Two servers of the same small model: a plain one with two slots, and one that speculates."""
    plain = Plan("plain", model, WINDOW, slots=2)
    guessing = Plan("guessing", model, WINDOW, guess=(3, 8))
    with serving((plain, guessing), tmp_path_factory.mktemp("servers")) as running:
        yield running
