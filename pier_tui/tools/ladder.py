"""Finding the lines an edit means: a ladder of ever more tolerant comparisons, none of which guesses.

A rung below exact is accepted only where it matches in one place, and the edit's result always shows
what it did. Similar lines are never edited, only suggested (`nearest`).
"""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from pier_tui.tools.text import lines_of, numbered

MOST = 50_000
"""Occurrences after which counting stops: an edit of so many places is refused."""


@dataclass(frozen=True)
class Match:
    """A place in a text: character offsets, which rung found it, and how `new` must be re-indented to fit there."""

    start: int
    end: int
    rung: str
    indents: dict[str, str] | None = None


_PUNCTUATION = str.maketrans(
    dict.fromkeys("‘’‚‛′", "'")
    | dict.fromkeys("“”„‟″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " ")
)


def plain(line: str) -> str:
    """The line with typographic quotes, dashes and spaces made plain, and composed letters."""
    return unicodedata.normalize("NFC", line).translate(_PUNCTUATION).rstrip()


def indent_of(line: str) -> str:
    """The white space a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def exact(text: str, old: str) -> list[Match]:
    """Every occurrence, overlapping ones included."""
    found: list[Match] = []
    at = text.find(old)
    while at >= 0 and len(found) < MOST:
        split_ending = old[0] == "\n" and text[at - 1 : at] == "\r"
        found.append(Match(at - split_ending, at + len(old), "exact"))
        at = text.find(old, at + 1)
    return found


def line_endings(text: str, old: str) -> list[Match]:
    """Occurrences of `old` where only `\\n` and `\\r\\n` differ; they start and end between characters of a line."""
    pattern = "\r?\n".join(re.escape(part.removesuffix("\r")) for part in old.split("\n"))
    places = [(m.start(), m.end(1)) for m in re.finditer(f"(?=({pattern}))", text)]
    return [Match(a, b, "line endings") for a, b in places if text[a - 1 : a + 1] != "\r\n"]


def by_lines(text: str, old: str, rung: str, same: Callable[[str], str], *, shift: bool) -> list[Match]:
    """Places where whole lines agree under `same`; with `shift` the indentation may differ in a consistent way."""
    spans = _spans(text)
    wanted = old.split("\n")
    closed = len(wanted) > 1 and wanted[-1] == ""
    wanted = [line.removesuffix("\r") for line in (wanted[:-1] if closed else wanted)]
    if not any(line.strip() for line in wanted):
        return []
    key = (lambda line: same(line).lstrip()) if shift else same
    keys, lines = [key(line) for line in wanted], [text[a:b] for a, b, _ in spans]
    have = [key(line) for line in lines]
    found = []
    for at in range(len(lines) - len(keys) + 1):
        if have[at] != keys[0] or have[at : at + len(keys)] != keys:
            continue
        indents = _indents(wanted, lines[at : at + len(keys)]) if shift else None
        if shift and indents is None:
            continue
        _, last_end, after = spans[at + len(keys) - 1]
        found.append(Match(spans[at][0], after if closed else last_end, rung, indents))
    return found


def _spans(text: str) -> list[tuple[int, int, int]]:
    """Of every line: where it starts, where its text ends, where the next one starts."""
    spans, at = [], 0
    for match in re.finditer(r"\r?\n", text):
        spans.append((at, match.start(), match.end()))
        at = match.end()
    if at < len(text):
        spans.append((at, len(text), len(text)))
    return spans


def _indents(wanted: list[str], real: list[str]) -> dict[str, str] | None:
    """Which indentation of `wanted` stands for which of the file; None where one stands for two."""
    mapping: dict[str, str] = {}
    for theirs, ours in zip(wanted, real, strict=True):
        if theirs.strip() and mapping.setdefault(indent_of(theirs), indent_of(ours)) != indent_of(ours):
            return None
    order = sorted(mapping, key=len)
    deeper = all(len(mapping[a]) < len(mapping[b]) for a, b in itertools.pairwise(order))
    return mapping if deeper else None


def reindent(new: str, indents: dict[str, str]) -> str | None:
    """`new` moved to the indentation of the file; None where a line's indentation has no counterpart."""
    moved = []
    for line in new.split("\n"):
        if not line.strip():
            moved.append(line)
            continue
        indent = _moved(indent_of(line), indents)
        if indent is None:
            return None
        moved.append(indent + line.lstrip(" \t"))
    return "\n".join(moved)


def _moved(indent: str, indents: dict[str, str]) -> str | None:
    if indent in indents:
        return indents[indent]
    inner = max((known for known in indents if indent.startswith(known)), key=len, default=None)
    if inner is not None:
        rest = indent[len(inner) :]
        tabs = [ours for ours in indents.values() if "\t" in ours]
        return None if tabs and " " in rest else indents[inner] + rest
    shallow = min(indents, key=len)
    missing = shallow.removeprefix(indent)
    ours = indents[shallow]
    return ours.removesuffix(missing) if shallow.startswith(indent) and ours.endswith(missing) else None


def climb(text: str, old: str) -> list[Match]:
    """The matches of the first rung that has any."""
    rungs: tuple[Callable[[], list[Match]], ...] = (
        lambda: exact(text, old),
        lambda: line_endings(text, old) if "\n" in old else [],
        lambda: by_lines(text, old, "trailing white space", str.rstrip, shift=False),
        lambda: by_lines(text, old, "typographic characters", plain, shift=False),
        lambda: by_lines(text, old, "relative indentation", str.rstrip, shift=True),
    )
    return next((found for rung in rungs if (found := rung())), [])


def nearest(text: str, old: str, around: int = 2) -> str:
    """The numbered lines of `text` most like the lines of `old`; empty where nothing is alike."""
    lines = lines_of(text)[:20_000]
    wanted = [line.strip() for line in old.split("\n") if line.strip()][:8]
    if not lines or not wanted:
        return ""
    stripped = [line.strip()[:200] for line in lines]
    best, score = 0, 0.0
    for line in sorted(set(wanted), key=len, reverse=True)[:3]:
        matcher = difflib.SequenceMatcher(b=line[:200], autojunk=False)
        for index, candidate in enumerate(stripped):
            matcher.set_seq1(candidate)
            if matcher.real_quick_ratio() <= score or matcher.quick_ratio() <= score:
                continue
            ratio = matcher.ratio()
            if ratio > score:
                best, score = max(index - wanted.index(line), 0), ratio
    if score < 0.5:
        return ""
    first = max(best - around, 0)
    return numbered(lines[first : best + len(wanted) + around], first + 1, width=200)
