"""The approval dialog: what it shows of a command, and which keys answer it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from scripted_workbench import ScriptedWorkbench
from textual import events
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Input

from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest, Rule
from pier_tui.ui.app import PierApp
from pier_tui.ui.asking import DialogUser
from pier_tui.ui.screens.approval import ApprovalScreen
from pier_tui.ui.screens.unhurried import GRACE
from pier_tui.ui.text import badge
from pier_tui.ui.widgets.command_text import GUTTER, rows


@dataclass
class Asked:
    app: PierApp
    pilot: Pilot[None]
    now: list[float] = field(default_factory=lambda: [0.0])
    answers: list[ApprovalAnswer | None] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(str(widget.render()) for widget in self.app.screen.query("Static, CommandText, KeyLine"))

    async def ask(self, command: str = "make", **more: object) -> ApprovalScreen:
        asked = {"why": "", "where": "", "sandbox": "none", **more}
        screen = ApprovalScreen(ApprovalRequest(command=command, **asked), clock=lambda: self.now[0])  # type: ignore[arg-type]
        await self.app.push_screen(screen, self.answers.append)
        await until(self.pilot, lambda: screen._painted is not None)
        return screen

    async def burst(self, *keys: str) -> None:
        """Keys that arrive at once, as a terminal delivers pasted or buffered ones."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await self.rest()

    async def rest(self) -> None:
        await self.pilot.pause(0.15)


@asynccontextmanager
async def dialog(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Asked]:
    bench = ScriptedWorkbench()
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        yield Asked(app, pilot)


async def until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    for _ in range(250):
        if true():
            return
        await pilot.pause(0.02)
    raise AssertionError("never came true")


async def test_keys_are_dead_until_the_dialog_could_be_read() -> None:
    async with dialog() as asked:
        await asked.ask()
        for key in ("y", "s", "1", "2", "n", "escape"):
            asked.now[0] += GRACE - 0.001
            await asked.pilot.press(key)
        await asked.rest()
        assert not asked.answers
        asked.now[0] += 2 * GRACE
        await asked.pilot.press("y")
        await until(asked.pilot, lambda: asked.answers)
        assert asked.answers == [ApprovalAnswer(choice="once")]


async def test_somebody_typing_answers_nothing_until_he_stops() -> None:
    async with dialog() as asked:
        await asked.ask()
        asked.now[0] = 5.0
        await asked.pilot.press("r")
        await asked.pilot.press("y")
        await asked.rest()
        assert not asked.answers


@pytest.mark.parametrize("keys", ["y\n", "yes", "ya", "1\n", "sudo", "a\ny\n"])
async def test_pasted_or_buffered_keys_never_approve(keys: str) -> None:
    async with dialog() as asked:
        await asked.ask(rule=Rule(argv=("make",)))
        asked.now[0] = 5.0
        await asked.burst(*(("enter" if key == "\n" else key) for key in keys))
        asked.app.post_message(events.Paste("y"))
        asked.app.post_message(events.Paste("y\n"))
        await asked.rest()
        assert not asked.answers
        asked.now[0] += 2 * GRACE
        await asked.pilot.press("y")
        await until(asked.pilot, lambda: asked.answers)


async def test_the_second_of_two_questions_has_its_own_time_and_no_answer_yet() -> None:
    async with dialog() as asked:
        now = asked.now
        user = DialogUser(asked.app, clock=lambda: now[0])
        got: list[str] = []

        async def approve(command: str) -> None:
            answer = await user.approve(ApprovalRequest(command=command, why="", where="", sandbox=""))
            got.append(f"{command} {answer.choice}")

        asked.app.run_worker(approve("first"))
        asked.app.run_worker(approve("second"))
        await until(asked.pilot, lambda: getattr(asked.app.screen, "_painted", None) is not None)
        shown = asked.app.screen
        assert "first" in asked.text
        now[0] = 1.0
        await asked.pilot.press("y")
        await until(asked.pilot, lambda: got)
        await until(asked.pilot, lambda: getattr(asked.app.screen, "_painted", None) is not None)
        assert asked.app.screen is not shown
        assert "second" in asked.text
        await asked.burst("y", "y")
        assert got == ["first once"]
        now[0] += 2 * GRACE
        await asked.pilot.press("s")
        await until(asked.pilot, lambda: len(got) == 2)
        assert got == ["first once", "second session"]


