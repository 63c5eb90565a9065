"""Pure text work on one hunk: its sides, hiding characters, edited text as lines again, the words that changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from rich.cells import cell_len

from pier_tui.repo.diff import Line
from pier_tui.ui.text import TAB, badge, special
from pier_tui.ui.widgets.lookalikes import lookalikes

LINE = re.compile(r"[^\n]*\n|[^\n]+")
WORD = re.compile(r"\w+|\s+|[^\w\s]")
MOST_WORDS = 400
MOST_LINES = 4000
Span = tuple[int, int]


def split_lines(text: str) -> list[str]:
    """Split after each `\\n` and nowhere else, as git does."""
    return LINE.findall(text)


def side(lines: Sequence[Line], kind: str) -> str:
    """The text of one side of a hunk: `-` the old one, `+` the new one, context included."""
    return "".join(line.text for line in lines if line.kind in (" ", kind))


def body(text: str) -> str:
    """The line without its ending."""
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def ending(text: str) -> str:
    """The line's own ending: `\n`, `\r\n`, or nothing."""
    return text[len(body(text)) :]


def hidden(text: str) -> tuple[str, ...]:
    """Names of the special characters in the text, such as `U+202E`, each once, in order. Line endings are none."""
    text = text.replace("\r\n", "\n")
    if plain_ascii(text):
        return ()
    return tuple(dict.fromkeys(f"U+{ord(found):04X}" for found in special().findall(text)))


def plain_ascii(text: str) -> bool:
    """Whether there is surely nothing to mark in the text."""
    return text.isascii() and text.replace("\n", "").replace("\t", "").isprintable()


def marked(text: str) -> list[int]:
    """Where one line has characters to be shown by their number: special ones, and those that pass for others."""
    if plain_ascii(text):
        return []
    return sorted({*(found.start() for found in special().finditer(text)), *lookalikes(text)})


def name(text: str) -> str:
    """One line such as a file's name, with badges for what hides or passes for something else."""
    at = set(marked(text))
    return "".join(badge(sign) if index in at else sign for index, sign in enumerate(text)) if at else text


def painted(line: str) -> str:
    """A line as it stands on the screen and is copied: without its ending, tabs as spaces, badges for what hides."""
    text = name(body(line))
    return expand(text, 0) if "\t" in text else text


def expand(text: str, column: int) -> str:
    """Tabs as spaces up to the next stop, for a text that begins in a column."""
    found: list[str] = []
    for part in re.split("(\t)", text):
        shown = " " * (TAB - column % TAB) if part == "\t" else part
        found.append(shown)
        column += cell_len(shown)
    return "".join(found)


def suspects(texts: Iterable[str]) -> tuple[str, ...]:
    """Names of all characters to be marked in these lines, each once, in order."""
    found: dict[str, None] = {}
    for text in texts:
        if not text.isascii() or not plain_ascii(text.removesuffix("\r\n")):
            line = body(text)
            found.update((f"U+{ord(line[at]):04X}", None) for at in marked(line))
    return tuple(found)


def opcodes(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """How to turn one list of lines into the other; long ones by their common ends only."""
    if len(old) + len(new) <= MOST_LINES:
        return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_end, new_end = len(old) - tail, len(new) - tail
    ends = [("equal", 0, head, 0, head), ("replace", head, old_end, head, new_end)]
    return [*ends, ("equal", old_end, len(old), new_end, len(new))]


def restore_endings(original: str, edited: str) -> str:
    """The edited text with the line endings of the original: unchanged lines keep theirs, others take the usual one."""
    before, after = split_lines(original), [body(line) for line in split_lines(edited)]
    if not after:
        return ""
    endings = [ending(line) for line in before]
    usual = "\r\n" if endings.count("\r\n") > endings.count("\n") else "\n"
    result = [usual] * len(after)
    for tag, old_start, old_end, new_start, _ in opcodes([body(line) for line in before], after):
        if tag == "equal":
            for offset in range(old_end - old_start):
                result[new_start + offset] = endings[old_start + offset] or usual
    if before and not endings[-1]:
        result[-1] = ""
    return "".join(text + end for text, end in zip(after, result, strict=True))


def changed_words(old: str, new: str) -> tuple[list[Span], list[Span]]:
    """Where two versions of a line differ, by words, as character spans of each. Nothing if little is common."""
    before, after = WORD.findall(old), WORD.findall(new)
    if len(before) + len(after) > MOST_WORDS:
        return [], []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < 0.35:
        return [], []
    removed: list[Span] = []
    added: list[Span] = []
    at_old, at_new = offsets(before), offsets(after)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            removed.append((at_old[old_start], at_old[old_end]))
            added.append((at_new[new_start], at_new[new_end]))
    return [s for s in removed if s[0] < s[1]], [s for s in added if s[0] < s[1]]


def offsets(words: Sequence[str]) -> list[int]:
    """Where each word begins, and where the last one ends."""
    found = [0]
    for word in words:
        found.append(found[-1] + len(word))
    return found


def partner(lines: Sequence[Line], index: int, reach: int = 64) -> int | None:
    """The line a changed line is compared with: the nth removed goes with the nth added line of one change.

    Changes of more than `reach` lines have no pairs.
    """
    kind = lines[index].kind
    start = index
    while start > 0 and lines[start - 1].kind == kind and index - start <= reach:
        start -= 1
    if kind == "-":
        end = index
        while end < len(lines) and lines[end].kind == "-" and end - index <= reach:
            end += 1
        other = end + (index - start)
        run = lines[end : other + 1]
        return other if len(run) == index - start + 1 and all(line.kind == "+" for line in run) else None
    first = start
    while first > 0 and lines[first - 1].kind == "-" and start - first <= reach:
        first -= 1
    other = first + (index - start)
    return other if kind == "+" and other < start else None
