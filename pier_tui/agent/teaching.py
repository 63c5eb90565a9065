"""Learning while a session runs: what came of its turns is kept, and what was learned is put in use at once.

Folding and fitting run in threads. The events are heard from the recorder, so that a review long after a request
still reaches the turn it is about.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from pier_tui.agent.auditing import Auditor
from pier_tui.agent.lessons import RESCORED, lessons, rescored
from pier_tui.agent.offering import offered
from pier_tui.agent.sharing import shared
from pier_tui.calibration import Threshold, shown
from pier_tui.errors import PierError
from pier_tui.events import (
    TRANSIENT,
    AnswerCompleted,
    AnyEvent,
    Event,
    Labelled,
    Notice,
    PatchReviewed,
    PatchUndone,
)
from pier_tui.feedback.calibrate import teach, unfitted
from pier_tui.feedback.forecast import changed
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.outcomes import decisions
from pier_tui.feedback.outlook import Outlook, outlook
from pier_tui.feedback.rows import DecisionRow
from pier_tui.feedback.thresholds import Learned, Thresholds
from pier_tui.repo.history import known_as
from pier_tui.session.tries import Tries

if TYPE_CHECKING:
    from pier_tui.agent.parts import Parts


@dataclass
class Learning:
    """What a session has of earlier ones: the threshold files, what holds now, and the setting it holds in place of."""

    files: Thresholds | None = None
    """None: nothing learned is kept or used."""
    used: Threshold | None = None
    setting: float = 0.5
    share: Callable[[], object] | None = None
    """Brings the log and the team's pool to the same; None: there is no pool. Blocking, raises PierError."""
    audit_share: float = 0.0
    audit_most: Decimal = Decimal(0)
    """Share of turns the other model does too, and the rupees that may cost."""


