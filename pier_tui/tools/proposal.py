"""Proposing new text for a file: checked, put into the pending patch set, and shown to the model as it landed."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable
from dataclasses import dataclass

from pier_tui.errors import EditError
from pier_tui.tools import outline, syntax
from pier_tui.tools.text import clip, decode, digest, encode, lines_of, plural, shown
from pier_tui.tools.tool import Desk, FileSeen, ToolResult

MOST_BYTES = 5_000_000
SHOWN_LINES = 40


@dataclass(frozen=True)
class Draft:
    """A change ready to be proposed: what it was computed from, what it comes to, and how it is told."""

    path: str
    before: bytes | None
    content: bytes
    result: ToolResult


async def propose(desk: Desk, compute: Callable[[], Draft]) -> ToolResult:
    """Compute a draft in a thread (it parses and compares) and put it into the pending patch set from this one.

    Raises whatever `compute` raises; EditError (stale) where the file changed meanwhile.
    """
    done = await asyncio.to_thread(compute)
    now = desk.files.read(done.path) if desk.files.exists(done.path) else None
    if now != done.before:
        raise EditError("stale", f"{done.path} changed while the edit was made; read it again.")
    desk.files.write(done.path, done.content)
    return done.result


def draft(desk: Desk, path: str, after: str, *, note: str = "", verb: str = "edit") -> Draft:
    """The change that makes `after` the text of `path`; nothing is proposed yet.

    Raises EditError: unchanged, too_large, syntax; ToolError where `Files` refuses the path.
    """
    content = encode(after)
    if len(content) > MOST_BYTES:
        raise EditError("too_large", f"{path} would be larger than {MOST_BYTES // 1_000_000} MB.")
    old = desk.files.read(path) if desk.files.exists(path) else None
    before = None if old is None else decode(old, path)
    if before == after:
        raise EditError("unchanged", f"{path} already reads like that; nothing would change.")
    verdict = syntax.verdict(path, before, after)
    added, removed, display = changes(before or "", after)
    created = before is None
    heading = f"{'created' if created else 'edited'} {path}  +{added} -{removed}"
    text = "\n".join(part for part in (heading, note, display if not created else "", verdict) if part)
    symbols = tuple(s.label for s in outline.symbols(path, after) if s.kind != "name")[:12]
    seen = FileSeen(
        path=path,
        role="created" if created else "edited",
        lines=_changed(lines_of(before or ""), lines_of(after)),
        content_hash=digest(content),
        symbols=symbols,
    )
    line = f"{verb} {path}  +{added} -{removed}"
    return Draft(path, old, content, ToolResult(text=text, line=line, facts=(seen,), changed=(path,)))


def _changed(old: list[str], new: list[str]) -> str:
    """The lines of the new text from the first change to the last, as a range; '' where only lines went."""
    head, tail = _common(old, new)
    return f"{head + 1}-{len(new) - tail}" if head < len(new) - tail else ""


def changes(before: str, after: str) -> tuple[int, int, str]:
    """Lines added and removed, and the changed lines as they now stand, numbered, at most 40 of them."""
    old, new = lines_of(before), lines_of(after)
    head, tail = _common(old, new)
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    added = removed = 0
    rows: list[str] = []
    for tag, a1, a2, b1, b2 in _opcodes(old_middle, new_middle):
        if tag == "equal":
            continue
        added, removed = added + b2 - b1, removed + a2 - a1
        rows += [f"-{head + i + 1}\t{old[head + i]}" for i in range(a1, a2)]
        rows += [f"+{head + i + 1}\t{new[head + i]}" for i in range(b1, b2)]
    if not rows:
        rows = ["(only line endings changed)"]
    cut = [clip(shown(row), 200) for row in rows[:SHOWN_LINES]]
    if len(rows) > SHOWN_LINES:
        cut.append(f"… {plural(len(rows) - SHOWN_LINES, 'more line')}")
    return added, removed, "\n".join(cut)


def _opcodes(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    """What differs; one replacement of everything where a full comparison would take too long."""
    if len(old) * len(new) > 4_000_000:
        return [("replace", 0, len(old), 0, len(new))]
    found = difflib.SequenceMatcher(None, old, new, False).get_opcodes()
    return [(tag, a1, a2, b1, b2) for tag, a1, a2, b1, b2 in found]


def _common(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many lines agree at the beginning, and at the end of what is left."""
    least = min(len(old), len(new))
    head = 0
    while head < least and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < least - head and old[len(old) - 1 - tail] == new[len(new) - 1 - tail]:
        tail += 1
    return head, tail
