"""Starting: the first picture, and what is typed before there is a prompt."""

from __future__ import annotations

import io
import os
import sys

import pytest
from textual import events

from pier_tui.errors import PierError
from pier_tui.ui.app import PierApp
from pier_tui.ui.picture import ENTER, LEAVE, Picture, drawn


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0


def test_the_picture_has_the_prompt_where_the_prompt_will_be() -> None:
    picture = drawn("shop", 160, 40)
    assert "prompt" in picture
    assert "shop" in picture
    assert picture.endswith("\x1b[37;38H")


def test_a_screen_too_small_for_the_panes_gets_no_picture() -> None:
    assert drawn("shop", 40, 10) == ""


def test_the_second_screen_is_given_back_when_starting_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr("os.get_terminal_size", lambda _: os.terminal_size((120, 40)))
    monkeypatch.setenv("TERM", "xterm-256color")
    with pytest.raises(PierError), Picture("shop"):
        raise PierError("There is no repository.")
    assert out.getvalue().startswith(ENTER)
    assert out.getvalue().endswith(LEAVE)


def test_the_app_leaves_the_second_screen_itself_once_it_was_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr("os.get_terminal_size", lambda _: os.terminal_size((120, 40)))
    monkeypatch.setenv("TERM", "xterm-256color")
    with Picture("shop") as picture:
        picture.hand_over()
    assert LEAVE not in out.getvalue()


async def test_what_is_typed_before_the_prompt_has_the_focus_is_not_lost() -> None:
    app = PierApp()
    for letter in "fix":
        app.post_message(events.Key(letter, letter))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.bench.conversation.prompt.text == "fix"


async def test_keys_are_not_kept_where_nothing_can_take_them() -> None:
    app = PierApp()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert app.bench._early is None
