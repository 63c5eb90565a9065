"""File names as patches write them: git's C quoting, leading folders, time stamps behind the name. Pure."""

from __future__ import annotations

import re

from pier_tui.errors import PatchError

DATE, TIME, ZONE = r"\d{4}-\d\d-\d\d", r" \d\d:\d\d:\d\d(?:\.\d+)?", r" [-+]\d\d:?\d\d"
STAMP = re.compile(rf"(?:\t| +)({DATE}(?:{TIME})?(?:{ZONE})?)$", re.ASCII)
EPOCH = re.compile(r"(1969-12-31|1970-01-01) (\d\d):(\d\d):00(?:\.0+)? ([-+])(\d\d):?(\d\d)", re.ASCII)
ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


def is_quoted(text: str) -> bool:
    """Whether a name is in git's C quoting: quotes around all of it, not around a part."""
    return re.match(r'"(?:[^"\\]|\\.)*("$|"\s)|"[^"]*$', text) is not None


def unquote(text: str) -> str:
    """A name from git's C quoting. Raises PatchError when the quoting is broken."""
    out = bytearray()
    at = 1
    while at < len(text) and text[at] != '"':
        if text[at] != "\\":
            out += text[at].encode("utf-8", "surrogateescape")
            at += 1
            continue
        code = text[at + 1 : at + 2]
        if code in ESCAPES:
            out.append(ESCAPES[code])
            at += 2
        elif re.fullmatch("[0-3][0-7][0-7]", digits := text[at + 1 : at + 4]):
            out.append(int(digits, 8))
            at += 4
        else:
            raise PatchError(f"The quoted name {text} holds an unknown escape")
    if at >= len(text):
        raise PatchError(f"The quoted name {text} has no closing quote")
    return bytes(out).decode("utf-8", "surrogateescape")


def stripped(name: str, strip: int) -> str | None:
    """The name without its first `strip` parts; None when it has too few."""
    for _ in range(strip):
        _, slash, name = name.partition("/")
        if not slash or not name:
            return None
    return name or None


def short(name: str, strip: int) -> str | None:
    """As `stripped`, but a name without any folder is whole."""
    return name if "/" not in name else stripped(name, strip)


def dated(text: str) -> tuple[str, str]:
    """A name of a plain diff and the time stamp behind it; what follows a tab is no part of the name."""
    if match := STAMP.search(text):
        return text[: match.start()], match[1]
    return text.split("\t", 1)[0], ""


def is_epoch(stamp: str) -> bool:
    """Whether a time stamp is 1970-01-01 00:00 UTC, with which `diff -N` marks an absent file."""
    match = EPOCH.fullmatch(stamp.strip())
    if match is None:
        return False
    minutes = int(match[2]) * 60 + int(match[3])
    zone = (int(match[5]) * 60 + int(match[6])) * (1 if match[4] == "+" else -1)
    return minutes - zone == (1440 if match[1].startswith("1969") else 0)
