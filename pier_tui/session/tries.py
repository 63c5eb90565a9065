"""Turns done again on the other model: which turns belong to which try, which are set aside, what each proposed.

Folded from the events, so that a pair of an earlier run of the program is known as well as one of this run.
Putting the session into the state of a try is done by the agent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pier_tui.events import AnyEvent, PatchProposed, TryKept, TurnStarted, WentBack
from pier_tui.models.messages import Tier
from pier_tui.repo.diff import Patch

Which = Literal["first", "second"]


@dataclass
class Pair:
    """Turn `of` and turn `again`, from the same state on either model, each with the turns that came of it.

    `left` is, for a try the session has left, how many events there were before it was left.
    """

    of: int
    again: int
    tier: Tier | None
    turns: dict[Which, tuple[int, ...]]
    active: Which = "second"
    kept: Which | None = None
    left: dict[Which, int] = field(default_factory=dict)

    def begins(self, which: Which) -> int:
        """The first turn of a try: the one that is compared."""
        return self.of if which == "first" else self.again


class Tries:
    """The fold. `live` are the turns the session stands on, in order; all others are set aside."""

    def __init__(self, events: Iterable[AnyEvent] = ()) -> None:
        self.pairs: dict[int, Pair] = {}
        self.live: list[int] = []
        self._requests: dict[int, int] = {}
        self._proposed: dict[int, Patch] = {}
        self._count = 0
        for event in events:
            self.add(event)

    def add(self, event: AnyEvent) -> None:
        """Take one event in; most change nothing."""
        match event:
            case TurnStarted():
                self.live.append(event.turn)
                self._requests[event.turn] = event.request
            case PatchProposed() if event.turn:
                self._proposed[event.turn] = event.patch
            case WentBack():
                self._went_back(event)
            case TryKept() if event.again in self.pairs:
                self._kept(self.pairs[event.again], event.kept)
        self._count += 1

    def aside(self, turn: int) -> bool:
        """Whether a turn is not what the session goes on from."""
        return turn in self._requests and turn not in self.live

    @property
    def gone(self) -> frozenset[int]:
        """All turns that are set aside."""
        return frozenset(self._requests) - frozenset(self.live)

    def pair(self, turn: int) -> Pair | None:
        """The latest pair a turn belongs to: that it begins, or else that it is part of."""
        pairs = list(reversed(self.pairs.values()))
        begun = (pair for pair in pairs if turn in (pair.of, pair.again))
        within = (pair for pair in pairs if any(turn in self.turns(pair, which) for which in _BOTH))
        return next(begun, None) or next(within, None)

    def turns(self, pair: Pair, which: Which) -> tuple[int, ...]:
        """The turns of a try within its request, in order."""
        begin = pair.begins(which)
        all_of = self._from(pair.begins(which)) if which == pair.active else pair.turns.get(which, ())
        return tuple(turn for turn in all_of or (begin,) if self._requests.get(turn) == self._requests.get(begin))

    def proposal(self, pair: Pair, which: Which) -> Patch:
        """All that was pending once the try's last proposal was made; empty where it proposed nothing."""
        found = (self._proposed[turn] for turn in reversed(self.turns(pair, which)) if turn in self._proposed)
        return next(found, Patch())

    def _from(self, turn: int) -> tuple[int, ...]:
        return tuple(self.live[self.live.index(turn) :]) if turn in self.live else ()

    def _went_back(self, event: WentBack) -> None:
        # By place, not by number: after a first try was kept, later turns stand on lower numbers.
        gone = self._from(event.to)
        self.live = self.live[: len(self.live) - len(gone)]
        if event.again:
            self.pairs[event.again] = Pair(
                event.to, event.again, event.tier, {"first": gone or (event.to,)}, left={"first": self._count}
            )

    def _kept(self, pair: Pair, kept: Which | None) -> None:
        pair.kept, wanted = kept, kept or "second"
        if wanted == pair.active:
            return
        gone = self._from(pair.begins(pair.active))
        pair.turns[pair.active], pair.left[pair.active] = gone, self._count
        self.live = [*self.live[: len(self.live) - len(gone)], *pair.turns.get(wanted, ())]
        pair.active = wanted


_BOTH: tuple[Which, Which] = ("first", "second")
