"""What is decided on hunks, and what a bulk decision came to. Deciding is in `diff_review`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pier_tui.repo.verdict import HunkNote

Key = tuple[str, str]
"""A path and a hunk id; the id is empty where a file changes without hunks (binary, renamed, mode, empty)."""

Decision = Literal["pending", "accepted", "rejected", "edited"]
"""What is decided on a hunk. `edited` is accepted with a new side that the user wrote."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The decision on one hunk: the changed lines taken (None: all), and the new side where the user edited it."""

    decision: Decision = "pending"
    lines: frozenset[int] | None = None
    text: str | None = None

    @property
    def taken(self) -> bool:
        """Whether anything of the hunk is to be written."""
        return self.decision in {"accepted", "edited"}


PENDING = Mark()


@dataclass(frozen=True, slots=True)
class Bulk:
    """What accepting many hunks at once did: how many were taken, and how many were left and why."""

    accepted: int = 0
    hidden: int = 0
    conflicts: int = 0
    waiting: int = 0
    """Hunks left because another one of their file is in conflict."""

    @property
    def left(self) -> int:
        """How many were left out."""
        return self.hidden + self.conflicts + self.waiting

    def __str__(self) -> str:
        left = [f"{self.hidden} with hidden characters not looked at yet"] if self.hidden else []
        left += [f"{self.conflicts} in conflict"] if self.conflicts else []
        left += [f"{self.waiting} in a file with a conflict"] if self.waiting else []
        return f"{self.accepted} accepted" + (f"; left out: {', '.join(left)}" if left else "")


@dataclass(frozen=True, slots=True)
class Step:
    """What a decision replaced, so that it can be undone."""

    marks: Mapping[Key, Mark]
    notes: tuple[HunkNote, ...]
