"""The workbench: the session view with an agent behind it. Messages from the panes end here and become calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import PurePath
from typing import Any, ClassVar, Literal

from textual import on, work
from textual.binding import BindingType
from textual.worker import Worker

from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Choice, Overridden, RequestStarted, TurnStarted
from pier_tui.models.messages import Tier
from pier_tui.repo.diff import Patch
from pier_tui.ui.commands import Command, parse
from pier_tui.ui.editor import edit
from pier_tui.ui.figures import next_turn
from pier_tui.ui.keymap import WORKBENCH
from pier_tui.ui.panes.backbone import BackbonePane
from pier_tui.ui.panes.diff import DiffPane
from pier_tui.ui.panes.placeholder import ConversationPane
from pier_tui.ui.screens.doors import Doors
from pier_tui.ui.screens.undo import RewindScreen, UndoScreen
from pier_tui.ui.story import NAMES
from pier_tui.ui.widgets.header import Header
from pier_tui.ui.work import Job, Work
from pier_tui.ui.workbench import Label, Shelf, Workbench

CHOICES: tuple[Choice, ...] = ("auto", "weak", "strong")
WORDS: dict[str, Choice] = {"auto": "auto", "30b": "weak", "weak": "weak", "105b": "strong", "strong": "strong"}


class WorkbenchScreen(Doors):
    """One live session. `attach` gives it the agent; what is typed before waits in the queue."""

    BINDINGS: ClassVar[list[BindingType]] = WORKBENCH

    def __init__(
        self,
        repository: str,
        shelf: Shelf | None = None,
        worktree: Callable[[], Awaitable[Patch]] | None = None,
    ) -> None:
        super().__init__(repository, shelf)
        self._worktree = worktree
        self.workbench: Workbench | None = None
        self.choice: Choice = "auto"
        self.pinned: Choice = "auto"
        self.work = Work(self._spawn, self.show, self._work_changed)

    def _spawn(self, work: Coroutine[Any, Any, None], group: str) -> Worker[None]:
        return self.run_worker(work, group=group, exit_on_error=False)

    def attach(self, workbench: Workbench) -> None:
        """The agent is there: say which models, and begin with what was queued."""
        self.workbench = workbench
        header = self.query_one(Header)
        profile = workbench.profile
        self.strategy, self.threshold = workbench.strategy, workbench.threshold
        header.profile = profile.name
        header.strategy = f"{self.strategy} {self.threshold:.2f}"
        self.windows = {"weak": profile.weak.window, "strong": profile.strong.window}
        self.backbone_pane.windows(profile.weak.window, profile.strong.window)
        self._price()
        self.work.open()

    def _work_changed(self) -> None:
        self.queued = len(self.work.queue)
        if self.is_mounted:
            self.show_figures()
            self.refresh_bindings()

    def show(self, event: AnyEvent) -> None:
        """Show it; a forced turn that begins uses the choice up."""
        super().show(event)
        match event:
            case TurnStarted() if self.choice != "auto":
                self.choice = "auto"
                self._price()
            case RequestStarted() | Overridden():
                self.refresh_bindings()

    def say(self, text: str, level: Literal["info", "warning", "error"] = "info") -> None:
        """One sentence of the screen's own."""
        self.app.notify(text, severity="information" if level == "info" else level, markup=False)

    # What the panes post.

    @on(ConversationPane.Submitted)
    def _submitted(self, message: ConversationPane.Submitted) -> None:
        found = parse(message.text)
        if found is not None:
            self.call_later(self._command, *found)
        elif message.text.strip():
            self.request(message.text)

    def request(self, text: str) -> None:
        """Send a request, now or after everything before it."""
        self.work.request(Job(text.strip().splitlines()[0], lambda: self._live.run(text)))

    @property
    def _live(self) -> Workbench:
        assert self.workbench is not None, "jobs begin only once the agent is attached"
        return self.workbench

    @on(ConversationPane.Steered)
    def _steered(self, message: ConversationPane.Steered) -> None:
        if self.workbench is not None and self.work.running:
            self.workbench.steer(message.text)
            self.say("This reaches the next turn.")
        else:
            self.request(message.text)

    @on(ConversationPane.ShellRequested)
    def _shell(self, message: ConversationPane.ShellRequested) -> None:
        command = message.command
        self.work.request(Job(f"!{command}", lambda: self._live.shell(command)))

    @on(DiffPane.VerdictGiven)
    def _verdict(self, message: DiffPane.VerdictGiven) -> None:
        verdict = message.verdict
        if self.workbench is None:
            return
        if verdict.send_back:
            self.work.request(Job("review sent back", lambda: self._live.review(verdict)))
        else:
            self.work.aside(self.workbench.review(verdict))

    @on(DiffPane.UndoWanted)
    def _undo(self, message: DiffPane.UndoWanted) -> None:
        if self.workbench is not None:
            self.work.aside(self.workbench.undo(message.checkpoint, message.hunks))

    @on(DiffPane.SourceWanted)
    def _source(self, message: DiffPane.SourceWanted) -> None:
        if message.source == "worktree" and self._worktree is not None:
            self.run_worker(self._show_worktree(self._worktree), group="worktree", exclusive=True, exit_on_error=False)

    async def _show_worktree(self, read: Callable[[], Awaitable[Patch]]) -> None:
        try:
            self.diff.set_source("worktree", await read())
        except PierError as error:
            self.say(str(error), "error")

    @on(DiffPane.EditorRequested)
    def _edit_hunk(self, message: DiffPane.EditorRequested) -> None:
        self.run_worker(self._edited_hunk(message.path, message.hunk, message.text), exit_on_error=False)

    async def _edited_hunk(self, path: str, hunk: str, text: str) -> None:
        edited = await edit(self.app, text, PurePath(path).suffix or ".txt")
        if edited is not None and edited != text:
            self.diff.edited(path, hunk, edited)

    @on(BackbonePane.BackboneEdited)
    def _edited(self, message: BackbonePane.BackboneEdited) -> None:
        if self.workbench is not None:
            self.work.aside(self.workbench.update(message.updates))

    def give_label(self, turn: int, label: Label, note: str = "") -> None:
        """Judge a turn's routing; the same judgement again takes it back."""
        routes = self.story.turns[turn].routes if turn in self.story.turns else []
        if self.workbench is None or not routes:
            return
        decision = routes[-1].decision
        before = self.story.labels.get(decision)
        again = before is not None and before.label == label
        self.work.aside(self.workbench.label(decision, None if again else label, note))

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

    def action_now(self, tier: Tier) -> None:
        """Move the running turn to this model."""
        if self.workbench is not None:
            self.work.aside(self.workbench.choose(tier, "now"))

    def _price(self) -> None:
        """Tell the prompt's border what the next turn costs."""
        from_pin = self.choice == "auto" and self.pinned != "auto"
        choice = self.pinned if from_pin else self.choice
        if choice == "auto" or self.workbench is None:
            self.show_next("next turn: auto")
            return
        price = self.workbench.switch_price(choice)
        self.show_next(next_turn(NAMES[choice], "pinned" if from_pin else "once", price))

    # Stopping, and commands.

    def action_interrupt(self) -> None:
        """Stop the request."""
        self.work.interrupt()

    def action_unqueue(self) -> None:
        """Drop the last queued message."""
        job = self.work.unqueue()
        self.say(f"Dropped: {job.title}" if job else "Nothing is queued.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Stopping and switching need something that runs."""
        if action in {"now", "interrupt"}:
            return self.work.running
        return True

    async def _command(self, command: Command, argument: str) -> None:
        if command.argument:
            # Given as a value, not spliced into an action string: the argument is the user's raw text.
            getattr(self, f"action_{command.action}")(argument)
        else:
            await self.run_action(command.action)

    def action_leave(self) -> None:
        """Quit."""
        self.call_later(self.app.action_quit)

    def action_set_theme(self, name: str) -> None:
        """Switch the theme; without a name, pick one."""
        if not name:
            self.app.search_themes()
        elif name in self.app.available_themes:
            self.app.theme = name
        else:
            ours = [theme for theme in self.app.available_themes if not theme.startswith("textual")]
            self.say(f"There is no theme {name}; there are {', '.join(ours)}.", "warning")

    def action_redo(self, word: str) -> None:
        """Do a turn again on the other model; without a number, the last one."""
        turn = int(word) if word.isdecimal() else max(self.story.turns, default=0)
        if turn not in self.story.turns:
            self.say("There is no such turn to do again.", "warning")
            return
        self.work.request(Job(f"redo turn {turn}", lambda: self._live.redo(turn)))

    @work(exclusive=True, group="door")
    async def action_export(self) -> None:
        """Write this session out."""
        try:
            await self.export(self._live.session_id if self.workbench else "")
        except PierError as error:
            self.say(str(error), "error")

    @work(exclusive=True, group="door")
    async def action_show_undo(self) -> None:
        """Take applied changes back."""
        checkpoint = await self.app.push_screen_wait(UndoScreen(list(self.story.applied.values())))
        if checkpoint and self.workbench is not None:
            self.work.aside(self.workbench.undo(checkpoint, None))

    @work(exclusive=True, group="door")
    async def action_rewind(self, turn: int) -> None:
        """Go back to before a turn, after showing what would change."""
        what = await self.app.push_screen_wait(RewindScreen(turn, list(self.story.applied.values())))
        if what is not None:
            self.work.request(Job(f"rewind to turn {turn}", lambda: self._live.rewind(turn, what == "files")))
