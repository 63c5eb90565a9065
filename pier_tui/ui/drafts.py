"""What a speculating server says of its drafts, in figures. A draft is a token guessed ahead and checked together.

A step writes the accepted drafts and one token more, so `output - accepted` steps wrote an answer. Tokens per step is
the most that drafting can have sped it up: checking several tokens takes longer than writing one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pier_tui.events import CallFinished
from pier_tui.models.usage import Usage
from pier_tui.ui.format import percent


def accepted_share(usage: Usage) -> float | None:
    """Share of the drafts that was right; None where the server drafted nothing or did not say."""
    return usage.accepted / usage.drafted if usage.drafted and usage.accepted is not None else None


def per_step(output: int, accepted: int) -> float:
    """Tokens each step wrote."""
    return output / max(output - accepted, 1)


def drafted_words(usage: Usage) -> str:
    """`drafted 84, accepted 65 (77 %), 1.5 tokens a step`; empty where nothing is known."""
    share = accepted_share(usage)
    if share is None:
        return ""
    steps = "" if usage.output is None else f", {per_step(usage.output, usage.accepted or 0):.1f} tokens a step"
    return f"drafted {usage.drafted:,}, accepted {usage.accepted:,} ({percent(share)}){steps}"


@dataclass
class _Speed:
    """Tokens written, and the seconds from the first to the last."""

    tokens: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float | None:
        """Tokens a second; None where nothing was timed."""
        return self.tokens / self.seconds if self.seconds else None


@dataclass
class Drafts:
    """One model's calls with drafts, and how fast it wrote with accepted ones and without."""

    calls: int = 0
    drafted: int = 0
    accepted: int = 0
    output: int = 0
    helped: _Speed = field(default_factory=_Speed)
    alone: _Speed = field(default_factory=_Speed)

    def add(self, call: CallFinished) -> None:
        """One more call."""
        usage = call.usage
        if accepted_share(usage) is not None:
            self.calls += 1
            self.drafted += usage.drafted or 0
            self.accepted += usage.accepted or 0
            self.output += usage.output or 0
        writing = call.seconds - (call.first_token or 0)
        if call.first_token is not None and usage.output and usage.output > 1 and not usage.estimated and writing > 0:
            speed = self.helped if usage.accepted else self.alone
            speed.tokens += usage.output - 1
            speed.seconds += writing

    @property
    def row(self) -> tuple[str, ...]:
        """Calls, drafted, accepted, share, tokens a step, tokens a second with accepted drafts and without."""
        rates = ("?" if rate is None else f"{rate:.1f}" for rate in (self.helped.rate, self.alone.rate))
        share = percent(self.accepted / self.drafted)
        counts = (str(self.calls), f"{self.drafted:,}", f"{self.accepted:,}", share)
        return (*counts, f"{per_step(self.output, self.accepted):.1f}", *rates)
