"""The state of a review of one patch, without a screen: decisions by hunk and line, comments, undo, and the verdict.

What is applied is exactly what was shown: a conflict is never accepted, a hunk with hidden characters is not
accepted in bulk before it was displayed, and a decision belongs to a hunk's id, so it lapses when the hunk changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from pier_tui.repo.diff import FileDiff, Hunk, HunkPick, HunkState, Line, Patch, Sides
from pier_tui.repo.picking import edited
from pier_tui.repo.verdict import HunkNote, Verdict
from pier_tui.ui.widgets.diff_clash import Standing, standing
from pier_tui.ui.widgets.diff_marks import PENDING, Bulk, Decision, Key, Mark, Step
from pier_tui.ui.widgets.diff_notes import note_on, placed, same
from pier_tui.ui.widgets.diff_typed import GONE, UNSETTLED, carried, unsettled
from pier_tui.ui.widgets.hunk_text import restore_endings, side, suspects

MOST_STEPS = 200


@dataclass(frozen=True)
class Entry:
    """One thing to decide: a hunk of a file, or (hunk None) a change of the file that has no hunks."""

    file: FileDiff
    hunk: Hunk | None

    @cached_property
    def key(self) -> Key:
        """What decisions are kept under."""
        return (self.file.path, self.hunk.id if self.hunk else "")

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines as proposed."""
        return self.hunk.lines if self.hunk else ()


def entries_of(patch: Patch) -> tuple[Entry, ...]:
    """Everything to decide in a patch, in the order it is shown."""
    return tuple(Entry(file, hunk) for file in patch.files for hunk in (file.hunks or (None,)))


