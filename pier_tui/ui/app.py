"""The app: themes, keymap, the first screen, and starting and stopping the agent. Nothing about sessions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widgets import Input, TextArea

from pier_tui.errors import PierError
from pier_tui.events import Notice
from pier_tui.ui.asking import DialogUser
from pier_tui.ui.keymap import Clashes
from pier_tui.ui.line_filter import TextGuard
from pier_tui.ui.screens.workbench import WorkbenchScreen
from pier_tui.ui.text import sanitize
from pier_tui.ui.themes import DEFAULT, load, shipped_folder
from pier_tui.ui.workbench import Shelf, Workbench

AGAIN = 2.0
"""Seconds within which a second ctrl+c quits."""


class PierApp(App[None]):
    """Paints first, then calls `start` for the agent. All paths and settings come as plain values."""

    TITLE = "pier-tui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "copy_or_quit", "quit", show=False, priority=True, id="app.quit"),
    ]

    def __init__(
        self,
        start: Callable[..., Awaitable[Workbench]] | None = None,
        *,
        repository: str = "",
        theme: str = DEFAULT,
        user_themes: Path | None = None,
        keymap: Mapping[str, str] | None = None,
        shelf: Shelf | None = None,
        watch: Callable[[], AsyncIterator[tuple[str, ...]]] | None = None,
    ) -> None:
        super().__init__()
        self._filters.append(TextGuard())
        self._start, self._watch = start, watch
        self._wanted_theme, self._user_themes = theme, user_themes
        self._keys = dict(keymap or {})
        self._clashes = Clashes()
        self._asked_to_quit = -AGAIN
        self._workbench: Workbench | None = None
        self.bench = WorkbenchScreen(repository, shelf)

    def get_default_screen(self) -> WorkbenchScreen:
        """The workbench is there from the first paint."""
        return self.bench

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours that foreign themes do not define."""
        return {"muted": "ansi_bright_black", "weak": "ansi_cyan", "strong": "ansi_yellow"}

    def on_mount(self) -> None:
        """Themes and keys now; the agent after the first paint."""
        folders = [shipped_folder(), *([self._user_themes] if self._user_themes else [])]
        themes, wrong = load(folders)
        for theme in themes.values():
            self.register_theme(theme)
        known = self._wanted_theme in self.available_themes
        self.theme = self._wanted_theme if known else DEFAULT
        self.call_after_refresh(self.run_worker, partial(self._begin, wrong), exit_on_error=False)

    async def _begin(self, wrong: list[str]) -> None:
        """After the first paint: what was wrong, the agent, its history, then the watcher."""
        for sentence in wrong:
            self.notify(sentence, severity="warning", markup=False)
        if self._start is None:
            return
        try:
            self._workbench = await self._start(DialogUser(self))
        except PierError as error:
            self.bench.show(Notice(text=str(error), level="error"))
            return
        await self.bench.resume(self._workbench.history())
        self.bench.attach(self._workbench)
        if self._watch is not None:
            async for paths in self._watch():
                self.bench.work.aside(self._workbench.repo_changed(paths))

    async def action_copy_or_quit(self) -> None:
        """Copy what is selected; otherwise quit at the second press."""
        focused = self.focused
        selected = focused.selected_text if isinstance(focused, TextArea | Input) else ""
        selected = selected or self.screen.get_selected_text() or ""
        now = time.monotonic()
        if selected:
            self.copy_to_clipboard(sanitize(selected))
        elif now - self._asked_to_quit < AGAIN:
            await self.action_quit()
        else:
            self._asked_to_quit = now
            self.notify("Press ctrl+c again to quit.", timeout=AGAIN, markup=False)

    async def action_quit(self) -> None:
        """Stop what runs, close the agent, leave nothing behind."""
        self.workers.cancel_all()
        await self.workers.wait_for_complete()
        if self._workbench is not None:
            await self._workbench.aclose()
            self._workbench = None
        self.exit()

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Tell each clash once."""
        if sentence := self._clashes.sentence(clashed_bindings):
            self.notify(sentence, severity="warning", markup=False)
