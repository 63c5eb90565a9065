"""A session with an agent: its work, its models and who does the next turn. What panes post is in `workbench`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Literal

from textual import on, work
from textual.worker import Worker

from pier_tui.calibration import shown
from pier_tui.errors import ConfigError, PierError
from pier_tui.events import (
    AnyEvent,
    Choice,
    Overridden,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    TurnEnded,
    TurnStarted,
)
from pier_tui.models.messages import OTHER, Tier
from pier_tui.repo.diff import Patch
from pier_tui.repo.verdict import Draft
from pier_tui.router import names
from pier_tui.ui.figures import next_turn, switch_words
from pier_tui.ui.format import LABELS, NAMES
from pier_tui.ui.greeting import greeting
from pier_tui.ui.panes.diff import DiffPane
from pier_tui.ui.screens.doors import Doors
from pier_tui.ui.screens.note import NoteScreen
from pier_tui.ui.widgets.header import Header
from pier_tui.ui.widgets.prompt import Files
from pier_tui.ui.widgets.transcript import Transcript
from pier_tui.ui.work import Job, Work
from pier_tui.ui.workbench import Label, Shelf, Workbench

LOOK_AROUND = 3.0
"""Seconds between two looks at who else has the repository open."""
KEEP_AFTER = 0.5
"""Seconds after a decision in the diff before it is written down, so that many at once are written once."""
CHOICES: tuple[Choice, ...] = ("auto", "weak", "strong")
WORDS: dict[str, Choice] = {"auto": "auto", "30b": "weak", "weak": "weak", "105b": "strong", "strong": "strong"}


class LiveSession(Doors):
    """One live session. `attach` gives it the agent; what is asked before waits in the queue."""

    def __init__(
        self,
        repository: str,
        shelf: Shelf | None = None,
        worktree: Callable[[], Awaitable[Patch]] | None = None,
        files: Files | None = None,
    ) -> None:
        super().__init__(repository, shelf, files)
        self.worktree = worktree
        self.workbench: Workbench | None = None
        self.choice: Choice = "auto"
        self.pinned: Choice = "auto"
        self._turn: int | None = None
        self._met: tuple[str, ...] | None = None
        self._kept: tuple[tuple[str, str], ...] = ()
        self._draft = Draft()
        self.work = Work(self._spawn, self.show, self._work_changed)

    def _spawn(self, work: Coroutine[Any, Any, None], group: str) -> Worker[None]:
        return self.run_worker(work, group=group, exit_on_error=False)

    def attach(self, workbench: Workbench) -> None:
        """The agent is there: say which models, and begin with what was queued."""
        self.workbench = workbench
        header = self.query_one(Header)
        profile = workbench.profile
        self.sandbox = workbench.sandbox
        self.teaching, self.session_id = workbench.teaching, workbench.session_id
        header.profile = profile.name
        self.rerouted()
        self.windows = {"weak": profile.weak.window, "strong": profile.strong.window}
        self.backbone_pane.windows(profile.weak.window, profile.strong.window)
        self.conversation.greet(greeting(profile))
        for event in workbench.history():
            if isinstance(event, Overridden) and event.scope == "pinned":
                self.pinned = event.choice
        self._price()
        self._put_back(workbench)
        self._draft = workbench.drafts.left
        self.diff.put_back(self._draft)
        self.work.open()
        self._look_around()
        self.set_interval(LOOK_AROUND, self._look_around)
        # Nothing changed: this only tells the header branch and dirty files.
        self.work.aside(workbench.repo_changed(()))

    def rerouted(self) -> tuple[str, float | None]:
        """Take up that strategy or threshold changed, and say it in the header."""
        self.strategy, self.threshold = self._live.strategy, self._live.threshold
        self.query_one(Header).strategy = f"{self.strategy} {shown(self.threshold)}"
        return self.strategy, self.threshold

    @property
    def _live(self) -> Workbench:
        assert self.workbench is not None, "jobs begin only once the agent is attached"
        return self.workbench

    def job(self, kind: Literal["request", "shell"], text: str) -> Job:
        """A message of the user's, for now or later."""
        if kind == "shell":
            return Job(f"!{text}", lambda: self._live.shell(text), kind)
        return Job(text, lambda: self._live.run(text), kind)

    @work(exclusive=True, group="others", exit_on_error=False)
    async def _look_around(self) -> None:
        """Say who else has opened this repository since, and mark it in the header."""
        if self.workbench is None:
            return
        try:
            others = tuple(await self.workbench.others())
        except (PierError, OSError):
            return
        self.query_one(Header).others = len(others)
        for sentence in others:
            if self._met is not None and sentence not in self._met:
                self.say(sentence, "warning")
        # Those that were there first are told by the agent as it opens.
        self._met = others

    def _put_back(self, workbench: Workbench) -> None:
        """What waited when the session was left, and the request that was cut off, wait for a word."""
        waiting = [self.job("shell" if kind == "shell" else "request", text) for kind, text in workbench.waiting()]
        if cut := workbench.unfinished:
            waiting.insert(0, Job(f"(cut off) {cut}", workbench.go_on, "go on", cut))
        self.work.restore(waiting)

    async def _keep_waiting(self, messages: tuple[tuple[str, str], ...]) -> None:
        try:
            await self._live.keep_waiting(messages)
        except PierError as error:
            self.say(str(error), "error")

    @on(DiffPane.Decided)
    def _decided(self) -> None:
        self.run_worker(self.keep_draft(KEEP_AFTER), group="draft", exclusive=True, exit_on_error=False)

    async def keep_draft(self, after: float = 0.0) -> None:
        """Remember what is decided in the diff and not handed over, so many seconds from now."""
        await asyncio.sleep(after)
        if self.workbench is None or (draft := self.diff.draft) == self._draft:
            return
        self._draft = draft
        try:
            # What is being written is written before anything newer.
            await asyncio.shield(asyncio.ensure_future(self.workbench.drafts.keep(draft)))
        except PierError as error:
            self.say(str(error), "error")

    def _work_changed(self) -> None:
        self.queued = len(self.work.queue)
        unsent = [job for job in self.work.unsent if job.kind in ("request", "shell")]
        messages = tuple((job.kind, job.title.removeprefix("!" if job.kind == "shell" else "")) for job in unsent)
        if self.workbench is not None and messages != self._kept:
            self._kept = messages
            self.run_worker(self._keep_waiting(messages), group="queue", exit_on_error=False)
        if self.is_mounted:
            self.conversation.set_work([job.title for job in self.work.queue], self.work.running, held=self.work.held)
            self.show_figures()
            self.refresh_bindings()

    def show(self, event: AnyEvent) -> None:
        """Show it; a forced turn that begins uses the choice up."""
        super().show(event)
        match event:
            case TurnStarted() if self.choice != "auto":
                self.choice = "auto"
                self._price()
            case RouteDecided() | TurnEnded() | RequestEnded() | RequestInterrupted() | RequestFailed():
                self._price()
                self.refresh_bindings()
            case RequestStarted() | Overridden():
                self.refresh_bindings()

    def say(self, text: str, level: Literal["info", "warning", "error"] = "info") -> None:
        """One sentence of the screen's own."""
        self.app.notify(text, severity="information" if level == "info" else level, markup=False)

    def give_label(self, turn: int, label: Label, note: str = "") -> None:
        """Judge a turn's routing; the same judgement again takes it back."""
        routes = self.story.turns[turn].routes if turn in self.story.turns else []
        if self.workbench is None or not routes:
            return
        decision = routes[-1].decision
        before = self.story.labels.get(decision)
        again = before is not None and before.label == label
        self.work.aside(self.workbench.label(decision, None if again else label, note))

    @work(exclusive=True, group="door")
    async def give_note(self, turn: int) -> None:
        """Write a note to the judgement that stands on a turn."""
        judged = self.story.turns[turn].label if turn in self.story.turns else None
        if self.workbench is None or judged is None or judged.label is None:
            return self.say("Judge the turn first: e, d or k.", "warning")
        note = await self.app.push_screen_wait(NoteScreen(f"Turn {turn}, {LABELS[judged.label]}", judged.note))
        if note is not None and note != judged.note:
            self.work.aside(self.workbench.label(judged.decision, judged.label, note))

    # Which model.

    def action_cycle_next(self) -> None:
        """The next turn: auto, 30B, 105B, and around."""
        self.choose_next(CHOICES[(CHOICES.index(self.choice) + 1) % 3])

    def choose_next(self, choice: Choice) -> None:
        """Force the next turn, once."""
        if self.workbench is not None:
            self.choice = choice
            self.work.aside(self.workbench.choose(choice, "next"))
            self._price()

    def action_cycle_pin(self) -> None:
        """Every turn: auto, 30B, 105B, and around."""
        self.action_pin(("auto", "30B", "105B")[(CHOICES.index(self.pinned) + 1) % 3])

    def action_pin(self, word: str) -> None:
        """Pin a model for the session, or `auto`."""
        choice = WORDS.get(word.lower())
        if choice is None:
            self.say("Say 105B, 30B or auto, as in /pin 105B.", "warning")
        elif self.workbench is not None:
            self.pinned = choice
            self.work.aside(self.workbench.choose(choice, "pinned"))
            self._price()

    def action_next_on(self, word: str) -> None:
        """The next turn on this model."""
        if word.lower() in WORDS:
            self.choose_next(WORDS[word.lower()])
        else:
            self.say("Say 105B, 30B or auto, as in /next 105B.", "warning")

    def action_route_by(self, words: str) -> None:
        """Another strategy for the session, or for the next request: `cascade`, `cascade once`."""
        name, _, once = words.partition(" ")
        try:
            names.read(name)
        except ConfigError as error:
            self.say(str(error), "warning")
            return
        if self.workbench is not None:
            self.work.aside(self._routed_by(self.workbench, name, once=once.strip() == "once"))

    async def _routed_by(self, workbench: Workbench, name: str, *, once: bool) -> AsyncIterator[AnyEvent]:
        async for event in workbench.route_by(name, once=once):
            yield event
        self.rerouted()

    def action_now(self, tier: Tier) -> None:
        """Move the running turn to this model."""
        if self.workbench is not None:
            self.work.aside(self.workbench.choose(tier, "now"))

    @on(Transcript.Selected)
    def _selected(self, message: Transcript.Selected) -> None:
        self._turn = message.turn
        self._price()

    def _price(self) -> None:
        """Tell the prompt's border what the next turn costs; while one runs, what moving it now does.

        With the cursor on a turn, what doing that one again on the other model re-reads.
        """
        from_pin = self.choice == "auto" and self.pinned != "auto"
        choice = self.pinned if from_pin else self.choice
        if self.workbench is None:
            self.show_next("next turn: auto")
        elif choice != "auto":
            price = self.workbench.switch_price(choice)
            self.show_next(next_turn(NAMES[choice], "pinned" if from_pin else "once", price))
        elif (other := self._other_tier()) is not None:
            price = self.workbench.switch_price(other)
            self.show_next(f"{NAMES[other]} now: {switch_words(price)}")
        elif (did := self._did()) is not None:
            price = self.workbench.switch_price(did)
            self.show_next(f"redo turn {self._turn} on the {NAMES[did]}: {switch_words(price)}")
        else:
            self.show_next("next turn: auto")

    def _did(self) -> Tier | None:
        """The model that would do the selected turn again."""
        turn = self.story.turns.get(self._turn or 0)
        return None if turn is None or turn.tier is None else OTHER[turn.tier]

    def _other_tier(self) -> Tier | None:
        """The model the running turn is not on, None where none runs."""
        now = self.activity.tier
        return None if now is None or not self.work.running else OTHER[now]
