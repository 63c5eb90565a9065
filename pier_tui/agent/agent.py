"""The agent's face: what a front end may ask of it. Every call that changes something yields events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace

from pier_tui.agent import again, changes, compacting
from pier_tui.agent.books import Books
from pier_tui.agent.coming_back import ComingBack
from pier_tui.agent.loop import RequestLoop
from pier_tui.agent.parts import Parts
from pier_tui.agent.resuming import Resuming
from pier_tui.agent.review import Ids, review, undo, wanted
from pier_tui.agent.teaching import Teaching
from pier_tui.agent.told import review_request
from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.updates import Update
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Choice, Labelled, Notice
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import Label
from pier_tui.models.messages import Tier
from pier_tui.models.profiles import Profile
from pier_tui.models.usage import Ledger
from pier_tui.repo.diff import HunkPick, Patch
from pier_tui.repo.records import Effects, Written
from pier_tui.repo.verdict import Verdict
from pier_tui.router.override import Scope
from pier_tui.session.tries import Which


class Agent(ComingBack):
    """One session in one repository. Made by wiring; all methods run on one event loop."""

    def __init__(
        self,
        parts: Parts,
        profile: Profile,
        feedback: FeedbackLog,
        past_events: tuple[AnyEvent, ...] = (),
        close: Callable[[], Awaitable[None]] | None = None,
        resuming: Resuming = Resuming(),  # noqa: B008  (immutable)
    ) -> None:
        self._p, self.profile, self._feedback, self._past, self._close = parts, profile, feedback, past_events, close
        self.busy, self._resuming, self.drafts = False, resuming, resuming.drafts
        self.warming = parts.warming
        self.teaching = Teaching(parts, feedback).begin(past_events)

    @property
    def session_id(self) -> str:
        """The id of the session."""
        return self._p.recorder.session

    @property
    def sandbox(self) -> str:
        """How commands are confined, in two words."""
        return self._p.sandbox

    @property
    def backbone(self) -> Backbone:
        """The state as it stands."""
        return self._p.books.backbone

    @property
    def books(self) -> Books:
        """Prompts sent and calls billed."""
        return self._p.books

    @property
    def ledger(self) -> Ledger:
        """What the session used and cost."""
        return self._p.books.ledger

    @property
    def pending(self) -> Patch:
        """Everything proposed and not yet decided."""
        return self._p.overlay.patch()

    @property
    def strategy(self) -> str:
        """The routing strategy's name."""
        return f"only {self._p.only}" if self._p.only else self._p.routing.strategy.name

    @property
    def threshold(self) -> float:
        """Confidence below which a turn escalates."""
        return self._p.routing.gate(self._p.routing.strategy.name)[0]

    def history(self) -> tuple[AnyEvent, ...]:
        """What was kept of a resumed session."""
        return self._past

    async def run(self, text: str) -> AsyncGenerator[AnyEvent, None]:
        """Work on a request until the floor is the user's again. Raises PierError where one is already running."""
        if self.busy:
            raise PierError("A request is already running; queue this one or interrupt it first.")
        async with aclosing(self._busy(RequestLoop(self._p, text).run())) as events:
            async for event in events:
                yield event

    async def go_on(self) -> AsyncGenerator[AnyEvent, None]:
        """Go on with the unfinished request from where its last whole turn ended."""
        text, self._resuming = self.unfinished, replace(self._resuming, unfinished="")
        if text:
            async with aclosing(self._busy(RequestLoop(self._p, text).run(again=True))) as events:
                async for event in events:
                    yield event

    async def review(self, verdict: Verdict) -> AsyncGenerator[AnyEvent, None]:
        """Write what was accepted, drop what was rejected; comments go to the agent at once where asked."""
        before = await asyncio.to_thread(self._p.overlay.patch) if verdict.send_back else Patch()
        async with aclosing(review(self._p, verdict)) as events:
            async for event in events:
                yield event
        if not verdict.send_back:
            return
        words = review_request(before, verdict)
        if self.busy:
            self.steer(words)
        else:
            async with aclosing(self.run(words)) as answered:
                async for event in answered:
                    yield event

    async def undo(self, checkpoint: Ids, hunks: tuple[HunkPick, ...] | None = None) -> AsyncGenerator[AnyEvent, None]:
        """Take applied hunks back, only where our own text still stands; None takes all of the checkpoints."""
        async for event in undo(self._p, checkpoint, hunks):
            yield event

    async def written(self) -> tuple[Written, ...]:
        """What of this and earlier sessions' writes in this repository can be taken back, newest first."""
        return await asyncio.to_thread(self._p.checkpoints.written)

    async def effects(self, checkpoints: tuple[str, ...], hunks: tuple[HunkPick, ...] | None = None) -> Effects:
        """What taking these back would do to the files. Raises PierError."""
        return await asyncio.to_thread(self._p.checkpoints.effects, checkpoints, *wanted(hunks))

    def update(self, updates: tuple[Update, ...]) -> AsyncGenerator[AnyEvent, None]:
        """Change the backbone for the user; the models are told in the record."""
        return changes.edited(self._p, updates)

    def undo_compaction_price(self) -> Mapping[Tier, SwitchPrice]:
        """What each model re-reads once the last compaction is taken back. Raises PierError where that cannot be."""
        return compacting.price(self._p, busy=self.busy)

    def undo_compaction(self) -> AsyncGenerator[AnyEvent, None]:
        """Take the last compaction back; nothing that came since is lost. Says what the next turns re-read by that."""
        return compacting.take_back(self._p, busy=self.busy)

    async def redo(self, turn: int) -> AsyncGenerator[AnyEvent, None]:
        """Do a turn of this session again on the other model, from the backbone as it was before that turn."""
        async with aclosing(self._idle(again.redo(self._p, turn))) as events:
            async for event in events:
                yield event

    async def rewind(self, turn: int, files: bool) -> AsyncGenerator[AnyEvent, None]:
        """Go back to before a turn; with `files`, our own hunks applied since are undone too."""
        async with aclosing(self._idle(again.rewind(self._p, turn, files=files))) as events:
            async for event in events:
                yield event

    async def keep(self, pair: int, kept: Which | None) -> AsyncGenerator[AnyEvent, None]:
        """Of a turn done twice go on with one try, judging the first one's route by that; None takes it back."""
        async with aclosing(self._idle(again.keep(self._p, pair, kept))) as events:
            async for event in events:
                yield event
        await self._feedback.pair([await again.sample(self._p, pair, kept)])
        async for event in self.label(*await again.judgement(self._p, pair, kept)):
            yield event

    async def label(self, decision: str, label: Label | None, note: str = "") -> AsyncGenerator[AnyEvent, None]:
        """Judge a routing decision; None takes the judgement back."""
        await self._feedback.label(decision, label, note, session=self.session_id)
        yield await self._p.recorder.log(Labelled(decision=decision, label=label, note=note))

    def choose(self, choice: Choice, scope: Scope) -> AsyncGenerator[AnyEvent, None]:
        """Force a model for the next turn, the session, or (`now`) the running turn."""
        return changes.choose(self._p, choice, scope)

    def route_by(self, name: str, *, once: bool = False) -> AsyncGenerator[AnyEvent, None]:
        """Route by another strategy from the next request on, or for that one only. Raises ConfigError: unknown."""
        return changes.route_by(self._p, name, once=once)

    def steer(self, text: str) -> None:
        """Say something that reaches the very next turn."""
        self._p.steering.messages.append(text)

    def interrupt(self) -> None:
        """Stop the running request at once; its stream ends with RequestInterrupted."""
        self._p.steering.interrupt()

    def switch_price(self, tier: Tier) -> SwitchPrice:
        """What the next turn on this model would re-read and cost."""
        return self._p.books.switch_price(tier)

    async def shell(self, command: str) -> AsyncGenerator[AnyEvent, None]:
        """Run the user's own command in his working tree and keep its result on the backbone."""
        async with aclosing(changes.shell(self._p, command, self.profile.key_env)) as events:
            async for event in events:
                yield event

    async def repo_changed(self, paths: tuple[str, ...]) -> AsyncGenerator[AnyEvent, None]:
        """Somebody changed files: re-base what is pending and tell the models."""
        async for event in changes.repo_changed(self._p, paths):
            yield event

    async def aclose(self) -> None:
        """Stop everything and close what is open."""
        self.interrupt()
        await self.warming.stop()
        await self.teaching.close()
        with suppress(PierError):
            await self._p.recorder.flush()
        if self._close is not None:
            await self._close()

    def _idle(self, events: AsyncGenerator[AnyEvent, None]) -> AsyncGenerator[AnyEvent, None]:
        if self.busy:
            raise PierError("Interrupt the running request before going back.")
        return self._busy(events)

    async def _busy(self, events: AsyncGenerator[AnyEvent, None]) -> AsyncGenerator[AnyEvent, None]:
        """A request's events; the decisions in them are kept for the feedback whatever its end was."""
        self.busy = True
        try:
            await self.warming.hold()
            async with aclosing(events):
                async for event in events:
                    yield event
        finally:
            self.busy = False
            self.warming.release()
            try:
                await self.teaching.ended()
            except PierError as error:
                # The request itself is well; only what could be learned from it is lost, so its end stands.
                await self._p.recorder.log(Notice(text=str(error), level="warning"))
