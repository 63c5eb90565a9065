"""The app: themes, keymap, the first screen, copying and quitting. Nothing about sessions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.dom import DOMNode
from textual.widgets import Input, TextArea

from pier_tui.config import Loaded, config_dir, state_dir
from pier_tui.config import load as load_settings
from pier_tui.errors import PierError
from pier_tui.events import Notice
from pier_tui.repo.diff import Patch
from pier_tui.session.export import load_recording
from pier_tui.ui.guarded import GuardedApp
from pier_tui.ui.keymap import Clashes, checked
from pier_tui.ui.lifecycle import Connecting, Lifecycle, Reopen, Start, Watch
from pier_tui.ui.palette import Actions
from pier_tui.ui.screens.replay import ReplayScreen
from pier_tui.ui.screens.trust import Gate
from pier_tui.ui.screens.workbench import WorkbenchScreen
from pier_tui.ui.themes import DEFAULT, dress
from pier_tui.ui.widgets.prompt import Files
from pier_tui.ui.workbench import Shelf

AGAIN = 2.0
"""Seconds within which a second ctrl+c quits."""


def preferences(overrides: Mapping[str, object], env: Mapping[str, str]) -> tuple[Loaded, Path, Path]:
    """The user's settings, the folder of his own themes, and where sessions are kept. Raises ConfigError."""
    return load_settings(None, env, overrides), config_dir(env) / "themes", state_dir(env)


class PierApp(GuardedApp):
    """Paints first, then calls `start` for the agent. Paths and settings come as plain values."""

    TITLE = "pier-tui"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Actions}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "copy_or_quit", "quit", show=False, priority=True, id="app.quit"),
        Binding("ctrl+z", "suspend_process", "to the shell", show=False, id="app.suspend"),
    ]

    def __init__(
        self,
        start: Start | None = None,
        *,
        repository: str = "",
        theme: str = DEFAULT,
        user_themes: Path | None = None,
        keymap: Mapping[str, str] | None = None,
        reopen: Reopen | None = None,
        shelf: Shelf | None = None,
        watch: Watch | None = None,
        worktree: Callable[[], Awaitable[Patch]] | None = None,
        files: Files | None = None,
        set_up: Connecting | None = None,
        gate: Gate | None = None,
        recording: Path | None = None,
    ) -> None:
        super().__init__()
        self.life = Lifecycle(start, reopen, watch, set_up, gate)
        self._recording, self._keys = recording, dict(keymap or {})
        self._wanted_theme, self._user_themes = theme, user_themes
        self._clashes, self._asked_to_quit = Clashes(), -AGAIN
        self._make = partial(WorkbenchScreen, repository, shelf, worktree, files)
        self.bench = self._make()
        self._replay = ReplayScreen(repository) if recording else None

    def get_default_screen(self) -> WorkbenchScreen | ReplayScreen:
        """The panes are there from the first paint."""
        return self._replay or self.bench

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours that foreign themes do not define."""
        return {"muted": "ansi_bright_black", "weak": "ansi_cyan", "strong": "ansi_yellow"}

    def on_mount(self) -> None:
        """Themes and keys now; everything else after the first paint."""
        wrong = dress(self, self._wanted_theme, self._user_themes)
        self._keys, unknown = checked(self._keys)
        self.set_keymap(self._keys)
        self.bench.keymap = self._keys
        self.watch_signals()
        self.call_after_refresh(self.run_worker, partial(self._begin, [*wrong, *unknown]), group="begin")

    async def _begin(self, wrong: list[str]) -> None:
        """After the first paint: what was wrong, then the recording or the agent."""
        for sentence in wrong:
            self.notify(sentence, severity="warning", markup=False)
        if self._replay is None or self._recording is None:
            await self.life.begin(self, self.bench)
            await self.life.follow(lambda: self.bench)
            return
        try:
            recording = await asyncio.to_thread(load_recording, self._recording)
            self._replay.play(recording.events, f"{recording.header.profile} · {recording.header.date}")
        except PierError as error:
            self._replay.show(Notice(text=str(error), level="error"))

    @on(WorkbenchScreen.Reopened)
    @work(exclusive=True, group="reopen")
    async def _go_on(self, message: WorkbenchScreen.Reopened) -> None:
        """Close this session and open another in a fresh screen."""
        await self.life.close(self.bench)
        self.bench = self._make()
        self.bench.keymap = self._keys
        # Textual cannot switch away from the screen it began with; that one stays below, closed.
        await (self.push_screen(self.bench) if len(self.screen_stack) == 1 else self.switch_screen(self.bench))
        await self.life.go_on(self, self.bench, message.session)

    async def action_copy_or_quit(self) -> None:
        """Copy what is selected; otherwise quit at the second press."""
        focused = self.focused
        selected = focused.selected_text if isinstance(focused, TextArea | Input) else ""
        selected = selected or self.screen.get_selected_text() or ""
        now = time.monotonic()
        if selected:
            self.copy_to_clipboard(selected)
        elif now - self._asked_to_quit < AGAIN:
            await self.action_quit()
        else:
            self._asked_to_quit = now
            self.notify("Press ctrl+c again to quit.", timeout=AGAIN, markup=False)

    async def action_quit(self) -> None:
        """Stop what runs, close the agent, leave nothing behind."""
        await self.life.close(self.bench)
        self.exit()

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Tell each clash once."""
        if sentence := self._clashes.sentence(clashed_bindings):
            self.notify(sentence, severity="warning", markup=False)
