"""Doing a turn again on the other model, keeping one of both tries, and rewinding; of earlier runs too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal

from pier_tui.agent import past
from pier_tui.agent.loop import RequestLoop
from pier_tui.agent.parts import Parts
from pier_tui.agent.review import undo
from pier_tui.errors import PierError
from pier_tui.events import AnswerCompleted, AnyEvent, CallFinished, Labelled, RouteDecided, TryKept, WentBack
from pier_tui.feedback.rows import Label
from pier_tui.feedback.rows import Pair as Sample
from pier_tui.models.messages import OTHER
from pier_tui.repo.records import since
from pier_tui.session.tries import Pair, Which


async def redo(parts: Parts, turn: int) -> AsyncGenerator[AnyEvent, None]:
    """The turn once more on the other model, from the backbone as it was; the request goes on from there."""
    if parts.only is not None:
        raise PierError("This session uses one model only; start it without --only to do a turn on the other.")
    mark = await past.mark_of(parts, turn)
    tier = OTHER[mark.tier]
    why = WentBack(to=turn, again=parts.recorder.turn + 1, tier=tier)
    words = f"Redoing turn {turn} on the other model; the first try stays above, set aside: c compares both."
    async for event in past.put_back(parts, mark, why, words):
        yield event
    async with aclosing(RequestLoop(parts, mark.request).run(tier, again=True)) as events:
        async for event in events:
            yield event


async def rewind(parts: Parts, turn: int, *, files: bool) -> AsyncGenerator[AnyEvent, None]:
    """Back to before a turn; with `files`, our own hunks applied since are undone too."""
    mark = await past.mark_of(parts, turn)
    if files:
        written = await asyncio.to_thread(parts.checkpoints.written)
        async for event in undo(parts, since(written, parts.recorder.session, turn), None):
            yield event
    words = f"Rewound to before turn {turn}; what came after stays above, set aside."
    async for event in past.put_back(parts, mark, WentBack(to=turn), words):
        yield event


async def keep(parts: Parts, again: int, kept: Which | None) -> AsyncGenerator[AnyEvent, None]:
    """Go on with one try of a pair; None takes the choice back. Raises PierError for a pair there is not."""
    events = await asyncio.to_thread(lambda: tuple(parts.journal()))
    pair, wanted = past.pair_in(events, again), kept or "second"
    why = TryKept(again=again, kept=kept)
    if wanted == pair.active:
        yield await parts.recorder.log(why)
        return
    mark = past.left_at(events, pair, wanted)
    words = f"The {wanted} try of turn {pair.of} is what the session goes on with; the other is set aside."
    async for event in past.put_back(parts, mark, why, words):
        yield event


async def judgement(parts: Parts, again: int, kept: Which | None) -> tuple[str, Label | None, str]:
    """What a choice between two tries says of the first one's routing: decision id, label, note.

    A choice taken back leaves the judgement that stood apart from it.
    """
    events = await asyncio.to_thread(lambda: tuple(parts.journal()))
    pair = past.pair_in(events, again)
    routes = (event for event in events if isinstance(event, RouteDecided) and event.turn == pair.of)
    decision = next((route.decision for route in routes), "")
    words = f"paired: turn {pair.of} against {again}, kept the "
    if kept is not None:
        return decision, _label(pair, kept), f"{words}{kept}"
    judged = [event for event in events if isinstance(event, Labelled) and event.decision == decision]
    apart = [(event.label, event.note) for event in judged if not event.note.startswith(words)]
    return (decision, *apart[-1]) if apart else (decision, None, "")


async def sample(parts: Parts, again: int, kept: Which | None) -> Sample:
    """A turn both models did as the paired sample it is: the kept try is worth 1, the other 0; none, while none is."""
    events = await asyncio.to_thread(lambda: tuple(parts.journal()))
    pair = past.pair_in(events, again)
    routes = [event for event in events if isinstance(event, RouteDecided)]
    second = [event for event in events if event.turn == again]
    costs = [event.cost for event in second if isinstance(event, CallFinished)]
    calls = [call.name for event in second if isinstance(event, AnswerCompleted) for call in event.tool_calls]
    strong = None if kept is None else float((kept == "second") == (pair.tier == "strong"))
    return Sample(
        decision=next((route.decision for route in routes if route.turn == pair.of), ""),
        session=parts.recorder.session,
        time=next((route.time for route in routes if route.turn == again), 0.0),
        source="redo",
        weak=None if strong is None else 1 - strong,
        strong=strong,
        judge="" if kept is None else "user",
        cost=None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0)),
        other=pair.tier or "strong",
        text=", ".join(calls) or "an answer in words",
    )


def _label(pair: Pair, kept: Which) -> Label:
    if kept == "first":
        return "keep"
    return "escalate" if pair.tier == "strong" else "de-escalate"
