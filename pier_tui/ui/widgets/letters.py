"""Boxes to write in whose cursor goes from letter to letter: never onto a sign of its own, where it could not be seen.

Backspace still takes one sign at a time, as keyboards of Indian scripts expect.
"""

from __future__ import annotations

import unicodedata

from textual.document._document import Location
from textual.widgets import Input, TextArea

JOINERS = "\u200c\u200d\ufe0e\ufe0f"


def inside(text: str, at: int) -> bool:
    """Whether a place is between a letter and a sign of it, or inside a joined emoji."""
    if not 0 < at < len(text) or text.isascii():
        return False
    joined = text[at - 1] == "\u200d" and unicodedata.category(text[at]) == "So"
    return joined or text[at] in JOINERS or unicodedata.category(text[at])[0] == "M"


class LetterInput(Input):
    """One line."""

    def action_cursor_left(self, select: bool = False) -> None:
        """One letter to the left."""
        super().action_cursor_left(select)
        while inside(self.value, self.cursor_position):
            super().action_cursor_left(select)

    def action_cursor_right(self, select: bool = False) -> None:
        """One letter to the right."""
        super().action_cursor_right(select)
        while inside(self.value, self.cursor_position):
            super().action_cursor_right(select)


class LetterArea(TextArea):
    """Several lines."""

    def inside(self, place: Location) -> bool:
        """Whether a place is inside a letter."""
        return inside(self.document.get_line(place[0]), place[1])

    def get_cursor_left_location(self) -> Location:
        """One letter to the left."""
        place = super().get_cursor_left_location()
        while self.inside(place):
            place = self.navigator.get_location_left(place)
        return place

    def get_cursor_right_location(self) -> Location:
        """One letter to the right."""
        place = super().get_cursor_right_location()
        while self.inside(place):
            place = self.navigator.get_location_right(place)
        return place

    def action_delete_left(self) -> None:
        """Delete the sign before the cursor, or what is selected."""
        if self.selection.is_empty and not self.read_only:
            self._delete_via_keyboard(self.cursor_location, self.navigator.get_location_left(self.cursor_location))
        else:
            super().action_delete_left()
