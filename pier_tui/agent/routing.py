"""What a strategy is told of a turn: the state of routing over one request, and what the next call would cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from pier_tui.agent.books import Books
from pier_tui.agent.tool_run import TurnTools
from pier_tui.backbone.state import Backbone
from pier_tui.calibration import Calibrator, Identity, Threshold
from pier_tui.models.messages import Tier, ToolCall
from pier_tui.router.catalogue import make
from pier_tui.router.execution import Action, Known, action_of
from pier_tui.router.names import DEFAULT
from pier_tui.router.signals import Signals
from pier_tui.router.strategy import Answer, Reading, Strategy, TurnState
from pier_tui.tools.tool import Files

TIERS: tuple[Tier, ...] = ("weak", "strong")
OPEN_ERRORS = 4


@dataclass
class Routing:
    """How a session routes; the strategy may be changed between turns, `once` holds for the next request only.

    `threshold` is the setting: a confidence below it escalates. `learned` stands in for it under the strategy it was
    learned of. `epsilon`: the share of turns decided by lot. `lots` draws them.
    """

    strategy: Strategy = field(default_factory=lambda: make(DEFAULT))
    threshold: float = 0.5
    learned: Threshold | None = None
    epsilon: float = 0.0
    min_dwell: int = 1
    make: Callable[[str], Strategy] = make
    """A strategy by its name, with what was learned. Raises ConfigError."""
    once: Strategy | None = None
    lots: Random = field(default_factory=Random)

    def take(self) -> Strategy:
        """The strategy for a request that starts now; one chosen for it alone is used up."""
        chosen, self.once = self.once or self.strategy, None
        return chosen

    def gate(self, strategy: str) -> tuple[float, Calibrator]:
        """Below which calibrated confidence a strategy's turn escalates, and what calibrates its scores.

        What was learned of another strategy's scores says nothing of this one's.
        """
        if self.learned is None or not self.learned.holds_for(strategy):
            return self.threshold, Identity()
        return self.learned.tau, self.learned.calibrator


class Trail:
    """What routing remembers of one request: who did the last turns, and which actions were made since a change."""

    def __init__(self) -> None:
        self.last: Tier | None = None
        self.dwell = self.turns = 0
        self._done: set[Action] = set()

    def took(self, answer: Answer, calls: tuple[ToolCall, ...], done: TurnTools) -> None:
        """Book a turn that was acted on; one the user forced says nothing about the next."""
        tier = answer.call.tier
        forced = answer.call.route == "forced"
        self.dwell = 0 if forced else self.dwell + 1 if tier == self.last else 1
        self.last = None if forced else tier
        self.turns += 1
        if done.changed:
            self._done.clear()
            return
        self._done |= {action for call in calls if (action := action_of(call, tier)) is not None}

    def state(
        self, routing: Routing, strategy: Strategy, books: Books, request: str, signals: Signals, files: Files
    ) -> TurnState:
        """What this strategy is told before the next turn."""
        threshold, calibrator = routing.gate(strategy.name)
        return TurnState(
            request=request,
            signals=signals,
            threshold=threshold,
            calibrator=calibrator,
            epsilon=routing.epsilon,
            draw=routing.lots.random(),
            last=self.last,
            dwell=self.dwell,
            min_dwell=routing.min_dwell,
            readings=readings(books) if self.last == "strong" else {},
            evidence=_errors(books.backbone),
            features={"turns_before": float(self.turns)},
            known=Known(files, frozenset(self._done)),
        )


def readings(books: Books) -> dict[Tier, Reading]:
    """What each model's next calls cost, as far as prices are known."""
    return {tier: found for tier in TIERS if tier in books.caches and (found := books.reading(tier)) is not None}


def _errors(backbone: Backbone) -> tuple[str, ...]:
    return tuple(item.text for item in backbone.section("errors") if item.status == "open")[-OPEN_ERRORS:]
