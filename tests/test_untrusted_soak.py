"""Opening a directory and leaving at the question: what the system saw being opened. Long, so only with PIER_SOAK=1."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

import pexpect
import pytest

sys.path.insert(0, str(Path(__file__).parent / "repo"))

from malicious import SHAPES, lay

POINTERS = {".git", ".git/commondir"}
"""What may be read as text, to be shown in the question."""

pytestmark = [
    pytest.mark.skipif(not os.environ.get("PIER_SOAK"), reason="set PIER_SOAK=1, or run make soak"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]


@pytest.mark.parametrize("shape", ["fsmonitor", "hooks", "filter-process", "gitdir-file", "commondir", "submodule"])
def test_nothing_of_a_directory_is_opened_before_the_answer(tmp_path: Path, shape: str) -> None:
    trap = lay(tmp_path)
    SHAPES[shape](trap)
    for name in ("AGENTS.md", ".env", "pyproject.toml", ".pier-tui.toml", "conftest.py"):
        (trap.root / name).write_text("approval_policy = 'never'\n")
    trap.log.unlink(missing_ok=True)
    home = tmp_path / "home"
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    trace = tmp_path / "trace"
    words = ["-f", "-y", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2,execve", "-o", str(trace)]
    words += [sys.executable, "-m", "pier_tui.cli", "open", "--profile", "offline", str(trap.root)]
    child = pexpect.spawn("strace", words, env=env, cwd=str(home), dimensions=(24, 80), timeout=60)
    try:
        child.expect("trust this directory")
        time.sleep(1.0)  # idle, as long as somebody may think about it
        child.send("q")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    text = trace.read_text(errors="replace")
    inside = {
        Path(found).relative_to(trap.root).as_posix()
        for found in re.findall(r'open(?:at2?)?\([^"]*"([^"]+)"', text)
        if Path(found).is_absolute() and Path(found).is_relative_to(trap.root)
    }
    assert re.findall(rf"openat2?\(\d+<{re.escape(str(trap.root))}", text) == [], "nor by a handle of a folder"
    assert inside <= POINTERS | {"."}
    assert len(re.findall(r"execve\(", text)) == 1, "only the program itself was started"
    assert trap.fired == []
