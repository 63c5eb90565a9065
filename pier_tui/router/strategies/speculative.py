"""Speculative actions (arXiv 2510.04371) after speculative decoding (Leviathan et al. 2023; Chen et al. 2023).

The weak model drafts the next action while the strong one works out its own; where both are the same action the
draft is accepted, otherwise the strong model's stands, so quality is the strong model's. What the draft would only
read is read meanwhile. A latency mode: both are paid. Over tokens this needs both models' distributions, which no
chat API gives: `accept` and `residual` are the exact rule as a reference, and `expected_tokens` and `speed_up` what
it brings inside a server.
"""

from __future__ import annotations

from collections.abc import Sequence

from pier_tui.router.execution import same_action
from pier_tui.router.gate import handed_over, kept
from pier_tui.router.strategy import Call, Flow, Judgement, TurnState


class Speculative:
    """Both models at once; equal actions accept the draft."""

    name = "speculative"
    about = (
        "latency mode, costs more: the 30B drafts while the 105B decides, and what the draft reads is read meanwhile; "
        "one 30B and one 105B call every turn; not to save money"
    )

    def flow(self, turn: TurnState) -> Flow:
        """One batch of two calls."""
        weak, strong = yield (
            Call(tier="weak", reason="draft", ahead=True),
            Call(tier="strong", reason="verifies the draft"),
        )
        accepted = not handed_over(weak) and same_action(weak.reply, strong.reply)
        reason = "the same action as the 105B's" if accepted else "the draft was another action"
        judgement = Judgement(escalate=not accepted, reason=reason, features={"accepted": float(accepted)})
        return kept(weak if accepted else strong, judgement)


def accept(p: float, q: float, uniform: float) -> bool:
    """Whether a drafted token is kept: with probability min(1, p/q), p the target's and q the draft's probability."""
    return uniform * q < p


def residual(p: Sequence[float], q: Sequence[float]) -> list[float]:
    """The distribution a rejected token is replaced from: max(0, p - q), normalised; p itself where they agree."""
    rest = [max(0.0, a - b) for a, b in zip(p, q, strict=True)]
    total = sum(rest)
    return [r / total for r in rest] if total > 0 else list(p)


def emitted(p: Sequence[float], q: Sequence[float]) -> list[float]:
    """The exact distribution of the token that comes out: accepted drafts plus replaced ones. Equals p."""
    accepted = [min(a, b) for a, b in zip(p, q, strict=True)]
    rejected = 1 - sum(accepted)
    return [kept_part + rejected * r for kept_part, r in zip(accepted, residual(p, q), strict=True)]


def expected_tokens(alpha: float, drafted: int) -> float:
    """Tokens per pass of the target at acceptance rate alpha: (1 - alpha^(g+1)) / (1 - alpha)."""
    return drafted + 1.0 if alpha >= 1 else (1 - alpha ** (drafted + 1)) / (1 - alpha)


def speed_up(alpha: float, drafted: int, latency_ratio: float) -> float:
    """How many times faster than the target alone; `latency_ratio` is draft over target latency per token."""
    return expected_tokens(alpha, drafted) / (drafted * latency_ratio + 1)