async def test_a_command_longer_than_the_dialog_is_read_to_its_end_before_yes() -> None:
    async with dialog() as asked:
        await asked.ask("\n".join(f"echo {number}" for number in range(40)) + "\nrm -rf build")
        asked.now[0] = 1.0
        await asked.pilot.press("y", "s")
        await asked.rest()
        assert not asked.answers
        assert "read to the end" in asked.text
        assert asked.app.screen.has_class("-unread")
        scroll = asked.app.screen.query_one(VerticalScroll)
        while scroll.scroll_offset.y < scroll.max_scroll_y:
            await asked.pilot.press("pagedown")
        await until(asked.pilot, lambda: not asked.app.screen.has_class("-unread"))
        await asked.pilot.press("y")
        await until(asked.pilot, lambda: asked.answers)


async def test_no_works_unread_and_takes_a_reason() -> None:
    async with dialog() as asked:
        await asked.ask("x\n" * 60)
        asked.now[0] = 1.0
        await asked.pilot.press("n", *"yes no", "enter")
        await until(asked.pilot, lambda: asked.answers)
        assert asked.answers == [ApprovalAnswer(choice="no", reason="yes no")]


async def test_each_answer_stands_there_once_with_the_exact_rule_it_makes() -> None:
    async with dialog((120, 36)) as asked:
        tests = Rule(argv=("/a b/python", "-m", "pytest"))
        rules = {"rule": Rule(argv=("pytest",)), "session": tests}
        await asked.ask("pytest \u202ex", **rules, policy="untrusted", reasons=("r",))
        for word in (" once", "this session", " always", "say why"):
            assert asked.text.replace("\u00a0", " ").count(word) == 1, word
        assert "whatever begins with: '/a b/python' -m pytest" in asked.text
        assert "whatever begins with: pytest" in asked.text
        assert "pytest <U+202E>x" in asked.text
        assert "untrusted: all but reading asks" in asked.text


async def test_always_is_not_offered_without_a_rule() -> None:
    async with dialog() as asked:
        await asked.ask("curl x | sh")
        assert "always" not in asked.text
        assert "this very command" in asked.text
        asked.now[0] = 1.0
        await asked.pilot.press("a")
        await asked.rest()
        assert not asked.answers


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 36), (200, 50)])
async def test_the_answers_are_on_the_screen_whatever_its_size(size: tuple[int, int]) -> None:
    async with dialog(size) as asked:
        await asked.ask("x" * 5_000, why="w" * 5_000, reasons=("r" * 5_000,), rule=Rule(argv=("make", "test")))
        await asked.pilot.pause()
        answers = asked.app.screen.query_one(".answers")
        box = asked.app.screen.query_one(".dialog")
        assert box.content_region.contains_region(answers.region)
        assert box.region.bottom <= size[1]
        assert answers.region.height == (2 if size[0] < 60 else 1)
        assert asked.app.screen.query_one(VerticalScroll).region.bottom <= answers.region.y
        asked.now[0] = 1.0
        await asked.pilot.press("n")
        line = asked.app.screen.query_one(Input)
        await until(asked.pilot, lambda: box.content_region.contains_region(line.region) and line.region.height > 0)


def test_a_command_is_drawn_with_nothing_hidden() -> None:
    drawn = [str(row) for row in rows("ls\u200b \x1b[8m\trm\r\n\u202eno\u00a0x  \n\n▌ y", 40)]
    assert drawn == [
        "▌1 ls<U+200B> <U+001B>[8m<U+0009>rm",
        "▌  <U+000D>",
        "▌2 <U+202E>no<U+00A0>x␠␠",
        "▌3 ",
        "▌4 <U+258C> y",
    ]
    assert str(rows("cat हिन्दी a\u0301", 40)[0]) == "▌1 cat हिन्दी a<U+0301>"


ANY = st.characters() | st.sampled_from("\u202e\u200d\n\r\t \u0301")


@given(st.text(alphabet=ANY, max_size=120), st.integers(10, 60))
def test_every_character_is_on_the_screen_and_no_row_is_cut(command: str, width: int) -> None:
    drawn = [str(row) for row in rows(command, width)]
    assert all(cell_len(row) <= max(width, 16) and row.startswith(GUTTER) for row in drawn)
    assert not any(set(row) & (set(map(chr, range(32))) | {"\u202e", "\u200d", "\x7f"}) for row in drawn)
    margin = 2 + len(str(command.count("\n") + 1))
    shown = "".join(row[margin:] for row in drawn).replace("␠", " ")
    for character in command.replace("␠", " ").replace("\n", ""):
        drawing = character if shown.startswith(character) else badge(character)
        assert shown.startswith(drawing)
        shown = shown.removeprefix(drawing)
    assert not shown
