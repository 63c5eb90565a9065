"""The prompt by keys: what is sent, completed, recalled and folded."""

from __future__ import annotations

import asyncio

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.widgets import Static

from pier_tui.ui.panes.conversation import ConversationPane
from pier_tui.ui.widgets.prompt import PromptInput
from pier_tui.ui.widgets.prompt_box import ChoiceList

COMMANDS = (("costs", "what was spent"), ("router", "how turns are routed"))
FILES = ["pier/app.py", "pier/cart.py", "tests/test_cart.py"]


class PromptApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.posted: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield ConversationPane(lambda: FILES, COMMANDS)

    def on_mount(self) -> None:
        self.query_one(PromptInput).focus()

    @on(ConversationPane.Submitted)
    def submitted(self, message: PromptInput.Submitted) -> None:
        self.posted.append(("send", message.text))

    @on(ConversationPane.Steered)
    def steered(self, message: PromptInput.Steered) -> None:
        self.posted.append(("steer", message.text))

    @on(ConversationPane.ShellRequested)
    def shell(self, message: PromptInput.ShellRequested) -> None:
        self.posted.append(("shell", message.command))

    @on(ConversationPane.EditorRequested)
    def editor(self, message: PromptInput.EditorRequested) -> None:
        self.posted.append(("editor", message.text))

    @on(ConversationPane.TakeBack)
    def take_back(self) -> None:
        self.posted.append(("back", ""))


async def test_enter_sends_and_a_new_line_does_not() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", "ctrl+j", "b", "enter")
        assert app.posted == [("send", "a\nb")]
        assert app.query_one(PromptInput).text == ""


async def test_an_empty_prompt_sends_nothing() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "enter")
        assert app.posted == []


async def test_steering_a_shell_command_and_the_editor_are_posted_apart() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"!ls", "enter", "ctrl+s", "x", "ctrl+s")
        assert (app.posted, app.query_one(PromptInput).text) == ([("shell", "ls")], "x"), "nothing runs"
        app.query_one(PromptInput).running = True
        await pilot.press("ctrl+s", "y", "ctrl+g")
        assert app.posted == [("shell", "ls"), ("steer", "x"), ("editor", "y")]


async def test_a_command_is_completed_and_sent() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("/", "r")
        await pilot.pause()
        assert app.query_one(ChoiceList).display
        assert "how turns are routed" in str(app.query_one(ChoiceList, Static).content)
        await pilot.press("tab", "enter")
        assert app.posted == [("send", "/router ")]


async def test_a_file_is_completed_by_letters_after_an_at_sign() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"see @cart")
        await pilot.pause()
        await pilot.press("down", "up", "enter")
        assert app.query_one(PromptInput).text == "see @pier/cart.py "
        assert not app.query_one(ChoiceList).display


async def test_files_that_take_long_to_list_keep_no_key_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier_tui.ui.widgets.prompt.PATIENCE", 0.0)
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = app.query_one(PromptInput)
        listed: asyncio.Future[tuple[str, ...]] = asyncio.Future()
        asked: list[int] = []
        prompt.files = lambda: asked.append(1) or listed  # type: ignore[func-returns-value]
        await pilot.press(*"@ca")
        assert prompt.text == "@ca"
        assert not app.query_one(ChoiceList).display
        listed.set_result(("pier/cart.py", "pier/other.py"))
        while not app.query_one(ChoiceList).display:
            await pilot.pause()
        await pilot.press("r", "enter")
        assert (prompt.text, asked) == ("@pier/cart.py ", [1])


async def test_up_recalls_what_was_sent_and_down_returns() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = app.query_one(PromptInput)
        await pilot.press("a", "enter", "b", "enter", "up")
        assert prompt.text == "b"
        await pilot.press("up")
        assert prompt.text == "a"
        await pilot.press("down", "down")
        assert prompt.text == ""


async def test_history_is_searched_by_what_is_typed() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"fix cart", "enter", *"add tax", "enter", "ctrl+r", *"cart")
        await pilot.pause()
        await pilot.press("enter")
        assert app.query_one(PromptInput).text == "fix cart"


async def test_a_long_paste_is_one_placeholder_until_it_is_sent() -> None:
    app = PromptApp()
    long = "\n".join(f"line {n}" for n in range(120))
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = app.query_one(PromptInput)
        prompt.post_message(events.Paste(long))
        await pilot.pause()
        assert prompt.text == "[pasted 120 lines]"
        await pilot.press("enter")
        assert app.posted == [("send", long)]


async def test_the_queue_is_shown_and_up_takes_the_last_back() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        pane = app.query_one(ConversationPane)
        pane.set_work(["then [red]add tests"], True)
        await pilot.press("up")
        assert "queued: then [red]add tests" in str(app.query_one("#queue", Static).content)
        assert app.posted == [("back", "")]
        pane.edit("then add tests")
        assert pane.prompt.text == "then add tests"


async def test_the_border_says_who_does_the_next_turn() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)):
        pane = app.query_one(ConversationPane)
        pane.set_next("next turn: 105B (once) · re-reads ~12k tokens ~₹0.05")
        assert "105B (once)" in str(pane.prompt.border_subtitle)


async def test_keys_act_in_the_order_they_were_typed_however_fast() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 24)) as pilot:
        for key, character in (("x", "x"), ("backspace", "\x7f"), ("a", "a"), ("enter", "\r"), ("b", "b")):
            app.post_message(events.Key(key, character))
        await pilot.pause()
        assert app.posted == [("send", "a")]
        assert app.query_one(PromptInput).text == "b"
