"""The last line of defence: no control character and no hyperlink leaves the app inside a segment of text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from pier_tui.ui.text import control

_CALM = Style(blink=False, blink2=False, conceal=False)


def _picture(found: re.Match[str]) -> str:
    return "\ufffd" if cell_len(found[0]) else ""


class TextGuard(LineFilter):
    """Takes out characters that steer or hide, keeping each segment's width, and drops links and blinking.

    Segments that are control codes by type are Textual's own and pass.
    """

    def apply(self, segments: Sequence[Segment], background: Color) -> list[Segment]:
        """The segments as they may be written."""
        return [self._safe(segment) for segment in segments]

    def _safe(self, segment: Segment) -> Segment:
        text, style, codes = segment
        if codes:
            return segment
        if style is not None and (style.link or style.blink or style.blink2 or style.conceal):
            style = style.update_link(None) + _CALM
        elif text.isascii() and text.isprintable():
            return segment
        if control().search(text):
            text = set_cell_size(control().sub(_picture, text), cell_len(text))
        return Segment(text, style)
