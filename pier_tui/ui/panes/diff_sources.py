"""What the diff pane can show: the pending proposal, this turn's and this session's patches, the working tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Literal, assert_never, get_args

from pier_tui import events as e
from pier_tui.events import AnyEvent, Verdict
from pier_tui.repo.diff import HunkState, Patch
from pier_tui.ui.widgets.diff_landed import Landings
from pier_tui.ui.widgets.diff_review import Review, without

Source = Literal["proposal", "turn", "session", "worktree"]
SOURCES: tuple[Source, ...] = get_args(Source)
TITLES: dict[Source, str] = {
    "proposal": "pending proposal",
    "turn": "this turn, applied",
    "session": "this session, applied",
    "worktree": "working tree against HEAD",
}
EMPTY: dict[Source, str] = {
    "proposal": "Nothing is waiting for you. Proposed edits appear here before any file is written.",
    "turn": "No edit was applied yet.",
    "session": "No edit of this session stands in the files.",
    "worktree": "The working tree has no changes.",
}
GRACE = 0.3
"""Seconds for which bulk decisions are held back after the proposal changed under the user's eyes."""


class Sources:
    """The reviews behind the pane, kept up to date by events. Only the proposal can be decided."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.pending = Review()
        self.landings = Landings()
        self.worktree = Patch()
        self.source: Source = "proposal"
        self.review = self.pending
        self.waiting = False
        """A verdict that writes was given, and its writing has not been seen yet."""
        self.sent = Verdict()
        """Rejections and comments sent back and not yet taken: they are out of the view already."""
        self.whole = Patch()
        self.news = ""
        """What just happened, for the hint line, until the next key."""
        self.clock = clock
        self.changed = float("-inf")

    @property
    def decidable(self) -> bool:
        """Whether the shown source takes decisions now."""
        return self.source == "proposal" and bool(self.pending.entries) and not self.waiting

    @property
    def unsettled(self) -> bool:
        """Whether the proposal changed so lately that it cannot have been looked at."""
        return self.clock() - self.changed < GRACE

    def choose(self, source: Source) -> None:
        """Show another source."""
        self.source = source
        if source == "proposal":
            self.review = self.pending
            return
        patches = {"turn": self.landings.patch(last_turn=True), "session": self.landings.patch()}
        self.review = Review(patches.get(source, self.worktree))

    def following(self) -> Source:
        """The source after this one."""
        return SOURCES[(SOURCES.index(self.source) + 1) % len(SOURCES)]

    def propose(self, patch: Patch, states: Mapping[str, HunkState], news: bool = True) -> None:
        """The pending patch is another; decisions on hunks still in it stay."""
        had = bool(self.pending.entries)
        self.whole = patch
        gone = {(pick.path, pick.hunk) for pick in self.sent.rejected}
        fresh = self.pending.replace_patch(without(patch, gone) if gone else patch, states)
        if fresh and had:
            self.changed = self.clock()
        if news:
            self.news = f"{len(fresh)} changed: look again (marked)" if fresh and had else ""

    def give(self, verdict: Verdict) -> None:
        """A verdict was posted. One that writes is waited for; one that is sent back may be queued for long."""
        self.waiting = bool(verdict.accepted)
        if verdict.send_back:
            self.sent = verdict
            said = [counted(len(verdict.rejected), "rejection"), counted(len(verdict.comments), "comment")]
            self.news = f"Sent back: {', '.join(said)}"
            self.pending.drop(verdict)

    def release(self, text: str) -> None:
        """A verdict came to nothing, for the reason in `text`: everything is as it was before it was given."""
        sent, self.sent, self.waiting = self.sent, Verdict(), False
        if sent.rejected or sent.comments:
            self.propose(self.whole, self.pending.states)
            self.pending.restore(sent)
        self.news = text

    def take(self, event: AnyEvent) -> bool:
        """Follow an event; whether anything to be shown changed."""
        match event:
            case e.PatchProposed():
                self.propose(event.patch, self.pending.states)
            case e.PatchRebased():
                self.waiting = False
                self.propose(event.patch, event.states)
            case e.PatchReviewed():
                self.pending.drop(event.verdict)
                self.sent = Verdict() if event.verdict == self.sent else self.sent
                self.waiting = self.waiting and bool(event.verdict.accepted)
            case e.PatchApplied():
                self.waiting = False
                self.landings.add(event)
                self.propose(event.remaining, self.pending.states, news=False)
                self.news = (
                    f"Applied +{event.patch.added} -{event.patch.removed} in {counted(len(event.patch.files), 'file')}"
                )
            case e.PatchUndone():
                self.landings.take_back(event)
                self.news = f"Undone: +{event.patch.added} -{event.patch.removed} written back"
            case e.Notice(level="error") | e.RequestInterrupted() | e.RequestFailed():
                if not (self.waiting or self.sent.rejected or self.sent.comments):
                    return False
                self.release(event.text if isinstance(event, e.Notice | e.RequestFailed) else "Interrupted.")
            case (
                e.RequestStarted()
                | e.RequestEnded()
                | e.TurnStarted()
                | e.RouteDecided()
                | e.TextDelta()
                | e.ReasoningDelta()
                | e.CallFinished()
                | e.AnswerCompleted()
                | e.ToolCalled()
                | e.ToolOutput()
                | e.ToolReturned()
                | e.CheckpointTaken()
                | e.TurnEnded()
                | e.BackboneChanged()
                | e.BackboneRestored()
                | e.Compacted()
                | e.RepoChanged()
                | e.Labelled()
                | e.Overridden()
                | e.Notice()
            ):
                return False
            case _:
                assert_never(event)
        if self.source != "worktree":
            self.choose(self.source)
        return True

    def summary(self) -> str:
        """For a tab: what is pending, such as `2/5`; empty where nothing is."""
        total = len(self.pending.entries)
        taken = self.pending.count("accepted", "edited")
        return f"{taken}/{total}" if total else ""

    def hint(self, line_mode: bool) -> str:
        """What stands and what to do next, in one line."""
        if self.waiting:
            return "Writing what you accepted…"
        review, news = self.review, f"{self.news} · " if self.news else ""
        if not review.entries:
            return f"{self.news or TITLES[self.source]} · v shows {TITLES[self.following()]}"
        if self.source != "proposal":
            undo = " · U undoes the hunk" if self.source in {"turn", "session"} else ""
            return f"{news}{counted(len(review.entries), 'hunk')} +{review.patch.added} -{review.patch.removed}{undo}"
        taken, rejected = review.count("accepted", "edited"), review.count("rejected")
        what = "accepted" if rejected or review.notes else "hunks accepted"
        stands = f"{taken} of {len(review.entries)} {what}"
        stands += f", {rejected} rejected" if rejected else ""
        stands += f", {counted(len(review.notes), 'comment')}" if review.notes else ""
        stands += f" ({len(stale)} on text that is gone)" if (stale := review.stale()) else ""
        if line_mode:
            return f"{news}{stands} · ↑↓ line · space takes it · l ends"
        todo = "enter applies" if taken else "space accepts"
        back = " · S sends back" if rejected or review.notes else ""
        return f"{news}{stands} · {todo}{back}"


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number} {what}" + ("" if number == 1 else "s")
