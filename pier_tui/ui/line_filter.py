"""The last line of defence: no control character and no hyperlink leaves the app inside a segment of text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


class TextGuard(LineFilter):
    """Replaces control characters by pictures, keeping each segment's width, and drops links.

    Segments that are control codes by type are Textual's own and pass.
    """

    def apply(self, segments: Sequence[Segment], background: Color) -> list[Segment]:
        """The segments as they may be written."""
        return [self._safe(segment) for segment in segments]

    def _safe(self, segment: Segment) -> Segment:
        text, style, control = segment
        if control:
            return segment
        if style is not None and style.link:
            style = style.update_link(None)
        elif text.isprintable() or not _CONTROL.search(text):
            return segment
        if _CONTROL.search(text):
            text = set_cell_size(_CONTROL.sub(_picture, text), cell_len(text))
        return Segment(text, style)
