"""The painted rows of all records: which are painted, for which page, and where they stand. No widget."""

from __future__ import annotations

from dataclasses import replace

from textual.strip import Strip

from pier_tui.ui.widgets.markdown_live import LiveMarkdown
from pier_tui.ui.widgets.transcript_paint import COMPACTED, Live, Page, estimate, markdown, paint
from pier_tui.ui.widgets.transcript_records import Records, TurnRecord
from pier_tui.ui.widgets.transcript_rows import Rows

MOST_STRIPS = 20_000
"""Painted rows that are kept; beyond it those out of view are painted again when they come into it."""


class Book:
    """Strips per record, painted on demand and kept until the record, its folds, the width or the theme change."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.rows = Rows()
        self._page: Page | None = None
        self._painted: dict[int, tuple[tuple[int, frozenset[int]], list[Strip]]] = {}
        self._strips = 0
        self._open: dict[int, frozenset[int]] = {}
        self._live: dict[int, Live] = {}

    @property
    def total(self) -> int:
        """Rows of all records."""
        return self.rows.total

    def forget(self) -> None:
        """Everything is to be painted anew, as with another theme."""
        self._painted.clear()
        self._live.clear()
        self._strips = 0

    def turn_page(self, page: Page) -> None:
        """Paint for this page from now on; another width forgets what was painted and guesses heights again."""
        if self._page is None or self._page.width != page.width:
            self.forget()
            self._page = page
            for at, record in enumerate(self._records.all):
                self.rows.set(at, estimate(record, page.width))

    def take_changes(self) -> None:
        """Guess the heights of new records; painted ones are compared with their version when they are seen."""
        width = self._page.width if self._page else 80
        for at in sorted(self._records.changed):
            if at >= len(self.rows.heights) or at not in self._painted:
                self.rows.set(at, estimate(self._records.all[at], width))
        self._records.changed.clear()

    def toggle(self, turn: int, fold: int | None) -> None:
        """Open or close one fold of a turn, or all of them (None)."""
        record, now = self._records.turn(turn), self._open.get(turn, frozenset())
        if record is None:
            return
        every = frozenset(range(COMPACTED, len(record.tools)))
        self._open[turn] = now ^ {fold} if fold is not None else frozenset() if now else every

    def paint_between(self, top: int, bottom: int) -> bool:
        """Paint the records with a row from `top` to `bottom`; whether a height changed by that."""
        changed = False
        at = self.rows.at(top)[0]
        while at < len(self.rows.heights) and self.rows.starts()[at] < bottom:
            height = len(self._strips_of(at))
            changed = changed or height != self.rows.heights[at]
            self.rows.set(at, height)
            at += 1
        if self._strips > MOST_STRIPS:
            self._drop(top, bottom)
        return changed

    def row(self, at: int, within: int) -> Strip | None:
        """One row of a record, None where it has fewer."""
        strips = self._strips_of(at) if self._page else []
        return strips[within] if within < len(strips) else None

    def _drop(self, top: int, bottom: int) -> None:
        first, last = self.rows.at(top)[0], self.rows.at(bottom)[0]
        self._painted = {at: kept for at, kept in self._painted.items() if first <= at <= last}
        self._strips = sum(len(strips) for _, strips in self._painted.values())

    def _strips_of(self, at: int) -> list[Strip]:
        record = self._records.all[at]
        turn = record.number if isinstance(record, TurnRecord) else 0
        key = (record.version, self._open.get(turn, frozenset()))
        found = self._painted.get(at)
        if found is not None and found[0] == key:
            return found[1]
        assert self._page is not None, "nothing is painted before the page is known"
        page = replace(self._page, open=key[1])
        live = self._streaming(record, page) if isinstance(record, TurnRecord) else None
        strips = paint(record, page, live)
        self._strips += len(strips) - (len(found[1]) if found else 0)
        self._painted[at] = (key, strips)
        return strips

    def _streaming(self, record: TurnRecord, page: Page) -> Live | None:
        """The streaming answer with what has come taken in; None for a finished turn."""
        if not record.live or not record.calls:
            self._live.pop(record.number, None)
            return None
        call = record.calls[-1]
        live = self._live.get(record.number)
        if live is None or live.call != call.number:
            live = self._live[record.number] = Live(call.number, LiveMarkdown(markdown(page)))
        live.markdown.append("".join(call.text[live.taken :]))
        live.taken = len(call.text)
        return live
