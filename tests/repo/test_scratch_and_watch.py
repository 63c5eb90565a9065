from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from pier_tui.errors import RepositoryError
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.scratch import Scratch, private_folder, remove_stale
from pier_tui.repo.watch import branch_file, relative, watch


@pytest.fixture
def overlay(work: Path) -> Overlay:
    return Overlay(work)


@pytest.fixture
def scratch(work: Path) -> Iterator[Scratch]:
    made = Scratch(work)
    yield made
    made.close()


def contents(top: Path) -> dict[str, bytes]:
    return {str(p.relative_to(top)): p.read_bytes() for p in sorted(top.rglob("*")) if p.is_file()}


async def test_the_copy_holds_the_tree_with_the_proposals_on_top(
    work: Path, overlay: Overlay, scratch: Scratch
) -> None:
    (work / ".gitignore").write_text("*.log\n")
    (work / "x.log").write_text("x")
    (work / "tool").write_text("#!/bin/sh\n")
    os.chmod(work / "tool", 0o755)
    overlay.write("a.txt", b"proposed\n")
    overlay.write("new/f.py", b"new\n", 0o755)
    overlay.write("lib/b.txt", None)
    top = await scratch.sync(overlay)
    assert contents(top) == {
        ".gitignore": b"*.log\n",
        "a.txt": b"proposed\n",
        "new/f.py": b"new\n",
        "tool": b"#!/bin/sh\n",
    }
    assert os.access(top / "tool", os.X_OK)
    assert os.access(top / "new/f.py", os.X_OK)
    assert not top.is_relative_to(work)
    assert not (top / ".git").exists()
    assert (top / "tool").stat().st_ino != (work / "tool").stat().st_ino
    assert await scratch.changes() == {}


async def test_what_a_command_changes_is_reported_and_put_right_by_the_next_sync(
    work: Path, overlay: Overlay, scratch: Scratch
) -> None:
    (work / ".gitignore").write_text("*.log\n")
    top = await scratch.sync(overlay)
    (top / "a.txt").write_text("by command\n")
    (top / "lib/b.txt").unlink()
    (top / "out").mkdir()
    (top / "out/made").write_text("made\n")
    (top / "run.log").write_text("ignored")
    (top / "__pycache__").mkdir()
    (top / "__pycache__/x.pyc").write_text("cache")
    (top / ".gitignore").write_text("*.log\n")
    changes = await scratch.changes()
    assert changes == {"a.txt": b"by command\n", "lib/b.txt": None, "out/made": b"made\n"}
    await scratch.sync(overlay)
    assert await scratch.changes() == {}
    assert (top / "a.txt").read_bytes() == (work / "a.txt").read_bytes()
    assert (top / "lib/b.txt").exists()
    assert not (top / "out").exists()


async def test_sync_follows_the_tree_and_copies_only_what_changed(
    work: Path, overlay: Overlay, scratch: Scratch
) -> None:
    overlay.write("a.txt", b"proposed\n")
    top = await scratch.sync(overlay)
    kept = (top / "lib/b.txt").stat().st_ino
    overlay.write("a.txt", (work / "a.txt").read_bytes())
    (work / "new").write_text("n")
    await scratch.sync(overlay)
    assert (top / "a.txt").read_bytes() == (work / "a.txt").read_bytes()
    assert (top / "lib/b.txt").stat().st_ino == kept
    (work / "new").unlink()
    (work / "lib/b.txt").write_text("ONE\nTWO\n")
    await scratch.sync(overlay)
    assert contents(top) == {"a.txt": (work / "a.txt").read_bytes(), "lib/b.txt": b"ONE\nTWO\n"}


async def test_links_that_lead_out_are_left_out_and_environments_are_linked(
    work: Path, overlay: Overlay, scratch: Scratch, tmp_path: Path, run_git
) -> None:
    (work / "out").symlink_to(tmp_path)
    (work / "up").symlink_to(f"../{work.name}/a.txt")
    (work / "inner").symlink_to("a.txt")
    (work / ".venv").mkdir()
    (work / ".venv" / "f").write_text("x")
    top = await scratch.sync(overlay)
    assert {"out", "up"}.isdisjoint(os.listdir(top))
    assert os.readlink(top / "inner") == "a.txt"
    assert (top / ".venv/f").read_text() == "x"
    assert await scratch.changes() == {}


async def test_a_folder_swapped_for_a_link_is_not_written_through(
    work: Path, overlay: Overlay, scratch: Scratch, tmp_path: Path
) -> None:
    top = await scratch.sync(overlay)
    victim = tmp_path / "victim"
    victim.mkdir()
    (top / "lib/b.txt").unlink()
    (top / "lib").rmdir()
    (top / "lib").symlink_to(victim)
    overlay.write("lib/c.txt", b"x")
    await scratch.sync(overlay)
    assert list(victim.iterdir()) == []
    assert (top / "lib/c.txt").read_bytes() == b"x"
    assert (top / "lib/b.txt").exists()


async def test_closing_removes_the_copy_and_another_sync_makes_it_again(overlay: Overlay, scratch: Scratch) -> None:
    with pytest.raises(RepositoryError):
        _ = scratch.path
    top = await scratch.sync(overlay)
    scratch.close()
    scratch.close()
    assert not top.exists()
    assert (await scratch.sync(overlay)).exists()


def test_copies_of_dead_processes_are_removed() -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    private = private_folder()
    stale, mine, other = (private / n for n in (f"{int(ended.stdout)}-00", f"{os.getpid()}-00", "something"))
    for folder in (stale, mine, other):
        folder.mkdir(exist_ok=True)
    remove_stale(private)
    assert [folder.exists() for folder in (stale, mine, other)] == [False, True, True]
    mine.rmdir()
    other.rmdir()


async def first_batch(root: Path, change: object, *, polling: bool = False) -> tuple[str, ...]:
    stop = asyncio.Event()

    async def poke() -> None:
        while not stop.is_set():
            await asyncio.to_thread(change)  # type: ignore[arg-type]
            await asyncio.sleep(0.1)

    poking = asyncio.create_task(poke())
    async with asyncio.timeout(15), aclosing(watch(root, stop=stop, polling=polling)) as batches:
        try:
            return await anext(batches)
        finally:
            stop.set()
            await poking


async def test_changes_are_reported_without_what_git_ignores(work: Path) -> None:
    (work / ".gitignore").write_text("*.log\n")

    def change() -> None:
        (work / "x.log").write_text(os.urandom(4).hex())
        (work / "lib/b.txt").write_text(os.urandom(4).hex())

    assert await first_batch(work, change) == ("lib/b.txt",)


async def test_a_new_branch_is_reported_as_an_empty_path(work: Path, run_git) -> None:
    names = iter(range(1000))
    assert await first_batch(work, lambda: run_git(work, "checkout", "-q", "-b", f"b{next(names)}")) == ("",)


def test_only_what_matters_is_reported() -> None:
    seen = {
        path: relative("/r", f"/r/{path}")
        for path in (
            ".git/HEAD",
            ".git/index",
            ".git/refs/heads/x",
            ".git/index.lock",
            ".git/objects/ab/c",
            "a/b",
            "__pycache__/x",
        )
    }
    assert seen == {
        ".git/HEAD": "",
        ".git/index": "",
        ".git/refs/heads/x": "",
        ".git/index.lock": None,
        ".git/objects/ab/c": None,
        "a/b": "a/b",
        "__pycache__/x": None,
    }
    assert relative("/r", "/r/.pier-tui-1.tmp") is None
    assert branch_file("/elsewhere/worktrees/x/HEAD") == ""
