"""What is allowed as reading is run for real, in a sandbox of the test's own: nothing changes, nothing foreign starts.

A few hundred commands in the suite; with PIER_SOAK=1 several thousand.
"""

from __future__ import annotations

import hashlib
import os
import random
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pier_tui.tools.approval import decide
from pier_tui.tools.read_only import _CHECKS, _any
from pier_tui.tools.sandbox import Sandbox

SOAK = bool(os.environ.get("PIER_SOAK"))
TRIED, BATCH = (16_000, 60) if SOAK else (1_200, 60)
FILES = {
    "a.py": "import os\nprint(1)\n", "b.txt": "b 2\na 1\na 1\n", "sub/c.txt": "3\n", "list0": "a.py\0b.txt\0",
    "-rf": "x\n", "--output=x": "x\n", "sums": "d41d8cd98f00b204e9800998ecf8427e  a.py\n", "$(planted)": "x\n",
}  # fmt: skip
WORDS = [
    *FILES, "sub", ".", "x", "planted", "out", "1", "2", "1,2p", "'1p;w out'", "'s/a/b/w out'", "'1e planted'", "+%F",
    "HEAD", "-", "--", "-n", "-e", "-name", "'*.py'", "-exec", "';'", "-delete", "-fprint", "-fls", "-type", "f",
    "-size", "-1", "status", "log", "diff", "show", "grep", "branch", "tag", "ls-files", "blame", "config",
    "--output", "--pre", "--output=out", "--outp=out", "--pre=planted", "--hostname-bin=planted", "--search-zip",
    "--compress-program=planted", "--files0-from=list0", "--check", "--follow", "--paginate",
    "--open-files-in-pager=planted", "--ext-diff", "--textconv", "-Oplanted", "--exec-path=.", "-c",
    "core.pager=planted", "--git-dir=.", "--no-pager", "--no-index", "--stat", "-p", "-v", "-o", "-oout", "-C", "-s",
    "now", "--set=now", "-R", "-f", "-z", "-S1", "-T", "-d", "-w", "-l", "-U3", "-x", "-m", "'a[$(planted)]'",
    "'$(planted)'", "'`planted`'", "010100002030", "-k1", "-t,", "-r", "-i", "-u", "-D", "--version",
]  # fmt: skip
SIGNS = [" | ", " && ", " || ", "; "]


def candidates(chance: random.Random) -> Iterator[str]:
    """Commands of every program in the tables with all sorts of arguments, some of them chained."""
    programs = sorted(_CHECKS)
    choosy = [program for program in programs if _CHECKS[program] is not _any]
    for _ in range(TRIED):
        pieces = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            words = [
                chance.choice(chance.choice((choosy, choosy, programs))),
                *chance.choices(WORDS, k=chance.randrange(5)),
            ]
            pieces.append(" ".join(words if words[1:] else [words[0], chance.choice(WORDS)]))
        yield chance.choice(SIGNS).join(pieces)


def state(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in root.rglob("*")
    }


class Oracle:
    """Runs commands where only the folder can be written, and a program on the PATH, `planted`, writes to it."""

    def __init__(self, root: Path, planted: Path) -> None:
        self.root, self.planted = root, planted
        self.before = state(root)

    def changed_by(self, commands: list[str]) -> dict[str, str]:
        script = "\n".join(
            f"timeout 2 bash -c {shlex.quote(command)} </dev/null >/dev/null 2>&1" for command in commands
        )
        argv = ["bwrap", "--die-with-parent", "--new-session", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev"]
        argv += ["--proc", "/proc", "--tmpfs", "/var/tmp", "--bind", str(self.root), str(self.root)]
        argv += ["--chdir", str(self.root), "bash", "-c", script]
        path = f"{self.planted}:{os.environ['PATH']}"
        environment = {**Sandbox().environment(), "PATH": path, "HOME": "/nonexistent", "PIER_ROOT": str(self.root)}
        subprocess.run(argv, env=environment, check=False, timeout=200, capture_output=True)
        after = state(self.root)
        return {
            name: after.get(name, "gone") for name in self.before | after if self.before.get(name) != after.get(name)
        }


@pytest.fixture
def oracle(tmp_path: Path) -> Oracle:
    works = shutil.which("bwrap") and subprocess.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"], check=False, capture_output=True
    )
    if not works or works.returncode:
        pytest.skip("bubblewrap does not work here")
    root, bin_ = tmp_path / "repo", tmp_path / "bin"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    bin_.mkdir()
    (bin_ / "planted").write_text('#!/bin/sh\necho x > "$PIER_ROOT/PLANTED"\n')
    (bin_ / "planted").chmod(0o755)
    return Oracle(root, bin_)


def test_the_oracle_sees_what_writes_and_what_runs(oracle: Oracle) -> None:
    assert oracle.changed_by(["ls", "planted"]).keys() == {"PLANTED"}
    (oracle.root / "PLANTED").unlink()
    assert oracle.changed_by(["sort -o out b.txt"]).keys() == {"out"}


def test_nothing_that_is_allowed_as_reading_changes_or_runs_anything(oracle: Oracle) -> None:
    allowed = [command for command in candidates(random.Random(7)) if decide(command).verdict == "allow"]
    chosen = list(dict.fromkeys(allowed))[: None if SOAK else 300]
    assert len(chosen) >= 300
    for start in range(0, len(chosen), BATCH):
        batch = chosen[start : start + BATCH]
        changed = oracle.changed_by(batch)
        assert not changed, (changed, batch)


def test_a_folder_shaped_like_a_bare_repository_runs_nothing(tmp_path: Path) -> None:
    root = tmp_path / "shaped"
    subprocess.run(["git", "init", "-q", "--bare", str(root)], check=True)
    settings = {"core.bare": "false", "core.worktree": str(root), "core.fsmonitor": f"touch {tmp_path}/PLANTED; false"}
    for name, value in settings.items():
        subprocess.run(["git", "-C", str(root), "config", name, value], check=True)
    for environment, planted in ((dict(os.environ), True), (Sandbox().environment(), False)):
        assert decide("git status").verdict == "allow"
        subprocess.run(["git", "status"], cwd=root, env=environment, check=False, capture_output=True)
        assert (tmp_path / "PLANTED").exists() is planted
        (tmp_path / "PLANTED").unlink(missing_ok=True)
