"""The real program behind a pseudo terminal, for tests that need one."""

from __future__ import annotations

import os
import re
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pexpect
import pyte

SIZE = (36, 120)
PATIENCE = 15.0
"""Seconds any one thing may take; every wait ends as soon as it has come about."""


class Screen(pyte.Screen):
    """As real terminals do, it passes over an erasing it does not know, such as one a kill cut off and text ended."""

    def erase_in_line(self, *hows: int, private: bool = False) -> None:
        if not hows or hows[0] in (0, 1, 2):
            super().erase_in_line(*hows[:1], private=private)


class Terminal:
    """The program behind a pseudo terminal, and the screen it draws."""

    def __init__(self, repository: Path, home: Path, *options: str, **variables: str) -> None:
        self.home = home
        self.seen = b""
        self._screen = Screen(SIZE[1], SIZE[0])
        self._stream = pyte.ByteStream(self._screen)
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        env |= {"XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
        env |= variables
        argv = self.argv(options or ("open", "--trust", "--profile", "offline", str(repository)))
        self.child = pexpect.spawn(argv[0], argv[1:], env=env, dimensions=SIZE, timeout=PATIENCE)
        self.child.delaybeforesend = None
        self.modes = termios.tcgetattr(self.child.child_fd)

    def argv(self, options: Sequence[str]) -> list[str]:
        """What is started."""
        return [sys.executable, "-m", "pier_tui.cli", *options]

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

    def drain(self, seconds: float) -> None:
        """Read what comes within these seconds without drawing it, which is slow."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with suppress(pexpect.TIMEOUT):
                self.child.read_nonblocking(1 << 20, timeout=left)

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
        return self.ended()

    def ended(self) -> int | None:
        """Draw to the end; the exit code, or the negative number of the signal that killed it."""
        end = time.monotonic() + PATIENCE
        while self.take(0.1):
            assert time.monotonic() < end, f"the program did not end; the screen was:\n{self.text}"
        self.child.wait()
        killed = self.child.signalstatus
        return self.child.exitstatus if killed is None else -killed

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


def kinds(seen: bytes) -> set[bytes]:
    """The kinds of control sequences in a stream: their introducer and command, without figures and text."""
    found = {m[1] + m[2] for m in re.finditer(rb"(\x1b\[[<=>?]?)[\d;:]*([ -/]*[@-~])", seen)}
    found |= {m[0] for m in re.finditer(rb"\x1b[\]PX^_]\d*", seen)}
    found |= {m[0] for m in re.finditer(rb"\x1b[^\[\]PX^_]", seen)}
    return found | {bytes([byte]) for byte in seen if byte < 32 and byte != 27}
