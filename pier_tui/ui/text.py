"""What makes foreign text safe to show: characters that steer a terminal or hide from the eye become badges.

Nothing here knows how text is drawn. Every string from a model, a file, git or a command goes through `sanitize`.
"""

from __future__ import annotations

import re

TAB = 4
"""Columns between tab stops."""
NEWLINE = "⏎"
"""Stands for a line break where a text must stay on one line."""

_JOINS = "[\u0600-\u06ff\u0900-\u0dff]"
_EMOJI = "[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff"  # bytes that were no UTF-8
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
SPECIAL = re.compile(
    f"[{_UNSEEN}]"
    # Joiners are spelling in Indic and Arabic text and part of emoji; anywhere else they only hide.
    f"|(?<!{_JOINS})(?<!{_EMOJI})[\u200c\u200d]"
    f"|(?<={_EMOJI})(?:\u200c|\u200d(?!{_EMOJI}))"
)
"""One character that must not reach the screen as it is."""


def badge(character: str) -> str:
    """What stands for a character, such as `<U+202E>`."""
    return f"<U+{ord(character):04X}>"


def sanitize(text: str, *, keep_newlines: bool = True) -> str:
    """The text with steering and invisible characters as badges and tabs as spaces. Doing it twice changes nothing.

    `keep_newlines=False` gives one line, with `⏎` for each break.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    text = SPECIAL.sub(lambda found: badge(found[0]), text)
    if "\t" in text:
        text = text.expandtabs(TAB)
    return text if keep_newlines else text.replace("\n", NEWLINE)
