"""No shape of repository runs anything of its own, whatever of ours looks at it, before trust and after."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest
from malicious import ENVIRONMENT, SHAPES, Trap, lay

from pier_tui import wiring
from pier_tui.errors import PierError
from pier_tui.repo.git import git_sync
from pier_tui.repo.making import diff_bytes
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.repo import Repo
from pier_tui.repo.scratch import Scratch
from pier_tui.repo.sighting import sight
from pier_tui.repo.watch import batches

PLAIN = (
    ("status",),
    ("diff", "HEAD"),
    ("add", "-A"),
    ("commit", "-m", "x"),
    ("log", "-p", "--show-signature", "-1"),
    ("checkout", "-f", "HEAD", "--", "a.txt"),
    ("fetch", "origin"),
    ("gc", "--auto"),
)
QUIET = {"mailmap", "alternates", "pack-objects-hook", "collect", "embedded-bare", "credentials"}
QUIET |= {"editor", "signature", "pager", "alias", "merge-driver"}
"""Shapes that plain git does not run for these commands, at least not in every version; they must be quiet as well."""


def plainly(trap: Trap) -> None:
    for words in PLAIN:
        subprocess.run(
            ["git", *words],
            cwd=trap.root,
            env={**ENVIRONMENT, "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=20,
        )


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - QUIET))
def test_the_shape_would_run_something_in_plain_git(tmp_path: Path, shape: str) -> None:
    trap = lay(tmp_path)
    SHAPES[shape](trap)
    assert trap.fired == [], "only laying it must not run anything"
    plainly(trap)
    assert trap.fired != []


async def look(root: Path) -> int:
    """Every face of ours that asks git something; how many of them git answered."""
    answered = 0
    overlay = Overlay(root)
    scratch = Scratch(root)
    repo = await asyncio.to_thread(Repo.plain, root)
    with contextlib.suppress(PierError):  # a shape git refuses to open runs nothing either
        repo = await asyncio.to_thread(Repo.open, root)
    stop = asyncio.Event()
    stop.set()
    steps = [
        repo.status,
        repo.files,
        lambda: asyncio.to_thread(repo.files_sync),
        lambda: repo.ignored(["a.txt", "new.txt", "x.log"]),
        repo.working_diff,
        lambda: asyncio.to_thread(overlay.list),
        lambda: asyncio.to_thread(overlay.write, "a.txt", b"proposed\n"),
        lambda: asyncio.to_thread(overlay.patch),
        lambda: scratch.sync(overlay),
        scratch.changes,
        lambda: _drained(repo, stop),
    ]
    for step in steps:
        try:
            await step()
            answered += 1
        except PierError:
            continue
    scratch.close()
    return answered


async def _drained(repo: Repo, stop: asyncio.Event) -> None:
    async for _ in batches(repo, stop, True):
        pass


@pytest.mark.parametrize("shape", SHAPES)
async def test_nothing_of_ours_lets_the_shape_run_anything(tmp_path: Path, shape: str) -> None:
    trap = await asyncio.to_thread(lay, tmp_path)
    await asyncio.to_thread(SHAPES[shape], trap)
    await asyncio.to_thread(sight, trap.root)
    answered = await look(trap.root)
    assert trap.fired == []
    assert answered >= 6


async def test_an_agent_with_a_request_lets_no_shape_run_anything(tmp_path: Path) -> None:
    alone = {"gitdir-file", "git-link", "commondir", "embedded-bare", "lazy-ext", "lazy-file", "lazy-ssh"}
    trap = await asyncio.to_thread(lay, tmp_path)
    for shape in SHAPES:
        if shape not in alone:
            SHAPES[shape](trap)
    trap.log.unlink(missing_ok=True)  # laying one trap asks plain git in a repository that holds others
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}
    chosen = wiring.settings({"profile": "offline", "pace": 0.0}, env).settings
    made = await wiring.assemble(chosen, trap.root, env)
    async with aclosing(made.run("what is in a.txt?")) as events:
        kinds = [event.type async for event in events]
    async for _ in made.repo_changed(("a.txt",)):
        pass
    await made.aclose()
    assert kinds[-1] == "request_ended"
    assert trap.fired == []


def test_a_bare_repository_in_a_folder_is_not_entered(tmp_path: Path) -> None:
    trap = lay(tmp_path)
    SHAPES["embedded-bare"](trap)
    with pytest.raises(PierError, match="bare"):
        Repo.open(trap.root / "lib")
    with pytest.raises(PierError, match="bare"):
        sight(trap.root / "lib")
    assert trap.fired == []


def test_comparing_loose_files_asks_no_repository_above_them(tmp_path: Path) -> None:
    trap = lay(tmp_path)
    for shape in ("fsmonitor", "diff-external", "diff-command", "attributes-file"):
        SHAPES[shape](trap)
    for name in ("one.txt", "two.txt"):
        (trap.root / name).write_text(f"{name}\n")
    git_sync(trap.root, "diff", "--no-index", "--", "one.txt", "two.txt", check=False)
    big = b"".join(b"%d\n" % n for n in range(3000))
    assert diff_bytes(big, big[::-1], "a.txt").hunks
    assert trap.fired == []
