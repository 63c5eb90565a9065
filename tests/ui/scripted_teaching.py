"""Learning as a script: forty turns of one user, and what he is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from pier_tui.calibration import Platt, Threshold
from pier_tui.errors import ConfigError
from pier_tui.feedback.outlook import Outlook, outlook
from pier_tui.feedback.rows import DecisionRow, Feedback, Judgement

LEARNED = Threshold(tau=0.62, alpha=0.05, n=40, calibrator=Platt(slope=6.0, offset=-3.2), strategy="self-route")


def feedback(count: int = 40) -> Feedback:
    """Every fourth turn was the weak model's too hard one, and it failed before those."""
    rows = tuple(
        DecisionRow(
            decision=f"d{n}",
            session="s1" if n % 2 else "s0",
            turn=n % 2 + n // 20,
            time=float(n),
            strategy="self-route",
            tier="weak",
            score=0.45 if n % 4 == 0 else 0.75 + n % 3 / 10,
            features={"failed_in_a_row": float(n % 4 == 0)},
            weak_only=Decimal("0.004"),
            strong_only=Decimal("0.081"),
        )
        for n in range(count)
    )
    presses = tuple(
        Judgement(decision=f"d{n}", label="escalate" if n % 4 == 0 or n == 39 else "keep", time=float(n))
        for n in range(count)
    )
    return Feedback(decisions=rows, labels=presses)


@dataclass
class ScriptedTeaching:
    """Answers from the forty turns; `said` is what it was asked to do."""

    count: int = 40
    now: Threshold | None = LEARNED
    said: list[tuple[str, object]] = field(default_factory=list)

    def strategies(self) -> tuple[tuple[str, str], ...]:
        return (
            ("self-route", "the weak model takes each turn and says in the same call whether it should"),
            ("always-30B", "every turn on the 30B"),
        )

    async def outlook(self) -> Outlook:
        found = feedback(self.count)
        return outlook(found, self.now, None, setting=0.5, strategy="self-route", session="s1")

    async def calibrate(self) -> str:
        self.said.append(("calibrate", None))
        return "The threshold went from 0.50 to 0.62."

    async def undo(self) -> str:
        self.said.append(("undo", None))
        raise ConfigError("There is no calibration to take back.")

    async def use_tau(self, tau: float) -> str:
        self.said.append(("use", tau))
        self.now = LEARNED.model_copy(update={"tau": tau})
        return f"The threshold is {tau:.2f} for the rest of this session."

    async def switch(self, name: str) -> str:
        self.said.append(("switch", name))
        return f"Turns are routed by {name}."
