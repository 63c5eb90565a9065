"""The real program in a real terminal: what a user does first, and what a hostile repository must not do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pyte
import pytest

from pier_tui.repo.sample import make_sample

SIZE, RESIZED = (36, 120), (24, 80)
ENTER_ALTERNATE, LEAVE_ALTERNATE = b"\x1b[?1049h", b"\x1b[?1049l"
CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8K\x07"
"""Asks a terminal to put a command on the clipboard."""
EVIL = f'''"""Prices. {CLIPBOARD} \x1b[31m\x1b]0;owned\x07\x9b31m"""


def total(items):
    """The total {CLIPBOARD} of the items."""
    return sum(items)  # {CLIPBOARD} total
'''
PATIENCE = 15.0
"""Seconds any one thing may take; every wait ends as soon as it has come about."""


class Terminal:
    """The program behind a pseudo terminal, and the screen it draws."""

    def __init__(self, repository: Path, home: Path) -> None:
        self.home = home
        self.seen = b""
        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.ByteStream(self._screen)
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        env |= {"XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
        args = ["-m", "pier_tui.cli", "open", "--profile", "offline", str(repository)]
        self.child = pexpect.spawn(sys.executable, args, env=env, dimensions=SIZE, timeout=PATIENCE)
        self.child.delaybeforesend = None
        self.modes = termios.tcgetattr(self.child.child_fd)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self._screen.display)

    def take(self, seconds: float) -> bool:
        """Draw what comes within these seconds; False once the program has closed its end."""
        try:
            got = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.seen += got
        self._stream.feed(got)
        return True

    def until(self, true: Callable[[str], object]) -> None:
        """Draw until the screen is as wanted."""
        end = time.monotonic() + PATIENCE
        while not true(self.text):
            assert time.monotonic() < end, f"never came about; the screen was:\n{self.text}"
            assert self.take(0.1), f"the program ended; the screen was:\n{self.text}"

    def ask(self, request: str, answer: str) -> None:
        """Type a request, and wait for what its answer holds and for the floor."""
        self.child.send(request)
        self.until(lambda text: request in text)
        self.child.send("\r")
        self.until(lambda text: answer in text and "· idle" in text)

    def resize(self, rows: int, columns: int) -> None:
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def quit(self) -> int | None:
        """Press ctrl+c twice; the exit code."""
        self.child.send("\x03")
        self.until(lambda text: "again to quit" in text)
        self.child.send("\x03")
        end = time.monotonic() + PATIENCE
        while self.take(0.1):
            assert time.monotonic() < end, "the program did not end"
        self.child.wait()
        return self.child.exitstatus

    def left_over(self) -> list[str]:
        """Processes that still run with this run's environment. Where there is no /proc, none are seen."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.fsencode(f"{self.home}/state") in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found


@dataclass(frozen=True)
class Session:
    """How a whole session went."""

    seen: bytes
    code: int | None
    modes: tuple[list[object], list[object]]
    left_over: list[str]
    wide: str
    narrow: str


def play(repository: Path, home: Path) -> Session:
    """Open, ask, resize, quit."""
    home.mkdir()
    terminal = Terminal(repository, home)
    try:
        terminal.until(lambda text: "offline" in text and "self-route" in text)
        terminal.ask("where is total used", "answered  3 turns")
        wide = terminal.text
        terminal.resize(*RESIZED)
        terminal.until(lambda text: "[2 Conversation]" in text)
        terminal.ask("explain shop/prices.py", "shop/prices.py, 6 lines.")
        narrow = terminal.text
        code = terminal.quit()
        modes = terminal.modes, termios.tcgetattr(terminal.child.child_fd)
        return Session(terminal.seen, code, modes, terminal.left_over(), wide, narrow)
    finally:
        terminal.child.close(force=True)


def repository(path: Path, prices: str, *others: str) -> Path:
    """The sample with a file of prices, and others that hold the same."""
    make_sample(path)
    for name in ("shop/prices.py", *others):
        (path / name).write_bytes(prices.encode("utf-8", "surrogateescape"))
    subprocess.run(["git", "add", "--all"], cwd=path, check=True)
    return path


@pytest.fixture(scope="module")
def benign(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("benign")
    plain = re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", "", EVIL)
    return play(repository(folder / "shop", plain, "shop/other.py"), folder / "home")


def kinds(seen: bytes) -> set[bytes]:
    """The kinds of control sequences in a stream: their introducer and command, without figures and text."""
    found = {m[1] + m[2] for m in re.finditer(rb"(\x1b\[[<=>?]?)[\d;:]*([ -/]*[@-~])", seen)}
    found |= {m[0] for m in re.finditer(rb"\x1b[\]PX^_]\d*", seen)}
    found |= {m[0] for m in re.finditer(rb"\x1b[^\[\]PX^_]", seen)}
    return found | {bytes([byte]) for byte in seen if byte < 32 and byte != 27}


def test_a_session_answers_follows_the_terminal_and_leaves_it_as_it_was(benign: Session) -> None:
    assert "shop/pricing.py:24" in benign.wide
    assert "def total(items)" in benign.narrow
    assert benign.code == 0
    before, after = benign.modes
    assert before == after
    assert benign.seen.rindex(LEAVE_ALTERNATE) > benign.seen.rindex(ENTER_ALTERNATE)
    assert benign.seen.rindex(LEAVE_ALTERNATE) > benign.seen.rindex(b"again to quit")
    assert benign.left_over == []


def test_nothing_in_a_repository_reaches_the_terminal_as_a_control_sequence(tmp_path: Path, benign: Session) -> None:
    evil = play(repository(tmp_path / f"shop{CLIPBOARD}", EVIL, f"shop/{CLIPBOARD}.py"), tmp_path / "home")
    assert evil.code == 0
    assert "52;c;" in evil.narrow, "the text itself is shown"
    assert b"\x1b]52" not in evil.seen
    assert "\x9b".encode() not in evil.seen
    assert kinds(evil.seen) <= kinds(benign.seen)
