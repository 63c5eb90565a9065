"""Writing in the diff pane: the box for a hunk's text or a comment, and what becomes of what was written."""

from __future__ import annotations

from textual import on
from textual.message import Message
from textual.widgets import Input

from pier_tui.ui.panes.diff_desk import DiffDesk
from pier_tui.ui.widgets.diff_edit import CommentInput, HunkEditor
from pier_tui.ui.widgets.diff_review import Entry


class DiffWriting(DiffDesk):
    """The desk with a box to write in."""

    def write(self, box: HunkEditor | CommentInput, lines: range | None) -> None:
        """Open a box to write in, above the bar."""
        if self.view.entry is not None:
            self.writing = (self.view.entry, lines)
            self.mount(box, before=self.bar)
            box.focus()
            self.tell()

    @on(HunkEditor.Saved)
    def keep_edit(self, message: HunkEditor.Saved) -> None:
        """The edited text becomes the hunk's new side."""
        message.stop()
        if writing := self.close_box():
            self.edited(*writing[0].key, message.text)

    @on(Input.Submitted)
    def keep_comment(self, message: Input.Submitted) -> None:
        """The comment is kept."""
        message.stop()
        if writing := self.close_box():
            entry, lines = writing
            self.sources.pending.comment(entry, message.value, lines)
            self.view.set_line(self.view.line)
            self.view.lay_out()
            self.say("")

    @on(HunkEditor.Cancelled)
    @on(CommentInput.Cancelled)
    def drop_box(self, message: Message) -> None:
        """Nothing was written."""
        message.stop()
        self.close_box()

    def close_box(self) -> tuple[Entry, range | None] | None:
        """Close what was written in and go back to the diff; what it was about, None if nothing was open."""
        writing, self.writing = self.writing, None
        self.query("HunkEditor, CommentInput").remove()
        self.view.focus()
        self.tell()
        return writing

    def edited(self, path: str, hunk: str, text: str) -> None:
        """The new side of a hunk as the user's editor left it."""
        entry = next((item for item in self.sources.pending.entries if item.key == (path, hunk)), None)
        if entry is None:
            self.say(self.sources.pending.recover((path, hunk), text))
            return self.view.lay_out()
        self.say(self.sources.pending.edit(entry, text))
        self.view.lay_out()
