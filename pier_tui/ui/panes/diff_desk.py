"""What the diff pane consists of and how it follows events; the keys and what they decide are in `diff`."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from pier_tui.events import AnyEvent
from pier_tui.repo.diff import Patch
from pier_tui.repo.verdict import Draft
from pier_tui.ui.format import counted
from pier_tui.ui.panes.diff_sources import EMPTY, TITLES, Source, Sources
from pier_tui.ui.widgets.diff_bar import DiffBar, DiffFiles, Part
from pier_tui.ui.widgets.diff_draft import draft_of, put_back
from pier_tui.ui.widgets.diff_review import Entry
from pier_tui.ui.widgets.diff_view import DiffView

WARMED, WARM_PAUSE = 150, 0.02
"""Hunks worked out at a time, and seconds between."""
WRITING = (Part("Nothing changes until you save", 1), Part("escape goes back to the diff"))
NAVIGATION = {"hunk", "file", "split", "wrap"}
DECISIONS = {"accept", "reject", "line_mode", "accept_file", "accept_all", "apply", "apply_all"}
TEXTS = {"edit", "edit_outside", "comment"}
RESOLVING = {"keep_disk", "take_proposal"}
DECIDING = NAVIGATION | DECISIONS | TEXTS | RESOLVING | {"send_back", "undo", "undo_applied", "leave_lines", "source"}


class DiffDesk(Widget):
    """The files, the view and the bar over one set of sources."""

    DEFAULT_CSS = """
    DiffDesk { layout: vertical; width: 1fr; height: 1fr; }
    """

    class Decided(Message):
        """What is decided and not handed over is another."""

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(id=id)
        self.sources = Sources(clock)
        self.view = DiffView(id="diff-view")
        self.files = DiffFiles()
        self.bar = DiffBar()
        self.revision = 0
        self.writing: tuple[Entry, range | None] | None = None
        """The hunk being edited or commented on, and the lines."""

    def compose(self) -> ComposeResult:
        """Files, the diff, and the bar."""
        yield self.files
        yield self.view
        yield self.bar

    def on_mount(self) -> None:
        """Start with what is known."""
        self.present()

    def on_resize(self, event: events.Resize) -> None:
        """Give the rows to the diff where there are few."""
        self.files.give(event.size.height)

    @property
    def has_pending(self) -> bool:
        """Whether a proposal waits for the user."""
        return bool(self.sources.pending.entries)

    def summary(self) -> str:
        """For a tab: hunks accepted of hunks pending, empty where nothing is."""
        return self.sources.summary()

    def show(self, event: AnyEvent) -> None:
        """Follow one event."""
        had = self.has_pending
        if self.sources.take(event):
            if self.has_pending and not had and not self.view.has_focus:
                self.sources.choose("proposal")
            self.present()
            if len(self.sources.pending.entries) > WARMED:
                self.warm(self.sources.pending.patch)

    def set_source(self, source: Source, patch: Patch) -> None:
        """What the shell found for a source; only the working tree is not known here."""
        if source == "worktree":
            self.sources.worktree = patch
            if self.sources.source == source:
                self.sources.choose(source)
                self.present()

    def release(self, text: str = "") -> None:
        """A verdict came to nothing (refused, interrupted): decisions can be made again; `text` says why."""
        self.sources.release(text)
        self.present()

    def present(self) -> None:
        """Show the current review, staying on the same hunk where it still exists."""
        review, before = self.sources.review, self.view.entry
        key = before.key if before else None
        cursor = next((n for n, item in enumerate(review.entries) if item.key == key), None) if key else None
        self.files.show_review(review)
        self.files.give(self.size.height)
        self.view.sentence = EMPTY[self.sources.source]
        if cursor is None:
            self.view.show_review(review, self.view.cursor)
        else:
            self.view.replace_review(review, cursor)
        self.files.follow(self.view.cursor)
        self.tell()

    def warm(self, patch: Patch, start: int = 0) -> None:
        """Work out ids and hidden characters of a big proposal a little at a time, so that no key waits for all."""
        review = self.sources.pending
        if review.patch is patch and start < len(review.entries):
            for entry in review.entries[start : start + WARMED]:
                review.hidden(entry)
            self.set_timer(WARM_PAUSE, lambda: self.warm(patch, start + WARMED))

    def tell(self) -> None:
        """Bring the bar and the key line up to date."""
        sources = self.sources
        buttons = [name for name in ("apply", "apply_all", "send_back") if self.check_action(name, ())]
        hint = WRITING if self.writing else sources.hint(self.view.entry, self.view.line is not None)
        self.bar.tell(hint, TITLES[sources.source], tuple(buttons))
        self.files.refresh()
        self.refresh_bindings()
        if self.revision != sources.pending.revision:
            self.revision = sources.pending.revision
            self.post_message(self.Decided())

    @property
    def draft(self) -> Draft:
        """What is decided and not taken by the agent yet: what is to be kept."""
        draft, sent = draft_of(self.sources.pending), self.sources.sent
        both = {"rejected": draft.rejected + sent.rejected, "comments": draft.comments + sent.comments}
        return draft.model_copy(update=both)

    def put_back(self, draft: Draft) -> None:
        """Decide as before, where the proposal is still the same."""
        if self.has_pending:
            decisions, comments = put_back(self.sources.pending, draft)
            said = [counted(decisions, "decision")] * bool(decisions) + [counted(comments, "comment")] * bool(comments)
            if said:
                self.view.lay_out()
                self.say(f"Back as you left it: {', '.join(said)}")

    def say(self, text: str) -> None:
        """Put a sentence in the hint line until the next key, and redraw."""
        self.sources.news = text
        self.view.redraw()
        self.tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what works now."""
        del parameters
        sources, entry = self.sources, self.view.entry
        if self.writing is not None:
            return action not in DECIDING
        if action in NAVIGATION:
            return entry is not None
        if action in DECISIONS:
            return sources.decidable
        if action in TEXTS:
            return sources.decidable and entry is not None and (action == "comment" or entry.hunk is not None)
        if action in RESOLVING:
            return sources.decidable and entry is not None and bool(sources.pending.sides(entry))
        if action == "send_back":
            return sources.decidable and bool(sources.pending.notes or sources.pending.count("rejected"))
        if action == "undo":
            return sources.decidable and bool(sources.pending.steps)
        if action == "undo_applied":
            return sources.source in {"turn", "session"} and entry is not None
        return self.view.line is not None if action == "leave_lines" else True

    @on(DiffView.CursorMoved)
    def follow_cursor(self, message: DiffView.CursorMoved) -> None:
        """The file list follows."""
        message.stop()
        self.files.follow(self.view.cursor)
        self.tell()

    @on(DiffFiles.FileClicked)
    def jump(self, message: DiffFiles.FileClicked) -> None:
        """A file was clicked."""
        message.stop()
        self.view.set_line(None)
        self.view.go(message.entry)
        self.view.focus()
