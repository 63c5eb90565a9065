"""The diff pane: what will happen to the files, decided by hunk and line. It decides; writing is the agent's part."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message

from pier_tui.repo.diff import HunkPick, Resolution
from pier_tui.repo.places import place
from pier_tui.repo.verdict import Verdict
from pier_tui.ui.panes.diff_sources import Source
from pier_tui.ui.panes.diff_writing import DiffWriting
from pier_tui.ui.widgets.diff_bar import DiffBar
from pier_tui.ui.widgets.diff_edit import CommentInput, HunkEditor
from pier_tui.ui.widgets.diff_review import barred, refused, typed_in
from pier_tui.ui.widgets.diff_view import DiffView
from pier_tui.ui.widgets.hunk_text import hidden, side

KEYS = (
    ("space", "accept", "Accept", "accept"),
    ("x", "reject", "Reject", "reject"),
    ("o", "keep_disk", "Keep disk", "keep_disk"),
    ("t", "take_proposal", "Take proposal", "take_proposal"),
    ("enter", "apply", "Apply", "apply"),
    ("n", "hunk(1)", "Next hunk", "next_hunk"),
    ("p", "hunk(-1)", "Previous hunk", "previous_hunk"),
    ("A", "accept_all", "Accept all", "accept_all"),
    ("a", "accept_file", "Accept file", "accept_file"),
    ("l", "line_mode", "Lines", "lines"),
    ("e", "edit", "Edit", "edit"),
    ("c", "comment", "Comment", "comment"),
    ("u", "undo", "Undo decision", "undo"),
    ("S,ctrl+enter", "send_back", "Send back", "send_back"),
    ("N", "file(1)", "Next file", "next_file"),
    ("P", "file(-1)", "Previous file", "previous_file"),
    ("E", "edit_outside", "$EDITOR", "editor"),
    ("U", "undo_applied", "Undo applied", "undo_applied"),
    ("v", "source", "Source", "source"),
    ("s", "split", "Split", "split"),
    ("w", "wrap", "Wrap", "wrap"),
    ("escape", "leave_lines", "Hunks", "leave_lines"),
)


class DiffPane(DiffWriting):
    """Shows a patch and posts what the user decides about it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, action, words, id=f"diff.{name}") for key, action, words, name in KEYS
    ]

    class VerdictGiven(Message):
        """The user decided: hand `verdict` to the agent."""

        def __init__(self, verdict: Verdict) -> None:
            self.verdict = verdict
            super().__init__()

    class EditorRequested(Message):
        """Open `text` in the user's editor and give the result to `DiffPane.edited` with the same path and hunk."""

        def __init__(self, path: str, hunk: str, text: str) -> None:
            self.path, self.hunk, self.text = path, hunk, text
            super().__init__()

    class SourceWanted(Message):
        """Another source is on show. For `worktree` the pane needs `set_source`; it knows the others itself."""

        def __init__(self, source: Source) -> None:
            self.source = source
            super().__init__()

    class UndoWanted(Message):
        """Take these applied hunks of a checkpoint back, if their text still stands."""

        def __init__(self, checkpoint: str, hunks: tuple[HunkPick, ...]) -> None:
            self.checkpoint, self.hunks = checkpoint, hunks
            super().__init__()

    def action_hunk(self, by: int) -> None:
        """Go to the next or previous hunk."""
        self.sources.news = ""
        self.view.set_line(None)
        self.view.go(self.view.cursor + by)

    def action_file(self, by: int) -> None:
        """Go to the first hunk of the next or previous file."""
        self.sources.news = ""
        self.view.set_line(None)
        firsts = self.files.firsts
        at = sum(first <= self.view.cursor for first in firsts) - 1
        self.view.go(firsts[max(0, min(len(firsts) - 1, at + by))])

    def action_accept(self) -> None:
        """Accept or unaccept the hunk, or take or leave the line."""
        review, entry, chosen = self.sources.pending, self.view.entry, self.view.chosen
        if entry is not None:
            self.say(review.toggle_line(entry, *chosen) if chosen else review.toggle(entry))

    def action_reject(self) -> None:
        """Reject the hunk, or take that back."""
        if self.view.entry is not None:
            self.say(self.sources.pending.reject(self.view.entry))

    def action_keep_disk(self) -> None:
        """Settle the conflict with the lines on disk."""
        self.resolve("on_disk")

    def action_take_proposal(self) -> None:
        """Settle the conflict with the lines proposed."""
        self.resolve("proposed")

    def resolve(self, side: Literal["on_disk", "proposed"]) -> None:
        """Settle the conflicts of the hunk's file with one side; nothing is written, the outcome is pending again."""
        if self.view.entry is not None and not self.held():
            path = self.view.entry.file.path
            typed = tuple(typed_in(self.sources.pending, path))
            self.give(Verdict(accepted=typed, resolved=(Resolution(path=path, side=side),)))

    def action_line_mode(self) -> None:
        """Choose single lines of the hunk, or stop doing so."""
        entry = self.view.entry
        if self.view.line is not None or entry is None:
            return self.action_leave_lines()
        if self.sources.pending.mark(entry).text is not None:
            return self.say("An edited hunk is taken whole; u takes the edit back.")
        first = next((i for i, line in enumerate(entry.lines) if line.kind != " "), None)
        self.view.set_line(first)
        self.say("" if first is not None else "This change has no lines to choose from.")

    def action_leave_lines(self) -> None:
        """Back to whole hunks."""
        self.view.set_line(None)
        self.tell()

    def action_accept_file(self) -> None:
        """Accept the hunks of this file that are still pending."""
        if self.view.entry is not None and not self.held():
            self.say(str(self.sources.pending.accept_all(self.view.entry.file.path)))

    def action_accept_all(self) -> None:
        """Accept everything still pending."""
        if not self.held():
            self.say(str(self.sources.pending.accept_all()))

    def action_apply(self) -> None:
        """Hand over the verdict, if anything is accepted."""
        if self.held():
            return
        verdict = self.sources.pending.verdict()
        if verdict.accepted:
            return self.give(verdict)
        entry = self.view.entry
        if entry is not None and (self.sources.pending.sides(entry) or self.sources.pending.waits(entry)):
            return self.say(f"Nothing is accepted yet. {refused(self.sources.pending, entry)}")
        back = "S sends your rejections and comments back" if verdict.rejected or verdict.comments else ""
        self.say(f"Nothing is accepted yet: space takes this hunk, A takes all{'; ' + back if back else ''}.")

    def action_apply_all(self) -> None:
        """Accept everything and apply; where something had to be left out, only accept and say so."""
        if self.held():
            return
        bulk = self.sources.pending.accept_all()
        if bulk.left:
            self.say(f"{bulk}. Enter applies the rest.")
        else:
            self.action_apply()

    def action_send_back(self) -> None:
        """Send rejections and comments to the agent; nothing is written."""
        self.give(self.sources.pending.verdict(send_back=True))

    def give(self, verdict: Verdict) -> None:
        """Post a verdict and wait for what comes of it."""
        self.view.set_line(None)
        self.sources.give(verdict)
        self.post_message(self.VerdictGiven(verdict))
        self.present()

    def held(self) -> bool:
        """Whether the proposal changed under the user's eyes a moment ago; says so."""
        if self.sources.unsettled:
            self.say("The proposal changed this moment: look at it, then press again.")
        return self.sources.unsettled

    def action_undo(self) -> None:
        """Take the last decision back and go to its hunk."""
        review = self.sources.pending
        notes, texts = review.notes, [mark.text for mark in review.marks.values() if mark.text]
        key = review.undo()
        self.view.set_line(None)
        if review.notes != notes or texts != [mark.text for mark in review.marks.values() if mark.text]:
            self.view.lay_out()
        at = next((n for n, entry in enumerate(review.entries) if entry.key == key), None)
        if at is not None:
            self.view.go(at)
        self.say("Took the last decision back.")

    def action_undo_applied(self) -> None:
        """Ask for an applied hunk to be taken back."""
        entry = self.view.entry
        if entry is None:
            return
        path, hunk = entry.key
        if checkpoint := self.sources.landings.checkpoint(path, hunk):
            self.post_message(self.UndoWanted(checkpoint, (HunkPick(path=path, hunk=hunk),)))

    def action_source(self) -> None:
        """Show the next source."""
        self.sources.news = ""
        self.sources.choose(self.sources.following())
        self.present()
        self.post_message(self.SourceWanted(self.sources.source))

    def action_split(self) -> None:
        """Change between unified and side by side."""
        self.view.toggle_split()

    def action_wrap(self) -> None:
        """Show long lines whole, or cut at the edge."""
        self.view.toggle_wrap()

    def action_edit(self) -> None:
        """Edit the proposed text in place."""
        entry = self.view.entry
        if entry is None or entry.hunk is None:
            return
        if refusal := barred(self.sources.pending, entry):
            return self.say(refusal)
        text = self.sources.pending.mark(entry).text or side(entry.hunk.lines, "+")
        if hidden(text):
            return self.say("This text has hidden characters, which a text box would pass on: E opens $EDITOR.")
        self.write(HunkEditor(text), None)

    def action_edit_outside(self) -> None:
        """Edit the proposed text in the user's editor."""
        entry = self.view.entry
        if entry is None or entry.hunk is None:
            return
        if refusal := barred(self.sources.pending, entry):
            self.say(refusal)
        else:
            text = self.sources.pending.mark(entry).text or side(entry.hunk.lines, "+")
            self.post_message(self.EditorRequested(entry.key[0], entry.key[1], text))

    def action_comment(self) -> None:
        """Comment on the lines chosen, or on the hunk outside line mode; a comment that ends there is opened again."""
        entry, chosen = self.view.entry, self.view.chosen or None
        if entry is None:
            return
        notes = self.sources.pending.notes_on(entry)
        if chosen is None or len(chosen) == 1:
            known = next((note for note in notes if note.end == self.view.line), None)
        else:
            known = next((note for note in notes if (note.line, note.last) == (chosen[0], chosen[-1])), None)
        if known is not None and known.line is not None and known.last is not None:
            chosen = range(known.line, known.last + 1)
        where = place(entry.hunk, self.sources.pending.lines(entry), chosen) if entry.hunk and chosen else ""
        self.write(CommentInput(known.text if known else "", where), chosen)

    @on(DiffView.HunkClicked)
    def click_hunk(self, message: DiffView.HunkClicked) -> None:
        """A click chooses a hunk; on its header it decides."""
        message.stop()
        if self.writing is None:
            self.view.set_line(None)
            self.view.go(message.entry)
            if message.header and self.sources.decidable:
                self.action_accept()

    @on(DiffBar.Pressed)
    async def press(self, message: DiffBar.Pressed) -> None:
        """A word of the bar was clicked."""
        message.stop()
        if self.check_action(message.action, ()):
            await self.run_action(message.action)
