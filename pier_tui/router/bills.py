"""What is written down of a call: its route as it was sent, its bill when it is over, the bill of one cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from pier_tui.backbone.prefix import Segment
from pier_tui.errors import (
    EndpointDown,
    KeyRejected,
    ModelError,
    ModelRetired,
    OutOfCredit,
    RateLimited,
    WindowExceeded,
)
from pier_tui.events import CallFinished, RouteDecided
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Piece, Reply
from pier_tui.models.usage import Usage
from pier_tui.router.decision import Decision
from pier_tui.router.strategy import Call, Judgement

REFUSED = (KeyRejected, OutOfCredit, RateLimited, WindowExceeded, ModelRetired)
"""Errors by which an endpoint refuses a call before it works on it, so that nothing is charged."""


@dataclass(frozen=True)
class Prepared:
    """A call made ready: the stream to read and what is known of its prompt beforehand (tokens estimated).

    `handoff` is the hand-over as sent, with what the record added; `cache_break` says what is not cached and why.
    """

    card: ModelCard
    pieces: AsyncIterator[Piece]
    segments: tuple[Segment, ...] = ()
    predicted_cached: int | None = None
    prompt_tokens: int = 0
    handoff: str = ""
    cache_break: str = ""
    token_ratio: float = 1.0
    harness: str = ""
    """The version of the harness it is made with."""


class Caller(Protocol):
    """Renders prompts, opens streams and keeps the books; the agent gives one to `drive`."""

    def prepare(self, call: Call) -> Prepared:
        """Render the prompt for a call and open its stream (nothing is sent before the first piece is awaited)."""
        ...

    def finished(self, call: Call, usage: Usage, kept: bool) -> tuple[Decimal | None, dict[str, Decimal | None]]:
        """Book a call; its cost in rupees and what the same tokens would have cost elsewhere."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text, estimated."""
        ...


@dataclass(frozen=True)
class Sent:
    """A call that was sent: `number` counts a turn's calls from 1, `turn_id` ties feedback to them."""

    turn_id: str
    number: int
    call: Call
    made: Prepared
    strategy: str
    threshold: float

    def route(self) -> RouteDecided:
        """The route as it stands when the call is sent."""
        call, made = self.call, self.made
        decision = call.decision
        stated = decision.confidence if decision else None
        judged = call.judgement
        return RouteDecided(
            decision=self.turn_id,
            call=self.number,
            tier=call.tier,
            model=made.card.id,
            offline=made.card.offline,
            strategy=self.strategy,
            route=call.route,
            purpose=call.purpose,
            action=decision.action if decision else "",
            confidence=judged.confidence if judged and judged.confidence is not None else stated,
            score=judged.score if judged else None,
            features=judged.features if judged else {},
            threshold=self.threshold,
            reason=call.reason,
            handoff=made.handoff or call.handoff,
            cache_break=made.cache_break,
            token_ratio=made.token_ratio,
            harness=made.harness,
            propensity=call.propensity,
            segments=made.segments,
            predicted_cached=made.predicted_cached,
        )

    def cut_off(self, said: str | None, error: BaseException, caller: Caller) -> CallFinished:
        """What a call cost that the user cut off or that broke: estimated, and still on the bill.

        `said` is None where nothing was sent. A call that was refused costs nothing; what one costs
        whose connection broke before an answer is not known.
        """
        if said is None or (isinstance(error, REFUSED) and not said):
            usage = Usage(prompt=0, cached=0, output=0)
        elif isinstance(error, EndpointDown) and not said:
            usage = Usage(estimated=True)
        else:
            usage = Usage(prompt=self.made.prompt_tokens, output=caller.count(said), estimated=True)
        cost, elsewhere = caller.finished(self.call, usage, False)
        return CallFinished(
            decision=self.turn_id,
            call=self.number,
            tier=self.call.tier,
            model=self.made.card.id,
            offline=self.made.card.offline,
            usage=usage,
            cost=cost,
            price=self.made.card.price,
            kept=False,
            finish_reason="failed" if isinstance(error, ModelError) else "interrupted",
            counterfactual=elsewhere,
        )


@dataclass(frozen=True)
class Answered:
    """A call that was answered and is not yet booked, because whether its answer is kept is not known yet."""

    sent: Sent
    reply: Reply
    decision: Decision | None

    def settled(self, judgement: Judgement | None, *, kept: bool) -> RouteDecided | None:
        """The route again, with what is known by now of the decision and its judgement; None where that is nothing."""
        if self.decision is None and judgement is None:
            return None
        decision, routed = self.decision, self.sent.route()
        asked = self.sent.call.tier == "weak" and not kept
        action = decision.action if decision else routed.action
        stated = decision.confidence if decision else None
        changes: dict[str, object] = {
            "action": "escalate" if asked else action,
            "confidence": stated,
            "reason": (decision.reason if decision else "") or routed.reason,
            "model": self.reply.model or routed.model,
        }
        if judgement is not None:
            changes |= {"score": judgement.score, "propensity": judgement.propensity, "features": judgement.features}
            changes["reason"] = judgement.reason or changes["reason"]
            if judgement.confidence is not None:
                changes["confidence"] = judgement.confidence
        return routed.model_copy(update=changes)

    def bill(self, caller: Caller, *, kept: bool) -> CallFinished:
        """Book the call."""
        sent, reply = self.sent, self.reply
        usage = _usage(reply, sent.made, caller)
        cost, elsewhere = caller.finished(sent.call, usage, kept)
        return CallFinished(
            decision=sent.turn_id,
            call=sent.number,
            tier=sent.call.tier,
            model=reply.model or sent.made.card.id,
            offline=sent.made.card.offline,
            usage=usage,
            cost=cost,
            price=sent.made.card.price,
            kept=kept,
            finish_reason=reply.finish_reason,
            predicted_cached=sent.made.predicted_cached,
            first_token=reply.first_token,
            seconds=reply.seconds,
            request_id=reply.request_id,
            counterfactual=elsewhere,
        )


def _usage(reply: Reply, made: Prepared, caller: Caller) -> Usage:
    """The billed usage, or our own count marked as an estimate where the endpoint said nothing."""
    usage = reply.usage
    if usage.prompt is not None and usage.output is not None:
        return usage
    text = reply.text + reply.reasoning + "".join(c.arguments for c in reply.tool_calls)
    return usage.model_copy(
        update={
            "prompt": usage.prompt if usage.prompt is not None else made.prompt_tokens,
            "output": usage.output if usage.output is not None else caller.count(text),
            "estimated": True,
        }
    )
