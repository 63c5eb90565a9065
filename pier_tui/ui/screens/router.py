"""Router (ctrl+o): who routes and by which threshold, what that means for one's own turns, and what was learned.

What learning says is worked out by the agent, in a thread; a recording has no agent and shows its own figures only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

from textual import events, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from pier_tui.calibration import shown
from pier_tui.errors import PierError
from pier_tui.feedback.outlook import STEPS, Outlook
from pier_tui.ui.figures import savings
from pier_tui.ui.foresight import foreseen, learned, slider
from pier_tui.ui.format import NAMES, percent
from pier_tui.ui.screens.dialog import Page, heading, table
from pier_tui.ui.story import Story
from pier_tui.ui.text import sanitize
from pier_tui.ui.workbench import Label, TeachingFace

REGRETS_SHOWN = 12
AUDITS_SHOWN = 5
KINDS: tuple[tuple[Label, str], ...] = (
    ("keep", "right call (k)"),
    ("escalate", "should have been 105B (e)"),
    ("de-escalate", "should have been 30B (d)"),
)


@dataclass
class Routed:
    """What the screen is opened on. `go` shows a turn, `changed` is called when routing did."""

    story: Story
    strategy: str = ""
    threshold: float | None = None
    session: str = ""
    teaching: TeachingFace | None = None
    go: Callable[[int], None] = field(default=lambda turn: None)
    changed: Callable[[], tuple[str, float | None]] = field(default=lambda: ("", None))


class RouterScreen(Page):
    """Threshold and strategy are chosen here and put in use with enter; nothing changes before."""

    TITLE_TEXT = "Router"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "threshold", id="router.lower", key_display="←→"),
        Binding("right", "move(1)", "higher", show=False, id="router.higher"),
        Binding("enter", "use", "use it", id="router.use"),
        Binding("s", "mark(1)", "strategy", id="router.strategy", key_display="s/S", tooltip="Next strategy"),
        Binding("S", "mark(-1)", "strategy before", show=False, id="router.strategy_before"),
        Binding("n", "pick(1)", "next regret", show=False, id="router.next_regret"),
        Binding("g", "go", "regret", id="router.go", key_display="n/g", tooltip="Go to the marked turn"),
        Binding("c", "calibrate", "calibrate", id="router.calibrate"),
        Binding("u", "undo", "undo", id="router.undo"),
    ]
    DEFAULT_CSS = """
    RouterScreen Horizontal { height: 1; margin-bottom: 1; }
    RouterScreen Button { margin-right: 2; }
    """

    def __init__(self, routed: Routed) -> None:
        super().__init__()
        self._routed = routed
        self._outlook: Outlook | None = None
        self._said = ""
        self._step = round((routed.threshold or 0.0) * STEPS)
        self._picked = 0
        self._marked = routed.strategy

    def body(self) -> list[Widget]:
        """The text, and two buttons for the mouse where something can be learned."""
        buttons = Horizontal(
            Button(Content("Calibrate (c)"), id="calibrate", compact=True),
            Button(Content("Undo calibration (u)"), id="undo", compact=True),
        )
        for button in buttons._pending_children:
            button.can_focus = False
        text = VerticalScroll(Static(id="text"), can_focus=False)
        return [text] if self._routed.teaching is None else [buttons, text]

    def on_mount(self) -> None:
        """Write what is known, and ask for the rest."""
        super().on_mount()
        if self._routed.teaching is not None:
            self._ask(self._routed.teaching)

    @work(exclusive=True, group="outlook")
    async def _ask(self, teaching: TeachingFace, act: Callable[[], Awaitable[str]] | None = None) -> None:
        """Do something, if anything, and show how things stand after it."""
        try:
            if act is not None:
                self._said = await act()
                self._routed.strategy, self._routed.threshold = self._routed.changed()
                self._marked = self._routed.strategy
            self._outlook = await teaching.outlook()
            if self._outlook.now.tau is not None and (act is not None or self._said == ""):
                self._step = round(self._outlook.now.tau * STEPS)
        except PierError as error:
            self._said = str(error)
        self._picked = min(self._picked, max(len(self._regrets) - 1, 0))
        self.write()
        self.refresh_bindings()

    @property
    def _regrets(self) -> list[tuple[str, int, str]]:
        """Session, turn and reason of each."""
        found = self._outlook.regrets if self._outlook else ()
        return [(regret.row.session, regret.row.turn, regret.why) for regret in found[:REGRETS_SHOWN]]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without an agent nothing can be changed; a turn of another session is not here to go to."""
        if action in {"move", "put", "use", "mark", "calibrate", "undo"}:
            return self._routed.teaching is not None
        if action in {"go", "pick"}:
            return bool(self._regrets)
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """A digit is a tenth, where there is a threshold to move."""
        if event.character and event.character in "0123456789" and self._routed.teaching is not None:
            event.stop()
            self.action_put(int(event.character) * (STEPS // 10))

    def action_move(self, by: int) -> None:
        """Move the threshold by hundredths."""
        self.action_put(self._step + by)

    def action_put(self, step: int) -> None:
        """Put the threshold somewhere."""
        self._step = min(max(step, 0), STEPS)
        self.write()

    def action_use(self) -> None:
        """Route by what was chosen."""
        if (teaching := self._routed.teaching) is not None:
            self._ask(teaching, lambda: self._use(teaching, self._marked, self._step))

    async def _use(self, teaching: TeachingFace, strategy: str, step: int) -> str:
        moved = step != round(self._in_use * STEPS)
        said = [await teaching.switch(strategy)] if strategy != self._routed.strategy else []
        if moved:
            said.append(await teaching.use_tau(step / STEPS))
        return " ".join(said) or "That is in use already."

    @property
    def _in_use(self) -> float:
        return self._outlook.now.tau if self._outlook else self._routed.threshold or 0.0

    def action_mark(self, by: int) -> None:
        """Choose another strategy of the list, without using it yet, and bring the list into view."""
        if (teaching := self._routed.teaching) is not None:
            names = [name for name, _ in teaching.strategies()]
            at = names.index(self._marked) if self._marked in names else -by
            self._marked = names[(at + by) % len(names)]
            self.write()
            self.call_after_refresh(self._show_list)

    def _show_list(self) -> None:
        area = self.query_one(VerticalScroll)
        lines = Content("\n").join(self._above(area.scrollable_content_region.width))
        top = len(lines.wrap(area.scrollable_content_region.width))
        area.scroll_to(y=min(top - 1, area.max_scroll_y), animate=False)

    def action_calibrate(self) -> None:
        """Learn."""
        if (teaching := self._routed.teaching) is not None:
            self._ask(teaching, teaching.calibrate)

    def action_undo(self) -> None:
        """Take the last calibration back."""
        if (teaching := self._routed.teaching) is not None:
            self._ask(teaching, teaching.undo)

    def on_button_pressed(self, message: Button.Pressed) -> None:
        """The same by the mouse."""
        message.stop()
        if message.button.id == "calibrate":
            self.action_calibrate()
        else:
            self.action_undo()

    def action_pick(self, by: int) -> None:
        """Mark another turn to regret."""
        self._picked = (self._picked + by) % len(self._regrets)
        self.write()

    def action_go(self) -> None:
        """Show the marked turn in the conversation."""
        session, turn, _ = self._regrets[self._picked]
        if session != self._routed.session:
            self._said = f"Turn {turn} is in session {session}; open that one with ctrl+l."
            self.write()
            return
        self.dismiss(None)
        self._routed.go(turn)

    def text(self, width: int) -> Content:
        """Threshold first, as it is what is changed here; then learning, strategies, figures and labels."""
        parts = [*self._above(width), heading("Strategy"), self._strategies(width)]
        if self._outlook is not None:
            parts += [Content("\n\n"), heading("Learned"), _points(learned(self._outlook))]
            parts += [Content("\n\n"), heading("Regret"), self._regretted()]
        parts += [Content("\n\n"), heading("So far in this session"), self._so_far()]
        parts += [Content("\n\n"), heading("Labels"), self._labels()]
        return Content.assemble(*parts)

    def _above(self, width: int) -> list[Content]:
        """What stands above the list of strategies."""
        return [heading("Threshold"), self._threshold(width), Content("\n\n")]

    def _threshold(self, width: int) -> Content:
        used = self._routed.threshold
        if self._routed.teaching is None:
            text = "not known" if used is None else shown(used)
            return Content(f"{text}: a turn whose confidence is below it goes to the 105B")
        in_use = self._in_use
        tau = self._tau(in_use)
        state = "in use" if tau == in_use else f"not in use: enter uses it; {shown(in_use)} is"
        lines = [
            f"{slider(tau, in_use, min(width - 4, 60))}",
            f"{shown(tau)}, {state}. A confidence below it escalates.",
        ]
        found = self._outlook.at(tau) if self._outlook else None
        lines += foreseen(found) if found else ["reading your log ..."]
        said = [Content.styled(f"\n{sanitize(self._said)}", "$text-primary")] if self._said else []
        return Content.assemble("\n".join(lines), *said)

    def _tau(self, in_use: float) -> float:
        """The threshold the slider is at: the one in use where they are of one hundredth, as 0.999 is not 1."""
        return in_use if round(in_use * STEPS) == self._step else self._step / STEPS

    def _strategies(self, width: int) -> Content:
        """One line each; the one in use and the one chosen say all."""
        name = self._routed.strategy or "not started"
        listed = self._routed.teaching.strategies() if self._routed.teaching else ()
        if name not in [one for one, _ in listed]:
            listed = [(name, "see the routing page of the manual"), *listed]
        lines: list[Content] = []
        for one, about in listed:
            chosen = one == self._marked
            mark, style = ("● " if one == name else "▸ " if chosen else "○ "), "bold" if chosen else ""
            more = " (enter uses it)" if chosen and one != name else ""
            line = Content.assemble(mark, (sanitize(one), style), f"{more}: {sanitize(about)}")
            lines.append(line if one in (name, self._marked) else line.truncate(width, ellipsis=True))
        return Content("\n").join(lines)

    def _regretted(self) -> Content:
        if not self._regrets:
            return Content("No turn to regret.")
        lines: list[Content] = []
        for at, (session, turn, why) in enumerate(self._regrets):
            where = "" if session == self._routed.session else f" of {session}"
            words = f"{'▸' if at == self._picked else '·'} turn {turn}{sanitize(where)}: {why}"
            lines.append(Content.styled(words, "bold" if at == self._picked else ""))
        return Content("\n").join(lines)

    def _so_far(self) -> Content:
        story = self._routed.story
        if not any(turn.answer for turn in story.standing):
            return Content("No turn was answered yet.")
        answered = [turn for turn in story.standing if turn.answer]
        rows: list[tuple[str, ...]] = [("answered by", "turns", "share", "by your choice")]
        for tier, name in NAMES.items():
            here = [turn for turn in answered if turn.tier == tier]
            forced = sum(turn.forced for turn in here)
            rows.append((name, str(len(here)), percent(len(here) / len(answered)), str(forced)))
        return Content.assemble(table(rows), f"\n\n{savings(story)[1]}")

    def _labels(self) -> Content:
        here = [event.label for event in self._routed.story.labels.values()]
        ever: dict[Label, int] = self._outlook.labels if self._outlook else {}
        rows: list[tuple[str, ...]] = [("label", "this session", "ever")]
        for label, words in KINDS:
            rows.append((words, str(here.count(label)), str(ever.get(label, "?"))))
        return Content.assemble(table(rows), *self._audits())

    def _audits(self) -> list[str]:
        if self._outlook is None or not self._outlook.audits:
            return []
        waiting = [f"turn {p.decision.rpartition('-')[2]}: {sanitize(p.text)}" for p in self._outlook.open]
        lines = [f"\n\naudits: {self._outlook.audits}, {len(waiting)} wait for your label"]
        return ["\n  ".join([*lines, *waiting[:AUDITS_SHOWN]])]


def _points(lines: list[str]) -> Content:
    return Content("\n".join(f"· {sanitize(line)}" for line in lines))
