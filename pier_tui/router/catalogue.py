"""Every strategy by name, and what each is made of; the one list config, screens and the command line choose from."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from pier_tui.errors import ConfigError
from pier_tui.router.gate import Settled
from pier_tui.router.search import VerdictTable
from pier_tui.router.strategies.cascade import Cascade
from pier_tui.router.strategies.learned import difficulty, learned
from pier_tui.router.strategies.mixture import Mixture
from pier_tui.router.strategies.self_route import SelfRoute
from pier_tui.router.strategies.self_verify import SelfVerify
from pier_tui.router.strategies.single import Random, Single
from pier_tui.router.strategies.speculative import Speculative
from pier_tui.router.strategy import Score, Strategy

RANDOM = "random@"


@dataclass(frozen=True)
class Taught:
    """What was learned from outcomes and labels, as far as there is any; `labels` counts them."""

    draft: Score | None = None
    """Over a draft: self-route and cascade."""
    request: Score | None = None
    """Over the request: learned."""
    easy: Score | None = None
    """Over the request, difficulty labels: difficulty."""
    verdicts: VerdictTable | None = None
    labels: int = 0


_MAKE: dict[str, Callable[[Taught], Strategy]] = {
    "self-route": lambda t: Settled(SelfRoute(t.draft)),
    "cascade": lambda t: Settled(Cascade(t.draft)),
    "learned": lambda t: Settled(learned(t.request, t.labels)),
    "difficulty": lambda t: Settled(difficulty(t.easy, t.labels)),
    "self-verify": lambda t: Settled(SelfVerify(t.verdicts)),
    "mixture": lambda _: Mixture(),
    "speculative": lambda _: Speculative(),
    "always-30B": lambda _: Single("weak", "strategy", "always 30B"),
    "always-105B": lambda _: Single("strong", "strategy", "always 105B"),
    f"{RANDOM}0.5": lambda _: Random(0.5),
}
NAMES: tuple[str, ...] = tuple(_MAKE)
"""Every strategy; `random@p` takes any p from 0 to 1."""
DEFAULT = NAMES[0]


def make(name: str, taught: Taught | None = None) -> Strategy:
    """The strategy of this name. Raises ConfigError naming those there are."""
    if name in _MAKE:
        return _MAKE[name](taught or Taught())
    if name.startswith(RANDOM):
        return Random(_share(name))
    near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ConfigError(f"There is no strategy {name!r}{hint} The strategies are {', '.join(NAMES)}.")


def listed(taught: Taught | None = None) -> tuple[tuple[str, str], ...]:
    """Each strategy's name and its line."""
    return tuple((name, make(name, taught).about) for name in NAMES)


def _share(name: str) -> float:
    try:
        share = float(name.removeprefix(RANDOM))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(f"{name!r} needs the share of turns for the 105B after the @, from 0 to 1: random@0.3")
    return share
