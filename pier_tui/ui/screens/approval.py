"""A command waits for approval: the exact command, why, where, what the sandbox allows, and the exact rule of "always".

Keys pressed before the dialog could be read are dropped: nothing counts until it was painted and a
moment more has passed. There is no list whose entries could move under the finger.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest
from pier_tui.ui.screens.dialog import Dialog
from pier_tui.ui.text import sanitize

GRACE = 0.3
"""Seconds after painting during which keys are dropped."""


ANSWERS = frozenset("ysan1234") | {"escape"}


class ApprovalScreen(Dialog[ApprovalAnswer]):
    """Answers the request; closing it is no."""

    TITLE_TEXT = "Run this command?"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,1", "answer('once')", "once", id="approve.once"),
        Binding("s,2", "answer('session')", "this session", id="approve.session"),
        Binding("a,3", "answer('always')", "always", id="approve.always"),
        Binding("n,4", "refuse", "no, and say why", id="approve.no"),
        Binding("escape", "leave", "no", id="approve.close"),
    ]
    DEFAULT_CSS = """
    ApprovalScreen VerticalScroll { height: auto; max-height: 12; background: $panel; padding: 0 1; }
    ApprovalScreen .facts { margin: 1 0; }
    ApprovalScreen Input { display: none; margin-top: 1; }
    ApprovalScreen.-refusing Input { display: block; }
    """

    def __init__(self, request: ApprovalRequest, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._request, self._clock = request, clock
        self._painted: float | None = None

    def body(self) -> list[Widget]:
        """Command, facts, the four answers, and the line for a reason."""
        asked = self._request
        facts = [("why", asked.why), ("asked as", "; ".join(asked.reasons)), ("where", asked.where)]
        facts.append(("sandbox", asked.sandbox))
        lines = [
            Content.assemble((f"{name:<10}", "$muted"), sanitize(value, keep_newlines=False))
            for name, value in facts
            if value
        ]
        return [
            VerticalScroll(Static(visible(asked.command)), can_focus=False),
            Static(Content("\n").join(lines), classes="facts"),
            Static(self._answers()),
            Input(placeholder="why not? the model is told (enter sends)"),
        ]

    def _answers(self) -> Content:
        rule = sanitize(str(self._request.rule), keep_newlines=False) if self._request.rule else ""
        binds = f"any command that begins with: {rule}" if rule else "this very command"
        lines = [("y", "once", ""), ("s", "in this session", binds)]
        if rule:
            lines.append(("a", "always", f"kept as a rule: {rule}"))
        lines.append(("n", "no", "and tell the model why"))
        rows = [
            Content.assemble((f" {key} ", "bold reverse"), f" {words:<17}", (note, "$muted"))
            for key, words, note in lines
        ]
        return Content("\n").join(rows)

    def on_mount(self) -> None:
        """Begin to count once it was painted."""
        self.call_after_refresh(self._seen)

    def _seen(self) -> None:
        self._painted = self._clock()

    @property
    def _ready(self) -> bool:
        """Whether a key counts; one that came too early was meant for something else, and so may be the next."""
        ready = self._painted is not None and self._clock() - self._painted >= GRACE
        if not ready and self._painted is not None:
            self._painted = self._clock()
        return ready

    def on_key(self, event: events.Key) -> None:
        """Somebody is typing a text that was not meant for this dialog: wait until he has seen it."""
        if event.key not in ANSWERS and self._painted is not None:
            self._painted = self._clock()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`always` needs a rule; while a reason is typed only closing works."""
        if parameters == ("always",) and self._request.rule is None:
            return False
        return not (self.has_class("-refusing") and action in {"answer", "refuse"})

    def action_answer(self, choice: Literal["once", "session", "always"]) -> None:
        """Yes, one way or the other."""
        if self._ready:
            self.dismiss(ApprovalAnswer(choice=choice))

    def action_refuse(self) -> None:
        """No: ask for the reason."""
        if self._ready:
            self.add_class("-refusing")
            self.query_one(Input).focus()

    def action_leave(self) -> None:
        """No, without a reason."""
        if self._ready:
            self.dismiss(ApprovalAnswer(choice="no"))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """No, with it."""
        self.dismiss(ApprovalAnswer(choice="no", reason=message.value.strip()))


def visible(command: str) -> Content:
    """The command with nothing hidden: line ends as ↵, tabs as →, everything beyond ASCII underlined."""
    parts: list[tuple[str, str]] = []
    for sign in sanitize(command.replace("\t", "→")):
        if sign == "\n":
            parts.append(("↵\n", "$text-warning"))
        else:
            parts.append((sign, "bold" if sign.isascii() else "bold underline $text-warning"))
    return Content.assemble(*parts).simplify()
