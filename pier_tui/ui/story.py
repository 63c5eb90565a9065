"""What the events of a session add up to for the screens: turns in detail, and what each model used and cost.

Folded from the same events every pane is shown, so that a recording needs no agent. Numbers say what
they include as in `models.usage`; None is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from statistics import median

from pier_tui.backbone.drift import Drift, said
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    CallFinished,
    Labelled,
    PatchApplied,
    PatchUndone,
    PromptWarmed,
    RequestStarted,
    RouteDecided,
    ToolCalled,
    ToolReturned,
    TryKept,
    TurnEnded,
    TurnStarted,
    WentBack,
)
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Price, Split, saved_by_caching, split
from pier_tui.repo.diff import FileDiff, Hunk, Patch
from pier_tui.session.tries import Tries
from pier_tui.ui.drafts import Drafts
from pier_tui.ui.format import NAMES, elsewhere

_NOTHING: Decimal | None = Decimal(0)
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass
class ModelTally:
    """One model's calls so far. `context` is the last prompt; `unpriced` counts calls whose cost is unknown.

    `parts` splits the cost of the calls whose price is known, `unsplit` counts the others; `saved` is what the
    endpoint's cache saved on the calls that said, `unsaid` counts those that did not; `took` are seconds of kept calls.
    """

    calls: int = 0
    prompt: int = 0
    cached: int | None = None
    output: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    context: int | None = None
    offline: bool = False
    estimated: bool = False
    price: Price | None = None
    parts: Split = field(default_factory=Split)
    unsplit: int = 0
    saved: Decimal = Decimal(0)
    unsaid: int = 0
    drift: Drift = field(default_factory=Drift)
    token_ratio: float = 1.0
    took: list[float] = field(default_factory=list)
    drafts: Drafts = field(default_factory=Drafts)

    def add(self, event: CallFinished) -> None:
        """One more call on the bill."""
        self.enter(event)
        if event.usage.prompt is not None and event.kept:
            self.context = event.usage.prompt
        self.offline = event.offline
        self.drift = self.drift.add(event.predicted_cached, said(event.usage))
        self.drafts.add(event)
        if event.kept and event.seconds:
            self.took.append(event.seconds)

    def enter(self, event: CallFinished | PromptWarmed) -> None:
        """What a call used and cost."""
        usage = event.usage
        self.calls += 1
        self.prompt += usage.prompt or 0
        self.output += usage.output or 0
        if usage.cached is not None:
            self.cached = (self.cached or 0) + usage.cached
        if event.cost is None:
            self.unpriced += 1
        else:
            self.cost += event.cost
        self.estimated = self.estimated or usage.estimated
        self._priced(event)

    def _priced(self, event: CallFinished | PromptWarmed) -> None:
        """What the cost was for, where the price is known and gives that very cost (a retired model's does not)."""
        self.price = event.price or self.price
        parts = split(event.usage, event.price) if event.price else None
        if parts is None or parts.total != event.cost:
            self.unsplit += 1
            self.unsaid += 1
            return
        self.parts += parts
        saved = saved_by_caching(event.usage, event.price) if event.price else None
        self.saved += saved or 0
        self.unsaid += saved is None

    @property
    def free(self) -> bool:
        """Whether this model costs nothing: a stand-in, or one whose price says so."""
        return self.offline or (self.price is not None and self.price.free)

    @property
    def typical(self) -> float | None:
        """Seconds of a kept call, the median; None where none was timed."""
        return median(self.took) if self.took else None

    @property
    def cached_share(self) -> float | None:
        """Cached tokens of all input tokens; None where the endpoint never said."""
        return self.cached / self.prompt if self.cached is not None and self.prompt else None


@dataclass
class Turn:
    """Everything known about one turn."""

    number: int
    request: int = 0
    routes: list[RouteDecided] = field(default_factory=list)
    calls: list[CallFinished] = field(default_factory=list)
    answer: AnswerCompleted | None = None
    tools: list[tuple[ToolCalled, ToolReturned | None]] = field(default_factory=list)
    label: Labelled | None = None
    seconds: float | None = None

    @property
    def tier(self) -> Tier | None:
        """Who answered, or is about to."""
        if self.answer is not None:
            return self.answer.tier
        return self.routes[-1].tier if self.routes else None

    @property
    def forced(self) -> bool:
        """Whether the user chose the model, so that the turn says nothing of the routing."""
        return bool(self.routes) and self.routes[-1].route in ("forced", "only")

    @property
    def markdown(self) -> str:
        """The answer and a line for each tool call, for copying."""
        head = f"**Turn {self.number}, {NAMES[self.tier] if self.tier else 'unanswered'}**"
        lines = [(returned.line if returned else "") or called.line or called.name for called, returned in self.tools]
        tools = [f"- `{line}`" for line in lines]
        return "\n\n".join(part for part in (head, self.answer.text if self.answer else "", "\n".join(tools)) if part)

    @property
    def code(self) -> str:
        """The code blocks of the answer; empty where there are none."""
        return "\n".join(_FENCE.findall(self.answer.text)) if self.answer else ""


@dataclass(frozen=True)
class Point:
    """The session's cost so far: as it was, and as the other two ways would have been (None unknown).

    The other ways are of the turns the session then stood on: nobody on one model alone does a turn twice.
    """

    actual: Decimal
    strong_only: Decimal | None
    weak_only: Decimal | None


class Story:
    """The fold. `title` is the first request's first line."""

    def __init__(self) -> None:
        self.title = ""
        self.compared = ""
        """The profile at whose prices the other ways are estimated."""
        self.turns: dict[int, Turn] = {}
        self.models: dict[Tier, ModelTally] = {"weak": ModelTally(), "strong": ModelTally()}
        self.warm_ups = ModelTally()
        """Prompts read ahead of a switch, of either model."""
        self.points: list[Point] = []
        self.applied: dict[str, PatchApplied] = {}
        self.labels: dict[str, Labelled] = {}
        self.tries = Tries()
        self._rate: float | None = None
        self._rated = True

    def add(self, event: AnyEvent) -> None:
        """Take one event in; those that add nothing here are passed over."""
        match event:
            case TurnStarted() | WentBack() | TryKept():
                self.tries.add(event)
                self._rated = False
                if not isinstance(event, TurnStarted) and self.points:
                    last = self.points[-1].actual
                    self.points.append(Point(last, self._standing_on("strong"), self._standing_on("weak")))
            case RequestStarted():
                self.title = self.title or next(iter(event.text.strip().splitlines()), "")
            case RouteDecided():
                self._turn(event).routes.append(event)
                self.models[event.tier].token_ratio = event.token_ratio
            case CallFinished():
                self._called(event)
            case PromptWarmed():
                self._warmed(event)
            case AnswerCompleted():
                self._answered(event)
            case ToolCalled():
                self._turn(event).tools.append((event, None))
            case ToolReturned():
                self._returned(event)
            case TurnEnded():
                self._turn(event).seconds = event.seconds
            case Labelled():
                self._labelled(event)
            case PatchApplied() if event.patch.files:
                self.applied[event.checkpoint] = event
            case PatchUndone():
                self._undone(event)

    def _turn(self, event: AnyEvent) -> Turn:
        return self.turns.setdefault(event.turn, Turn(event.turn, event.request))

    def _answered(self, event: AnswerCompleted) -> None:
        self._turn(event).answer = event
        self._rated = False

    def _called(self, event: CallFinished) -> None:
        self._turn(event).calls.append(event)
        self.models[event.tier].add(event)
        last = self.points[-1] if self.points else Point(Decimal(0), Decimal(0), Decimal(0))
        actual = last.actual + (event.cost or 0)
        if not event.kept or self.tries.aside(event.turn):
            # Nobody working on one model alone would have made a call whose answer was thrown away.
            self.points.append(Point(actual, last.strong_only, last.weak_only))
            return
        strong_only = _plus(last.strong_only, self._elsewhere(event, "strong"))
        weak_only = _plus(last.weak_only, self._elsewhere(event, "weak"))
        self.points.append(Point(actual, strong_only, weak_only))

    def _warmed(self, event: PromptWarmed) -> None:
        """Nobody working on one model alone would have read a prompt ahead."""
        self.warm_ups.enter(event)
        if not event.failure:
            tally = self.models[event.tier]
            tally.drift = tally.drift.add(event.predicted_cached, said(event.usage))
        last = self.points[-1] if self.points else Point(Decimal(0), Decimal(0), Decimal(0))
        self.points.append(Point(last.actual + (event.cost or 0), last.strong_only, last.weak_only))

    def _elsewhere(self, event: CallFinished, tier: Tier) -> Decimal | None:
        """What the call would have cost on this model; labels are `105B`, or `105B at` a profile's prices."""
        amount, profile = elsewhere(event, tier)
        self.compared = profile or self.compared
        return amount

    def _standing_on(self, tier: Tier) -> Decimal | None:
        """What the turns the session stands on would have cost on this model: a turn done twice counts once."""
        turns = (turn for turn in self.turns.values() if not self.tries.aside(turn.number))
        amounts = (elsewhere(call, tier)[0] for turn in turns for call in turn.calls if call.kept)
        return reduce(_plus, amounts, _NOTHING)

    def _returned(self, event: ToolReturned) -> None:
        tools = self._turn(event).tools
        for index, (called, returned) in enumerate(tools):
            if called.call_id == event.call_id and returned is None:
                tools[index] = (called, event)
                return

    def _undone(self, event: PatchUndone) -> None:
        """Fewer of a checkpoint's hunks stand; it is gone from the list once none do."""
        applied = self.applied.get(event.checkpoint)
        if applied is None:
            return
        left = _without(applied.patch, event.patch)
        if left.files:
            self.applied[event.checkpoint] = applied.model_copy(update={"patch": left})
        else:
            del self.applied[event.checkpoint]

    def _labelled(self, event: Labelled) -> None:
        if event.label is None:
            self.labels.pop(event.decision, None)
        else:
            self.labels[event.decision] = event
        for turn in self.turns.values():
            if any(route.decision == event.decision for route in turn.routes):
                turn.label = event if event.label else None

    @property
    def cost(self) -> Decimal:
        """Rupees of all calls whose cost is known."""
        return sum((tally.cost for tally in self.models.values()), self.warm_ups.cost)

    @property
    def unpriced(self) -> int:
        """Calls whose cost is unknown."""
        return sum(tally.unpriced for tally in self.models.values()) + self.warm_ups.unpriced

    @property
    def free(self) -> bool:
        """Whether nothing was charged because only models that cost nothing were called."""
        return not self.cost and all(tally.free for tally in self.models.values() if tally.calls)

    @property
    def saved(self) -> Decimal | None:
        """Rupees saved against doing everything on the 105B: an estimate, None where it cannot be made."""
        strong_only = self.points[-1].strong_only if self.points else None
        return None if strong_only is None or self.unpriced else strong_only - self.cost

    @property
    def saved_by_caching(self) -> Decimal | None:
        """Rupees the endpoints' caches saved, over the calls that said; None where none did."""
        known = [tally for tally in self.models.values() if tally.calls > tally.unsaid]
        return sum((tally.saved for tally in known), Decimal(0)) if known else None

    @property
    def unsaid(self) -> int:
        """Calls of which it is not known what their cache saved."""
        return sum(tally.unsaid for tally in self.models.values())

    @property
    def same_price(self) -> bool:
        """Whether both models were called and charge the same, so that routing cannot save rupees."""
        prices = [tally.price for tally in self.models.values() if tally.calls and not tally.offline]
        known = [price for price in prices if price is not None and price.fresh is not None and not price.free]
        return len(known) == 2 and known[0] == known[1]

    @property
    def escalation_rate(self) -> float | None:
        """Share of the routed turns the session stands on that the 105B answered; None before the first.

        Turns set aside and turns on a model the user chose are left out: they say nothing of the routing that holds.
        """
        if not self._rated:
            tiers = [turn.tier for turn in self.standing if turn.answer is not None and not turn.forced]
            self._rate, self._rated = tiers.count("strong") / len(tiers) if tiers else None, True
        return self._rate

    @property
    def standing(self) -> list[Turn]:
        """The turns the session stands on, in order: those set aside are left out."""
        return [self.turns[number] for number in self.tries.live if number in self.turns]

    @property
    def ratio(self) -> Decimal | None:
        """r: what the session costs on the weak model alone over what it costs on the strong one; None unknown."""
        last = self.points[-1] if self.points else None
        if last is None or last.weak_only is None or not last.strong_only:
            return None
        return last.weak_only / last.strong_only

    def add_all(self, events: Iterable[AnyEvent]) -> None:
        """Take many events in."""
        for event in events:
            self.add(event)


def _plus(total: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if total is None or more is None else total + more


def _without(applied: Patch, undone: Patch) -> Patch:
    """What still stands of a patch: its hunks whose opposite was not written; files without hunks go as a whole."""
    back = {(file.path, _text(hunk, "+"), _text(hunk, "-")) for file in undone.files for hunk in file.hunks}
    whole = {file.path for file in undone.files}
    files: list[FileDiff] = []
    for file in applied.files:
        hunks = tuple(h for h in file.hunks if (file.path, _text(h, "-"), _text(h, "+")) not in back)
        if hunks or (not file.hunks and file.path not in whole):
            files.append(file.model_copy(update={"hunks": hunks}))
    return Patch(files=tuple(files))


def _text(hunk: Hunk, kind: str) -> tuple[str, ...]:
    return tuple(line.text for line in hunk.lines if line.kind == kind)
