from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pier_tui.errors import ToolError
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.scratch import Scratch
from pier_tui.tools.arguments import validate
from pier_tui.tools.probing import probe
from pier_tui.tools.registry import by_name
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.scratch_runner import ScratchRunner
from pier_tui.tools.tool import Output, ToolResult


class Permissive:
    """Allows everything and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def command(self, command: str, why: str) -> tuple[bool, str]:
        self.asked.append((command, why))
        return True, ""


@dataclass
class TestDesk:
    """A desk over a real repository, with a user who answers from a list."""

    __test__ = False

    root: Path
    files: Overlay
    runner: Any
    approval: Any = field(default_factory=Permissive)
    answers: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        if not self.answers:
            raise ToolError("Nobody is here to answer.")
        return self.answers.pop(0)

    async def call(self, name: str, raw: str) -> ToolResult:
        """Run a tool as the loop does: by its name, with the model's own text."""
        tool = by_name(name)
        result: ToolResult | None = None
        async for piece in tool.run(validate(tool, raw), self):
            if isinstance(piece, Output):
                self.live.append(piece.text)
            else:
                assert result is None, "a tool gives one result, last"
                result = piece
        assert result is not None
        assert result.text
        assert "\n" not in result.line
        return result


@pytest.fixture
def make_desk(tmp_path: Path) -> Callable[[dict[str, str | bytes]], TestDesk]:
    def make(files: dict[str, str | bytes]) -> TestDesk:
        root = tmp_path / "project"
        root.mkdir()
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        overlay = Overlay(root)
        return TestDesk(root, overlay, ScratchRunner(Scratch(root), overlay, Sandbox()))

    return make


@pytest.fixture
async def sandbox(tmp_path: Path) -> Sandbox:
    found = await probe(readable=(tmp_path / "project",))
    if not found.active:
        pytest.skip(found.label)
    return found
