"""Whether an endpoint's bill agrees with what its prefix cache was expected to hold, and the words where it does not.

Pure sums over calls, for the books while a session runs and for the screens from its events.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pier_tui.models.usage import Usage

LOW, ENOUGH = 0.8, 5
"""A model whose bills come to less than this share of the predictions, over this many calls, is worth an alarm."""
SHORT, SOON = 0.5, 60.0
"""So is a single call billed less than this share of its prediction, within these seconds of the one before."""
SMALL = 256
"""Predictions below this many tokens say nothing: a block or two decides them."""


class Drift(BaseModel):
    """Predictions and bills of one model, over the calls whose endpoint said what was cached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int = 0
    predicted: int = 0
    billed: int = 0
    silent: int = 0
    """Calls whose endpoint did not say: unknown, not 0."""

    @property
    def ratio(self) -> float | None:
        """Billed over predicted, None where nothing was predicted or nothing was said."""
        return self.billed / self.predicted if self.calls and self.predicted else None

    @property
    def low(self) -> bool:
        """Whether enough calls were billed clearly less than predicted."""
        return self.calls >= ENOUGH and self.predicted >= SMALL and (self.ratio or 0.0) < LOW

    def add(self, predicted: int | None, billed: int | None) -> Drift:
        """With one more call; None is unknown."""
        if billed is None:
            return self.model_copy(update={"silent": self.silent + 1})
        if predicted is None:
            return self
        sums = {"calls": self.calls + 1, "predicted": self.predicted + predicted, "billed": self.billed + billed}
        return self.model_copy(update=sums)

    def alarm(self, label: str) -> str:
        """One sentence where the bills are low, '' otherwise."""
        if not self.low:
            return ""
        return (
            f"{label} billed {self.billed:,} cached tokens of {self.predicted:,} predicted over {self.calls} calls "
            f"(k = {self.ratio or 0.0:.2f}): its cache holds less, or for a shorter time, than its card says."
        )


def said(usage: Usage) -> int | None:
    """Cached tokens as the endpoint told them; None where it did not, or refused the call before it read anything."""
    return usage.cached if usage.prompt and not usage.estimated else None


def shortfall(label: str, predicted: int, billed: int | None, idle: float | None) -> str:
    """One sentence on a single call billed far below its prediction soon after the last one, '' otherwise."""
    if billed is None or idle is None or idle > SOON or predicted < SMALL or billed >= SHORT * predicted:
        return ""
    return (
        f"{label} billed {billed:,} of {predicted:,} tokens predicted as cached, {idle:.0f} s after its last call: "
        "another replica answered, it dropped the prefix, or something changes the prompt on its way."
    )