@dataclass
class Review:
    """Decisions on a patch. The patch is immutable; decisions change through the methods, each of them undoable.

    `revision` goes up with every change of what is decided.
    """

    patch: Patch = field(default_factory=Patch)
    states: dict[str, HunkState] = field(default_factory=dict)
    """How hunks stand to the files on disk, by hunk id; absent means clean."""
    clashes: tuple[Sides, ...] = ()
    notes: tuple[HunkNote, ...] = ()
    new_look: frozenset[Key] = frozenset()
    """Hunks that came or changed since the user last had the patch before him."""
    undecided: str = "pending"
    """What a hunk without a decision is called: another word where nothing is to be decided."""

    def __post_init__(self) -> None:
        self.entries = entries_of(self.patch)
        self.standing: Standing = standing(self.patch, self.states, self.clashes)
        self.marks: dict[Key, Mark] = {}
        self.seen: set[Key] = set()
        self.shown: dict[Key, set[int]] = {}
        self.steps: list[Step] = []
        self.special: dict[Key, tuple[str, ...]] = {}
        self.rewritten: dict[Key, tuple[Line, ...]] = {}
        self.tallies: dict[int, tuple[int, int]] = {}
        self.former: dict[Key, Hunk] = {}
        self.revision = 0

    def mark(self, entry: Entry) -> Mark:
        """The decision on a hunk."""
        return self.marks.get(entry.key, PENDING) if self.marks else PENDING

    def state(self, entry: Entry) -> HunkState:
        """How the hunk stands to the file on disk."""
        return self.standing.state(*entry.key) if self.states or self.clashes else "clean"

    def sides(self, entry: Entry) -> tuple[Sides, ...]:
        """Both sides of each clash shown on the hunk."""
        return self.standing.places.get(entry.key, ()) if self.clashes else ()

    def waits(self, entry: Entry) -> bool:
        """Whether the hunk cannot be written because another one of its file is in conflict."""
        return bool(self.clashes) and self.standing.waits(*entry.key)

    def tally(self, file: FileDiff) -> tuple[int, int]:
        """Lines added to and removed from a file of this patch, counted once."""
        if (found := self.tallies.get(id(file))) is None:
            found = self.tallies[id(file)] = (file.added, file.removed)
        return found

    def hidden(self, entry: Entry) -> tuple[str, ...]:
        """Names of the characters marked in the hunk as it is shown, its file's names included."""
        if (found := self.special.get(entry.key)) is None:
            names = (entry.file.old_path or "", entry.file.path, entry.hunk.section if entry.hunk else "")
            found = self.special[entry.key] = suspects([*names, *(line.text for line in entry.lines)])
        return found

    def saw(self, entry: Entry, line: int | None = None) -> None:
        """A line of a hunk, -1 its header, was on the screen, or (None) the whole hunk was picked by hand."""
        key = entry.key
        if line is None or key in self.seen:
            self.seen.add(key)
            return
        shown = self.shown.setdefault(key, set())
        shown.add(line)
        if len(shown) > len(entry.lines):
            self.seen.add(key)

    def lines(self, entry: Entry) -> tuple[Line, ...]:
        """The lines to show, and to write: as proposed, or as edited."""
        text = self.mark(entry).text
        if text is None or entry.hunk is None:
            return entry.lines
        if (lines := self.rewritten.get(entry.key)) is None:
            lines = self.rewritten[entry.key] = edited(entry.hunk, text).lines
        return lines

    def takes(self, entry: Entry, index: int) -> bool:
        """Whether a changed line would be written."""
        mark = self.mark(entry)
        return mark.taken and (mark.lines is None or index in mark.lines)

    def toggle(self, entry: Entry) -> str:
        """Accept the hunk, or take the acceptance back. The answer is a sentence where this is refused."""
        mark = self.mark(entry)
        if mark.taken:
            return self.put({entry.key: replace(mark, decision="pending", lines=None)})
        if refusal := refused(self, entry):
            return refusal
        self.saw(entry)
        decision: Decision = "accepted" if mark.text is None else "edited"
        return self.put({entry.key: Mark(decision, None, mark.text)})

    def toggle_line(self, entry: Entry, *indexes: int) -> str:
        """Take the changed ones of these lines, or leave them where all are taken. A sentence where this is refused."""
        mark = self.mark(entry)
        changed = frozenset(i for i, line in enumerate(entry.lines) if line.kind != " ")
        if mark.text is not None:
            return "An edited hunk is taken whole; u takes the edit back."
        if not (chosen := changed & set(indexes)):
            return "Only added and removed lines can be taken singly."
        if refusal := refused(self, entry):
            return refusal
        self.saw(entry)
        before = (changed if mark.lines is None else mark.lines) if mark.taken else frozenset[int]()
        taken = before - chosen if chosen <= before else before | chosen
        if not taken:
            return self.put({entry.key: PENDING})
        return self.put({entry.key: Mark("accepted", None if taken == changed else taken)})

    def reject(self, entry: Entry) -> str:
        """Reject the hunk, or take the rejection back."""
        mark = self.mark(entry)
        decision: Decision = "pending" if mark.decision == "rejected" else "rejected"
        return self.put({entry.key: Mark(decision, None, mark.text)})

    def edit(self, entry: Entry, text: str) -> str:
        """Accept the hunk with this new side; line endings stay what they were. A sentence where this is refused."""
        if entry.hunk is None or (refusal := barred(self, entry)):
            return refusal if entry.hunk else "This change has no text to edit."
        if unsettled(text):
            self.rewritten.pop(entry.key, None)
            self.put({entry.key: Mark(text=text)})
            return UNSETTLED
        text = restore_endings(side(entry.hunk.lines, "+"), text)
        self.rewritten.pop(entry.key, None)
        self.saw(entry)
        if text == side(entry.hunk.lines, "+"):
            return self.put({entry.key: Mark("accepted")})
        if text == side(entry.hunk.lines, "-"):
            return self.put({entry.key: Mark("rejected")})
        return self.put({entry.key: Mark("edited", None, text)})

    def accept_all(self, path: str = "") -> Bulk:
        """Accept every hunk still pending, or those of a file, except conflicts and hidden characters not looked at."""
        return bulk(self, (entry for entry in self.entries if path in ("", entry.file.path)))

    def comment(self, entry: Entry, text: str, lines: range | None = None) -> None:
        """Comment on a hunk or on lines of it, keeping the text it was made on. Empty text takes a comment back."""
        note = note_on(key := entry.key, entry.hunk, self.lines(entry), text.strip(), lines)
        on = (*key, note.line, note.last)
        kept = tuple(known for known in self.notes if (known.path, known.hunk, known.line, known.last) != on)
        self.put({}, (*kept, note) if note.text else kept)

    def notes_on(self, entry: Entry) -> tuple[HunkNote, ...]:
        """The comments on a hunk."""
        return tuple(located(self, n) for n in self.notes if (n.path, n.hunk) == entry.key) if self.notes else ()

    def stale(self) -> tuple[HunkNote, ...]:
        """Comments on hunks that are gone; they are still sent, with the text they were made on."""
        if not self.notes:
            return ()
        keys = {entry.key for entry in self.entries}
        return tuple(note for note in self.notes if (note.path, note.hunk) not in keys)

    def undo(self) -> Key | None:
        """Take the last decision back and say which hunk it was on; None where there is nothing to undo."""
        if not self.steps:
            return None
        step = self.steps.pop()
        self.revision += 1
        changed = {n for n in (*self.notes, *step.notes) if (n in self.notes) != (n in step.notes)}
        for key, mark in step.marks.items():
            self.marks[key] = mark
            self.rewritten.pop(key, None)
        self.notes = step.notes
        return next(iter(step.marks), None) or next(((n.path, n.hunk) for n in changed), ("", ""))

    def count(self, *decisions: Decision) -> int:
        """How many hunks are decided so."""
        decided = [mark.decision for mark in self.marks.values() if mark.decision != "pending"]
        pending = len(self.entries) - len(decided) if "pending" in decisions else 0
        return pending + sum(decision in decisions for decision in decided)

    def verdict(self, send_back: bool = False) -> Verdict:
        """The decision to hand over. Sending back writes nothing: it carries rejections and comments only."""
        return Verdict(
            accepted=() if send_back else tuple(picks(self, "accepted", "edited")),
            rejected=tuple(picks(self, "rejected")),
            comments=tuple(located(self, note) for note in self.notes),
            send_back=send_back,
        )

    def replace_patch(
        self, patch: Patch, states: Mapping[str, HunkState], clashes: tuple[Sides, ...] = ()
    ) -> tuple[Entry, ...]:
        """Review another patch, keeping decisions on hunks that are still in it. Those needing a new look are returned.

        A hunk that is now in a file with a conflict loses its acceptance; comments on hunks that are gone stay.
        """
        old = {entry.key for entry in self.entries}
        if not (old or self.marks or states or clashes or self.new_look):
            revision = self.revision + 1
            self.__dict__.update(Review(patch, notes=self.notes).__dict__, revision=revision)
            return ()
        self.revision += 1
        before, self.standing = self.entries, standing(patch, states, clashes)
        self.patch, self.entries, self.states, self.clashes = patch, entries_of(patch), dict(states), clashes
        self.special, self.rewritten, self.shown, self.tallies = {}, {}, {}, {}
        keys = {entry.key for entry in self.entries}
        conflicts = {e.key for e in self.entries if self.state(e) == "conflict" or self.waits(e)}
        lapsed = {key for key in conflicts if self.marks.get(key, PENDING).taken}
        typed = carry(self, before, old)
        kept_texts = {k: Mark(text=t) for k in lapsed if (t := self.marks[k].text) is not None}
        self.marks = {k: m for k, m in self.marks.items() if k in keys and k not in lapsed} | typed | kept_texts
        self.seen &= keys
        kept = (Step({k: m for k, m in s.marks.items() if k in keys - conflicts}, s.notes) for s in self.steps)
        self.steps = [step for step in kept if step.marks]
        changed = {path for path, _ in old - keys}
        self.new_look = frozenset({k for k in keys - old if k[0] in changed} | lapsed | (self.new_look & keys))
        return tuple(entry for entry in self.entries if entry.key in self.new_look)

    def recover(self, key: Key, text: str) -> str:
        """Keep a text that was typed into a hunk while that hunk changed. Says what became of it."""
        lost = {key: (self.former[key], text)} if key in self.former else {}
        found, notes = carried(lost, {e.key: e.hunk for e in self.entries if e.hunk and e.file.path == key[0]})
        notes = notes if lost else (HunkNote(path=key[0], hunk=key[1], snippet=text, text=GONE),)
        self.put({k: Mark(text=t) for k, t in found.items()}, (*self.notes, *notes))
        return "That hunk changed meanwhile: your text is kept, " + ("as a comment." if notes else "look again.")

    def landed(self) -> None:
        """What was accepted is written: it is no longer decided on."""
        self.marks = {key: mark for key, mark in self.marks.items() if not mark.taken}
        self.revision += 1

    def drop(self, verdict: Verdict) -> None:
        """The verdict was taken: its rejected hunks leave the review, its comments are sent."""
        gone = {(pick.path, pick.hunk) for pick in verdict.rejected if pick.lines is None}
        sent = {same(note) for note in verdict.comments}
        self.notes = tuple(note for note in self.notes if same(note) not in sent)
        self.steps = []
        self.replace_patch(without(self.patch, gone), self.states, self.clashes)

    def restore(self, verdict: Verdict) -> None:
        """Put back what a verdict that was not taken had rejected and commented on."""
        picked = {(pick.path, pick.hunk) for pick in verdict.rejected}
        self.revision += 1
        self.marks.update({e.key: Mark("rejected") for e in self.entries if e.key in picked})
        self.notes += tuple(note for note in verdict.comments if note not in self.notes)

    def put(self, marks: Mapping[Key, Mark], notes: tuple[HunkNote, ...] | None = None) -> str:
        """Decide, so that it can be undone."""
        self.steps.append(Step({key: self.marks.get(key, PENDING) for key in marks}, self.notes))
        del self.steps[:-MOST_STEPS]
        self.revision += 1
        self.marks.update(marks)
        self.new_look -= marks.keys()
        self.notes = self.notes if notes is None else notes
        return ""


