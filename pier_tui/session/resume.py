"""A session's state from its events: what the agent and the panes need to go on where it stopped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.compaction import compact
from pier_tui.backbone.prefix import append
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.updates import admit
from pier_tui.events import (
    AnyEvent,
    BackboneChanged,
    BackboneRestored,
    CallFinished,
    CheckpointTaken,
    Choice,
    Compacted,
    Event,
    Labelled,
    Overridden,
    PatchApplied,
    PatchProposed,
    PatchRebased,
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
    failed (the program was killed), '' if none; `refused` counts updates that no longer fit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: Backbone = Backbone()
    calls: tuple[CallFinished, ...] = ()
    requests: tuple[str, ...] = ()
    pending: Patch = Patch()
    labels: dict[str, Label] = {}
    checkpoints: tuple[str, ...] = ()
    pinned: Choice = "auto"
    request: int = 0
    turn: int = 0
    unfinished: str = ""
    refused: int = 0


def fold(events: Iterable[AnyEvent], start: Resumed | None = None) -> Resumed:
    """The state after the events, from the beginning of a session or from `start`."""
    state = start or Resumed()
    for event in events:
        counted = {"request": max(state.request, event.request), "turn": max(state.turn, event.turn)}
        state = state.model_copy(update={**counted, **_changes(state, event)})
    return state


def _changes(state: Resumed, event: Event) -> dict[str, object]:
    """What one event changes; most change nothing."""
    match event:
        case RequestStarted(text=text):
            # a request that is continued starts again under its own number
            again = event.request == state.request and bool(state.requests)
            return {"requests": state.requests if again else (*state.requests, text), "unfinished": text}
        case RequestEnded() | RequestFailed() | RequestInterrupted():
            return {"unfinished": ""}
        case CallFinished():
            return {"calls": (*state.calls, event)}
        case PatchProposed(patch=patch) | PatchRebased(patch=patch) | PatchApplied(remaining=patch):
            return {"pending": patch}
        case CheckpointTaken(checkpoint=checkpoint):
            return {"checkpoints": (*state.checkpoints, checkpoint)}
        case Labelled(decision=decision, label=label):
            left = {k: v for k, v in state.labels.items() if k != decision}
            return {"labels": left if label is None else {**left, decision: label}}
        case Overridden(scope="pinned", choice=choice):
            return {"pinned": choice}
        case _:
            return _state_changes(state, event)


def _state_changes(state: Resumed, event: Event) -> dict[str, object]:
    match event:
        case BackboneChanged(updates=updates, messages=messages):
            backbone, _, refused = admit(state.backbone, updates, turn=event.turn)
            backbone = append(backbone, event.turn, messages)
            return {"backbone": backbone, "refused": state.refused + len(refused)}
        case BackboneRestored(backbone=backbone):
            return {"backbone": backbone}
        case Compacted(snapshot=snapshot, epoch=epoch):
            backbone, _ = compact(state.backbone, request=state.unfinished)
            return {"backbone": backbone.model_copy(update={"snapshot": snapshot, "epoch": epoch})}
        case _:
            return {}
