"""Every strategy by name, and what each is made of; the one list screens and the command line choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pier_tui.router.gate import Settled
from pier_tui.router.meta_verifier import VerdictTable
from pier_tui.router.names import NAMES, RANDOM, read, share
from pier_tui.router.strategies.cascade import Cascade
from pier_tui.router.strategies.learned import difficulty, learned
from pier_tui.router.strategies.mixture import Mixture
from pier_tui.router.strategies.self_route import SelfRoute
from pier_tui.router.strategies.self_verify import SelfVerify
from pier_tui.router.strategies.single import Random, Single
from pier_tui.router.strategies.speculative import Speculative
from pier_tui.router.strategy import Score, Strategy


def _nothing(_: str, __: str) -> Score | None:
    return None


@dataclass(frozen=True)
class Taught:
    """What was learned from outcomes and labels, as far as there is any; `labels` counts them."""

    draft: Score | None = None
    """Over a draft: cascade."""
    foresee: Callable[[str, str], Score | None] = _nothing
    """Over the request, by strategy (`learned`, `difficulty`) and variant; fitted when asked for."""
    verdicts: VerdictTable | None = None
    """Over the share of favourable verdicts, where that does better than the share itself: self-verify."""
    labels: int = 0


def make(name: str, taught: Taught | None = None) -> Strategy:
    """The strategy of this name. Raises ConfigError naming those there are."""
    plain, variant = read(name)
    known = taught or Taught()
    if plain.startswith(RANDOM):
        return Random(share(plain))
    match plain:
        case "cascade":
            return Settled(Cascade(known.draft))
        case "learned":
            return Settled(learned(known.foresee(plain, variant), known.labels))
        case "difficulty":
            return Settled(difficulty(known.foresee(plain, variant), known.labels))
        case "self-verify":
            return Settled(SelfVerify(known.verdicts))
        case "mixture":
            return Mixture()
        case "speculative":
            return Speculative()
        case "always-30B":
            return Single("weak", "strategy", "always 30B")
        case "always-105B":
            return Single("strong", "strategy", "always 105B")
        case _:
            return Settled(SelfRoute())


def listed() -> tuple[tuple[str, str], ...]:
    """Each strategy's name and its line."""
    return tuple((name, make(name).about) for name in NAMES)