def located(review: Review, note: HunkNote) -> HunkNote:
    """The comment with where its lines are now."""
    entry = next((entry for entry in review.entries if entry.key == (note.path, note.hunk)), None)
    return placed(note, entry.hunk, review.lines(entry)) if entry and entry.hunk else note


def carry(review: Review, before: Iterable[Entry], old: set[Key]) -> dict[Key, Mark]:
    """Bring texts typed into hunks that are gone onto those that took their place, to be decided again."""
    keys = {entry.key for entry in review.entries}
    review.former |= {entry.key: entry.hunk for entry in before if entry.hunk and entry.key not in keys}
    texts = {k: m.text for k, m in review.marks.items() if k not in keys and m.decision != "rejected" and m.text}
    lost = {key: (review.former[key], text) for key, text in texts.items() if key in review.former}
    if not lost:
        return {}
    found, notes = carried(lost, {e.key: e.hunk for e in review.entries if e.hunk and e.key not in old})
    review.notes += notes
    return {key: Mark(text=text) for key, text in found.items()}


def bulk(review: Review, entries: Iterable[Entry]) -> Bulk:
    """Accept those still pending that may be accepted unseen."""
    marks: dict[Key, Mark] = {}
    unseen = conflicts = waiting = 0
    for entry in entries:
        mark = review.mark(entry)
        if mark.decision != "pending":
            continue
        if review.state(entry) == "conflict" or unsettled(mark.text):
            conflicts += 1
        elif review.waits(entry):
            waiting += 1
        elif review.hidden(entry) and entry.key not in review.seen:
            unseen += 1
        else:
            marks[entry.key] = Mark("accepted" if mark.text is None else "edited", None, mark.text)
    if marks:
        review.put(marks)
    return Bulk(len(marks), unseen, conflicts, waiting)


