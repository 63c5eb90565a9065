from __future__ import annotations

import math

import pytest

from pier_tui.router.evidence import CHECKS, check, checks, final_number, same_answer, value_of


def found(answer: str, question: str = "He has 3 boxes of 4 pens.") -> dict[str, float]:
    return dict(zip(CHECKS, check(question, answer), strict=True))


def test_arithmetic_is_redone() -> None:
    good = found("So 3*4=<<3*4=12>>12 pens.\n#### 12")
    assert (good["arithmetic_right"], good["arithmetic_wrong"]) == (math.log1p(1), 0)
    assert good["final_not_computed"] == good["final_answer_missing"] == good["numbers_unused"] == 0
    bad = found("So <<3*4=13>>13 pens.\n#### 14")
    assert (bad["arithmetic_wrong"], bad["final_not_computed"]) == (math.log1p(1), 1)


def test_equations_in_plain_words_are_read_where_there_are_no_traces() -> None:
    assert found("That is 3 x 4 = 12 pens, or $12 + $0.50 = $12.50.")["arithmetic_right"] == math.log1p(2)
    assert found("That is 20 / 8 = 2.49.")["arithmetic_wrong"] == math.log1p(1)


def test_giving_up_being_cut_off_and_broken_code_show() -> None:
    assert found("I cannot know that.")["gives_up"] == 1
    assert found("first one takes the number of pens and then multiplies them by the")["cut_off"] == 1
    assert found("```python\ndef f(:\n```")["code_broken"] == 1
    assert found('```json\n{"a": 1}\n```')["code_broken"] == 0
    assert found("```python\nx = 1\n")["code_broken"] == 1
    assert found("")["empty"] == 1


@pytest.mark.parametrize(
    ("expression", "value"),
    [("2*(3+4)", 14), ("50%*8", 4), ("1,000/8", 125), ("-3+1", -2), ("1/0", None), ("2**9**9", None), ("a+1", None),
     ("__import__('os')", None), ("(" * 5000, None), ("1e308*10", None), ("", None)],
)  # fmt: skip
def test_expressions_are_read_by_a_grammar_never_run(expression: str, value: float | None) -> None:
    assert value_of(expression) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3+4=<<3+4=7>>7\n#### 7", "So he pays 3 + 4 = $7.00.", True),
        ("The answer is 1,200.", "#### 1200", True),
        ("So 40% of them.", "#### 40", True),
        ("2.504", "#### 2.5", True),
        ("nothing", "#### 2", False),
        ("B", "b", True),
        ("B.", "C.", False),
        ("Answer: B", "Answer: C", False),
        ("Paris, of course", "paris of course", True),
        ("#### 7", "#### 8", False),
        ("", "", True),
    ],
)
def test_answers_are_compared_by_what_they_end_in(one: str, other: str, same: bool) -> None:
    assert same_answer(one, other) is same
    assert same_answer(other, one) is same


def test_the_final_number_is_the_marked_one() -> None:
    assert final_number("9 and 3\n#### 12 pens of 40") == 12
    assert final_number("first 9, then 3") == 3
    assert final_number("none") is None


def test_any_text_has_checks() -> None:
    rows = checks(["", "क्या?", "x" * 50_000], ["\x00", "९ = ९ " * 50, "1+" * 20_000 + "1 = 3"])
    assert rows.shape == (3, len(CHECKS))
    assert (rows == rows).all()
