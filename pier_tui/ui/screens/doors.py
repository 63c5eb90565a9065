"""The doors of the workbench: every action that opens another screen, and what is done with its answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from textual import on, work
from textual.binding import Binding
from textual.dom import DOMNode
from textual.message import Message

from pier_tui.errors import PierError
from pier_tui.ui.panes.backbone import BackbonePane
from pier_tui.ui.panes.frame import PaneFrame
from pier_tui.ui.screens.costs import CostsScreen
from pier_tui.ui.screens.help import HelpScreen, described
from pier_tui.ui.screens.router import Routed, RouterScreen
from pier_tui.ui.screens.sessions import SessionsScreen, SessionWish
from pier_tui.ui.screens.turn import TurnScreen
from pier_tui.ui.screens.view import SessionView
from pier_tui.ui.widgets.backbone_tree import BackboneTree
from pier_tui.ui.widgets.prompt import Files, PromptInput
from pier_tui.ui.widgets.transcript import Transcript
from pier_tui.ui.workbench import Shelf, TeachingFace


class Doors(SessionView):
    """A session view from which everything else can be opened. `shelf` lists sessions; None: nothing is kept."""

    strategy = ""
    threshold: float | None = None
    teaching: TeachingFace | None = None
    """What is learned from labels; None for a recording."""
    session_id = ""
    resumable = False
    """Whether another session can be opened from here."""

    class Reopened(Message):
        """The user wants to go on with another session."""

        def __init__(self, session: str) -> None:
            super().__init__()
            self.session = session

    def __init__(self, repository: str, shelf: Shelf | None = None, files: Files | None = None) -> None:
        super().__init__(repository, files)
        self.shelf = shelf
        self.keymap: Mapping[str, str] = {}

    def action_show_costs(self) -> None:
        """Costs."""
        self.app.push_screen(CostsScreen(self.story, self.teaching, self.session_id))

    def action_show_router(self) -> None:
        """Router."""
        session = self.session_id
        routed = Routed(self.story, self.strategy, self.threshold, session, self.teaching, self._go, self.rerouted)
        self.app.push_screen(RouterScreen(routed))

    def rerouted(self) -> tuple[str, float | None]:
        """Take up that strategy or threshold changed; what they are now."""
        return self.strategy, self.threshold

    def _go(self, turn: int) -> None:
        self.frame.look("conversation")
        self.conversation.go_to(turn)

    def action_show_turn(self, turn: int) -> None:
        """Everything about a turn."""
        if turn in self.story.turns:
            self.app.push_screen(TurnScreen(self.story.turns[turn]))

    def action_show_help(self) -> None:
        """Keys, as they are now."""
        owners: list[tuple[str, type[DOMNode]]] = [
            ("Everywhere", type(self)),
            ("Panes", PaneFrame),
            ("Backbone", BackboneTree),
            ("Prompt", PromptInput),
            ("Conversation", Transcript),
            ("Diff", type(self.diff)),
        ]
        groups = []
        for title, owner in owners:
            bindings = [self._as_set(binding) for binding in Binding.make_bindings(owner.BINDINGS)]
            groups.append((title, described(bindings, {b.key: self.app.get_key_display(b) for b in bindings})))
        self.app.push_screen(HelpScreen(groups))

    def _as_set(self, binding: Binding) -> Binding:
        """The binding with the keys the user gave it; his first key stands for all of them."""
        keys = self.keymap.get(binding.id or "", "")
        return replace(binding, key=keys.split(",")[0], key_display=None) if keys else binding

    @work(exclusive=True, group="door")
    async def action_show_sessions(self) -> None:
        """Sessions; going on with another is the app's to do."""
        if self.shelf is None:
            self.notify("Sessions are not kept here.", markup=False)
            return
        try:
            sessions = await self.shelf.sessions()
            wish = await self.app.push_screen_wait(
                SessionsScreen(self.shelf, sessions, resumable=lambda: self.resumable)
            )
            await self._do(wish)
        except PierError as error:
            self.notify(str(error), severity="error", markup=False)

    async def _do(self, wish: SessionWish | None) -> None:
        if wish is None:
            return
        if wish.act == "resume":
            self.post_message(self.Reopened(wish.session))
        elif self.shelf is not None:
            # The dialog is gone from the stack, so this is what lies below it.
            name = f"pier-screen-{time.strftime('%Y%m%d-%H%M%S')}.svg"
            self.notify(f"Written to {await self.shelf.write(name, self.app.export_screenshot())}", markup=False)

    async def export(self, session: str) -> None:
        """Write a session out and say where."""
        if self.shelf is not None:
            self.notify(f"Written to {await self.shelf.export(session)}", markup=False)

    @on(BackbonePane.TurnWanted)
    def _turn_wanted(self, message: BackbonePane.TurnWanted) -> None:
        """An item of the backbone was followed: show the turn that wrote it."""
        self._go(message.turn)
