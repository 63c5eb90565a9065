"""Two tries of one turn side by side: cost and time, what differs, answer and proposal; and which one to go on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pier_tui.errors import PierError
from pier_tui.repo.between import between
from pier_tui.repo.diff import Patch
from pier_tui.session.tries import Pair, Which
from pier_tui.ui.format import counted, model_name, seconds
from pier_tui.ui.screens.dialog import Dialog, heading
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.transcript_records import Records, TurnRecord
from pier_tui.ui.widgets.transcript_words import CLOSING, closing_words, summary

Wish = Literal["first", "second", "neither"]
"""Which try to go on with; `neither` takes the choice back."""
LINES_SHOWN = 400
"""Lines of a proposal; more are counted, not shown."""
BOTH: tuple[Which, Which] = ("first", "second")
MARKS: Mapping[str, str] = {"+": "+", "-": "-", " ": " "}


class CompareScreen(Dialog[Wish]):
    """Answers with the try to keep, or None. Both columns scroll together, so that like stands beside like."""

    TITLE_TEXT = "Two tries of one turn"
    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "answer('first')", "keep the first", id="compare.first"),
        Binding("2", "answer('second')", "keep the second", id="compare.second"),
        Binding("u", "answer('neither')", "undo the choice", id="compare.undo"),
        Binding("up,k", "roll(-1)", "scroll", id="compare.up", key_display="↑↓", tooltip="Up"),
        Binding("down,j", "roll(1)", "down", show=False, id="compare.down"),
        Binding("pageup", "roll(-15)", "page up", show=False, id="compare.page_up"),
        Binding("pagedown,space", "roll(15)", "page down", show=False, id="compare.page_down"),
    ]
    DEFAULT_CSS = """
    CompareScreen VerticalScroll { height: 1fr; scrollbar-gutter: stable; }
    CompareScreen Horizontal { height: auto; }
    CompareScreen .-first, CompareScreen .-second { width: 1fr; padding: 0 1; }
    CompareScreen .-first { border-right: solid $border-blurred; }
    CompareScreen #differs { padding: 0 1; }
    """

    def __init__(self, pair: Pair, records: Records) -> None:
        super().__init__()
        self._pair, self._records = pair, records
        self._proposals = {which: records.tries.proposal(pair, which) for which in BOTH}

    def body(self) -> list[Widget]:
        """A column for each try, and across both what their proposals make different."""
        differs = Static(self.differing(), id="differs")
        parts = [self._beside(self.head), differs, self._beside(self.answer), self._beside(self.proposal)]
        return [VerticalScroll(*parts, can_focus=False)]

    def _beside(self, part: Callable[[Which], Content]) -> Horizontal:
        return Horizontal(*(Static(part(which), classes=f"-{which}", markup=False) for which in BOTH))

    def answer(self, which: Which) -> Content:
        """What a try said and did."""
        records = self._turns(which)
        said = [line for record in records for line in _said(record, numbered=len(records) > 1)]
        return Content.assemble(heading("Answer"), *said)

    def proposal(self, which: Which) -> Content:
        """What a try proposes."""
        return Content.assemble(heading("Proposal"), *proposed(self._proposals[which]))

    def differing(self) -> Content:
        """What the second proposal makes different from the first, computed from both."""
        first, second = (self._proposals[which] for which in BOTH)
        parts = [heading("What differs")]
        try:
            found = between(first, second)
        except PierError as error:
            parts.append(Content(f"Not worked out: {sanitize(str(error))}. Both proposals stand below.\n"))
            return Content.assemble(*parts)
        if not found.files:
            same = "Both propose the same." if first.files else "Neither proposes anything."
            return Content.assemble(*parts, Content.styled(f"{same}\n", "$text-success"))
        parts.append(Content(f"{_only('first', found.removed)}, {_only('second', found.added)}\n"))
        return Content.assemble(*parts, *proposed(found, {"-": "1", "+": "2", " ": " "}), "\n")

    def _turns(self, which: Which) -> list[TurnRecord]:
        turns = self._records.tries.turns(self._pair, which)
        return [record for turn in turns if (record := self._records.turn(turn)) is not None]

    def head(self, which: Which) -> Content:
        """Who did a try, what became of it, and what it took."""
        pair, records = self._pair, self._turns(which)
        stands = "kept by you" if pair.kept == which else "set aside" if pair.active != which else "not yet decided"
        first = records[0].badge() if records else None
        who = first.model if first else model_name("weak")
        found = [Content.styled(f"{which.capitalize()} try: turn {pair.begins(which)}, {sanitize(who)}\n", "bold")]
        found.append(Content.styled(f"{stands}\n", "$muted"))
        if first:
            found.append(Content(f"this turn  {first.facts(cost='brief')}\n"))
        badges = [record.badge() for record in records]
        spent = [badge.seconds for badge in badges]
        took = seconds(sum(s for s in spent if s is not None) if None not in spent else None)
        found.append(Content(f"to its end {summary(badges)}  {took}\n"))
        return Content.assemble(*found)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is kept already is not offered again; there is nothing to undo before a choice."""
        if action == "answer":
            return self._pair.kept is not None if parameters == ("neither",) else (self._pair.kept,) != parameters
        return True

    def action_answer(self, wish: Wish) -> None:
        """Go on with it."""
        self.dismiss(wish)

    def action_roll(self, by: int) -> None:
        """Scroll both."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def _said(record: TurnRecord, *, numbered: bool) -> list[Content]:
    """A turn's words and a line for each tool call."""
    found = [Content.styled(f"turn {record.number}, {record.badge().model}\n", "$muted")] if numbered else []
    if record.text.strip():
        found.append(Content(f"{sanitize(record.text.strip())}\n"))
    for tool in record.tools:
        words = closing_words(tool.called) if tool.called.name == CLOSING else ""
        line = (tool.returned.line if tool.returned else "") or tool.called.line or tool.called.name
        found.append(Content(f"{sanitize(words)}\n") if words else Content.styled(f"▸ {sanitize(line)}\n", "$muted"))
    return [*found, Content("\n")]


def _only(which: Which, lines: int) -> str:
    return f"{counted(lines, 'line')} only in the {which}"


def proposed(patch: Patch, marks: Mapping[str, str] = MARKS) -> list[Content]:
    """The lines of a proposal, file by file; `marks` say what stands before a line of each kind."""
    if not patch.files:
        return [Content.styled("none\n", "$muted")]
    colours = {"+": "$text-success", "-": "$text-error", " ": "$muted"}
    lines: list[Content] = []
    for file in patch.files:
        sides = f"{marks['+']}{file.added} {marks['-']}{file.removed}" if marks is MARKS else ""
        lines.append(Content.styled(f"{sanitize(file.path)}  {sides}\n", "bold"))
        for line in (line for hunk in file.hunks for line in hunk.lines):
            text = sanitize(line.text.rstrip("\r\n"))
            lines.append(Content.styled(f"{marks[line.kind]} {text}\n", colours[line.kind]))
        if not file.hunks:
            lines.append(Content.styled("its name, mode or kind\n", "$muted"))
    left = len(lines) - LINES_SHOWN
    return [*lines[:LINES_SHOWN], Content.styled(f"and {left} more lines\n", "$muted")] if left > 0 else lines
