"""Turn, cost and time budgets of one request. They end it with a clear sentence; nothing proposed is lost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pier_tui.errors import BudgetExceeded


@dataclass(frozen=True)
class Budget:
    """Limits of one request; None is no limit. `cost` in rupees, `seconds` of wall time."""

    turns: int | None = 60
    cost: Decimal | None = None
    seconds: float | None = None

    def check(self, turns: int, cost: Decimal, seconds: float) -> None:
        """Raise BudgetExceeded when a limit is reached."""
        if self.turns is not None and turns >= self.turns:
            raise BudgetExceeded(f"Stopped after {turns} turns, the limit for one request; send a message to go on.")
        if self.cost is not None and cost >= self.cost:
            raise BudgetExceeded(f"Stopped at ₹{cost:.4f}, the cost limit of ₹{self.cost}; raise it to go on.")
        if self.seconds is not None and seconds >= self.seconds:
            raise BudgetExceeded(f"Stopped after {seconds:.0f} s, the time limit; send a message to go on.")

    def left(self, turns: int, cost: Decimal) -> str:
        """One line for the models."""
        parts = [] if self.turns is None else [f"turn {turns + 1} of at most {self.turns}"]
        if self.cost is not None:
            parts.append(f"₹{cost:.2f} of ₹{self.cost} spent")
        return ", ".join(parts)
