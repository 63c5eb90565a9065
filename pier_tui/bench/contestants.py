"""What is compared: the strategies of the program by name, and the simple ones that have to be in every table.

`always-30B`, `always-105B`, `random@P` (each turn by lot), `length@N` (requests of more than N characters) and `latch`
(105B after two failed turns in a row, until the end); any other name is a strategy of the settings. None of the simple
ones asks the weak model for a route, so their weak calls carry no routing tool.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from pier_tui.errors import ConfigError
from pier_tui.models.messages import Tier
from pier_tui.router.strategy import Answer, Call, Flow, Strategy, TurnState

WEAK_ONLY, STRONG_ONLY = "always-30B", "always-105B"
LATCH_FAILURES = 2


@dataclass(frozen=True)
class Contestant:
    """How a name is put into practice. `strategy` None leaves it to the settings changed by `overrides`."""

    overrides: dict[str, Any]
    strategy: Strategy | None = None
    handing_over: bool = True
    chance: bool = False
    """Whether two runs with the same deterministic models may differ."""


def contestant(name: str, seed: str = "") -> Contestant:
    """The contestant of a name; `seed` decides its lots. Raises ConfigError."""
    word, _, number = name.partition("@")
    match word:
        case "always-30B":
            return Contestant({"only": "weak"})
        case "always-105B":
            return Contestant({"only": "strong"})
        case "random":
            return Contestant({}, ByLot(_number(name, number, 1.0), random.Random(seed)), False, chance=True)
        case "length":
            return Contestant({}, ByLength(int(_number(name, number, 1e9))), False)
        case "latch":
            return Contestant({}, Latch(), False)
        case _:
            return Contestant({"strategy": name})


def _number(name: str, text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise ConfigError(f"{name!r} needs a number behind the @ between 0 and {most:g}, such as random@0.3.")
    return number


class ByLot:
    """Each turn goes to the strong model with a fixed chance."""

    about = "each turn to the strong model with a fixed chance"

    def __init__(self, share: float, lots: random.Random) -> None:
        self.share, self._lots = share, lots
        self.name = f"random@{share:g}"

    def flow(self, turn: TurnState) -> Flow:
        """One call."""
        strong = self._lots.random() < self.share
        return _single("strong" if strong else "weak", "by lot", self.share if strong else 1 - self.share)


class ByLength:
    """Requests longer than a number of characters go to the strong model, all their turns."""

    about = "long requests to the strong model"

    def __init__(self, most: int) -> None:
        self.most = most
        self.name = f"length@{most}"

    def flow(self, turn: TurnState) -> Flow:
        """One call."""
        return _single("strong" if len(turn.request) > self.most else "weak", f"{len(turn.request)} characters")


class Latch:
    """The weak model until two turns in a row failed, then the strong one to the end of the request."""

    name = "latch"
    about = "the strong model after two failed turns in a row"

    def __init__(self) -> None:
        self._shut = False

    def flow(self, turn: TurnState) -> Flow:
        """One call."""
        self._shut = self._shut or turn.signals.failures >= LATCH_FAILURES
        return _single("strong" if self._shut else "weak", "latched" if self._shut else "")


class Audited:
    """Another strategy with one kept turn given to the other model.

    The answers of the turns before are those recorded, so no model is called for them and their tools run again: the
    audited turn starts from the same backbone and files. The turns after it are the strategy's.
    """

    about = "the other model on one kept turn"

    def __init__(self, inner: Strategy, before: tuple[Answer, ...]) -> None:
        self.inner, self.name = inner, inner.name
        self._before = list(before)
        self._done = False

    def flow(self, turn: TurnState) -> Flow:
        """The recorded answer, then one call of the strong model, then what the strategy wants."""
        if self._before:
            return _recorded(self._before.pop(0))
        if not self._done:
            self._done = True
            return _single("strong", "paired audit")
        return self.inner.flow(turn)


def _single(tier: Tier, reason: str, propensity: float = 1.0) -> Flow:
    (answer,) = yield (Call(tier=tier, route="strategy", reason=reason, propensity=propensity),)
    return answer


def _recorded(answer: Answer) -> Flow:
    yield from ()
    return answer
