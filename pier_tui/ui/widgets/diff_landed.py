"""What of this session's patches stands in the files: hunks written and not taken back, each with its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

from pier_tui.events import PatchApplied, PatchUndone
from pier_tui.repo.diff import FileDiff, Hunk, Patch


@dataclass(frozen=True, slots=True)
class Landing:
    """One applied file diff, with the hunks of it that still stand."""

    checkpoint: str
    turn: tuple[int, int]
    file: FileDiff


@dataclass
class Landings:
    """Applied patches in order. Undone hunks are recognised as the reverse of applied ones."""

    kept: list[Landing] = field(default_factory=list)

    def add(self, event: PatchApplied) -> None:
        """A patch was written."""
        turn = (event.request, event.turn)
        self.kept += [Landing(event.checkpoint, turn, file) for file in event.patch.files]

    def take_back(self, event: PatchUndone) -> None:
        """Hunks were undone: the newest match of each leaves, of the same checkpoint where it has one."""
        for file in event.patch.files:
            if not file.hunks:
                self._forget_file(event.checkpoint, file)
            for hunk in file.hunks:
                self._forget(event.checkpoint, {file.old_path, file.new_path}, hunk)

    def patch(self, last_turn: bool = False) -> Patch:
        """Everything that stands, or only what the last applying turn wrote."""
        turn = self.kept[-1].turn if self.kept else (0, 0)
        return Patch(files=tuple(item.file for item in self.kept if not last_turn or item.turn == turn))

    def checkpoint(self, path: str, hunk: str) -> str:
        """The checkpoint a hunk was written under, the newest if several; empty where it is unknown."""
        for item in reversed(self.kept):
            if item.file.path == path and (not hunk or any(h.id == hunk for h in item.file.hunks)):
                return item.checkpoint
        return ""

    def _forget(self, checkpoint: str, paths: set[str | None], undone: Hunk) -> None:
        wanted = changes(undone, "+", "-")
        for index in reversed(range(len(self.kept))):
            item = self.kept[index]
            if item.checkpoint != checkpoint or item.file.path not in paths:
                continue
            match = next((h for h in item.file.hunks if changes(h, "-", "+") == wanted), None)
            if match is not None:
                rest = tuple(h for h in item.file.hunks if h is not match)
                self.kept[index : index + 1] = (
                    [Landing(checkpoint, item.turn, item.file.model_copy(update={"hunks": rest}))] if rest else []
                )
                return

    def _forget_file(self, checkpoint: str, file: FileDiff) -> None:
        paths = {file.old_path, file.new_path} - {None}
        self.kept = [k for k in self.kept if k.checkpoint != checkpoint or k.file.hunks or k.file.path not in paths]


def changes(hunk: Hunk, first: str, second: str) -> tuple[str, str]:
    """The changed text of a hunk by kind, to compare a hunk with its reverse."""
    return (
        "".join(line.text for line in hunk.lines if line.kind == first),
        "".join(line.text for line in hunk.lines if line.kind == second),
    )
