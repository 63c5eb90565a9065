"""What the app owes the terminal and the user behind it, whatever is shown: safe text out, and a clean end.

Nothing here knows sessions or panes.
"""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.notifications import SeverityLevel

from pier_tui.ui.columns import widen
from pier_tui.ui.driver import PARTING, TerminalDriver
from pier_tui.ui.line_filter import TextGuard
from pier_tui.ui.text import sanitize

LOOK = 2.0
"""Seconds between looks whether the terminal is still there."""


class GuardedApp(App[None]):
    """Sanitises what leaves by other ways than painting; ends well on signals, lost terminals and its own faults."""

    crashed: Exception | None = None
    """The error nobody expected that ended the app. Nothing is printed of it here: whoever ran the app raises it."""

    def __init__(self, **options: Any) -> None:
        widen()
        super().__init__(**options)
        self._filters.append(TextGuard())
        self._parting = False

    def get_driver_class(self) -> type[Driver]:
        """Ours on a terminal; a browser or a test has its own."""
        chosen = super().get_driver_class()
        return TerminalDriver if chosen is LinuxDriver else chosen

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Tell in a corner of the screen. Never markup, whatever is asked for."""
        del markup
        super().notify(sanitize(message), title=sanitize(title), severity=severity, timeout=timeout, markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy, as it is shown: a hidden character on the clipboard is pasted into a shell unseen."""
        super().copy_to_clipboard(sanitize(text))

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Show the address; nothing is ever opened."""
        del new_tab
        self.notify(f"Not opened: {url}", markup=False)

    def watch_signals(self) -> None:
        """From now on signals end the app as its own key does, and so does a terminal that is gone."""
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in PARTING:
            loop.add_signal_handler(number, partial(self._part, number))
        self.set_interval(LOOK, self._look)

    def _part(self, number: signal.Signals) -> None:
        """The first time by the proper way; the second time at once, only giving the terminal back."""
        if not self._parting:
            self._parting = True
            self.call_later(self._leave, 128 + number)
            return
        if self._driver is not None:
            self._driver.stop_application_mode()
            self._driver.close()
        os._exit(128 + number)

    def _look(self) -> None:
        if isinstance(self._driver, TerminalDriver) and not self._driver.present and not self._parting:
            self._parting = True
            self.call_later(self._leave, 128 + signal.SIGHUP)

    async def _leave(self, code: int) -> None:
        await self.action_quit()
        self.exit(return_code=code)

    def panic(self, *renderables: RenderableType) -> None:
        """Something broke: one sentence after the terminal is given back, never what was being shown."""
        del renderables
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Textual's last step. It would print every frame with its variables, among them keys and file contents."""
        self.crashed = self._exception
        if self.crashed is None and not self._exit_renderables:
            said = "pier-tui: An unexpected fault ended the program; see your session with: pier-tui sessions."
            self._exit_renderables.append(Text(said))
        self._close_messages_no_wait()
