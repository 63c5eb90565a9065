"""Two programs on one repository: real processes that see each other, and are gone when they are killed."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pier_tui.session.presence import Presence

CODE = """
import sys
from pathlib import Path
from pier_tui.session.presence import Presence
mine = Presence(Path(sys.argv[1]))
print(mine.enter(sys.argv[2]), flush=True)
sys.stdin.read()
mine.leave()
"""


@contextmanager
def program(folder: Path, session: str, entered: str = "True") -> Iterator[subprocess.Popen[str]]:
    """Another process with this session open, as soon as it says so."""
    argv = [sys.executable, "-c", CODE, str(folder), session]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline().strip() == entered
        try:
            yield running
        finally:
            running.kill()


def test_programs_see_each_other_and_one_that_was_killed_is_gone_at_once(tmp_path: Path) -> None:
    mine = Presence(tmp_path / "present", clock=lambda: 7.0)
    assert mine.enter("mine")
    assert mine.others() == ()
    with program(tmp_path / "present", "theirs") as running:
        [other] = mine.others()
        assert (other.pid, other.session) == (running.pid, "theirs")
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert mine.others() == ()
    assert {path.name for path in (tmp_path / "present").iterdir()} == {mine._name, "lock"}
    mine.leave()
    assert {path.name for path in (tmp_path / "present").iterdir()} == {"lock"}


def test_one_session_is_open_in_one_program_only(tmp_path: Path) -> None:
    mine = Presence(tmp_path / "present")
    assert mine.enter("one")
    with program(tmp_path / "present", "one", entered="False"):
        assert mine.others() == (), "one that was refused says nothing"
    assert mine.enter("two")
    with program(tmp_path / "present", "one"):
        assert [other.session for other in mine.others()] == ["one"]
        assert not mine.enter("one")


def test_marks_of_rubbish_and_of_the_dead_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "present"
    mine = Presence(folder)
    (folder / "1-dead").write_text('{"pid": 1, "session": "x", "since": 0}')
    assert mine.others() == ()
    assert not (folder / "1-dead").exists()
    with open(folder / "2-odd", "wb") as file:
        file.write(b"\xff no mark")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert mine.others() == ()
    assert os.stat(folder).st_mode & 0o777 == 0o700
