"""A session on the screen: three panes, the lines around them, and the one `show` every event goes through.

Knows no agent: a live session and a recording are shown by the same view.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import takewhile
from time import perf_counter
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.notifications import SeverityLevel
from textual.screen import Screen

from pier_tui.events import (
    AnyEvent,
    Notice,
    PatchProposed,
    ReasoningDelta,
    RepoChanged,
    RequestEnded,
    RequestStarted,
    TextDelta,
    ToolOutput,
)
from pier_tui.models.messages import Tier
from pier_tui.ui.activity import Activity
from pier_tui.ui.commands import COMMANDS
from pier_tui.ui.figures import figures
from pier_tui.ui.panes.backbone import BackbonePane
from pier_tui.ui.panes.conversation import ConversationPane
from pier_tui.ui.panes.diff import DiffPane
from pier_tui.ui.panes.frame import PaneFrame
from pier_tui.ui.story import Story
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.footer import KeyLine
from pier_tui.ui.widgets.header import Header, named
from pier_tui.ui.widgets.prompt import Files
from pier_tui.ui.widgets.status import StatusLine
from pier_tui.ui.widgets.transcript_records import Records, TurnRecord

SLICE = 0.008
"""Seconds of a long piece of work before the keys have their turn."""


class SessionView(Screen[None]):
    """Shows events. `windows` are the models' context windows in tokens, where they are known."""

    AUTO_FOCUS = "PromptInput"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, repository: str, files: Files | None = None) -> None:
        super().__init__()
        self.story = Story()
        self.activity = Activity()
        self.windows: dict[Tier, int] = {}
        self.queued = 0
        self.sandbox = ""
        self.next_words = ""
        self._repository = repository
        self._early: list[events.Key] | None = []
        self.backbone_pane = BackbonePane()
        self.conversation = ConversationPane(files, [(command.name, command.about) for command in COMMANDS])
        self.diff = DiffPane()
        self.frame = PaneFrame(
            {"backbone": self.backbone_pane, "conversation": self.conversation, "diff": self.diff},
        )

    def compose(self) -> ComposeResult:
        """Header, panes, status, keys."""
        header = Header()
        header.set_reactive(Header.repository, self._repository)
        yield header
        yield self.frame
        yield StatusLine()
        yield KeyLine()

    def on_key(self, event: events.Key) -> None:
        """Keys pressed before there is anything to type into are kept for the prompt."""
        if self._early is not None:
            event.stop()
            event.prevent_default()
            self._early.append(event)

    def on_mount(self) -> None:
        """On a screen too small for the prompt nothing ever takes the focus, and keys must not be kept for ever."""
        self.call_after_refresh(self.on_descendant_focus)

    def on_descendant_focus(self) -> None:
        """The first focus: what was typed before goes there, in order."""
        early, self._early = self._early or [], None
        for event in early:
            self.conversation.prompt.post_message(events.Key(event.key, event.character))

    def show(self, event: AnyEvent) -> None:
        """Everything that happens is shown here, live, resumed or recorded."""
        self.conversation.show(event)
        self._show(event)

    def _show(self, event: AnyEvent) -> None:
        changed = self._take(event)
        self._show_around(event)
        if changed:
            self._show_activity()
        if not isinstance(event, TextDelta | ReasoningDelta | ToolOutput):
            self.show_figures()

    def _take(self, event: AnyEvent) -> bool:
        """Let everything that adds events up have it; whether what is going on changed."""
        self.story.add(event)
        self.backbone_pane.show(event)
        self.diff.show(event)
        return self.activity.add(event)

    def _show_activity(self) -> None:
        self.query_one(StatusLine).show_activity(self.activity.text, busy=self.activity.busy)

    def _show_around(self, event: AnyEvent) -> None:
        """What the lines around the panes make of an event."""
        header = self.query_one(Header)
        match event:
            case RequestStarted():
                header.session_title = self.story.title
            case RepoChanged():
                header.branch, header.dirty = event.branch or header.branch, event.dirty
                header.latest = named(event.paths) if event.paths else header.latest
            case PatchProposed():
                self.frame.offer_diff()
            case RequestEnded():
                self.frame.tell("conversation")
            case Notice(level="error" | "warning"):
                severe: SeverityLevel = "error" if event.level == "error" else "warning"
                self.app.notify(sanitize(event.text), severity=severe, markup=False)

    def glimpse(self, tail: Sequence[AnyEvent]) -> None:
        """Show the end of a session's text before all of it was read; `resume` then shows the whole."""
        records = Records()
        records.add_all(tail)
        if records.all:
            self.conversation.show_past(records)

    async def resume(self, history: Sequence[AnyEvent]) -> None:
        """Show what happened before: the text first, then the rest, in slices, so that keys are answered."""
        if not history:
            return
        began = perf_counter()
        records = Records()
        for event in history:
            records.add(event)
            began = await _rested(began)
        _cut_off(records)
        self.conversation.show_past(records)
        for event in history:
            self.story.add(event)
            self.backbone_pane.recall(event)
            self.diff.show(event)
            self.activity.add(event)
            began = await _rested(began)
        self.backbone_pane.settle()
        # What was going on when the session was left is not going on now.
        self.activity.rest()
        self.query_one(Header).session_title = self.story.title
        if self.activity.pending:
            self.frame.offer_diff()
        # Old notices are in the text; only those that came with the opening are news.
        for event in reversed(list(takewhile(lambda event: isinstance(event, Notice), reversed(history)))):
            self._show_around(event)
        self._show_activity()
        self.show_figures()

    def show_next(self, text: str) -> None:
        """What the prompt's border says of the next turn."""
        self.next_words = text
        self.conversation.set_next(text)

    def show_figures(self) -> None:
        """Bring the figures on the status line up to date."""
        self.query_one(StatusLine).show_figures(figures(self.story, self.windows, self.queued, self.sandbox))


def _cut_off(records: Records) -> None:
    """A turn that never ended, as its program ended first, is not going on now."""
    last = next((record for record in reversed(records.all) if isinstance(record, TurnRecord)), None)
    if last is not None and last.seconds is None:
        last.cut = True


async def _rested(began: float) -> float:
    """Let others run where a slice is over; when the present slice began."""
    if perf_counter() - began < SLICE:
        return began
    await asyncio.sleep(0)
    return perf_counter()
