"""The backbone's shape: the task's one structured state. Changing it is in `updates`, rendering in `prefix`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from pier_tui.models.messages import Message

Author = Literal["weak", "strong", "you", "tool"]

Section = Literal["goal", "plan", "files", "decisions", "commands", "errors", "questions", "constraints"]
"""`commands` holds commands and their results; `constraints` what the user demanded along the way."""

SECTIONS: tuple[Section, ...] = (
    "goal",
    "plan",
    "files",
    "decisions",
    "commands",
    "errors",
    "questions",
    "constraints",
)


class Item(BaseModel):
    """One fact of the state.

    `key` is unique within its section: the path for files, the command for commands, the signature
    for errors. `turn` is the turn that last wrote it; `evidence` names what shows it, such as
    `turn 4 run_tests` or `app.py:12`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    section: Section
    key: str
    text: str
    detail: str = ""
    why: str = ""
    turn: int = 0
    author: Author = "tool"
    evidence: str = ""
    status: Literal["open", "done", "failed", "stale", "superseded"] = "open"
    pinned: bool = False


class Delta(BaseModel):
    """What happened since the snapshot, as the very messages the models are sent, append-only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: int
    messages: tuple[Message, ...]


class Backbone(BaseModel):
    """The whole state. `snapshot` is the rendered text both models' prompts carry until the next compaction.

    `items` is live; `deltas` are the events since `snapshot` was rendered; `epoch` counts compactions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: tuple[Item, ...] = ()
    deltas: tuple[Delta, ...] = ()
    snapshot: str = ""
    repo_card: str = ""
    epoch: int = 0

    def section(self, name: Section) -> tuple[Item, ...]:
        """The items of one section, oldest first."""
        return tuple(i for i in self.items if i.section == name)

    def find(self, item_id: str) -> Item | None:
        """The item with this id."""
        return next((i for i in self.items if i.id == item_id), None)
