"""Making file diffs out of bytes, byte for byte: `\\n` alone ends a line, everything else belongs to it."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from pier_tui.repo.diff import FileDiff, Hunk, Line
from pier_tui.repo.git import git_sync

SMALL = 400
"""Lines of the differing middle up to which difflib is quicker than starting git; it is quadratic."""

Opcode = tuple[str, int, int, int, int]
SECTION = re.compile(r"[A-Za-z_$]")
RANGES = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def decode(content: bytes) -> str:
    """Bytes as text, losslessly: bytes that are not UTF-8 become surrogates."""
    return content.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The very bytes `decode` was given."""
    return text.encode("utf-8", "surrogateescape")


def split(text: str) -> list[str]:
    """Lines with their endings; only `\\n` ends a line, and the last one may have none."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def sha(content: bytes | None) -> str | None:
    """The sha256 of a file's bytes in hex, None for no file."""
    return None if content is None else hashlib.sha256(content).hexdigest()


def is_binary(content: bytes | None) -> bool:
    """Whether bytes are no text: they hold a NUL."""
    return content is not None and b"\0" in content


def git_mode(mode: int | None) -> str | None:
    """A file mode as git writes it."""
    if mode is None:
        return None
    return "100755" if mode & 0o100 else "100644"


def diff_bytes(
    old: bytes | None,
    new: bytes | None,
    path: str,
    *,
    old_mode: str | None = None,
    new_mode: str | None = None,
    context: int = 3,
) -> FileDiff:
    """The changes from `old` to `new`; None is no file. Binary files are flagged and carry no hunks.

    Starts git for large files: call it in a thread where the event loop must not wait. Raises RepositoryError
    when git fails.
    """
    binary = is_binary(old) or is_binary(new)
    hunks: tuple[Hunk, ...] = ()
    if not binary and old != new:
        hunks = diff_text(decode(old or b""), decode(new or b""), context)
    return FileDiff(
        old_path=None if old is None else path,
        new_path=None if new is None else path,
        old_mode=old_mode,
        new_mode=new_mode,
        base_hash=sha(old),
        binary=binary,
        hunks=hunks,
    )


def diff_text(old: str, new: str, context: int = 3) -> tuple[Hunk, ...]:
    """The hunks that lead from one text to another."""
    before, after = split(old), split(new)
    return numbered(hunk_of(group, before, after, context) for group in grouped(opcodes(before, after), context))


def opcodes(before: Sequence[str], after: Sequence[str]) -> list[Opcode]:
    """What differs, as difflib's opcodes without the equal stretches: one per changed region, in order."""
    head = common(before, after)
    tail = min(common(before[::-1], after[::-1]), min(len(before), len(after)) - head)
    middle, other = before[head : len(before) - tail], after[head : len(after) - tail]
    if max(len(middle), len(other)) > SMALL and middle and other:
        changed = by_git(middle, other)
    else:
        changed = [
            code for code in SequenceMatcher(None, middle, other, autojunk=False).get_opcodes() if code[0] != "equal"
        ]
    return [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in changed]


def common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines are the same from the start."""
    count = 0
    for left, right in zip(before, after, strict=False):
        if left != right:
            break
        count += 1
    return count


def by_git(before: Sequence[str], after: Sequence[str]) -> list[Opcode]:
    """The same opcodes from git, which stays quick on large files."""
    with tempfile.TemporaryDirectory(prefix="pier-tui-diff-") as folder:
        home = Path(folder)
        (home / "a").write_bytes(encode("".join(before)))
        (home / "b").write_bytes(encode("".join(after)))
        out = git_sync(
            home, "diff", "--no-index", "--text", "-U0", "--inter-hunk-context=0", "--", "a", "b", check=False
        )
    found: list[Opcode] = []
    for match in RANGES.finditer(out):
        i1, old, j1, new = (int(g) if g is not None else 1 for g in match.groups())
        i1, j1 = (i1 - 1 if old else i1), (j1 - 1 if new else j1)
        found.append(("replace", i1, i1 + old, j1, j1 + new))
    return found


def grouped(codes: list[Opcode], context: int) -> Iterable[list[Opcode]]:
    """Changed regions whose context would touch or overlap, together."""
    group: list[Opcode] = []
    for code in codes:
        if group and code[1] - group[-1][2] > 2 * context:
            yield group
            group = []
        group.append(code)
    if group:
        yield [*group]


def hunk_of(group: list[Opcode], before: Sequence[str], after: Sequence[str], context: int) -> Hunk:
    """One hunk out of neighbouring regions."""
    first, last = group[0], group[-1]
    start = max(first[1] - context, 0)
    end = min(last[2] + context, len(before))
    lines: list[Line] = []
    at = start
    for _, i1, i2, j1, j2 in group:
        lines += [Line(kind=" ", text=text) for text in before[at:i1]]
        lines += [Line(kind="-", text=text) for text in before[i1:i2]]
        lines += [Line(kind="+", text=text) for text in after[j1:j2]]
        at = i2
    lines += [Line(kind=" ", text=text) for text in before[at:end]]
    new_start = first[3] - (first[1] - start)
    return counted(lines, start, new_start, section_of(before, start))


def counted(lines: Sequence[Line], old_at: int, new_at: int, section: str = "", nth: int = 0) -> Hunk:
    """A hunk whose counts are those of its lines; `old_at` and `new_at` are 0-based positions."""
    old = sum(line.kind != "+" for line in lines)
    new = sum(line.kind != "-" for line in lines)
    return Hunk(
        old_start=old_at + 1 if old else old_at,
        old_count=old,
        new_start=new_at + 1 if new else new_at,
        new_count=new,
        section=section,
        nth=nth,
        lines=tuple(lines),
    )


def section_of(before: Sequence[str], start: int) -> str:
    """The nearest line above that begins a definition, as git shows it after `@@`."""
    for text in reversed(before[max(0, start - 400) : start]):
        if SECTION.match(text):
            return text.rstrip()[:80]
    return ""


def numbered(hunks: Iterable[Hunk]) -> tuple[Hunk, ...]:
    """Hunks of one file with the very same lines told apart, so that every id in a file is unique."""
    seen: Counter[str] = Counter()
    found: list[Hunk] = []
    for hunk in hunks:
        key = "".join(f"{line.kind}{line.text}" for line in hunk.lines)
        found.append(moved(hunk, nth=seen[key]))
        seen[key] += 1
    return tuple(found)


def moved(hunk: Hunk, *, old_at: int | None = None, new_at: int | None = None, nth: int | None = None) -> Hunk:
    """The same lines at another place (0-based), or with another `nth`."""
    old = max(hunk.old_start - bool(hunk.old_count), 0) if old_at is None else old_at
    new = max(hunk.new_start - bool(hunk.new_count), 0) if new_at is None else new_at
    return counted(hunk.lines, old, new, hunk.section, hunk.nth if nth is None else nth)
