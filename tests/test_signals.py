"""The real program under signals: it ends or goes on, the terminal is as it was, and nothing is left running."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyte
import pytest
from pty_terminal import PATIENCE, SIZE, Terminal

from pier_tui.repo.sample import make_sample

MODES = ("1049", "2004", "1000", "1003", "1006", "1015", "1004")
"""Modes the app switches on, and has to switch off."""
COMMAND = "sleep 300"

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The workbench, with a command running in it."""
    make_sample(tmp_path / "shop")
    (tmp_path / "home").mkdir()
    found = Terminal(tmp_path / "shop", tmp_path / "home")
    try:
        found.until(lambda text: "offline" in text and "self-route" in text)
        found.child.send(f"!{COMMAND}\r")
        found.until(lambda text: "running" in text and COMMAND in " ".join(found.left_over()))
        yield found
    finally:
        for process in found.left_over():
            subprocess.run(["kill", "-9", process.split()[0]], check=False, capture_output=True)
        found.child.close(force=True)


def given_back(seen: bytes) -> bool:
    """Whether every mode that was switched on was switched off again, and the cursor is seen."""
    off = all(seen.rfind(f"\x1b[?{mode}l".encode()) > seen.rfind(f"\x1b[?{mode}h".encode()) for mode in MODES)
    return off and seen.rfind(b"\x1b[?25h") > seen.rfind(b"\x1b[?25l")


def state(terminal: Terminal) -> str:
    """The letter of the program's state, T for stopped."""
    return Path(f"/proc/{terminal.child.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def wait(terminal: Terminal, true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        terminal.take(0.02)


@pytest.mark.parametrize(
    ("numbers", "code"),
    [((signal.SIGTERM,), 143), ((signal.SIGHUP,), 129), ((signal.SIGINT, signal.SIGINT), 130)],
    ids=["term", "hang-up", "interrupted-twice"],
)
def test_a_signal_ends_it_and_its_command_and_gives_the_terminal_back(
    terminal: Terminal, numbers: tuple[int, ...], code: int
) -> None:
    for number in numbers:
        terminal.child.kill(number)
    assert terminal.ended() == code
    assert termios.tcgetattr(terminal.child.child_fd) == terminal.modes
    assert given_back(terminal.seen)
    wait(terminal, lambda: terminal.left_over() == [])


def test_stopped_and_continued_it_draws_everything_again_and_leaves_well(terminal: Terminal) -> None:
    for number in (signal.SIGTSTP, signal.SIGSTOP):
        terminal.child.kill(number)
        wait(terminal, lambda: state(terminal) == "T")
        if number == signal.SIGTSTP:
            wait(terminal, lambda: given_back(terminal.seen))
            assert termios.tcgetattr(terminal.child.child_fd) == terminal.modes
        since = len(terminal.seen)
        terminal.child.kill(signal.SIGCONT)
        wait(terminal, lambda since=since: "Backbone" in drawn(terminal.seen[since:]))  # type: ignore[misc]
        assert "self-route" in drawn(terminal.seen[since:])
        assert COMMAND in " ".join(terminal.left_over())
    assert terminal.quit() == 0
    assert termios.tcgetattr(terminal.child.child_fd) == terminal.modes
    assert given_back(terminal.seen)
    wait(terminal, lambda: terminal.left_over() == [])


def drawn(seen: bytes) -> str:
    """What a screen shows that saw only this."""
    screen = pyte.Screen(SIZE[1], SIZE[0])
    pyte.ByteStream(screen).feed(seen)
    return "\n".join(screen.display)


def test_a_terminal_that_is_gone_ends_it_and_its_command(terminal: Terminal) -> None:
    terminal.child.ptyproc.fileobj.close()
    end = time.monotonic() + PATIENCE
    while os.waitpid(terminal.child.pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < end, "it goes on without a terminal"
        time.sleep(0.02)
    terminal.child.ptyproc.terminated = terminal.child.terminated = True
    while terminal.left_over():
        assert time.monotonic() < end, terminal.left_over()
        time.sleep(0.02)


class FromShell(Terminal):
    """Started by a shell, which brings the terminal back when the program has ended."""

    def argv(self, options: Sequence[str]) -> list[str]:
        program = f"{shlex.quote(sys.executable)} -m pier_tui.cli"
        return ["sh", "-c", f"{program} {shlex.join(options)}; {program} reset-terminal; echo brought back"]


def test_killed_outright_its_terminal_is_brought_back(tmp_path: Path) -> None:
    make_sample(tmp_path / "shop")
    (tmp_path / "home").mkdir()
    terminal = FromShell(tmp_path / "shop", tmp_path / "home")
    terminal.until(lambda text: "offline" in text and "self-route" in text)
    [number] = Path(f"/proc/{terminal.child.pid}/task/{terminal.child.pid}/children").read_text().split()
    os.kill(int(number), signal.SIGKILL)
    terminal.until(lambda text: "brought back" in text)
    assert terminal.ended() == 0
    assert given_back(terminal.seen)
    assert termios.tcgetattr(terminal.child.child_fd) == terminal.modes
