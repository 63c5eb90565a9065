"""A question of the agent's: pick one of its choices or answer in own words."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from pier_tui.ui.screens.dialog import Choices, Dialog
from pier_tui.ui.text import sanitize


class AskScreen(Dialog[str]):
    """Answers with the text, or None when closed."""

    TITLE_TEXT = "The agent asks"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "no answer", id="ask.close")]
    DEFAULT_CSS = """
    AskScreen OptionList { height: auto; max-height: 10; margin-top: 1; }
    AskScreen Input { margin-top: 1; }
    """

    def __init__(self, question: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._question, self._choices = question, choices

    def body(self) -> list[Widget]:
        """Question, choices, own words."""
        found: list[Widget] = [Static(Content(sanitize(self._question)))]
        if self._choices:
            found.append(Choices(*(Option(Content(sanitize(choice))) for choice in self._choices)))
        found.append(Input(placeholder="or in your own words" if self._choices else "your answer"))
        return found

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """A choice, as the agent wrote it."""
        self.dismiss(self._choices[message.option_index])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Own words."""
        if message.value.strip():
            self.dismiss(message.value.strip())
