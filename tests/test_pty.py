"""The real program in a real terminal: what a user does first, and what a hostile repository must not do."""

from __future__ import annotations

import os
import random
import re
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from pty_terminal import SIZE, Terminal, kinds

from pier_tui.repo.sample import make_sample

RESIZED = (24, 80)
ENTER_ALTERNATE, LEAVE_ALTERNATE = b"\x1b[?1049h", b"\x1b[?1049l"
CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8K\x07"
"""Asks a terminal to put a command on the clipboard."""
EVIL = f'''"""Prices. {CLIPBOARD} \x1b[31m\x1b]0;owned\x07\x9b31m"""


def total(items):
    """The total {CLIPBOARD} of the items."""
    return sum(items)  # {CLIPBOARD} total
'''


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


@pytest.mark.skipif(not os.environ.get("PIER_SOAK"), reason="PIER_SOAK=1 runs the long tests")
def test_a_minute_of_twenty_sizes_a_second_breaks_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    terminal = Terminal(make_sample(tmp_path / "shop"), home)
    chance = random.Random(3)
    try:
        terminal.until(lambda text: "offline" in text and "self-route" in text)
        terminal.child.send("a request half typed")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            terminal.resize(chance.randint(5, 120), chance.randint(20, 400))
            terminal.drain(0.05)
        terminal.resize(*SIZE)
        terminal.until(lambda text: "a request half typed" in text and "self-route" in text)
        terminal.ask(" ", "answered")
        assert terminal.quit() == 0
        assert termios.tcgetattr(terminal.child.child_fd) == terminal.modes
    finally:
        terminal.child.close(force=True)
