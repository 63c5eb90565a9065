"""The conversation's text, as plain text of its strips, and what its keys and clicks post."""

from __future__ import annotations

from conversation_events import answered, bill, ended, escalated, request, route, tool
from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection

from pier_tui.events import AnyEvent, Labelled, Notice, RequestInterrupted, TextDelta, TurnStarted
from pier_tui.ui.panes.conversation import ConversationPane
from pier_tui.ui.widgets.transcript import Transcript


class TalkApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.posted: list[tuple[str, int]] = []

    def compose(self) -> ComposeResult:
        yield ConversationPane()

    @on(ConversationPane.TurnAction)
    def acted(self, message: Transcript.TurnAction) -> None:
        self.posted.append((message.action, message.turn))

    @property
    def pane(self) -> ConversationPane:
        return self.query_one(ConversationPane)

    def feed(self, *happened: AnyEvent) -> Transcript:
        for event in happened:
            self.pane.show(event)
        self.pane.transcript.flush()
        return self.pane.transcript


def text(view: Transcript) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


def streaming(turn: int, words: str) -> list[AnyEvent]:
    return [TurnStarted(request=1, turn=turn), route(turn), TextDelta(request=1, turn=turn, text=words)]


async def test_a_request_its_turn_and_its_tools_are_shown_in_order() -> None:
    app = TalkApp()
    async with app.run_test(size=(100, 30)):
        view = app.feed(request(), *answered(1, "Looking *now*.\n\n- one\n- two"), *tool(1), ended())
        shown = text(view)
    assert shown[0] == "❯ Fix the total"
    assert shown[2].startswith(" 1   30B   inspect · keep 0.86")
    assert shown[2].endswith("₹0.0041  cache 93 %  1.2 s")
    assert shown[3:8] == [
        "  Looking now.",
        "",
        "  • one",
        "  • two",
        "  ▸ run pytest -q  exit 1  3.4 s  failed",
    ]
    assert shown[9] == "─ finished  1 turn, 0 on the 105B  ₹0.0041"


async def test_an_escalated_turn_says_why_and_what_all_its_calls_cost() -> None:
    app = TalkApp()
    async with app.run_test(size=(120, 30)):
        shown = text(app.feed(request(), *escalated(13)))
    assert "13  105B  escalated 0.31 · edits 4 files, public API" in shown[2]
    assert shown[2].endswith("₹0.0812  cache 93 %  9.8 s  ↥ hand-over")
    assert shown[3] == "  reasoning 2 lines ▸"


async def test_text_that_would_steer_the_terminal_is_shown_as_badges() -> None:
    app = TalkApp()
    hostile = "a\x1b]0;x\x07 \u202e &#27;[2J [red]markup[/x [@click=app.quit]"
    async with app.run_test(size=(100, 30)):
        view = app.feed(request(hostile), *answered(1, hostile), Notice(text=hostile))
        shown = "\n".join(text(view))
    assert "\x1b" not in shown
    assert "<U+001B>" in shown
    assert "<U+202E>" in shown
    assert "[red]markup[/x [@click=app.quit]" in shown


async def test_streamed_text_grows_and_is_the_same_when_the_turn_is_done() -> None:
    app = TalkApp()
    words = "# Plan\n\nFirst *this*.\n\n```python\nx = 1\n```\n\n1. one\n2. two\n"
    async with app.run_test(size=(80, 30)):
        app.feed(request(), *streaming(1, ""))
        for at in range(0, len(words), 5):
            view = app.feed(TextDelta(request=1, turn=1, text=words[at : at + 5]))
        live = text(view)[3:]
        done = text(app.feed(*answered(1, words)[3:]))[3:]
    assert live == done
    assert "  ▏ x = 1" in done


async def test_the_view_follows_the_end_until_scrolled_up() -> None:
    app = TalkApp()
    async with app.run_test(size=(80, 24)) as pilot:
        view = app.feed(request(), *(e for n in range(1, 20) for e in answered(n, f"answer {n}")))
        assert any("answer 19" in line for line in text(view))
        view.focus()
        await pilot.press("pageup")
        before = text(view)
        view = app.feed(*streaming(20, "more\n\n" * 50))
        after = text(view)
        assert after[:-1] == before[:-1]
        assert "↓ 1 new" in after[-1]
        await pilot.press("end")
        assert any("more" in line for line in text(view))
        assert "↓" not in text(view)[-1]


