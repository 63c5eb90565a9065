"""What is compared: the strategies of the program by name, and the simple ones that have to be in every table.

`always-30B`, `always-105B`, `random@P` (each turn by lot), `length@N` (requests of more than N characters) and `latch`
(105B after two failed turns in a row, until the end); any other name is a strategy of the settings. None of the simple
ones asks the weak model for a route, so their weak calls carry no routing tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pier_tui.bench.task import Lessons
from pier_tui.errors import ConfigError
from pier_tui.models.messages import Tier
from pier_tui.router.catalogue import make
from pier_tui.router.names import RANDOM
from pier_tui.router.strategies.single import Single
from pier_tui.router.strategy import Answer, Flow, Strategy, TurnState
from pier_tui.router.training import Lesson
from pier_tui.taught import over_requests

WEAK_ONLY, STRONG_ONLY = "always-30B", "always-105B"
SINGLE = (WEAK_ONLY, STRONG_ONLY)
LATCH_FAILURES = 2
MOST_CHARACTERS = 10**9


@dataclass(frozen=True)
class Contestant:
    """How a name is put into practice. `strategy` None leaves it to the settings changed by `overrides`."""

    overrides: dict[str, Any]
    strategy: Strategy | None = None
    handing_over: bool = True


def contestant(name: str, lessons: Lessons = ()) -> Contestant:
    """The contestant of a name, taught by `lessons` where it learns. Raises ConfigError."""
    word, _, number = name.partition("@")
    if name == WEAK_ONLY:
        return Contestant({"only": "weak"})
    if name == STRONG_ONLY:
        return Contestant({"only": "strong"})
    if name.startswith(RANDOM):
        return Contestant({}, make(name), handing_over=False)
    if word == "length":
        return Contestant({}, ByLength(_characters(name, number)), handing_over=False)
    if name == "latch":
        return Contestant({}, Latch(), handing_over=False)
    if lessons:
        return Contestant({}, make(name, over_requests(tuple(Lesson(text, {}, good) for text, good in lessons))))
    return Contestant({"strategy": name})


def _characters(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_CHARACTERS:
        raise ConfigError(f"{name!r} needs a number of characters behind the @, as in length@120.")
    return int(text)


class ByLength:
    """Requests longer than a number of characters go to the strong model, all their turns."""

    about = "long requests to the strong model"

    def __init__(self, most: int) -> None:
        self.most = most
        self.name = f"length@{most}"

    def flow(self, turn: TurnState) -> Flow:
        """One call."""
        tier: Tier = "strong" if len(turn.request) > self.most else "weak"
        return Single(tier, "strategy", f"{len(turn.request)} characters").flow(turn)


class Latch:
    """The weak model until two turns in a row failed, then the strong one to the end of the request."""

    name = "latch"
    about = "the strong model after two failed turns in a row"

    def __init__(self) -> None:
        self._shut = False

    def flow(self, turn: TurnState) -> Flow:
        """One call."""
        self._shut = self._shut or turn.signals.failures >= LATCH_FAILURES
        return Single("strong" if self._shut else "weak", "strategy", "latched" if self._shut else "").flow(turn)


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
            return Single("strong", "strategy", "paired audit").flow(turn)
        return self.inner.flow(turn)


def _recorded(answer: Answer) -> Flow:
    yield from ()
    return answer
