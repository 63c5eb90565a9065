from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.compaction import compact
from pier_tui.backbone.prefix import append
from pier_tui.backbone.state import Backbone, Item
from pier_tui.backbone.updates import Edit, Put, apply
from pier_tui.events import (
    AnyEvent,
    BackboneChanged,
    BackboneRestored,
    CallFinished,
    CheckpointTaken,
    Compacted,
    Labelled,
    Overridden,
    PatchApplied,
    PatchProposed,
    RequestEnded,
    RequestStarted,
    TurnStarted,
)
from pier_tui.models.messages import Message
from pier_tui.models.usage import Usage
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.session.resume import Resumed, fold

PATCH = Patch(files=(FileDiff(old_path="a", new_path="a"),))


def note(key: str) -> Put:
    return Put(item=Item(id="", section="decisions", key=key, text=key, author="weak"))


def said(text: str) -> Message:
    return Message(role="assistant", content=text)


def test_the_backbone_is_the_one_the_agent_had_before_it_stopped() -> None:
    request = Message(role="user", content="<request>\ngo\n</request>")
    live = append(apply(Backbone(), [note("a")], turn=1), 1, (request, said("x" * 9000)))
    live = append(live, 2, (said("second"),))
    compacted, report = compact(live, request="go")
    later = append(apply(compacted, [note("b")], turn=3), 3, (said("third"),))
    state = fold(
        [
            RequestStarted(request=1, text="go"),
            BackboneChanged(turn=1, updates=(note("a"),), messages=(request, said("x" * 9000))),
            BackboneChanged(turn=2, updates=(), messages=(said("second"),)),
            Compacted(snapshot=compacted.snapshot, epoch=1, kept=report.kept),
            BackboneChanged(turn=3, updates=(note("b"),), messages=(said("third"),)),
        ]
    )
    assert state.backbone == later
    assert state.unfinished == "go"


def test_counters_calls_labels_and_the_pending_patch_come_back() -> None:
    call = CallFinished(decision="d", call=1, tier="weak", model="m", usage=Usage(), cost=Decimal(1))
    events: list[AnyEvent] = [
        RequestStarted(request=1, text="one"),
        TurnStarted(request=1, turn=1),
        call,
        PatchProposed(patch=PATCH),
        Labelled(decision="d", label="escalate"),
        Labelled(decision="e", label="keep"),
        Labelled(decision="d", label=None),
        Overridden(choice="strong", scope="pinned"),
        Overridden(choice="weak", scope="next"),
        RequestEnded(request=1, turn=1),
    ]
    state = fold(events)
    assert (state.request, state.turn, state.requests, state.unfinished) == (1, 1, ("one",), "")
    assert (state.calls, state.pending, state.labels, state.pinned) == ((call,), PATCH, {"e": "keep"}, "strong")
    applied = [
        CheckpointTaken(checkpoint="c1", paths=("a",)),
        PatchApplied(checkpoint="c1", patch=PATCH, remaining=Patch()),
    ]
    after = fold(applied, state)
    assert (after.pending, after.checkpoints) == (Patch(), ("c1",))


def test_a_request_that_is_continued_is_listed_once() -> None:
    events = [
        RequestStarted(request=1, text="a"),
        RequestStarted(request=1, text="a"),
        RequestStarted(request=2, text="b"),
    ]
    assert fold(events).requests == ("a", "b")


def test_a_restored_backbone_replaces_what_was_there() -> None:
    card = Backbone(repo_card="card")
    assert fold([BackboneChanged(updates=(note("a"),)), BackboneRestored(backbone=card)]).backbone == card


def test_an_update_that_no_longer_fits_is_counted_not_fatal() -> None:
    state = fold([BackboneChanged(updates=(Edit(id="d9", text="x"), note("a")))])
    assert state.refused == 1
    assert len(state.backbone.items) == 1


@given(st.lists(st.sampled_from("abcde"), max_size=12), st.integers(0, 12))
def test_folding_in_two_steps_is_folding_at_once(keys: list[str], cut: int) -> None:
    events = [BackboneChanged(turn=n, updates=(note(k),), messages=(said(k),)) for n, k in enumerate(keys)]
    assert fold(events[cut:], fold(events[:cut])) == fold(events)
    assert fold([]) == Resumed()
