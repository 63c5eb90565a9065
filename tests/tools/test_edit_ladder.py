from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pier_tui.errors import EditError
from pier_tui.tools.edit import replace, splice

PYTHON = "class A:\n    def f(self):\n        if self.x:\n            return 1\n        return 2\n"


def kind_of(text: str, old: str, new: str, **more: bool) -> str:
    with pytest.raises(EditError) as caught:
        replace(text, old, new, **more)
    return caught.value.kind


@pytest.mark.parametrize(
    ("text", "old", "new", "edited", "rung"),
    [
        ("a\nb\nc\n", "b", "B", "a\nB\nc\n", "exact"),
        ("a\nb  \nc\n", "a\nb\nc", "a\nB\nc", "a\nB\nc\n", "trailing white space"),
        ("a\r\nb\r\nc\r\n", "a\nb", "a\nB\nX", "a\r\nB\r\nX\r\nc\r\n", "line endings"),
        ("a\r\nb\r\nc\r\n", "b", "B\nX", "a\r\nB\r\nX\r\nc\r\n", "exact"),
        ("say “hi” – now\n", 'say "hi" - now', "bye", "bye\n", "typographic characters"),
        (
            PYTHON,
            "if self.x:\n    return 1\n",
            "if self.y:\n    return 3\n",
            PYTHON.replace("self.x", "self.y").replace("return 1", "return 3"),
            "relative indentation",
        ),
        ("\tif x:\n\t\ty()\n", "if x:\n    y()", "if z:\n    y()", "\tif z:\n\t\ty()\n", "relative indentation"),
        ("a\nb", "b", "", "a\n", "exact"),
        ("", "", "new\n", "new\n", "exact"),
    ],
)
def test_an_edit_lands_on_the_first_rung_that_fits(text: str, old: str, new: str, edited: str, rung: str) -> None:
    done = splice(text, old, new)
    assert (done.text, done.rung) == (edited, rung)


def test_a_line_break_between_its_two_characters_is_never_split() -> None:
    assert replace("a\r\nfoo\r\n", "\nfoo", "\nbar") == "a\r\nbar\r\n"
    assert replace("a\r\nfoo\r\n", "\nfoo", "") == "a\r\n"


def test_lines_that_stay_keep_their_own_ending_in_a_mixed_file() -> None:
    assert replace("a\r\nb\nc\r\nd\r\n", "a\nb\nc", "a\nb\nC") == "a\r\nb\nC\r\nd\r\n"


def test_a_missing_target_is_refused_with_the_nearest_lines() -> None:
    with pytest.raises(EditError) as caught:
        replace("one\ndef total(items):\n    return sum(items)\n", "def totals(item):\n    return sum(item)", "x")
    assert caught.value.kind == "missing"
    assert "2\tdef total(items):" in str(caught.value)


def test_an_ambiguous_target_is_refused_with_its_lines() -> None:
    with pytest.raises(EditError) as caught:
        replace("x = 1\ny = 2\nx = 1\n", "x = 1", "x = 3")
    assert caught.value.kind == "ambiguous"
    assert "lines 1, 3" in str(caught.value)
    assert replace("x = 1\ny = 2\nx = 1\n", "x = 1", "x = 3", True) == "x = 3\ny = 2\nx = 3\n"


def test_every_one_of_many_occurrences_is_replaced() -> None:
    assert replace("a\n" * 5_000, "a", "b", True) == "b\n" * 5_000
    assert kind_of("a" * 60_000, "a", "b", replace_all=True) == "too_large"


def test_a_tolerant_rung_never_replaces_in_several_places() -> None:
    assert kind_of("  a()\n  b()\n\n    a()\n    b()\n", "a()\nb()\n", "c()\n") == "ambiguous"
    assert kind_of("  a()\n  b()\n\n    a()\n    b()\n", "a()\nb()\n", "c()\n", replace_all=True) == "ambiguous"


def test_similar_lines_are_never_edited() -> None:
    assert kind_of("def f(a, b):\n    return a + b\n", "def f(a, b):\n    return a - b\n", "x") == "missing"
    assert kind_of("a\nb\nc\nd\n", "a\nX\nc\n", "q") == "missing"


def test_an_indentation_that_means_two_things_is_refused() -> None:
    assert kind_of("if a:\n    b\n        c\n", "if a:\n  b\n  c\n", "x") == "missing"


def test_empty_and_unchanging_edits_are_refused() -> None:
    assert kind_of("a\n", "", "b") == "empty"
    assert kind_of("a\n", "a", "a") == "unchanged"
    assert kind_of("a  \n", "a  \n", "a  \n") == "unchanged"


def test_line_numbers_copied_from_read_are_left_out() -> None:
    text = "a\nb\nc\n"
    done = splice(text, "2\tb\n3\tc", "2\tB\n3\tC")
    assert done.text == "a\nB\nC\n"
    assert "line numbers" in done.note
    assert replace("1\tx\n2\ty\n", "1\tx\n2\ty", "3\tz") == "3\tz\n", "a file that truly holds them is left alone"
    assert kind_of(text, "2\tb\n3\tc", "2\tB\nC") == "missing"


LINES = st.lists(st.sampled_from(["a", "b", "  a", "\tb", "", "x = 1", "  x = 1  ", "é–“", "1\tn"]), max_size=12)


@settings(max_examples=300, deadline=None)
@given(LINES, LINES, st.text(alphabet="ab \n\t1", max_size=20), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_nothing_outside_the_replaced_span_changes(
    lines: list[str], old: list[str], new: str, ending: str, replace_all: bool
) -> None:
    text = ending.join(lines)
    try:
        done = splice(text, "\n".join(old), new, replace_all)
    except EditError:
        return
    if replace_all and done.count > 1:
        return
    head = 0
    while head < min(len(text), len(done.text)) and text[head] == done.text[head]:
        head += 1
    tail = 0
    while tail < min(len(text), len(done.text)) - head and text[-1 - tail] == done.text[-1 - tail]:
        tail += 1
    touched = text[head : len(text) - tail]
    assert len(touched.split("\n")) <= len(old) + 1


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(min_size=1, max_size=8), st.text(max_size=8), st.text(max_size=60))
def test_a_unique_exact_target_is_replaced_as_str_replace_would(head: str, old: str, new: str, tail: str) -> None:
    text = head + old + tail
    if text.count(old) != 1 or old == new or not old.strip() or "\n" in new or "\r" in text or old[0] == "\n":
        return
    if text.find(old, text.find(old) + 1) >= 0:
        return
    assert replace(text, old, new) == text.replace(old, new)
