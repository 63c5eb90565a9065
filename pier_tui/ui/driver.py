"""The terminal itself: entering and leaving it, its signals, and that it may be gone. Nothing of what is drawn.

Textual's own driver starts twice when it is continued without having been suspended by itself, which would keep
the terminal raw for ever, and blocks on a terminal that is gone; both are mended here.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable
from typing import IO, Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from pier_tui.ui.columns import aligned

RESET = "".join(
    (
        "\x18\x1b\\\x1b[0m",  # end what was begun: a cut-off sequence, a string, colours
        *(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031, 2048)),
        "\x1b[<99u\x1b[>4;0m",  # the keyboard protocols of kitty and xterm
        "\x1b[?1049l\x1b[r\x1b[?6l\x1b[?7h\x1b[?25h\x1b[?1l\x1b>\x1b[4l\x1b(B\x0f\x1b[0m",
    )
)
"""Undoes every mode the app sets, and what hostile output may have set; harmless where nothing is set."""
PARTING = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""Signals that ask the app to end; the second one ends it at once."""


def reset_terminal() -> bool:
    """Bring the terminal back after a program that could not: modes, cursor, echo. False where there is none."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    try:
        restore(terminal)
        os.write(terminal, RESET.encode("ascii"))
        return True
    except OSError:
        return False
    finally:
        os.close(terminal)


def restore(terminal: int) -> None:
    """Line editing, echo and signals of a terminal, as `stty sane` has them."""
    modes: list[Any] = termios.tcgetattr(terminal)
    modes[0] = (modes[0] | termios.ICRNL | termios.IXON) & ~(termios.INLCR | termios.IGNCR)
    modes[1] |= termios.OPOST | termios.ONLCR
    modes[3] |= termios.ISIG | termios.ICANON | termios.IEXTEN | termios.ECHO | termios.ECHOE | termios.ECHOK
    termios.tcsetattr(terminal, termios.TCSADRAIN, modes)


class Lasting:
    """A terminal's file that takes everything and drops it once the terminal is gone, telling so once."""

    def __init__(self, file: IO[str], gone: Callable[[], object]) -> None:
        self._file, self._gone, self._lost = file, gone, False

    def write(self, text: str) -> int:
        """Write, or drop."""
        self._try(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        self._try(self._file.flush)

    def fileno(self) -> int:
        """The file's number."""
        return self._file.fileno()

    def _try(self, act: Callable[[], object]) -> None:
        if self._lost:
            return
        try:
            act()
        except (OSError, ValueError):
            self._lost = True
            self._gone()


class TerminalDriver(LinuxDriver):
    """Textual's driver for a terminal that may be stopped, continued, or taken away at any moment."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = Lasting(sys.__stderr__ or sys.stderr, self._lost)  # type: ignore[assignment]
        self._started = False
        # As callbacks of the loop: inside of whatever was interrupted, giving the terminal back can wait for itself.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        loop.add_signal_handler(signal.SIGCONT, self._sigcont_application)

    def _lost(self) -> None:
        self._app.call_later(self._app.action_quit)

    def start_application_mode(self) -> None:
        """Take the terminal over, once."""
        if not self._started:
            self._started = True
            super().start_application_mode()  # type: ignore[no-untyped-call]
            # Stopped in the background the driver gives up half-way, to be continued later.
            self._started = self._writer_thread is not None

    def resume_application_mode(self) -> None:
        """Take the terminal over again and draw everything: its second screen is empty now."""
        super().resume_application_mode()
        self._app.call_later(self._app.refresh, layout=True)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was, once."""
        if self._started:
            self._started = False
            super().stop_application_mode()

    def write(self, data: str) -> None:
        """Write, complex scripts held in their columns, unless the terminal is given back."""
        if self._writer_thread is not None:
            super().write(aligned(data))

    def close(self) -> None:
        """End the writing thread, once."""
        super().close()
        self._writer_thread = None

    def _sigcont_application(self, *_: object) -> None:
        """Continued: by itself after ctrl+z, or from outside, after which a shell may have changed the modes."""
        if self._auto_restart:
            if self._started:
                self.suspend_application_mode()
                self._must_signal_resume = True
            self.resume_application_mode()

    @property
    def present(self) -> bool:
        """Whether there is still a terminal at the other end."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            return False
        return True