@dataclass
class Teaching:
    """One session's learning. All methods run on the event loop."""

    parts: Parts
    log: FeedbackLog
    _seen: list[Event] = field(default_factory=list)
    _kept: dict[str, DecisionRow] = field(default_factory=dict)
    _late: bool = False
    _fresh: bool = False
    """Whether this run has anything a team does not know yet."""
    _auditor: Auditor | None = None
    _judged: int | None = None

    def begin(self, past: Sequence[Event]) -> Teaching:
        """Go on from the events of earlier runs, and hear those to come."""
        self._seen = list(past)
        self.parts.recorder.heard = self._hear
        learning = self.parts.learning
        self.parts.routing.learned = learning.used
        if learning.audit_share:
            self._auditor = Auditor(self.parts, self.log, learning.audit_share, learning.audit_most)
        return self

    @property
    def auditor(self) -> Auditor | None:
        """What audits turns in the background; None where that is off."""
        return self._auditor

    @property
    def repo(self) -> str:
        """What the repository is known as on every machine. Asks git the first time, so from a thread."""
        return known_as(self.parts.root) if self.parts.has_git else self.parts.root.name

    def _hear(self, event: Event) -> None:
        if not isinstance(event, TRANSIENT):
            self._seen.append(event)
            self._late |= isinstance(event, PatchReviewed | PatchUndone)
            self._fresh |= isinstance(event, AnswerCompleted | Labelled)
            if self._auditor is not None:
                self._auditor.hear(event)

    async def ended(self) -> None:
        """A request is over: log its turns, audit what the lot fell on. Raises PierError where the disk refuses."""
        await self.keep()
        if self._auditor is not None:
            self._auditor.idle()

    async def keep(self) -> None:
        """Log every turn that is new or of which more is known. Raises PierError where the disk refuses."""
        used = self.parts.learning.used
        rows = await asyncio.to_thread(self._fold, tuple(self._seen), used.made if used else "")
        self._late = False
        news = [row for row in rows if self._kept.get(row.decision) != row]
        if news:
            await self.log.record(news)
            self._kept.update({row.decision: row for row in news})

    async def close(self) -> None:
        """Stop auditing, log what was reviewed or taken back last, share it; a disk that refuses is let go."""
        if self._auditor is not None:
            await self._auditor.close()
        with suppress(PierError):
            if self._late:
                await self.keep()
            share = self.parts.learning.share
            if share is not None and self._fresh and (said := await shared(share)):
                await self.parts.recorder.log(Notice(text=said, level="warning"))

    def _fold(self, events: Sequence[Event], made: str) -> tuple[DecisionRow, ...]:
        live = frozenset(Tries(cast("Sequence[AnyEvent]", events)).live)
        return decisions(events, repo=self.repo, threshold=made, live=live)

    async def outlook(self) -> Outlook:
        """How learning stands. Raises PierError where the log cannot be read."""
        if self._late:
            await self.keep()
        return await asyncio.to_thread(self._outlook)

    def _outlook(self) -> Outlook:
        learning = self.parts.learning
        before, strategy = learning.files.before() if learning.files else None, self.parts.routing.strategy.name
        feedback = self.log.everything()
        self._judged = len(lessons(feedback))
        return outlook(
            rescored(feedback),
            self._holding(),
            before if before is not None and before.holds_for(strategy) else None,
            setting=learning.setting,
            strategy=strategy,
            session=self.parts.recorder.session,
        )

    def _holding(self) -> Threshold | None:
        """What was learned of the strategy there is now."""
        used = self.parts.learning.used
        return used if used is not None and used.holds_for(self.parts.routing.strategy.name) else None

    async def calibrate(self) -> str:
        """Learn from everything logged, use it from the next turn on, and say in a sentence what changed or why not."""
        await self.keep()
        return await self._said(await asyncio.to_thread(self._calibrate))

    async def _said(self, text: str, strategy: str = "") -> str:
        """Write it in the journal too, as it changes how turns are routed."""
        return (await self.parts.recorder.log(Notice(text=text, strategy=strategy))).text

    def _calibrate(self) -> str:
        learning = self.parts.learning
        if learning.files is None:
            return "Nothing learned is kept in this session."
        before = self._holding() or unfitted(learning.setting)
        made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        feedback = rescored(self.log.everything())
        taught = teach(feedback, before, strategy=self.parts.routing.strategy.name, made=made)
        if taught.refused or taught.after is None:
            return f"The threshold stays at {shown(before.tau)}: {taught.refused}."
        learning.files.put(Learned(common=taught.after, repos=taught.repos))
        routing = self.parts.routing
        if routing.strategy.name in RESCORED:
            # The threshold was chosen for the scores of today's fit.
            routing.strategy = routing.make(routing.strategy.name)
        self.use(learning.files.now(lambda: self.repo))
        return " ".join(changed(before, taught.after))

    async def undo(self) -> str:
        """Go back to what held before the last calibration. Raises ConfigError where there is nothing to go back to."""
        learning = self.parts.learning
        if learning.files is None:
            return "Nothing learned is kept in this session."
        await asyncio.to_thread(learning.files.undo)
        now = await asyncio.to_thread(learning.files.now, lambda: self.repo)
        self.use(now)
        return await self._said(f"The threshold is {shown((now or unfitted(learning.setting)).tau)} again.")

    def use(self, threshold: Threshold | None) -> None:
        """Route by this from the next turn on; None: by the setting."""
        self.parts.learning.used = self.parts.routing.learned = threshold

    def strategies(self) -> tuple[tuple[str, str], ...]:
        """Each strategy's name and its line, with what stands in its way here."""
        clients = self.parts.books.clients
        return offered({tier: client.card for tier, client in clients.items()}, self.parts.only, self._judged)

    async def switch(self, name: str) -> str:
        """Route by another strategy from the next request on. Raises ConfigError where there is none of this name."""
        if self.parts.only:
            return "This session uses one model only; start it without --only to choose."
        chosen = await asyncio.to_thread(self.parts.routing.make, name)
        self.parts.routing.strategy = chosen
        return await self._said(f"Turns are routed by {chosen.name}: {chosen.about}.", chosen.name)

    async def use_tau(self, tau: float) -> str:
        """Route by this threshold for the rest of the session; what was learned otherwise stays."""
        now = self._holding() or unfitted(self.parts.learning.setting)
        chosen = now.model_copy(update={"tau": tau, "alpha": None})
        self.use(chosen)
        return await self._said(f"The threshold is {tau:.2f} for the rest of this session.")
