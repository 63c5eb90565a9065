"""What the user decides on a pending patch: the values only. Carrying them out is the agent's."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, ValidationError

from pier_tui.repo.diff import HunkPick, Resolution


class HunkNote(BaseModel):
    """A comment on a hunk, on one of its lines or on several that follow each other, with the text it was made on.

    `line` counts the hunk's lines from 0, and so does `last`, the last one of several. `place` says where they are
    in the file, as `lines 12-14`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    hunk: str
    line: int | None = None
    last: int | None = None
    place: str = ""
    snippet: str = ""
    text: str

    @property
    def end(self) -> int | None:
        """The line it is read under; None for a comment on the whole hunk."""
        return self.line if self.last is None else self.last


class Verdict(BaseModel):
    """The decision on the pending patch: what to write, what to drop; the rest stays pending."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: tuple[HunkPick, ...] = ()
    rejected: tuple[HunkPick, ...] = ()
    comments: tuple[HunkNote, ...] = ()
    resolved: tuple[Resolution, ...] = ()
    """Conflicts settled; nothing is written by that, the outcome is pending again and shown."""
    send_back: bool = False
    """Send rejections and comments to the agent as a new request at once."""


class Draft(BaseModel):
    """Decisions on a pending patch that were not handed over yet, so that they outlast the program.

    `typed` is what the user wrote into hunks that he has not accepted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: tuple[HunkPick, ...] = ()
    rejected: tuple[HunkPick, ...] = ()
    typed: tuple[HunkPick, ...] = ()
    comments: tuple[HunkNote, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.accepted or self.rejected or self.typed or self.comments)

    def written(self) -> str:
        """The draft as one line of JSON."""
        return json.dumps(self.model_dump())

    @classmethod
    def read(cls, text: str) -> Draft:
        """The draft of such a line; an empty one where it cannot be read."""
        try:
            return cls.model_validate(json.loads(text)) if text else cls()
        except (ValueError, RecursionError, ValidationError):
            return cls()
