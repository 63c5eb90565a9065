"""What differs from the last commit, as the models are shown it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

from pier_tui.repo.overlay import Overlay
from pier_tui.tools.diff import Diff
from pier_tui.tools.tool import ToolResult

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@t")


async def shown(files: Overlay, path: str = "") -> str:
    [result] = [item async for item in Diff().run(Diff.Args(path=path), SimpleNamespace(files=files))]  # type: ignore[arg-type]
    assert isinstance(result, ToolResult)
    return result.text


def repository(root: Path) -> Path:
    (root / "a.txt").write_text("one\n")
    (root / "b.txt").write_text("two\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*GIT, *words], cwd=root, check=True)
    return root


async def test_uncommitted_changes_and_proposals_are_told_apart(tmp_path: Path) -> None:
    files = Overlay(repository(tmp_path))
    assert await shown(files) == "no changes"
    (tmp_path / "a.txt").write_text("mine\n")
    files.write("b.txt", b"proposed\n")
    text = await shown(files)
    assert text.index("+mine") < text.index("proposed, not applied:") < text.index("+proposed")


async def test_a_path_narrows_it(tmp_path: Path) -> None:
    files = Overlay(repository(tmp_path))
    (tmp_path / "a.txt").write_text("mine\n")
    assert await shown(files, "b.txt") == "no changes"
