"""Putting the pending patch of a resumed session back on the overlay, where its files still allow it."""

from __future__ import annotations

from pier_tui.errors import PierError
from pier_tui.redaction import MARK
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.repo.hunks import apply_hunks
from pier_tui.repo.making import decode, encode, sha
from pier_tui.repo.overlay import Overlay


def put_pending(overlay: Overlay, patch: Patch) -> tuple[str, ...]:
    """Propose again what was pending; returns the paths whose files changed too much since."""
    lost: list[str] = []
    for file in patch.files:
        try:
            _put(overlay, file)
        except PierError:
            lost.append(file.path)
    return tuple(lost)


def _put(overlay: Overlay, file: FileDiff) -> None:
    if any(MARK in line.text for hunk in file.hunks for line in hunk.lines):
        raise PierError(f"What was proposed for {file.path} held a key, which is not kept.")
    if file.new_path is None:
        overlay.write(file.path, None)
        return
    base = overlay.read(file.old_path) if file.old_path is not None else b""
    if file.base_hash is not None and sha(base) == file.base_hash:
        overlay.write(file.path, encode(apply_hunks(decode(base), file.hunks, exact=True)))
    else:
        overlay.write(file.path, encode(apply_hunks(decode(base), file.hunks)))
