"""Savings, honestly: what sessions cost against one model alone, from the events of the journal. Pure.

The single-model figures are those of each call's counterfactual: estimates, with the cache that model alone would
have had where the call says so, over the turns a session stands on, so that a turn done again counts once. What was
spent is as billed, so what a switch made a model read again is in it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from statistics import median

from pydantic import Field

from pier_tui.events import AnswerCompleted, AnyEvent, CallFinished, Labelled, PromptWarmed, TurnEnded
from pier_tui.feedback.examples import Regret, judged, regrets
from pier_tui.feedback.outcomes import alone
from pier_tui.feedback.rows import Feedback, Frozen, Judgement, Label
from pier_tui.models.messages import Tier

SAME = Decimal("0.98")
"""From this price ratio on both models cost the same, and routing buys time."""


class TierFigures(Frozen):
    """One model's calls. Tokens over the calls that said; `cost` rupees of those whose cost is known."""

    turns: int = 0
    """Turns it answered."""
    calls: int = 0
    fresh: int = 0
    cached: int | None = None
    output: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    estimated: bool = False
    turn_seconds: float | None = None
    """The median of its turns, tools included; None where none ended."""
    call_seconds: float | None = None
    """The median of its kept calls."""
    reread: int = 0
    """Tokens read anew on the first kept call after the other model's: what the switches cost."""
    switches: int = 0


class Report(Frozen):
    """Some sessions in figures. None is unknown; the single-model figures are estimates."""

    sessions: int
    """Those in which a turn was answered."""
    turns: int
    tiers: dict[Tier, TierFigures]
    actual: Decimal | None
    """Rupees of every call, discarded ones included; None where one is unknown."""
    known: Decimal
    unpriced: int
    weak_only: Decimal | None
    strong_only: Decimal | None
    compared: str = ""
    """The profile at whose prices the single-model figures are."""
    offline: bool = False
    """Only the offline pair was called, which costs nothing."""
    labels: dict[Label, int]
    warm_ups: int = 0
    """Prompts read ahead; in `actual`, as no model alone would have needed them."""
    warm_up_cost: Decimal = Decimal(0)
    audits: int = 0
    audit_cost: Decimal = Decimal(0)
    """Rupees of shadow audits, a line of its own: not in `actual`."""
    compared_tries: dict[Tier, int] = Field(default_factory=dict)
    """Turns done on both models of which the user kept one try, by the model that was kept."""
    regrets: tuple[Regret, ...] = ()

    @property
    def ratio(self) -> Decimal | None:
        """r: the weak model's price over the strong one's, on the tokens of these turns; None unknown."""
        return self.weak_only / self.strong_only if self.weak_only is not None and self.strong_only else None

    @property
    def saved(self) -> Decimal | None:
        """Rupees against the strong model alone (an estimate, negative where routing cost more); None unknown.

        The offline pair does not do what the strong model would have done, so it saves nothing of that: None.
        """
        unknown = self.strong_only is None or self.actual is None or self.offline
        return None if unknown else (self.strong_only or Decimal(0)) - (self.actual or Decimal(0))

    @property
    def escalation(self) -> float | None:
        """Share of turns the strong model answered."""
        return self.tiers["strong"].turns / self.turns if self.turns else None

    @property
    def same_price(self) -> bool:
        """Whether routing buys time and no money."""
        return self.ratio is not None and self.ratio >= SAME


@dataclass
class _Tally:
    turns: int = 0
    calls: list[CallFinished] = field(default_factory=list)
    turn_seconds: list[float] = field(default_factory=list)
    reread: int = 0
    switches: int = 0


