"""A session's state from its events: what the agent and the panes need to go on where it stopped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.compaction import compact
from pier_tui.backbone.prefix import append, delta_tokens
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.undoing import Change, LastCompaction
from pier_tui.backbone.updates import admit
from pier_tui.events import (
    AnyEvent,
    ApprovalAnswered,
    ApprovalAsked,
    BackboneChanged,
    BackboneRestored,
    CallFinished,
    CheckpointTaken,
    Choice,
    Compacted,
    Labelled,
    Notice,
    Overridden,
    PatchApplied,
    PatchProposed,
    PatchRebased,
    PromptWarmed,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
)
from pier_tui.repo.diff import Patch

Label = Literal["escalate", "de-escalate", "keep"]


class Resumed(BaseModel):
    """Where a session stands. `request` and `turn` are the last numbers used; `pending` is the patch not yet applied.

    `calls` are what the ledger adds up. `unfinished` is the text of a request that neither ended nor
    failed (the program was killed), '' if none, and `asked` the command that then waited for the user's word, which
    was never run; `refused` counts updates that no longer fit. `compacted` is the last compaction if it can be
    undone; `undone` the tokens of the deltas when one was undone, 0 if none was since.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: Backbone = Backbone()
    calls: tuple[CallFinished | PromptWarmed, ...] = ()
    requests: tuple[str, ...] = ()
    pending: Patch = Patch()
    labels: dict[str, Label] = {}
    checkpoints: tuple[str, ...] = ()
    pinned: Choice = "auto"
    strategy: str = ""
    """What the user last chose to route the session by; empty where he left that to the settings."""
    request: int = 0
    turn: int = 0
    unfinished: str = ""
    asked: str = ""
    refused: int = 0
    compacted: LastCompaction | None = None
    undone: int = 0


def fold(events: Iterable[AnyEvent], start: Resumed | None = None) -> Resumed:
    """The state after the events, from the beginning of a session or from `start`. Takes time linear in the events."""
    folding = _Folding(start or Resumed())
    for event in events:
        folding.add(event)
    return folding.result()


class _Folding:
    """The state while it grows: lists in place of the tuples of `Resumed`, which would be copied with every event."""

    def __init__(self, start: Resumed) -> None:
        self._values: dict[str, Any] = {name: getattr(start, name) for name in Resumed.model_fields}
        for name in ("calls", "requests", "checkpoints"):
            self._values[name] = list(self._values[name])
        self._values["labels"] = dict(start.labels)

    def result(self) -> Resumed:
        """What it came to."""
        v = self._values
        lists = {name: tuple(v[name]) for name in ("calls", "requests", "checkpoints")}
        return Resumed().model_copy(update={**v, **lists, "labels": dict(v["labels"])})

    def add(self, event: AnyEvent) -> None:
        """Take one event in; most change nothing."""
        v = self._values
        # A request that is continued starts again under its own number.
        again = event.request == v["request"] and bool(v["requests"])
        v["request"], v["turn"] = max(v["request"], event.request), max(v["turn"], event.turn)
        match event:
            case RequestStarted(text=text):
                v["unfinished"], v["asked"] = text, ""
                if not again:
                    v["requests"].append(text)
            case RequestEnded() | RequestFailed() | RequestInterrupted():
                v["unfinished"] = v["asked"] = ""
            case ApprovalAsked(command=command):
                v["asked"] = command
            case ApprovalAnswered():
                v["asked"] = ""
            case CallFinished() | PromptWarmed():
                v["calls"].append(event)
            case PatchProposed(patch=patch) | PatchRebased(patch=patch) | PatchApplied(remaining=patch):
                v["pending"] = patch
            case CheckpointTaken(checkpoint=checkpoint):
                v["checkpoints"].append(checkpoint)
            case Labelled(decision=decision, label=label):
                v["labels"].pop(decision, None)
                if label is not None:
                    v["labels"][decision] = label
            case Overridden(scope="pinned", choice=choice):
                v["pinned"] = choice
            case Notice(strategy=strategy) if strategy:
                v["strategy"] = strategy
            case BackboneChanged() | BackboneRestored() | Compacted():
                self._change(event)

    def _change(self, event: BackboneChanged | BackboneRestored | Compacted) -> None:
        v = self._values
        match event:
            case BackboneChanged(updates=updates, messages=messages):
                backbone, _, refused = admit(v["backbone"], updates, turn=event.turn)
                v["backbone"] = append(backbone, event.turn, messages)
                v["refused"] += len(refused)
                if v["compacted"] is not None:
                    change = Change(turn=event.turn, updates=updates, messages=messages)
                    v["compacted"] = v["compacted"].then(change)
            case BackboneRestored(backbone=backbone):
                self._restore(event)
                v["backbone"] = backbone
            case Compacted(snapshot=snapshot, epoch=epoch):
                backbone, _ = compact(v["backbone"], request=v["unfinished"])
                after = backbone.model_copy(update={"snapshot": snapshot, "epoch": epoch})
                v["compacted"], v["undone"] = LastCompaction(before=v["backbone"], after=after), 0
                v["backbone"] = after
            case _:
                assert_never(event)

    def _restore(self, event: BackboneRestored) -> None:
        """What a restored state says of the last compaction: it is told in full right after, else it is over."""
        last: LastCompaction | None = self._values["compacted"]
        if last is not None and not last.since and last.after.snapshot == event.backbone.snapshot:
            self._values["compacted"] = last.model_copy(update={"after": event.backbone})
        else:
            undone = delta_tokens(event.backbone.deltas) if event.why else 0
            self._values["compacted"], self._values["undone"] = None, undone
