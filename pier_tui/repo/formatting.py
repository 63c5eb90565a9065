"""Writing a Patch as a git diff, which `parse` and git read back to the same."""

from __future__ import annotations

from collections.abc import Iterator

from pier_tui.repo.diff import FileDiff, Hunk, Patch
from pier_tui.repo.making import encode

ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def format_patch(patch: Patch) -> bytes:
    """The patch as a git diff. Binary files are named, without their bytes."""
    return encode("".join(part for file in patch.files for part in file_parts(file)))


def quoted(name: str) -> str:
    """A name as git writes it in a header: in quotes where it holds control characters, quotes or non-ASCII."""
    plain = encode(name)
    if all(32 <= byte < 127 and byte not in (34, 92) for byte in plain):
        return name
    return '"' + "".join(escaped(byte) for byte in plain) + '"'


def escaped(byte: int) -> str:
    """One byte inside quotes."""
    if byte in ESCAPES:
        return ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def side(prefix: str, name: str | None) -> str:
    """The name of one side as in a `---` or `+++` line; git ends names with spaces by a tab."""
    if name is None:
        return "/dev/null"
    text = quoted(f"{prefix}/{name}")
    return f"{text}\t" if " " in name and not text.startswith('"') else text


def file_parts(file: FileDiff) -> Iterator[str]:
    """The pieces of one file's diff."""
    old, new = file.old_path or file.path, file.new_path or file.path
    yield f"diff --git {quoted(f'a/{old}')} {quoted(f'b/{new}')}\n"
    yield from mode_lines(file)
    if file.old_path is not None and file.new_path is not None and old != new:
        word = "copy" if file.copied else "rename"
        yield f"{word} from {quoted(old)}\n{word} to {quoted(new)}\n"
    if file.binary:
        yield f"Binary files {side('a', file.old_path)} and {side('b', file.new_path)} differ\n"
    if file.hunks:
        yield f"--- {side('a', file.old_path)}\n+++ {side('b', file.new_path)}\n"
    for hunk in file.hunks:
        yield from hunk_parts(hunk)


def mode_lines(file: FileDiff) -> Iterator[str]:
    """The header lines about modes and about files made or deleted."""
    if file.old_path is None:
        yield f"new file mode {file.new_mode or '100644'}\n"
    elif file.new_path is None:
        yield f"deleted file mode {file.old_mode or '100644'}\n"
    elif file.old_mode and file.new_mode and file.old_mode != file.new_mode:
        yield f"old mode {file.old_mode}\nnew mode {file.new_mode}\n"


def hunk_parts(hunk: Hunk) -> Iterator[str]:
    """The pieces of one hunk."""
    section = f" {hunk.section}" if hunk.section else ""
    old, new = counted_range(hunk.old_start, hunk.old_count), counted_range(hunk.new_start, hunk.new_count)
    yield f"@@ -{old} +{new} @@{section}\n"
    for line in hunk.lines:
        yield (
            line.kind + line.text
            if line.text.endswith("\n")
            else f"{line.kind}{line.text}\n\\ No newline at end of file\n"
        )


def counted_range(start: int, count: int) -> str:
    """`start,count`, the count left out where it is 1."""
    return str(start) if count == 1 else f"{start},{count}"
