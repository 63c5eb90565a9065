"""The line above the keys: what is happening now, and what the session has used, cost and saved."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from pier_tui.ui.text import sanitize

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
PERIOD = 0.12
"""Seconds between two pictures of the spinner."""


class Spinner(Widget):
    """One fixed cell that turns while something runs; its timer rests otherwise."""

    DEFAULT_CSS = "Spinner { width: 2; height: 1; color: $text-accent; }"

    _timer: Timer
    _step = 0
    turning: reactive[bool] = reactive(False)

    def on_mount(self) -> None:
        """The timer exists once and is paused."""
        self._timer = self.set_interval(PERIOD, self._turn, pause=True)

    def watch_turning(self, turning: bool) -> None:
        """Start or rest."""
        if self.is_mounted and self.app.animation_level != "none":
            self._timer.resume() if turning else self._timer.pause()

    def _turn(self) -> None:
        self._step = (self._step + 1) % len(FRAMES)
        self.refresh()

    def render(self) -> Content:
        """The picture, or a resting dot."""
        return Content(FRAMES[self._step] if self.turning else "·")


class Figures(Widget):
    """The text of the line: activity left, figures right; less important figures give way first."""

    DEFAULT_CSS = "Figures { width: 1fr; height: 1; }"

    activity: reactive[str] = reactive("idle")
    figures: reactive[tuple[str, ...]] = reactive(())

    def render(self) -> Content:
        """As many figures as fit beside the activity."""
        width = self.size.width
        activity = Content.styled(sanitize(self.activity), "bold").truncate(max(width // 2, 16), ellipsis=True)
        shown = ""
        for figure in self.figures:
            longer = f"{shown} · {figure}" if shown else figure
            if activity.cell_length + 2 + len(longer) > width:
                break
            shown = longer
        gap = max(width - activity.cell_length - len(shown), 1)
        return Content.assemble(activity, " " * gap, (shown, "$muted"))


class StatusLine(Horizontal):
    """Spinner and figures; `show_activity` and `show_figures` are all there is to call."""

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $surface; color: $foreground; padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        """A fixed cell and the rest."""
        yield Spinner()
        yield Figures()

    def show_activity(self, text: str, *, busy: bool) -> None:
        """What is happening now; the spinner turns while `busy`."""
        self.query_one(Figures).activity = text
        self.query_one(Spinner).turning = busy

    def show_figures(self, figures: tuple[str, ...]) -> None:
        """The session in figures, the most important first."""
        self.query_one(Figures).figures = figures
