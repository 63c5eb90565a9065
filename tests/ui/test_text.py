"""Safe text over all of Unicode: what steers, hides or piles up is a badge, what is spelling stays."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from pier_tui.models.dialect import wire_message
from pier_tui.models.messages import Message, ToolCall
from pier_tui.ui.text import MOST_MARKS, NEWLINE, control, sanitize, special
from pier_tui.ui.widgets.markdown_live import LiveMarkdown
from pier_tui.ui.widgets.markdown_paint import ANCHOR, MarkdownPaint

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
INVISIBLE_MARKS = "\u034f\u17b4\u17b5\u180b\u180d\u180f\ufe00\ufe0d\U000e0100\U000e01ef\U00016fe4"
BLANKS = "\u115f\u1160\u3164\uffa0\ufffc\U0001d159\u2065\ufff0\U000e0000\U000e0fff"
NONCHARACTERS = "\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0009ffff\U0010ffff"
SPELLING = [
    "क्\u200dष",
    "दुनिया को नमस्ते",
    "র\u200d্য উদ্\u200cঘাটন",
    "க்\u200cஷ",
    "ക്\u200d അവൻ\u200c",
    "ಸಾಫ್ಟ್\u200cವೇರ್",
    "می\u200cخواهم",
    "בְּרֵאשִׁ֖ית",
    "Việt Nam e\u0302\u0301",
    "ᾧ α\u0313\u0301\u0345",
    "👩\u200d💻 👩\u200d👩\u200d👧\u200d👦 ❤\ufe0f\u200d🔥 🏳\ufe0f\u200d🌈 🕵🏽\u200d♀\ufe0f ✈\ufe0f ☎\ufe0e",
    "1\ufe0f\u20e3 #\ufe0f\u20e3 ©\ufe0f",
    "日本語、한국어 ﷽",
]
TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\u200c\u200d\ufe0e\ufe0f\u0301\u094d\u064b\u05b0कب👩🏽❤1#\u20e3a\n\r\t\x1b\u202e\ue000"),
    ),
    max_size=30,
)


def shown(character: str) -> str:
    return sanitize(f"a{character}b")


def test_every_control_format_surrogate_private_and_separator_character_is_a_badge() -> None:
    kept = [
        hex(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in HIDDEN and chr(code) not in "\n\t" and chr(code) in shown(chr(code))
    ]
    assert kept == []


@pytest.mark.parametrize("character", [*INVISIBLE_MARKS, *BLANKS, *NONCHARACTERS], ids=lambda c: f"U+{ord(c):04X}")
def test_what_has_no_shape_is_a_badge_whatever_its_category(character: str) -> None:
    assert shown(character) == f"a<U+{ord(character):04X}>b"


@pytest.mark.parametrize("text", SPELLING)
def test_spelling_stays_as_it_is(text: str) -> None:
    assert sanitize(text) == text


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("pay\u200dload", "pay<U+200D>load"),
        ("क्\u200d\u200dष", "क्\u200d<U+200D>ष"),
        ("१\u200c२", "१<U+200C>२"),
        ("👩\u200dx", "👩<U+200D>x"),
        ("👩\u200c👩", "👩<U+200C>👩"),
        ("x\ufe0f\u200d👩", "x<U+FE0F><U+200D>👩"),
        ("a\ufe0fb\ufe0e", "a<U+FE0F>b<U+FE0E>"),
        ("1\ufe0f2", "1<U+FE0F>2"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f<U+FE0F>"),
        ("🏴\U000e0067\U000e007f", "🏴<U+E0067><U+E007F>"),
        ("\u0301a\n\u0301b", "<U+0301>a\n<U+0301>b"),
        ("g\U000e0100", "g<U+E0100>"),
    ],
)
def test_what_may_be_spelling_is_a_badge_where_it_only_hides(given_text: str, expected: str) -> None:
    assert sanitize(given_text) == expected


def test_marks_piled_on_one_letter_are_badges_beyond_the_most_a_script_needs() -> None:
    assert sanitize("Z" + "\u0301" * 30) == "Z" + "\u0301" * MOST_MARKS + "<U+0301>" * (30 - MOST_MARKS)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_safe_text_stays_the_same_can_be_written_and_holds_nothing_special(text: str) -> None:
    safe = sanitize(text)
    assert sanitize(safe) == safe
    assert not special().search(safe)
    assert not control().search(safe.replace("\n", ""))
    safe.encode("utf-8")
    assert "\n" not in sanitize(text, keep_newlines=False)


@given(TEXTS.filter(lambda text: not re.search(r"[\t\r<]", text)))
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost_the_text_can_be_read_back_from_what_is_shown(text: str) -> None:
    assert re.sub(r"<U\+([0-9A-F]+)>", lambda found: chr(int(found[1], 16)), sanitize(text)) == text


@given(st.lists(TEXTS, max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_painted_answer_holds_nothing_special_however_it_arrives(pieces: list[str]) -> None:
    live = LiveMarkdown(MarkdownPaint(lambda _: Style(), 40))
    for piece in pieces:
        live.append(piece)
        assert not any(control().search(line.plain) for line in live.lines())


def test_an_answer_cannot_imitate_the_sign_of_what_is_painted_already() -> None:
    lines = MarkdownPaint(lambda _: Style(), 40).lines(f"{ANCHOR}text")
    assert [line.plain for line in lines] == ["⧘ text"]


def test_entities_of_an_answer_are_no_way_around() -> None:
    lines = MarkdownPaint(lambda _: Style(), 60).lines("&#x202e; &#xE0041; &#x200b;")
    assert lines[0].plain == "<U+202E> <U+E0041> <U+200B>"


def test_line_breaks_of_one_line_are_shown() -> None:
    assert sanitize("a\r\nb\nc\rd", keep_newlines=False) == f"a{NEWLINE}b{NEWLINE}c<U+000D>d"


def test_no_model_is_sent_tag_characters() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    call = ToolCall(id="1", name="edit", arguments=f'{{"a": "x{hidden}"}}')
    wire = wire_message(Message(role="assistant", content=f"see{hidden} this", tool_calls=(call,)))
    assert wire["content"] == "see this"
    assert wire["tool_calls"][0]["function"]["arguments"] == '{"a": "x"}'
    assert wire_message(Message(role="tool", content=hidden))["content"] == "(no output)"
