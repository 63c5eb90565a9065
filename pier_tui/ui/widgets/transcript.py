"""The conversation's text with a cursor over its turns: keys and clicks become `TurnAction`s."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from pier_tui.ui.widgets.transcript_records import TurnRecord
from pier_tui.ui.widgets.transcript_view import TranscriptView


class Transcript(TranscriptView):
    """Shows events. It moves a cursor over turns; what is to be done with a turn is posted as `TurnAction`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,left_square_bracket", "walk(-1)", "turn before", show=False, id="turn.before"),
        Binding("down,right_square_bracket", "walk(1)", "turn after", show=False, id="turn.after"),
        Binding("enter", "act('detail')", "details", id="turn.detail"),
        Binding("e", "act('escalate')", "should be 105B", id="turn.label_escalate"),
        Binding("d", "act('de-escalate')", "should be 30B", id="turn.label_deescalate"),
        Binding("k", "act('keep')", "right call", id="turn.label_keep"),
        Binding("n", "act('note')", "note", id="turn.note"),
        Binding("c", "act('compare')", "compare", id="turn.compare", tooltip="Compare both tries"),
        Binding("r", "act('redo')", "redo", id="turn.redo", tooltip="Redo on the other model"),
        Binding("b", "act('rewind')", "rewind", show=False, id="turn.rewind"),
        Binding("y", "act('copy')", "copy", show=False, id="turn.copy"),
        Binding("Y", "act('copy-code')", "copy code", show=False, id="turn.copy_code"),
        Binding("space", "unfold", "unfold", id="turn.unfold"),
        Binding("pagedown", "page(1)", "page down", show=False, id="conversation.page_down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="conversation.page_up"),
        Binding("home,g", "top", "top", show=False, id="conversation.top"),
        Binding("end,G", "bottom", "bottom", show=False, id="conversation.bottom"),
    ]

    class TurnAction(Message):
        """Something is wanted of a turn: escalate, de-escalate, keep, note, redo, compare, detail, rewind, copy,
        copy-code, diff.
        """

        def __init__(self, action: str, turn: int) -> None:
            super().__init__()
            self.action, self.turn = action, turn

    class Selected(Message):
        """The cursor stands on this turn now; None: on none, or the keys go elsewhere."""

        def __init__(self, turn: int | None) -> None:
            super().__init__()
            self.turn = turn

    def on_blur(self) -> None:
        """What is said of the selected turn is of no use elsewhere."""
        self.post_message(self.Selected(None))

    def on_focus(self) -> None:
        """Whoever comes here by key has a turn under the cursor, so that the keys offered do something."""
        if self.selected is None:
            turns = [record.number for record in self.records.all if isinstance(record, TurnRecord)]
            self.select(turns[-1] if turns else None)
        # Textual calls a widget focused only after it has told it so.
        self.post_message(self.Selected(self.selected))

    def on_click(self, event: events.Click) -> None:
        """A badge, a fold, a button, or the pill."""
        what = event.style.meta
        if what.get("jump"):
            self.action_bottom()
        elif "turn" in what:
            self.select(int(what["turn"]))
            if "act" in what:
                self.post_message(self.TurnAction(str(what["act"]), int(what["turn"])))
            elif "fold" in what:
                self.toggle(int(what["turn"]), int(what["fold"]))
        elif (turn := self.turn_at(event.y)) is not None:
            self.select(turn)

    def toggle(self, turn: int, fold: int | None = None) -> None:
        """Open or close one fold of a turn, or all of them."""
        self.book.toggle(turn, fold)
        self.lay()

    def turn_at(self, y: int) -> int | None:
        """The turn a row of the view belongs to; None for a request, a note or nothing."""
        row = y + self.scroll_offset.y
        record = self.records.all[self.book.rows.at(row)[0]] if row < self.book.total else None
        return record.number if isinstance(record, TurnRecord) else None

    def select(self, turn: int | None) -> None:
        """Put the cursor on a turn, without scrolling."""
        self.selected = turn
        self.post_message(self.Selected(turn if self.has_focus else None))
        self.refresh()
        self.refresh_bindings()

    def go_to(self, turn: int) -> None:
        """Put the cursor on a turn and bring its badge into view."""
        at = self.records.position(turn)
        if at is None:
            return
        self.flush()
        self.select(turn)
        row = self.book.rows.starts()[at]
        if not self.scroll_y <= row < self.scroll_y + self.size.height - 1:
            self.scroll_to(y=max(0, row - 1), animate=False, immediate=True)

    def action_walk(self, by: int) -> None:
        """The turn before or after; from nowhere the last one in view."""
        turns = [record.number for record in self.records.all if isinstance(record, TurnRecord)]
        if not turns:
            return
        if self.selected in turns:
            at = turns.index(self.selected) + by
            if at >= len(turns):
                self.action_bottom()
            self.go_to(turns[max(0, min(at, len(turns) - 1))])
            return
        starts = self.book.rows.starts()
        end = self.scroll_y + self.size.height
        seen = [turn for turn in turns if starts[self.records.position(turn) or 0] < end]
        self.go_to(seen[-1] if seen else turns[-1])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """All that is done with a turn needs one; comparing one that was done twice, a note one that was judged."""
        turn = self.records.turn(self.selected) if self.selected is not None else None
        if action in {"act", "unfold"} and turn is None:
            return False
        if parameters == ("compare",):
            return turn is not None and self.records.tries.pair(turn.number) is not None
        return turn is not None and turn.label is not None if parameters == ("note",) else True

    def action_act(self, action: str) -> None:
        """Something with the turn under the cursor."""
        if self.selected is not None:
            self.post_message(self.TurnAction(action, self.selected))

    def action_unfold(self) -> None:
        """Open or close everything of the turn under the cursor."""
        if self.selected is not None:
            self.toggle(self.selected)

    def action_page(self, by: int) -> None:
        """Scroll by a page."""
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 2), animate=False, immediate=True)

    def action_top(self) -> None:
        """To the first request."""
        self.scroll_to(y=0, animate=False, immediate=True)

    def action_bottom(self) -> None:
        """To the end, and stay there."""
        self.follow = True
        self.lay()
