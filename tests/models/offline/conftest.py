"""A session of the pair over the wire with the real tools, in a folder; lent from the benchmark script."""

import importlib.util
import sys
import venv
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = Path(__file__).parents[2] / "bench" / "quixbugs.py"


def _load() -> Any:
    if "offline_bench" not in sys.modules:
        spec = importlib.util.spec_from_file_location("offline_bench", _SCRIPT)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["offline_bench"] = module
        spec.loader.exec_module(module)
        module.RUN_LIMIT = 60.0  # the benchmark's limit fails tests on a busy machine
    return sys.modules["offline_bench"]


Ask = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """`await ask(request, {path: text})` runs the request in a folder of these files and returns the session."""

    async def run(request: str, files: dict[str, str]) -> Any:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        if any("unittest" in text for text in files.values()):  # a Python without pytest starts ten times as fast
            venv.create(tmp_path / ".venv")
        return await _session(tmp_path, request)

    return run


@pytest.fixture
def session_in() -> Ask:
    """`await session_in(folder, request)` runs the request in a folder that is there and returns the session."""
    return _session


async def _session(root: Path, request: str) -> Any:
    session = _load().Session(root, request)
    await session.run()
    session.text = {p: c.decode() for p, c in session.files.overlay.items()}
    return session
