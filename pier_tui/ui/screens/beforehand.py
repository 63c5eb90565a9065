"""What costs rupees beside the turns says so before it happens: reading a prompt ahead, undoing a compaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

from textual import work
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, RequestEnded
from pier_tui.models.messages import Tier
from pier_tui.ui.figures import switch_words
from pier_tui.ui.format import NAMES
from pier_tui.ui.screens.dialog import Choices, Dialog
from pier_tui.ui.screens.live import WORDS, LiveSession
from pier_tui.ui.work import Job

ONCE, ALWAYS, NEVER = "now, this once", "now, and after every request of this session", "not any more"


class PriceScreen(Dialog[str]):
    """Says what something costs and answers with the choice taken, or None."""

    DEFAULT_CSS = "PriceScreen .dialog { height: auto; } PriceScreen Choices { height: auto; margin-top: 1; }"
    TITLE_TEXT: ClassVar[str] = "What it costs"

    def __init__(self, text: str, choices: Sequence[str]) -> None:
        super().__init__()
        self._text, self._choices = text, choices

    def body(self) -> list[Widget]:
        """The price, then the choices."""
        return [Static(Content(self._text)), Choices(*(Option(Content(choice)) for choice in self._choices))]

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """That one."""
        self.dismiss(self._choices[message.option_index])


class Beforehand(LiveSession):
    """A live session that tells such prices first. A prompt is read ahead once a request is over and none waits."""

    _due = False

    def show(self, event: AnyEvent) -> None:
        """Show it; where the user asked for it, a prompt is read ahead after a request."""
        super().show(event)
        if isinstance(event, RequestEnded):
            self._due = self.workbench is not None and self.workbench.warming.always

    def _work_changed(self) -> None:
        super()._work_changed()
        if self._due and not self.work.running and not self.work.queue:
            self._due = False
            ahead = self._live.warming.next()
            if ahead is not None and ahead.worth:
                self._read_ahead(ahead.tier, ahead.price)

    def _read_ahead(self, tier: Tier, price: SwitchPrice) -> None:
        self.say(f"Reading the {NAMES[tier]}'s next prompt ahead: {_reads(price)}.")
        self.work.aside(self._live.warming.read(tier))

    @work(exclusive=True, group="door")
    async def action_warm_up(self, word: str) -> None:
        """Say what reading a model's prompt ahead costs now, and do it once, always, or no more."""
        if self.workbench is None:
            return
        warming, choice = self.workbench.warming, WORDS.get(word.lower(), "auto")
        if word.lower() == "off":
            warming.always = False
            return self.say("No prompt is read ahead any more.")
        ahead = warming.next(None if choice == "auto" else choice)
        if ahead is None:
            return self.say("This session uses one model only, so there is no other prompt to read ahead.", "warning")
        if self.work.running:
            return self.say("A request is running; a prompt is read ahead only while none does.", "warning")
        text = (
            f"To read the {NAMES[ahead.tier]}'s next prompt ahead: {_reads(ahead.price)}. A switch to it then finds "
            "that cached, for as long as its endpoint keeps it. Billed on a line of its own."
        )
        choices = (ONCE, *((ALWAYS,) if not warming.always else (NEVER,)))
        answer = await self.app.push_screen_wait(PriceScreen(text, choices))
        if answer is None:
            return
        warming.always = answer == ALWAYS or (warming.always and answer != NEVER)
        if answer == NEVER:
            self.say("No prompt is read ahead any more.")
        elif not self.work.running:
            self._read_ahead(ahead.tier, ahead.price)

    @work(exclusive=True, group="door")
    async def action_undo_compaction(self) -> None:
        """Put the backbone back as it was, once it is said what the next turns then re-read."""
        if (bench := self.workbench) is None:
            return
        try:
            text = f"Undo the last compaction? The next turn then {_re_reads(bench.undo_compaction_price())}."
        except PierError as error:
            return self.say(str(error), "warning")
        if await self.app.push_screen_wait(PriceScreen(text, ("undo it", "leave it"))) == "undo it":
            self.work.request(Job("undo compaction", self._undoing_compaction))

    def _undoing_compaction(self) -> AsyncIterator[AnyEvent]:
        return self._live.undo_compaction()


def _reads(price: SwitchPrice) -> str:
    """`~12k tokens ~₹0.05`, or `nothing`."""
    return switch_words(price).removeprefix("re-reads ")


def _re_reads(prices: Mapping[Tier, SwitchPrice]) -> str:
    """`re-reads ~7.1k tokens ~₹0.03 on the 30B, or … on the 105B`."""
    told = [f"{switch_words(price)} on the {NAMES[tier]}" for tier, price in prices.items()]
    return ", or ".join(told)
