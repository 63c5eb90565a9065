"""What the diff pane can show: the pending proposal, this turn's and this session's patches, the working tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Literal, assert_never, get_args

from pier_tui import events as e
from pier_tui.events import AnyEvent
from pier_tui.repo.diff import HunkState, Patch, Sides
from pier_tui.repo.verdict import Verdict
from pier_tui.ui.format import counted
from pier_tui.ui.widgets.diff_bar import Part
from pier_tui.ui.widgets.diff_landed import Landings
from pier_tui.ui.widgets.diff_paint import label
from pier_tui.ui.widgets.diff_review import Entry, Review, without

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
        self.settling = ""
        """What the conflict that is being resolved comes to, in words, until its outcome is there."""
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
        if source == "worktree":
            self.review = Review(self.worktree, undecided="uncommitted")
        else:
            self.review = Review(self.landings.patch(last_turn=source == "turn"), undecided="applied")

    def following(self) -> Source:
        """The source after this one."""
        return SOURCES[(SOURCES.index(self.source) + 1) % len(SOURCES)]

    def propose(
        self, patch: Patch, states: Mapping[str, HunkState], clashes: tuple[Sides, ...], news: bool = True
    ) -> None:
        """The pending patch is another; decisions on hunks still in it stay."""
        had, clashed = bool(self.pending.entries), self.pending.standing.clashes
        self.whole = patch
        gone = {(pick.path, pick.hunk) for pick in self.sent.rejected}
        keys = {entry.key for entry in self.pending.entries}
        fresh = self.pending.replace_patch(without(patch, gone) if gone else patch, states, clashes)
        added = had and any(entry.key not in keys for entry in self.pending.entries)
        if had and (fresh or added or self.pending.standing.clashes != clashed):
            self.changed = self.clock()
        if news:
            self.news = f"{len(fresh)} changed: look again (marked)" if fresh and had else ""

    def give(self, verdict: Verdict) -> None:
        """A verdict was posted. One that writes is waited for; one that is sent back may be queued for long."""
        self.waiting = bool(verdict.accepted or verdict.resolved)
        if verdict.resolved:
            did = {"on_disk": "kept what is on disk in", "proposed": "took the proposal in"}
            self.settling = ", ".join(f"{did[item.side]} {label(item.path)}" for item in verdict.resolved)
        if verdict.send_back:
            self.sent = verdict
            said = [counted(len(verdict.rejected), "rejection"), counted(len(verdict.comments), "comment")]
            self.news = f"Sent back: {', '.join(said)}"
            self.pending.drop(verdict)

    def release(self, text: str) -> None:
        """A verdict came to nothing, for the reason in `text`: everything is as it was before it was given."""
        sent, self.sent, self.waiting, self.settling = self.sent, Verdict(), False, ""
        if sent.rejected or sent.comments:
            self.propose(self.whole, self.pending.states, self.pending.clashes)
            self.pending.restore(sent)
        self.news = text

    def take(self, event: AnyEvent) -> bool:
        """Follow an event; whether anything to be shown changed."""
        match event:
            case e.PatchProposed():
                self.propose(event.patch, self.pending.states, self.pending.clashes)
            case e.PatchRebased():
                self.waiting = False
                self.propose(event.patch, since_proposed(self.pending.states, event.states), event.clashes)
                self.news = " · ".join(said for said in (self.rebased(), self.news) if said)
            case e.PatchReviewed():
                self.pending.drop(event.verdict)
                self.sent = Verdict() if event.verdict == self.sent else self.sent
                self.waiting = self.waiting and bool(event.verdict.accepted)
            case e.PatchApplied():
                self.waiting = False
                self.landings.add(event)
                self.pending.landed()
                self.propose(event.remaining, self.pending.states, self.pending.clashes, news=False)
                if event.patch.files:
                    files = counted(len(event.patch.files), "file")
                    self.news = f"Applied +{event.patch.added} -{event.patch.removed} in {files} · v then U undoes"
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
                | e.PromptWarmed()
                | e.AnswerCompleted()
                | e.ToolCalled()
                | e.ApprovalAsked()
                | e.ApprovalAnswered()
                | e.ToolOutput()
                | e.ToolReturned()
                | e.CheckpointTaken()
                | e.TurnEnded()
                | e.BackboneChanged()
                | e.BackboneRestored()
                | e.WentBack()
                | e.TryKept()
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

    def rebased(self) -> str:
        """What is to be said of a patch brought onto the files as they are now: what was resolved, what clashes."""
        settled, self.settling = self.settling, ""
        clashes = len(self.pending.standing.clashes)
        left = f"{counted(clashes, 'conflict')} with files on disk" if clashes else ""
        return " · ".join(said for said in (settled[:1].upper() + settled[1:], left) if said)

    def hint(self, entry: Entry | None, line_mode: bool) -> tuple[Part, ...]:
        """What stands and what to do next on a hunk, the parts that matter most ranked lowest."""
        if self.waiting:
            return (Part("Resolving the conflict…" if self.settling else "Writing what you accepted…"),)
        review, news = self.review, Part(self.news)
        if not review.entries:
            return (Part(self.news or TITLES[self.source]), Part(f"v shows {TITLES[self.following()]}", 1))
        if self.source != "proposal":
            undo = "U undoes the hunk" if self.source in {"turn", "session"} else ""
            counts = f"{counted(len(review.entries), 'hunk')} +{review.patch.added} -{review.patch.removed}"
            return (news, Part(counts, 2), Part(undo, 1 if self.news else 0))
        return (news, *self.stand(), *self.todo(entry, line_mode))

    def stand(self) -> Iterator[Part]:
        """How far the review is."""
        review = self.review
        taken, rejected = review.count("accepted", "edited"), review.count("rejected")
        yield Part(f"{taken} of {len(review.entries)} accepted", 3)
        yield Part(f"{rejected} rejected" if rejected else "", 5)
        stale = f" ({gone} on text that is gone)" if (gone := len(review.stale())) else ""
        yield Part(f"{counted(len(review.notes), 'comment')}{stale}" if review.notes else "", 6)

    def todo(self, entry: Entry | None, line_mode: bool) -> Iterator[Part]:
        """What to do next, on a hunk."""
        review, first = self.review, 2 if self.news else 0
        if entry is not None and review.sides(entry):
            yield Part("o keeps disk, t takes the proposal", first)
        elif line_mode:
            yield Part("space takes the line", first)
            yield Part("shift+↑↓ selects more", 7)
            yield Part("c comments", 8)
            yield Part("l ends", 2)
            return
        else:
            yield Part("enter applies" if review.count("accepted", "edited") else "space accepts", first)
        yield Part("S sends back" if review.count("rejected") or review.notes else "", 4)


def since_proposed(before: Mapping[str, HunkState], now: Mapping[str, HunkState]) -> dict[str, HunkState]:
    """How hunks stand to what was on disk when they were proposed: the last re-basing tells only of its own step."""
    kept = {hunk: state for hunk, state in before.items() if state in {"moved", "merged"}}
    return {hunk: kept.get(hunk, state) if state == "clean" else state for hunk, state in now.items()}
