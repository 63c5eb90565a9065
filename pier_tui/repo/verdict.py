"""What the user decides on a pending patch: the values only. Carrying them out is the agent's."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pier_tui.repo.diff import HunkPick, Resolution


class HunkNote(BaseModel):
    """A comment on a hunk, or on one of its lines, with the text it was made on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    hunk: str
    line: int | None = None
    snippet: str = ""
    text: str


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
