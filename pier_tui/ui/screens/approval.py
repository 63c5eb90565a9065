"""A command waits for approval: the exact command, why, where, what the sandbox allows, and the exact rules.

Only a key pressed for this very dialog counts: one pressed once all of the command was painted and could be
read, some time after any other key, and followed by none, as typing ahead and pasting would be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest, Rule
from pier_tui.ui.screens.unhurried import Unhurried
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.command_text import CommandText, visible

SETTLE = 0.06
"""Seconds a yes waits for a further key: pasted text brings one at once, a finger does not."""
LONGEST_FACT = 240

Choice = Literal["once", "session", "always"]

POLICIES = {
    "untrusted": "untrusted: all but reading asks",
    "on-request": "on-request: all but reading and the project's tests asks",
    "never": "never: nothing asks",
}


class ApprovalScreen(Unhurried[ApprovalAnswer]):
    """Answers the request; closing it is no."""

    TITLE_TEXT = "Run this command?"
    ANSWERS = frozenset("ysan1234") | {"escape", "up", "down", "pageup", "pagedown", "home", "end"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,1", "answer('once')", "once", show=False, id="approve.once"),
        Binding("s,2", "answer('session')", "this session", show=False, id="approve.session"),
        Binding("a,3", "answer('always')", "always", show=False, id="approve.always"),
        Binding("n,4", "refuse", "no, and say why", show=False, id="approve.no"),
        Binding("down", "roll(1)", "read on", id="approve.down"),
        Binding("up", "roll(-1)", "back", id="approve.up"),
        Binding("pagedown,end", "roll(8)", "further on", show=False, id="approve.page_down"),
        Binding("pageup,home", "roll(-8)", "further back", show=False, id="approve.page_up"),
        Binding("escape", "leave", "no", id="approve.close"),
    ]
    DEFAULT_CSS = """
    ApprovalScreen VerticalScroll { height: auto; }
    ApprovalScreen .facts { height: auto; margin: 1 0; }
    ApprovalScreen .row { height: auto; }
    ApprovalScreen .row > .name { width: 10; color: $muted; }
    ApprovalScreen .row > .value { width: 1fr; }
    ApprovalScreen .unread { color: $text-warning; visibility: hidden; }
    ApprovalScreen.-unread .unread { visibility: visible; }
    ApprovalScreen Input { display: none; }
    ApprovalScreen.-refusing Input { display: block; }
    ApprovalScreen.-refusing .answers, ApprovalScreen.-refusing .unread { display: none; }
    """

    def __init__(self, request: ApprovalRequest, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock=clock)
        self._request = request
        self._settling: Timer | None = None
        self._read = False
        self._room = 0

    def body(self) -> list[Widget]:
        """Command and facts, which scroll where there is no room, the answers, and the line for a reason."""
        return [
            VerticalScroll(CommandText(self._request.command), *self._facts(), can_focus=False),
            Static("↓ read to the end before yes", classes="unread", markup=False),
            Static(self._answers(), classes="answers"),
            Input(placeholder="why not? the model is told (enter sends)"),
        ]

    def _facts(self) -> list[Widget]:
        asked = self._request
        facts = [("why", asked.why), ("because", "; ".join(asked.reasons)), ("where", asked.where)]
        facts += [("sandbox", asked.sandbox), ("policy", POLICIES.get(asked.policy, asked.policy))]
        rows = [_row(name, _short(value)) for name, value in facts if value]
        rows.append(_row("session", _bound(asked.session or asked.rule)))
        if asked.rule is not None:
            rows.append(_row("always", _bound(asked.rule)))
        return [Vertical(*rows, classes="facts")]

    def _answers(self) -> Content:
        answers = [("y", "once"), ("s", "this session"), ("a", "always"), ("n", "no, and say why")]
        offered = [(key, words) for key, words in answers if key != "a" or self._request.rule is not None]
        keys = [
            Content.assemble((f" {key} ", "bold reverse"), f" {words}".replace(" ", "\u00a0")) for key, words in offered
        ]
        return Content("  ").join(keys)

    def on_mount(self) -> None:
        """Begin to count once it was painted with all in its place."""
        for changed in ("scroll_y", "virtual_size", "size"):
            self.watch(self.query_one(VerticalScroll), changed, self._mark, init=False)
        self.call_after_refresh(self._fit, self._seen)

    def on_resize(self) -> None:
        """The answers always have their place; the command gets the rest."""
        self.call_after_refresh(self._fit)

    def _fit(self, then: Callable[[], None] | None = None) -> None:
        shown = [widget for widget in self.query("Input, .unread, .answers, KeyLine") if widget.display]
        around = self.query_one(".dialog").gutter.height + sum(widget.outer_size.height or 1 for widget in shown)
        self._room = max(self.size.height * 9 // 10 - around, 1)
        self.query_one(VerticalScroll).styles.max_height = self._room
        if then is not None:
            self.call_after_refresh(then)

    def _seen(self) -> None:
        super()._seen()
        self._mark()

    def _mark(self) -> None:
        """Say whether there is more of the command than was shown."""
        scroll = self.query_one(VerticalScroll)
        laid_out = 0 < scroll.size.height <= self._room
        at_end = laid_out and scroll.scroll_offset.y >= scroll.virtual_size.height - scroll.size.height
        self._read = self._read or (at_end and scroll.scroll_offset.y > 0)
        self.set_class(not self._read and not at_end, "-unread")

    @property
    def ready(self) -> bool:
        """Whether a key counts; one that comes while a yes still waits takes it back."""
        if self._settling is not None:
            self._wait()
        return super().ready

    def _wait(self) -> None:
        if self._settling is not None:
            self._settling.stop()
            self._settling = None
        super()._wait()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text answers nothing."""
        self._wait()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`always` needs a rule; while a reason is typed only closing works; what fits needs no scrolling."""
        if parameters == ("always",) and self._request.rule is None:
            return False
        if action == "roll":
            return self.is_mounted and self.query_one(VerticalScroll).max_scroll_y > 0
        return not (self.has_class("-refusing") and action in {"answer", "refuse"})

    def action_answer(self, choice: Choice) -> None:
        """Yes, one way or the other, if no further key comes at once."""
        self._mark()
        if self.ready and not self.has_class("-unread"):
            self._settling = self.set_timer(SETTLE, partial(self._agree, choice))

    def _agree(self, choice: Choice) -> None:
        self.dismiss(ApprovalAnswer(choice=choice))

    def action_refuse(self) -> None:
        """No: ask for the reason."""
        if self.ready:
            self.add_class("-refusing")
            self.query_one(Input).focus()
            self.call_after_refresh(self._fit)

    def action_leave(self) -> None:
        """No, without a reason."""
        if self.ready:
            self.dismiss(ApprovalAnswer(choice="no"))

    def action_roll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """No, with it."""
        self.dismiss(ApprovalAnswer(choice="no", reason=message.value.strip()))


def _row(name: str, value: Content) -> Widget:
    return Horizontal(
        Static(Content(name), classes="name"), Static(Content.assemble(value), classes="value"), classes="row"
    )


def _bound(rule: Rule | None) -> Content:
    """What the rule binds, as it would be kept."""
    if rule is None or rule.text:
        return Content.styled("allows this very command", "$muted")
    return Content.assemble(("allows whatever begins with: ", "$muted"), visible(str(rule)))


def _short(value: str) -> Content:
    shown = sanitize(value, keep_newlines=False)
    return Content(shown if len(shown) <= LONGEST_FACT else f"{shown[:LONGEST_FACT]}…")
