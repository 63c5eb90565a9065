"""What makes foreign text safe to show: characters that steer a terminal or hide from the eye become badges.

Nothing here knows how text is drawn. Every string from a model, a file, git or a command goes through `sanitize`.
Some invisible characters are spelling and stay: joiners inside Indic and Arabic words and emoji, one emoji
selector behind an emoji. Tags, variation selectors and private use have no such place in what is shown here.
The ranges are those of Unicode 16: Cc, Cf, Cs, Co, Zl, Zp, Default_Ignorable_Code_Point and noncharacters.
"""

from __future__ import annotations

import re
from functools import cache

TAB = 4
"""Columns between tab stops."""
NEWLINE = "⏎"
"""Stands for a line break where a text must stay on one line."""
MOST_MARKS = 4
"""Accents that may stand on one letter: Hebrew and polytonic Greek need as many; more are painted over other lines."""

_WORDS = "[\u0620-\u065f\u066e-\u06d3\u06ee-\u06ff\u0750-\u077f\u0900-\u0963\u0970-\u0d65\u0d70-\u0dff]"
_EMOJI = "[\u2194\u2195\u2600-\u27bf\u2b1b\U0001f000-\U0001faff]"
_PICTURES = "[#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
_MARKS = (
    "\u0300-\u034e\u0350-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u07eb-\u07f3"
    "\u0816-\u082d\u0859-\u085b\u0897-\u089f\u08ca-\u08e1\u08e3-\u0902\u093c\u0941-\u0948\u094d\u0951-\u0957"
    "\u0981\u09bc\u09c1-\u09c4\u09cd\u0a41\u0a42\u0a4d\u0ac1-\u0ac8\u0acd\u0b3c\u0b4d\u0bcd\u0c3e-\u0c40"
    "\u0c46-\u0c4d\u0ccd\u0d41-\u0d44\u0d4d\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u0f71-\u0f7e\u0f80-\u0f84\u102d-\u1030\u1037\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302d"
    "\u3099\u309a\ua66f-\ua67d\ua8e0-\ua8f1\ufe20-\ufe2f"
)
_NEVER = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff"  # bytes that were no UTF-8
    "\ue000-\uf8ff"  # private use: drawn by one font, or by none
    "\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
) + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))
_MARK, _JOINER = f"[{_MARKS}]", "[\u200c\u200d]"
_PILED = f"{_MARK}{{{MOST_MARKS + 1}}}"
_SPECIAL = (
    # One class comes first: the search skips to its characters fast, and only then looks around them.
    f"[{_NEVER}\u200c\u200d\ufe0e\ufe0f{_MARKS}]"
    "(?:"
    f"(?<=[{_NEVER}])"
    f"|(?<={_JOINER})(?<!{_WORDS}.)(?<!{_EMOJI}\u200d)(?<!{_EMOJI}\ufe0f\u200d)"
    f"|(?<=\u200d)(?:(?<={_EMOJI}.)|(?<=\ufe0f.))(?!{_EMOJI})"
    f"|(?<={_JOINER})(?<={_MARK}.)(?:(?<={_PILED}.)|(?<=\n..)|(?<![\\s\\S]{{3}}))"
    f"|(?<=[\ufe0e\ufe0f])(?:(?<!{_PICTURES}.)|(?<=[#*0-9].)(?!\u20e3))"
    f"|(?<={_MARK})(?:(?<=\n.)|(?<![\\s\\S]{{2}})|(?<={_PILED}))"
    ")"
)


@cache
def special() -> re.Pattern[str]:
    """Finds one character at a time that must not reach the screen as it is. Compiled when first needed: 10 ms."""
    return re.compile(_SPECIAL)


@cache
def control() -> re.Pattern[str]:
    """Finds what may stand in no painted piece of text, whatever is around it: tab and line feed included."""
    return re.compile(f"[\t\n{_NEVER}]")


def badge(character: str) -> str:
    """What stands for a character, such as `<U+202E>`."""
    return f"<U+{ord(character):04X}>"


def visible(text: str) -> str:
    """The text with steering and invisible characters as badges, tabs kept: what may be edited, and sent as seen."""
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return special().sub(lambda found: badge(found[0]), text)


def sanitize(text: str, *, keep_newlines: bool = True) -> str:
    """The text with steering and invisible characters as badges and tabs as spaces. Doing it twice changes nothing.

    A line ending of two characters becomes `\\n`; any other carriage return is a badge. `keep_newlines=False` gives
    one line, with `⏎` for each break.
    """
    text = visible(text)
    if "\t" in text:
        text = text.expandtabs(TAB)
    return text if keep_newlines else text.replace("\n", NEWLINE)


def escaped(json: str) -> str:
    """JSON text that is the same to a parser and steers no terminal: special characters as `\\u` sequences."""
    return special().sub(_escape, json)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
