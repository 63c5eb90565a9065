"""Typed changes: the one door through which models, tools and the user change the backbone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pier_tui.backbone.state import Author, Item, Section


class _Update(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Put(_Update):
    """Add an item, or replace the one with the same section and key (a pinned one only by the user)."""

    op: Literal["put"] = "put"
    item: Item


class Edit(_Update):
    """Change the text of an item."""

    op: Literal["edit"] = "edit"
    id: str
    text: str
    author: Author = "you"


class SetStatus(_Update):
    """Open, close or mark an item."""

    op: Literal["status"] = "status"
    id: str
    status: Literal["open", "done", "failed", "stale", "superseded"]
    author: Author = "tool"


class Pin(_Update):
    """Pin or unpin an item: pinned items survive compaction and only the user changes them."""

    op: Literal["pin"] = "pin"
    id: str
    pinned: bool


class Remove(_Update):
    """Delete an item."""

    op: Literal["remove"] = "remove"
    id: str
    author: Author = "you"


Update = Annotated[Put | Edit | SetStatus | Pin | Remove, Field(discriminator="op")]


__all__ = ["Author", "Edit", "Pin", "Put", "Remove", "Section", "SetStatus", "Update"]