def without(patch: Patch, gone: set[Key]) -> Patch:
    """The patch less the hunks named, and less the files that have nothing left."""
    files: list[FileDiff] = []
    for file in patch.files:
        hunks = tuple(hunk for hunk in file.hunks if (file.path, hunk.id) not in gone)
        if hunks or (not file.hunks and (file.path, "") not in gone):
            files.append(file if hunks == file.hunks else file.model_copy(update={"hunks": hunks}))
    return Patch(files=tuple(files))


def picks(review: Review, *decisions: Decision) -> Iterator[HunkPick]:
    """The hunks decided so, each once, with the lines taken or the text written instead."""
    done: set[Key] = set()
    for entry in review.entries:
        mark = review.mark(entry)
        if mark.decision in decisions and entry.key not in done:
            done.add(entry.key)
            lines = None if mark.lines is None else tuple(sorted(mark.lines))
            text = mark.text if mark.decision == "edited" else None
            yield HunkPick(path=entry.key[0], hunk=entry.key[1], lines=lines, text=text)


def typed_in(review: Review, path: str) -> Iterator[HunkPick]:
    """What the user typed into hunks of a file, decided or not."""
    for (where, hunk), mark in review.marks.items():
        if where == path and mark.text is not None and mark.decision != "rejected":
            yield HunkPick(path=path, hunk=hunk, text=mark.text)


def refused(review: Review, entry: Entry) -> str:
    """Why a hunk cannot be accepted, empty where it can."""
    return UNSETTLED if unsettled(review.mark(entry).text) else barred(review, entry)


def barred(review: Review, entry: Entry) -> str:
    """Why a hunk can be neither accepted nor edited, empty where it can."""
    if review.sides(entry):
        return "In conflict with the file on disk: o keeps what is on disk, t takes the proposal."
    if review.state(entry) == "conflict":
        return "In conflict with the file on disk: it cannot be accepted. Reject it, or comment and send back."
    return "Another hunk of this file is in conflict: resolve that one first." if review.waits(entry) else ""
