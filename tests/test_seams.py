"""Choosing where the program is struck: only by its own environment, and by nothing where that is silent."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pier_tui import seams
from pier_tui.seams import Fault, parsed

CODE = "import os; from pier_tui import seams; [seams.call('fs.stat', os.stat, '.') for _ in range(5)]; print('end')"


def run(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PIER_")}
    return subprocess.run(
        [sys.executable, "-c", CODE], cwd=folder, env={**clean, **env}, capture_output=True, text=True, check=False
    )


def test_places_are_spelled_by_number_name_and_moment() -> None:
    assert parsed("7", fails=False) == Fault(7)
    assert parsed("fs.rename:3:after", fails=False) == Fault(3, "fs.rename", when="after")
    assert parsed("fs.fsync:2+:ENOSPC", fails=True) == Fault(2, "fs.fsync", errno.ENOSPC, onwards=True)
    for wrong in ("", "0", "fs.rename", "7:ENOSPC", "7:never"):
        with pytest.raises(ValueError, match="names no place to strike"):
            parsed(wrong, fails=False)


def test_the_process_dies_or_fails_where_its_environment_says(tmp_path: Path) -> None:
    assert run(tmp_path).stdout == "end\n"
    assert run(tmp_path, PIER_CRASH_AT="5").returncode == -signal.SIGKILL
    assert run(tmp_path, PIER_CRASH_AT="6").stdout == "end\n"
    assert "No space left" in run(tmp_path, PIER_FAIL_AT="fs.stat:2:ENOSPC").stderr
    wrong = run(tmp_path, PIER_CRASH_AT="soon")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("pier-tui: PIER_CRASH_AT: 'soon' names no place to strike")


def test_a_file_in_the_folder_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PIER_CRASH_AT=1\nPIER_FAIL_AT=1:EIO\n")
    (tmp_path / "pier-tui.toml").write_text("PIER_CRASH_AT = 1\n")
    assert run(tmp_path).stdout == "end\n"


def test_a_write_struck_half_way_leaves_half(tmp_path: Path) -> None:
    number = os.open(tmp_path / "f", os.O_WRONLY | os.O_CREAT)
    with seams.armed(Fault(1, "fs.write", errno.ENOSPC, when="half")), pytest.raises(OSError, match="No space"):
        seams.write_whole(number, b"12345678")
    os.close(number)
    assert (tmp_path / "f").read_bytes() == b"1234"
