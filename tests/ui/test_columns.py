from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import pyte
import pytest
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from wcwidth import wcwidth

from pier_tui.ui.columns import aligned, widen

HINDI = "नमस्ते दुनिया, यह फ़ाइल ठीक करो: क्षत्रिय"
TAMIL = "வணக்கம் உலகம், கோப்பைத் திருத்து"
BENGALI = "বাংলা ভাষায় উত্তর দাও, পথ বদলিও না"
TELUGU = "తెలుగు పాఠం సరిచేయి"
EMOJI = "done 👩‍💻 ✔️ 🇮🇳 👍🏽"
TEXTS = (HINDI, TAMIL, BENGALI, TELUGU, EMOJI)


def wide(character: str) -> int:
    """A terminal that gives spacing vowel signs a column, as most do."""
    return 1 if unicodedata.category(character) == "Mc" else wcwidth(character)


def narrow(character: str) -> int:
    """One that draws every sign over the letter before it."""
    return 0 if unicodedata.category(character) == "Mc" else wcwidth(character)


def sprawling(character: str) -> int:
    """One that gives every mark a column of its own, so that text needs more room than anybody reckons with."""
    return 1 if unicodedata.category(character)[0] == "M" else wcwidth(character)


@pytest.fixture(autouse=True)
def _widened() -> None:
    widen()


@pytest.fixture(params=[wide, narrow], ids=lambda measure: measure.__name__)
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pyte.Screen:
    return made(request.param, monkeypatch)


class Screen(pyte.Screen):
    """Draws one character at a time: pyte drops what follows a sign without width in the same piece of text."""

    def draw(self, data: str) -> None:
        for character in data:
            super().draw(character)


def made(measure: Callable[[str], int], monkeypatch: pytest.MonkeyPatch) -> pyte.Screen:
    monkeypatch.setattr("pyte.screens.wcwidth", measure)
    screen = Screen(80, 24)
    for y in range(24):
        for x in range(80):
            screen.buffer[y][x] = screen.default_char._replace(data="X")  # what the frame before has left
    return screen


def column(screen: pyte.Screen, glyph: str, y: int) -> list[int]:
    return [x for x in range(80) if screen.buffer[y][x].data == glyph]


def panes(texts: tuple[str, ...]) -> str:
    """Rows of two bordered panes as Textual writes them: the text left, a word right."""
    ground, line = Style(color="white", bgcolor="blue"), Style(color="red")
    rows = []
    for text in texts:
        left = Strip([Segment("│", line), Segment(f" {text}", ground)]).adjust_cell_length(50, ground)
        right = Strip([Segment("│", line), Segment(" next ", ground), Segment(text[:4], ground + Style(bold=True))])
        rows.append([left, right.adjust_cell_length(29, ground), Strip([Segment("│", line)])])
    console = Console(force_terminal=True, color_system="truecolor", width=80)
    return LayoutUpdate(rows, Region(0, 0, 80, len(texts))).render_segments(console)


def test_every_line_right_of_complex_text_stands_in_its_column(terminal: pyte.Screen) -> None:
    pyte.Stream(terminal).feed(aligned(panes(TEXTS)))
    for y in range(len(TEXTS)):
        assert column(terminal, "│", y) == [0, 50, 79], terminal.display[y]
        assert terminal.display[y].count("next") == 1
        assert column(terminal, "X", y) == [], "the ground of the frame before shows through"


def test_without_the_moves_the_lines_stand_elsewhere(terminal: pyte.Screen) -> None:
    pyte.Stream(terminal).feed(panes(TEXTS))
    assert any(column(terminal, "│", y) != [0, 50, 79] for y in range(len(TEXTS)))


def test_a_terminal_that_needs_more_room_than_that_keeps_the_lines_too(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = made(sprawling, monkeypatch)
    pyte.Stream(screen).feed(aligned(panes((HINDI, TAMIL, BENGALI))))
    assert [column(screen, "│", y)[-2:] for y in range(3)] == [[50, 79]] * 3


def letters(text: str) -> str:
    """A text without the marks, which pyte keeps only in part."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c)[0] != "M")


def test_the_text_itself_is_whole(terminal: pyte.Screen) -> None:
    pyte.Stream(terminal).feed(aligned(panes(TEXTS)))
    for y, text in enumerate(TEXTS[:4]):
        drawn = "".join(terminal.buffer[y][x].data for x in range(1, 50)).strip()
        assert letters(drawn) == letters(text)


def test_the_ground_keeps_its_colour_and_what_follows_its_look(terminal: pyte.Screen) -> None:
    pyte.Stream(terminal).feed(aligned(panes((HINDI,))))
    assert {terminal.buffer[0][x].bg for x in range(1, 50)} == {"blue"}
    assert [terminal.buffer[0][x].fg for x in (0, 1, 50)] == ["red", "white", "red"]


@pytest.mark.parametrize("data", ["", "plain", "\x1b[2;3Hplain │ text\x1b[0m", "\x1b[?2026h\x1b]52;c;YQ==\x07"])
def test_what_holds_no_complex_text_passes_as_it_is(data: str) -> None:
    assert aligned(data) is data


def test_text_at_an_unknown_place_passes_as_it_is() -> None:
    assert aligned(f"{HINDI}\n") == f"{HINDI}\n"
    assert aligned(f"\x1b[2;1H\x1b[Jx {HINDI}") == f"\x1b[2;1H\x1b[Jx {HINDI}"


def test_a_letter_behind_a_joiner_has_its_cell_and_joined_emoji_share_theirs() -> None:
    assert [cell_len(text) for text in ("क्\u200dष", "क्\u200cष", "র\u200d্যাব", "👩\u200d💻")] == [2, 2, 4, 2]


@pytest.mark.parametrize("text", [*TEXTS, "कि" * 30, "e\u0301" * 30, "क्\u200dषि" * 20, "\u093f\u093f\u093f"])
def test_a_row_cut_anywhere_is_as_wide_as_asked_and_parts_no_letter_from_its_sign(text: str) -> None:
    for size in range(1, cell_len(text) + 3):
        cut = set_cell_size(text, size)
        assert cell_len(cut) == size
        strip = Strip([Segment(text)])
        left, right = strip.crop(0, size), strip.crop(size)
        assert left.cell_length == min(size, cell_len(text)) == cell_len(left.text)
        assert left.cell_length + right.cell_length == cell_len(text)
        begins, before = unicodedata.category((right.text or "x")[0]), unicodedata.category((left.text or "x")[-1])
        assert begins not in ("Mn", "Cf")
        assert begins != "Mc" or before == "Mc", "only a letter with two vowel signs or more"


def codes() -> Iterator[int]:
    yield from range(0x20, 0x3000)


def test_only_spacing_vowel_signs_count_differently_and_counting_twice_changes_nothing() -> None:
    assert widen() == widen()
    assert [cell_len(text) for text in ("दुनिया", "বাংলা", "தமிழ்", "मैं", "e\u0301", "世界")] == [5, 5, 4, 1, 1, 4]
    assert all(cell_len(chr(code)) == 0 for code in codes() if unicodedata.category(chr(code)) in ("Mn", "Me"))
