"""Two tries of one turn side by side: answer, proposal, cost and time of each, and which one to go on with."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pier_tui.repo.diff import Patch
from pier_tui.session.tries import Pair, Which
from pier_tui.ui.format import model_name, seconds
from pier_tui.ui.screens.dialog import Dialog, heading
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.transcript_records import Records, TurnRecord
from pier_tui.ui.widgets.transcript_words import CLOSING, closing_words, summary

Wish = Literal["first", "second", "neither"]
"""Which try to go on with; `neither` takes the choice back."""
LINES_SHOWN = 400
"""Lines of a proposal; more are counted, not shown."""
BOTH: tuple[Which, Which] = ("first", "second")


class CompareScreen(Dialog[Wish]):
    """Answers with the try to keep, or None. Both columns scroll together."""

    TITLE_TEXT = "Two tries of one turn"
    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "answer('first')", "keep the first", id="compare.first"),
        Binding("2", "answer('second')", "keep the second", id="compare.second"),
        Binding("u", "answer('neither')", "undo the choice", id="compare.undo"),
        Binding("up,k", "roll(-1)", "up", show=False, id="compare.up"),
        Binding("down,j", "roll(1)", "down", show=False, id="compare.down"),
        Binding("pageup", "roll(-15)", "page up", show=False, id="compare.page_up"),
        Binding("pagedown,space", "roll(15)", "page down", show=False, id="compare.page_down"),
    ]
    DEFAULT_CSS = """
    CompareScreen Horizontal { height: 1fr; }
    CompareScreen VerticalScroll { width: 1fr; height: 1fr; padding: 0 1; }
    CompareScreen #of-first { border-right: solid $border-blurred; }
    """

    def __init__(self, pair: Pair, records: Records) -> None:
        super().__init__()
        self._pair, self._records = pair, records

    def body(self) -> list[Widget]:
        """A column for each try."""
        columns = [VerticalScroll(Static(self.column(which)), can_focus=False, id=f"of-{which}") for which in BOTH]
        return [Horizontal(*columns)]

    def column(self, which: Which) -> Content:
        """Everything of one try."""
        tries = self._records.tries
        records = [r for turn in tries.turns(self._pair, which) if (r := self._records.turn(turn)) is not None]
        proposals = {one: tries.proposal(self._pair, one) for one in BOTH}
        parts = [*self._head(which, records), heading("Answer")]
        for record in records:
            parts += _said(record, numbered=len(records) > 1)
        parts.append(heading("Proposal"))
        if which == "second" and proposals["first"].files and proposals["first"] == proposals["second"]:
            parts.append(Content.styled("The same as the first try's:\n", "$text-success"))
        parts += proposed(proposals[which])
        return Content.assemble(*parts)

    def _head(self, which: Which, records: list[TurnRecord]) -> list[Content]:
        pair = self._pair
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
        found.append(Content(f"to its end {summary(badges)}  {took}\n\n"))
        return found

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
        for column in self.query(VerticalScroll):
            column.scroll_relative(y=by, animate=False)


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


def proposed(patch: Patch) -> list[Content]:
    """The lines of a proposal, file by file."""
    if not patch.files:
        return [Content.styled("none\n", "$muted")]
    colours = {"+": "$text-success", "-": "$text-error", " ": "$muted"}
    lines: list[Content] = []
    for file in patch.files:
        lines.append(Content.styled(f"{sanitize(file.path)}  +{file.added} -{file.removed}\n", "bold"))
        for line in (line for hunk in file.hunks for line in hunk.lines):
            text = sanitize(line.text.rstrip("\r\n"))
            lines.append(Content.styled(f"{line.kind} {text}\n", colours[line.kind]))
    left = len(lines) - LINES_SHOWN
    return [*lines[:LINES_SHOWN], Content.styled(f"and {left} more lines\n", "$muted")] if left > 0 else lines
