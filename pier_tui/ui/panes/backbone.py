"""The backbone pane: what the agent knows and intends, and how much of it each model has cached."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from pier_tui.backbone.state import Backbone, Item, Section
from pier_tui.backbone.updates import Edit, Pin, Put, Remove, Update, apply, invert, next_id
from pier_tui.errors import BackboneError
from pier_tui.events import (
    AnyEvent,
    BackboneChanged,
    BackboneRestored,
    CallFinished,
    Compacted,
    PromptWarmed,
    RequestStarted,
    RouteDecided,
)
from pier_tui.models.messages import Tier
from pier_tui.ui.format import NAMES
from pier_tui.ui.panes.backbone_rows import TITLES
from pier_tui.ui.widgets.backbone_tree import BackboneTree
from pier_tui.ui.widgets.letters import LetterInput
from pier_tui.ui.widgets.prefix_bar import PrefixBar


class ItemLine(LetterInput):
    """Where an item's text is typed; escape leaves without a change."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", id="backbone.leave")]

    class Left(Message):
        """The user changed his mind."""

    def action_leave(self) -> None:
        """Tell the pane."""
        self.post_message(self.Left())


class BackbonePane(Vertical):
    """Folds backbone events into a tree; the user's edits go up as `BackboneEdited`, nothing is changed here."""

    DEFAULT_CSS = """
    BackbonePane > ItemLine { display: none; dock: bottom; height: 3; border: tall $border; }
    BackbonePane.-typing > ItemLine { display: block; }
    """

    class TurnWanted(Message):
        """Show this turn."""

        def __init__(self, turn: int) -> None:
            super().__init__()
            self.turn = turn

    class BackboneEdited(Message):
        """The user changed the backbone."""

        def __init__(self, updates: tuple[Update, ...]) -> None:
            super().__init__()
            self.updates = updates

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self._fresh: frozenset[str] = frozenset()
        self._undo: list[tuple[Update, ...]] = []
        self._typing: Item | Section = "goal"
        self._past: dict[Tier, AnyEvent] | None = None
        """While the past is taken in: the last of each kind of event that the bars show, None otherwise."""
        self._bars: dict[Tier, PrefixBar] = {
            "weak": PrefixBar(NAMES["weak"], "$weak"),
            "strong": PrefixBar(NAMES["strong"], "$strong"),
        }

    def compose(self) -> ComposeResult:
        """Bars, tree, and the hidden line for typing."""
        yield from self._bars.values()
        yield BackboneTree()
        yield ItemLine(select_on_focus=False)

    def show(self, event: AnyEvent) -> None:
        """Take one event in."""
        match event:
            case RequestStarted():
                self._fresh = frozenset()
                self._present()
            case BackboneChanged():
                self._change(event)
            case BackboneRestored():
                self.backbone, self._fresh = event.backbone, frozenset()
                if event.why:
                    self.border_title = Content(f"Backbone · {event.why}")
                self._present()
            case Compacted():
                self.backbone = self.backbone.model_copy(
                    update={"snapshot": event.snapshot, "epoch": event.epoch, "deltas": ()}
                )
                gone = f"{len(event.merged)} merged, {len(event.dropped)} dropped" if self._lost(event) else "compacted"
                self.border_title = Content(f"Backbone · {gone}")
            case RouteDecided():
                self._bars[event.tier].sent(event)
            case CallFinished() | PromptWarmed():
                self._bars[event.tier].billed(event)

    def recall(self, event: AnyEvent) -> None:
        """Take in one of many events of the past, without painting; `settle` paints what they came to."""
        if self._past is None:
            self._past = {}
        if isinstance(event, CallFinished | PromptWarmed) or (isinstance(event, RouteDecided) and event.segments):
            self._past[event.tier] = event
        elif not isinstance(event, RouteDecided):
            self.show(event)

    def settle(self) -> None:
        """Paint what was recalled."""
        past, self._past = self._past or {}, None
        for event in past.values():
            self.show(event)
        self._present()

    def windows(self, weak: int, strong: int) -> None:
        """The models' context windows, in tokens."""
        self._bars["weak"].window, self._bars["strong"].window = weak, strong

    @staticmethod
    def _lost(event: Compacted) -> bool:
        return bool(event.merged or event.dropped)

    def _change(self, event: BackboneChanged) -> None:
        before = {item.id: item for item in self.backbone.items}
        try:
            self.backbone = apply(self.backbone, event.updates, turn=event.turn)
        except BackboneError:
            # The agent has refused or already told of it; this pane only shows what it can.
            return
        # Items that did not change are the very objects they were.
        self._fresh |= {item.id for item in self.backbone.items if before.get(item.id) is not item}
        self._present()

    def _present(self) -> None:
        if self.is_mounted and self._past is None:
            self.query_one(BackboneTree).present(self.backbone, self._fresh)

    def on_backbone_tree_acted(self, message: BackboneTree.Acted) -> None:
        """What the user did at a row."""
        message.stop()
        item, section = message.row.item, message.row.section
        match message.act:
            case "jump" if item:
                self.post_message(self.TurnWanted(item.turn))
            case "edit" if item:
                self._type(item, item.text, item.key or TITLES[section])
            case "add":
                self._type(section, "", f"new: {TITLES[section]}")
            case "pin" if item:
                self._edit(Pin(id=item.id, pinned=not item.pinned))
            case "delete" if item:
                self._edit(Remove(id=item.id))
            case "undo" if self._undo:
                self.post_message(self.BackboneEdited(self._undo.pop()))

    def _edit(self, update: Update) -> None:
        try:
            self._undo.append(invert(self.backbone, (update,)))
        except BackboneError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        self.post_message(self.BackboneEdited((update,)))

    def _type(self, what: Item | Section, text: str, title: str) -> None:
        line = self.query_one(ItemLine)
        self._typing = what
        line.border_title = Content(title[:40])
        line.value = text
        line.cursor_position = len(text)
        self.add_class("-typing")
        line.focus()

    def on_item_line_left(self, message: ItemLine.Left) -> None:
        """Nothing was changed."""
        message.stop()
        self._typed()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Make the typed text an update."""
        message.stop()
        text, what = message.value.strip(), self._typing
        if text and isinstance(what, Item):
            if text != what.text:
                self._edit(Edit(id=what.id, text=text))
        elif text and not isinstance(what, Item):
            new = Item(id=next_id(self.backbone, what), section=what, key=text, text=text, author="you")
            self._edit(Put(item=new))
        self._typed()

    def _typed(self) -> None:
        self.remove_class("-typing")
        self.query_one(BackboneTree).focus()