async def test_the_pill_is_clicked_to_return_to_the_end() -> None:
    app = TalkApp()
    async with app.run_test(size=(80, 24)) as pilot:
        view = app.feed(request(), *(e for n in range(1, 20) for e in answered(n, f"answer {n}")))
        view.focus()
        await pilot.press("home")
        await pilot.pause()
        assert not view.follow
        column = view.render_line(view.size.height - 1).text.index("↓")
        await pilot.click(Transcript, offset=(column, view.size.height - 1))
        assert view.follow


async def test_keys_on_the_selected_turn_post_what_is_wanted() -> None:
    app = TalkApp()
    async with app.run_test(size=(100, 30)) as pilot:
        view = app.feed(request(), *answered(1, "one"), *answered(2, "two"))
        view.focus()
        await pilot.press("e", "up", "k", "up", "e", "d", "r", "enter", "b", "y", "Y")
    wanted = ["escalate", "de-escalate", "redo", "detail", "rewind", "copy", "copy-code"]
    assert app.posted == [("keep", 2), *((action, 1) for action in wanted)]


async def test_buttons_on_the_selected_badge_are_clicked() -> None:
    app = TalkApp()
    async with app.run_test(size=(100, 30)) as pilot:
        view = app.feed(request(), *answered(1, "one"))
        await pilot.click(Transcript, offset=(3, 2))
        assert view.selected == 1
        row = view.render_line(2).text
        assert all(word in row for word in ("[Escalate]", "[De-escalate]", "[Keep]"))
        await pilot.click(Transcript, offset=(row.index("[De-escalate]") + 2, 2))
    assert app.posted == [("de-escalate", 1)]


async def test_a_label_stands_on_the_badge_until_it_is_taken_back() -> None:
    app = TalkApp()
    async with app.run_test(size=(110, 30)):
        view = app.feed(request(), *answered(1, "one"), Labelled(decision="d1", label="keep"))
        assert "you: right call" in text(view)[2]
        view = app.feed(Labelled(decision="d1", label=None))
        assert "you:" not in text(view)[2]


async def test_a_tool_line_opens_to_its_arguments_and_output() -> None:
    app = TalkApp()
    async with app.run_test(size=(100, 30)) as pilot:
        view = app.feed(request(), *answered(1, "one"), *tool(1))
        await pilot.click(Transcript, offset=(6, 4))
        shown = text(view)
        assert shown[4].startswith("  ▾ run pytest")
        assert shown[5:7] == ['    ▏ {"command": "pytest -q"}', "    ▏ 1 failed"]
        await pilot.click(Transcript, offset=(6, 4))
        assert text(view)[4].startswith("  ▸ run pytest")


async def test_an_interrupted_answer_keeps_what_had_come() -> None:
    app = TalkApp()
    async with app.run_test(size=(80, 30)):
        view = app.feed(request(), *streaming(1, "half an ans"), RequestInterrupted(request=1))
        shown = text(view)
    assert shown[3:5] == ["  half an ans", "  (cut off)"]
    assert shown[6].startswith("warning: stopped by you")


async def test_another_width_wraps_anew() -> None:
    app = TalkApp()
    async with app.run_test(size=(80, 30)) as pilot:
        view = app.feed(request(), *answered(1, "word " * 30))
        wide = view.book.total
        await pilot.resize_terminal(40, 30)
        await pilot.pause()
        assert view.book.total > wide
        assert all(len(line) <= 40 for line in text(view))


async def test_selected_text_is_copied_without_the_fill() -> None:
    app = TalkApp()
    async with app.run_test(size=(80, 30)):
        view = app.feed(request(), *answered(1, "alpha beta\n\ngamma"))
        found = view.get_selection(Selection(Offset(8, 3), Offset(7, 5)))
    assert found == ("beta\n\n  gamma", "\n")


async def test_thousands_of_events_are_shown_with_one_painting() -> None:
    app = TalkApp()
    async with app.run_test(size=(80, 24)):
        history = [request(), *(e for n in range(1, 1001) for e in answered(n, f"answer {n}"))]
        app.pane.show_all(history)
        view = app.pane.transcript
        assert any("answer 1000" in line for line in text(view))
        assert len(view.book._painted) < 40
        record = app.pane.turn_record(500)
        assert record is not None
        assert record.text == "answer 500"


async def test_an_unknown_cost_is_a_question_mark() -> None:
    app = TalkApp()
    async with app.run_test(size=(100, 24)):
        shown = text(app.feed(request(), *streaming(1, "x"), bill(1, cost=None)))
    assert shown[2].endswith("?  cache 93 %  …")
