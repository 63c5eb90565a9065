"""The workbench: the session view with an agent behind it. Messages from the panes end here and become calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import PurePath
from typing import ClassVar, cast

from textual import on, work
from textual.binding import BindingType

from pier_tui.errors import PierError
from pier_tui.events import AnyEvent
from pier_tui.repo.diff import Patch
from pier_tui.repo.records import Effects, since
from pier_tui.repo.verdict import Verdict
from pier_tui.ui.commands import Command, parse
from pier_tui.ui.editor import edit
from pier_tui.ui.keymap import WORKBENCH
from pier_tui.ui.panes.backbone import BackbonePane
from pier_tui.ui.panes.diff import DiffPane
from pier_tui.ui.screens.beforehand import Beforehand
from pier_tui.ui.screens.compare import CompareScreen
from pier_tui.ui.screens.undo import RewindScreen, UndoScreen
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.prompt import PromptInput
from pier_tui.ui.widgets.transcript import Transcript
from pier_tui.ui.work import Job


class WorkbenchScreen(Beforehand):
    """Takes what the panes post and the user commands, and calls the agent."""

    BINDINGS: ClassVar[list[BindingType]] = WORKBENCH

    # What the panes post.

    @on(PromptInput.Submitted)
    def _submitted(self, message: PromptInput.Submitted) -> None:
        found = parse(message.text)
        if found is not None:
            self.call_later(self._command, *found)
        elif message.text.strip():
            self.request(message.text)

    def request(self, text: str) -> None:
        """Send a request, now or after everything before it."""
        self.work.request(self.job("request", text))

    @on(PromptInput.GoOn)
    def _go_on(self) -> None:
        self.work.go_on()

    @on(PromptInput.Steered)
    def _steered(self, message: PromptInput.Steered) -> None:
        if self.workbench is not None and self.work.running:
            self.workbench.steer(message.text)
            self.say("This reaches the next turn.")
        else:
            self.request(message.text)

    @on(PromptInput.ShellRequested)
    def _shell(self, message: PromptInput.ShellRequested) -> None:
        self.work.request(self.job("shell", message.command))

    @on(PromptInput.TakeBack)
    def _take_back(self) -> None:
        job = self.work.unqueue()
        if job is not None:
            self.conversation.edit(job.text or job.title)

    @on(PromptInput.EditorRequested)
    async def _edit_prompt(self, message: PromptInput.EditorRequested) -> None:
        self.run_worker(self._edited_prompt(message.text), exit_on_error=False)

    async def _edited_prompt(self, text: str) -> None:
        edited = await edit(self.app, text)
        if edited is not None:
            self.conversation.edit(edited.rstrip("\n"))

    @on(DiffPane.VerdictGiven)
    def _verdict(self, message: DiffPane.VerdictGiven) -> None:
        verdict = message.verdict
        if self.workbench is None:
            return
        if verdict.send_back:
            self.work.request(Job("review sent back", lambda: self._reviewing(verdict)))
        else:
            self.work.aside(self._reviewing(verdict))

    async def _reviewing(self, verdict: Verdict) -> AsyncGenerator[AnyEvent, None]:
        """The review's events; where it came to nothing, the diff pane takes decisions again."""
        try:
            async with aclosing(cast("AsyncGenerator[AnyEvent, None]", self._live.review(verdict))) as events:
                async for event in events:
                    yield event
        finally:
            if self.diff.sources.waiting:
                self.diff.release()

    @on(DiffPane.UndoWanted)
    def _undo(self, message: DiffPane.UndoWanted) -> None:
        if self.workbench is not None:
            self.work.aside(self.workbench.undo(message.checkpoint, message.hunks))

    @on(DiffPane.SourceWanted)
    def _source(self, message: DiffPane.SourceWanted) -> None:
        if message.source == "worktree" and self.worktree is not None:
            self.run_worker(self._show_worktree(self.worktree), group="worktree", exclusive=True, exit_on_error=False)

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

    @on(Transcript.TurnAction)
    def _turn_action(self, message: Transcript.TurnAction) -> None:
        turn = self.story.turns.get(message.turn)
        match message.action:
            case "escalate" | "de-escalate" | "keep":
                self.give_label(message.turn, message.action)
            case "note":
                self.give_note(message.turn)
            case "redo":
                self.action_redo(str(message.turn))
            case "compare":
                self.action_compare(str(message.turn))
            case "detail":
                self.action_show_turn(message.turn)
            case "rewind":
                self.action_rewind(message.turn)
            case "diff":
                self.frame.look("diff")
            case "copy" if turn:
                self._copy(turn.markdown, "The turn was copied as Markdown.")
            case "copy-code" if turn:
                self._copy(turn.code, "The code of the turn was copied.")

    def _copy(self, text: str, done: str) -> None:
        if text:
            self.app.copy_to_clipboard(sanitize(text))
        self.say(done if text else "There is nothing to copy in this turn.")

    # Stopping, and commands.

    def action_interrupt(self) -> None:
        """Stop the request."""
        self.work.interrupt()

    def action_unqueue(self) -> None:
        """Drop the last queued message."""
        job = self.work.unqueue()
        self.say(f"Dropped: {job.title}" if job else "Nothing is queued.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Stopping and switching need something that runs, and a turn is not moved to where it is."""
        if action == "now":
            return self.work.running and parameters != (self.activity.tier,)
        return self.work.running if action == "interrupt" else True

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
    async def action_compare(self, word: str) -> None:
        """Both tries of a turn side by side; without a number, of the last one that was done again."""
        records = self.conversation.transcript.records
        tries = records.tries
        pair = tries.pair(int(word)) if word.isdecimal() else next(reversed(tries.pairs.values()), None)
        if pair is None:
            return self.say("That turn was not done twice; r on a turn does it again on the other model.", "warning")
        wish = await self.app.push_screen_wait(CompareScreen(pair, records))
        if wish is not None:
            again, kept = pair.again, None if wish == "neither" else wish
            title = f"keep the {kept} try" if kept else "take the choice back"
            self.work.request(Job(title, lambda: self._live.keep(again, kept)))

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
        if (bench := self.workbench) is None:
            return
        try:
            written = await bench.written()
        except PierError as error:
            return self.say(str(error), "error")
        wanted = await self.app.push_screen_wait(UndoScreen(written, bench.effects, self._live.session_id))
        if wanted is not None:
            self.work.aside(bench.undo(wanted.checkpoints, wanted.hunks))

    @work(exclusive=True, group="door")
    async def action_rewind(self, turn: int) -> None:
        """Go back to before a turn, after showing what would change."""
        if (bench := self.workbench) is None:
            return
        try:
            ours = since(await bench.written(), bench.session_id, turn)
            effects = await bench.effects(ours) if ours else Effects(patch=Patch())
        except PierError as error:
            return self.say(str(error), "error")
        what = await self.app.push_screen_wait(RewindScreen(turn, effects))
        if what is not None:
            self.work.request(Job(f"rewind to turn {turn}", lambda: self._live.rewind(turn, what == "files")))
