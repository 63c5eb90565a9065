"""Safe text, coloured output, and the words of badges."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from pier_tui.ui.ansi import coloured
from pier_tui.ui.format import Badge, model_name, money, percent, seconds, tokens
from pier_tui.ui.line_filter import TextGuard
from pier_tui.ui.text import sanitize


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain\ntext", "plain\ntext"),
        ("a\r\nb\rc", "a\nb<U+000D>c"),
        ("\x1b[31m", "<U+001B>[31m"),
        ("\x7f\x9b", "<U+007F><U+009B>"),
        ("a\u202eb\u2066", "a<U+202E>b<U+2066>"),
        ("a\u200bb\ufeff", "a<U+200B>b<U+FEFF>"),
        ("x\U000e0041", "x<U+E0041>"),
        ("a\u200db", "a<U+200D>b"),
        ("क्\u200dष", "क्\u200dष"),
        ("\tx\n\ty", "    x\n    y"),
        ("\udc80", "<U+DC80>"),
    ],
)
def test_hidden_and_steering_characters_become_badges(given: str, shown: str) -> None:
    assert sanitize(given) == shown
    assert sanitize(shown) == shown


def test_one_line_text_shows_its_breaks() -> None:
    assert sanitize("rm x\nrm y", keep_newlines=False) == "rm x⏎rm y"


def test_the_guard_replaces_controls_keeps_widths_and_drops_links() -> None:
    guard = TextGuard()
    segments = [Segment("ok"), Segment("a\x1b[2Jb"), Segment("x", Style(link="http://x", bold=True))]
    found = guard.apply(segments, Color(0, 0, 0))
    assert found[0] is segments[0]
    assert "\x1b" not in found[1].text
    assert found[1].cell_length == segments[1].cell_length
    assert found[2].style is not None
    assert found[2].style.link is None
    assert found[2].style.bold


def test_command_output_keeps_colours_and_nothing_else() -> None:
    lines = coloured("\x1b[1;31mred\x1b[0m plain\x1b]0;title\x07\x1b[2J\nprogress 1\rprogress 2\n\x1bcend")
    assert [line.plain for line in lines] == ["red plain", "progress 2", "end"]
    style = lines[0].spans[0].style
    assert isinstance(style, Style)
    assert style.bold
    assert style.color is not None
    assert style.color.number == 1


def test_text_in_the_colour_of_its_ground_is_not_hidden() -> None:
    style = coloured("\x1b[31;41msecret")[0].spans[0].style
    assert isinstance(style, Style)
    assert style.bgcolor is None


def test_text_nearly_in_the_colour_of_what_it_lies_on_is_not_hidden() -> None:
    page = Style.parse("#e0e0e0 on #101014")
    [near] = coloured("\x1b[38;2;18;16;22mhidden\x1b[38;2;200;30;30m seen", page)
    [seen] = near.spans
    assert near.plain[seen.start : seen.end] == " seen"
    assert coloured("\x1b[48;2;224;224;220mon its own ground", page)[0].spans == []
    [white] = coloured("\x1b[38;5;231;48;2;250;250;250mwhite on white", page)[0].spans
    assert isinstance(white.style, Style)
    assert white.style.bgcolor is None


def test_neither_concealed_nor_blinking_text_is_followed_and_other_sequences_leave_the_text() -> None:
    [line] = coloured(
        "a\x1b[8mb\x1b[5mc\x1b[0md\x1b[99999999999be\x1b]8;;http://x\x1b\\f\x1b]8;;\x07g\x9b2Jh\x1bP$qm\x1b\\i\x1b]52;c"
    )
    assert line.plain == "abcdefg<U+009B>2Jhi<U+001B>]52;c"
    styles = [span.style for span in line.spans if isinstance(span.style, Style)]
    assert not any(style.conceal or style.blink or style.link for style in styles)


def test_figures_say_unknown_estimated_and_free() -> None:
    assert money(Decimal("0.0041")) == "₹0.0041"
    assert money(Decimal("12.3")) == "₹12.30"
    assert money(Decimal("0.05"), estimated=True) == "~₹0.05"
    assert money(None) == "?"
    assert money(None, free=True) == "free"
    assert [tokens(n) for n in (None, 412, 3100, 12000, 1_200_000)] == ["?", "412", "3.1k", "12k", "1.2M"]
    assert [seconds(s) for s in (None, 1.2, 42, 185)] == ["?", "1.2 s", "42 s", "3 min 5 s"]
    assert [percent(p) for p in (None, 0, 0.93)] == ["?", "0 %", "93 %"]


def test_the_model_named_is_the_one_that_answered() -> None:
    assert model_name("weak", "sarvam-30b") == "30B"
    assert model_name("weak", "sarvam-105b") == "105B"
    assert model_name("strong", "org/qwen3:8b-instruct") == "qwen3:8b-instruct"
    assert model_name("weak", "sarvam-30b", offline=True) == "offline 30B"
    assert model_name("strong") == "105B"


def test_the_badge_of_a_kept_turn() -> None:
    kept = Badge(12, "30B", action="inspect", confidence=0.86, settled=True, cost=Decimal("0.0041"))
    line = "".join(Badge(**{**vars(kept), "cached": 0.93, "seconds": 1.2}).line(70))
    assert line.startswith("12  30B   inspect · keep 0.86   ")
    assert line.endswith("   ₹0.0041  cache 93 %  1.2 s")
    assert len(line) == 70
    assert kept.facts() == "₹0.0041  cache ?  …"


def test_where_there_is_little_room_figures_give_way_before_the_route() -> None:
    facts = {"settled": True, "cost": Decimal("0.0853"), "cached": 0.73, "seconds": 9.8}
    badge = Badge(2, "105B", escalated=True, confidence=0.31, reason="public API", label="keep", handoff=True, **facts)
    assert "".join(badge.line(100)).endswith("₹0.0853  cache 73 %  9.8 s  you: right call  ↥ hand-over")
    narrow = "".join(badge.line(62))
    assert narrow.startswith("2   105B  escalated 0.31 · pub")
    assert narrow.endswith("₹0.0853  you: right call  ↥")
    assert len(narrow) == 62


def test_a_note_takes_no_room_from_the_figures() -> None:
    facts = {"settled": True, "cost": Decimal("0.0041"), "cached": 0.73, "seconds": 1.2}
    badge = Badge(3, "30B", action="inspect", confidence=0.86, label="escalate", **facts)
    assert "".join(badge.line(78)).endswith("₹0.0041  cache 73 %  you: should have been 105B")
    noted = replace(badge, noted=True)
    assert "".join(noted.line(78)).endswith("₹0.0041  cache 73 %  you✎ should have been 105B")


def test_forced_failed_and_offline_turns_say_so() -> None:
    assert Badge(1, "105B", route="forced", action="edit").why == "forced by you · edit"
    assert Badge(1, "105B", route="router-failed", reason="timeout").why == "router failed -> 105B · timeout"
    offline = Badge(
        1,
        "offline 30B",
        offline=True,
        settled=True,
        cost=Decimal(0),
        as_if=Decimal("0.0041"),
        as_if_at="sarvam-2026-06",
        seconds=1,
    )
    assert offline.facts().startswith("free (~₹0.0041 at sarvam-2026-06)")
    assert offline.facts(cost="least").startswith("free  ")


def test_before_the_first_bill_the_figures_are_open_rather_than_unknown() -> None:
    assert Badge(1, "30B").facts() == "…"
    assert Badge(1, "30B", settled=True).facts() == "?  cache ?  …"
