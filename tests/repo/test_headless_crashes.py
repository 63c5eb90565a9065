"""The whole program killed while it applies what a model proposed: the next start finds all of it, or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from forking import SOAK, leftovers

from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.records import state_dir_for
from pier_tui.repo.sample import make_sample

PLACES = ["fs.exchange:1", "fs.exchange:1:after", "fs.write:3:half", "fs.unlink:1", "fs.fsync:4"]
MORE = [f"{n}" for n in range(60, 400, 5)]


def tree(root: Path) -> dict[str, bytes]:
    found = (p for p in root.rglob("*") if p.is_file() and ".git" not in p.parts and "__pycache__" not in p.parts)
    return {str(p.relative_to(root)): p.read_bytes() for p in found}


def program(home: Path, *args: str, crash: str = "") -> int:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    env |= {"PIER_CRASH_AT": crash} if crash else {}
    command = [sys.executable, "-m", "pier_tui", *args]
    return subprocess.run(command, cwd=home, env=env, capture_output=True, check=False).returncode


@pytest.mark.parametrize("place", PLACES + (MORE if SOAK else []))
def test_a_killed_run_leaves_all_or_nothing_for_the_next_start(quick: Path, place: str) -> None:
    root = quick / "sample"
    make_sample(root)
    old = tree(root)
    args = ("exec", "--profile", "offline", "--yes", "--path", str(root), "Fix the failing tests")
    killed = program(quick, *args, crash=place)
    assert killed in (-signal.SIGKILL, 0, 3)
    Journal(state_dir_for(root, quick / "state")).recover()
    found = tree(root)
    assert leftovers(root) == []
    clean = quick / "clean"
    make_sample(clean)
    assert program(quick, *args[:-2], str(clean), args[-1]) in (0, 3)
    assert found in (old, tree(clean))
