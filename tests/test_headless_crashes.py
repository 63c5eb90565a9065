"""The whole program killed while it applies what a model proposed: the next start finds all of it, or none."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "agent"))
sys.path.insert(0, str(Path(__file__).parent / "repo"))

from forking import SOAK, calls_of, leftovers, struck
from scripted import Session, route, say, session

from pier_tui import headless
from pier_tui.headless import Wanted
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.records import state_dir_for
from pier_tui.repo.sample import make_sample
from pier_tui.seams import Fault

EDITS = (
    ("edit", {"path": "app.py", "old": "    return n - 1", "new": "    return n"}),
    ("edit", {"path": "notes.txt", "old": "two", "new": "2"}),
    ("write", {"path": "new/file.txt", "content": "made\n"}),
)


def scene(folder: Path) -> Session:
    return session(folder, [*(say("", route("edit"), edit) for edit in EDITS), say("Done.")])


def work(s: Session) -> None:
    code = asyncio.run(headless.run(s.agent, Wanted("fix both", yes=True), io.StringIO(), io.StringIO()))
    assert code == 0


def tree(root: Path) -> dict[str, bytes]:
    found = (p for p in root.rglob("*") if p.is_file() and ".git" not in p.parts and "__pycache__" not in p.parts)
    return {str(p.relative_to(root)): p.read_bytes() for p in found}


def test_a_run_killed_at_any_call_leaves_all_or_nothing_for_the_next_start(tmp_path: Path) -> None:
    whole = scene(tmp_path / "whole")
    old = tree(whole.root)
    names = calls_of(lambda: work(whole))
    new = tree(whole.root)
    assert len({path for path in new if new[path] != old.get(path)}) >= 2
    ends = []
    for number in range(1, len(names) + 1, 1 if SOAK else 13):
        s = scene(tmp_path / str(number))
        assert struck(lambda s=s: work(s), Fault(number)) == -signal.SIGKILL
        found = Journal(tmp_path / str(number) / "state").recover()
        assert all(not one.conflicts and not one.failed for one in found)
        assert tree(s.root) in (old, new), number
        assert leftovers(s.root) == []
        ends.append(tree(s.root) == new)
    assert not ends[0]
    assert ends[-1]


@pytest.mark.skipif(not SOAK, reason="takes half a minute for each place")
@pytest.mark.parametrize("place", ["fs.exchange:1", "fs.exchange:2", "fs.exchange:2:after"])
def test_the_real_program_on_the_sample_leaves_all_or_nothing(tmp_path: Path, place: str) -> None:
    root = make_sample(tmp_path / "sample")
    old = tree(root)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    words = ["exec", "--profile", "offline", "--yes", "--path", str(root), "Fix the failing tests"]
    command = [sys.executable, "-m", "pier_tui.cli", *words]
    done = subprocess.run(command, cwd=tmp_path, env={**env, "PIER_CRASH_AT": place}, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    Journal(state_dir_for(root, tmp_path / "state")).recover()
    changed = {path for path, content in tree(root).items() if content != old[path]}
    assert len(changed) == 2
    assert leftovers(root) == []