class _Sum:
    """Adds one session's events up."""

    def __init__(self) -> None:
        self.tiers: dict[Tier, _Tally] = {"weak": _Tally(), "strong": _Tally()}
        self.labels: dict[str, Labelled] = {}
        self.warm_ups: list[PromptWarmed] = []
        self.standing: list[CallFinished] = []
        """The kept calls of the turns the sessions stand on."""
        self._answered: dict[tuple[str, int], Tier] = {}

    def session(self, events: Iterable[AnyEvent], aside: Container[int]) -> None:
        last: Tier | None = None
        for event in events:
            match event:
                case CallFinished():
                    last = self._called(event, last)
                    self.standing += [event] if event.kept and event.turn not in aside else []
                case PromptWarmed():
                    self.warm_ups.append(event)
                case AnswerCompleted():
                    self._answered[event.session, event.turn] = event.tier
                case TurnEnded() if (tier := self._answered.get((event.session, event.turn))) is not None:
                    self.tiers[tier].turn_seconds.append(event.seconds)
                case Labelled():
                    self.labels[event.decision] = event

    def _called(self, event: CallFinished, last: Tier | None) -> Tier | None:
        tally = self.tiers[event.tier]
        tally.calls.append(event)
        if not event.kept:
            return last
        if last is not None and last != event.tier and event.usage.prompt is not None:
            tally.switches += 1
            tally.reread += event.usage.prompt - (event.usage.cached or 0)
        return event.tier

    def figures(self, tier: Tier) -> TierFigures:
        tally = self.tiers[tier]
        usages = [call.usage for call in tally.calls]
        said = [usage.cached for usage in usages if usage.cached is not None]
        return TierFigures(
            turns=sum(answered == tier for answered in self._answered.values()),
            calls=len(usages),
            fresh=sum((usage.prompt or 0) - (usage.cached or 0) for usage in usages),
            cached=sum(said) if said else None,
            output=sum(usage.output or 0 for usage in usages),
            cost=sum((call.cost for call in tally.calls if call.cost is not None), Decimal(0)),
            unpriced=sum(call.cost is None for call in tally.calls),
            estimated=any(usage.estimated for usage in usages),
            turn_seconds=median(tally.turn_seconds) if tally.turn_seconds else None,
            call_seconds=median(s) if (s := [call.seconds for call in tally.calls if call.kept]) else None,
            reread=tally.reread,
            switches=tally.switches,
        )

    def judgements(self) -> tuple[Judgement, ...]:
        return tuple(
            Judgement(decision=e.decision, label=e.label, note=e.note, session=e.session, time=e.time)
            for e in self.labels.values()
        )


def report(sessions: Sequence[Sequence[AnyEvent]], feedback: Feedback, aside: Sequence[Container[int]] = ()) -> Report:
    """The figures of some sessions. Of `feedback` their decisions, labels and audits count.

    `aside` are, for each session, the turns it does not stand on (`session.tries`): paid for, and nothing else.
    """
    total = _Sum()
    for events, gone in zip_longest(sessions, aside, fillvalue=()):
        total.session(events, gone)
    ids = {event.session for events in sessions for event in events if event.session}
    own = Feedback(
        decisions=tuple(row for row in feedback.decisions if row.session in ids),
        labels=(*(press for press in feedback.labels if press.session in ids), *total.judgements()),
        pairs=tuple(pair for pair in feedback.pairs if pair.session in ids),
    )
    calls = [call for tally in total.tiers.values() for call in tally.calls]
    tiers: dict[Tier, TierFigures] = {tier: total.figures(tier) for tier in total.tiers}
    ahead = sum((event.cost for event in total.warm_ups if event.cost is not None), Decimal(0))
    known = sum((figures.cost for figures in tiers.values()), ahead)
    unpriced = sum(figures.unpriced for figures in tiers.values())
    unpriced += sum(event.cost is None for event in total.warm_ups)
    standing = [press.label for press in own.standing().values()]
    audits = [pair for pair in own.pairs if pair.source == "audit"]
    return Report(
        sessions=sum(any(isinstance(event, AnswerCompleted) for event in events) for events in sessions),
        turns=sum(figures.turns for figures in tiers.values()),
        tiers=tiers,
        actual=None if unpriced else known,
        known=known,
        unpriced=unpriced,
        weak_only=_alone(total.standing, "30B"),
        strong_only=_alone(total.standing, "105B"),
        compared=_compared(calls),
        offline=bool(calls) and all(call.offline for call in calls),
        labels={name: standing.count(name) for name in ("escalate", "de-escalate", "keep")},
        warm_ups=len(total.warm_ups),
        warm_up_cost=ahead,
        audits=len(audits),
        audit_cost=sum((pair.cost or Decimal(0) for pair in audits), Decimal(0)),
        compared_tries=_kept_tries(own),
        regrets=tuple(regrets(own)),
    )


def _kept_tries(feedback: Feedback) -> dict[Tier, int]:
    goods = [good for pair in feedback.pairs if pair.source == "redo" and (good := judged(pair)) is not None]
    weak = sum(good >= 0.5 for good in goods)
    return {"weak": weak, "strong": len(goods) - weak}


def _alone(calls: Iterable[CallFinished], label: str) -> Decimal | None:
    """Rupees of these calls on one model; nobody working on one alone would have made discarded ones."""
    amounts = [alone(call, label) for call in calls]
    return None if None in amounts or not amounts else sum((a for a in amounts if a is not None), Decimal(0))


def _compared(calls: Iterable[CallFinished]) -> str:
    labels = (label.partition(" at ")[2] for call in calls for label in call.counterfactual)
    return next((profile for profile in labels if profile), "")
