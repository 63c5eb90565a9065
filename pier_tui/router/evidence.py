"""What can be checked of a finished answer without asking a model: arithmetic redone, form, and whether it ends in one.

The execution-grounded side of `cascade` and `self-verify` for recorded answers in text. What running a patch or the
tests showed is in `signals.py`. Nothing of an answer is executed: arithmetic is read by a grammar of five operators,
code is only parsed.
"""

from __future__ import annotations

import ast
import json
import math
import operator
import re
import warnings
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

CHECKS = (
    "empty",
    "arithmetic_wrong",
    "arithmetic_right",
    "arithmetic_unread",
    "steps",
    "final_answer_missing",
    "final_not_computed",
    "final_not_whole",
    "final_negative",
    "numbers_unused",
    "numbers_from_nowhere",
    "gives_up",
    "cut_off",
    "code_broken",
    "length",
    "length_against_question",
)
TEXT_LIMIT = 20_000
STEPS_READ = 200

# Patterns stay linear on any text: no two repetitions that can match the same characters stand side by side.
_TRACE = re.compile(r"<<([^<>=]{1,200})=([^<>]{1,60})>>")
_EQUAL = re.compile(r"= ?\$?(-?\d[\d,]*\.?\d*)")
_EXPRESSION = re.compile(r"[-+*/×÷x(). \d,$%]{1,80}\Z")
_OPERATOR = re.compile(r"[\d)% ][-+*/×÷x] ?[\d$(]")
_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*|-?\.\d+")
_FINAL = re.compile(
    r"(?:####|\\boxed\{|answer\s*(?:is|:|=)|^\(?[A-Ea-e]\)?[.:]?\s*$)[^\S\n]*(.*)", re.IGNORECASE | re.MULTILINE
)
_GIVES_UP = re.compile(
    r"\b(?:cannot|can't|unable|impossible to|not enough|insufficient|don't know|do not know|unknown|unclear|as an ai|"
    r"not (?:specified|given|provided))\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"```(\w*)\n(.*?)(```|\Z)", re.DOTALL)
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def check(question: str, answer: str) -> list[float]:
    """The checks named in `CHECKS`, in that order; counts and lengths are damped by a logarithm."""
    question, answer = question[:TEXT_LIMIT], answer[:TEXT_LIMIT]
    right, wrong, unread, results = _arithmetic(answer)
    final = final_number(answer)
    asked, used = set(numbers(question)), set(numbers(answer))
    sourced = asked | results | set(range(11)) | {100.0}
    return [
        float(not answer.strip()),
        math.log1p(wrong),
        math.log1p(right),
        math.log1p(unread),
        math.log1p(sum(bool(line.strip()) for line in answer.splitlines())),
        float(_FINAL.search(answer) is None),
        float(final is not None and bool(results) and not any(_same(final, r) for r in results)),
        float(final is not None and not final.is_integer()),
        float(final is not None and final < 0),
        len(asked - used) / max(len(asked), 1),
        len(used - sourced) / max(len(used), 1),
        float(_GIVES_UP.search(answer) is not None),
        float(_cut_off(answer)),
        float(_code_broken(answer)),
        math.log1p(len(answer)),
        math.log1p(len(answer)) - math.log1p(len(question)),
    ]


def checks(questions: Sequence[str], answers: Sequence[str]) -> npt.NDArray[np.float64]:
    """One row of checks per answer."""
    rows = [check(q, a) for q, a in zip(questions, answers, strict=True)]
    return np.array(rows, np.float64).reshape(len(rows), len(CHECKS))


def same_answer(one: str, other: str) -> bool:
    """Whether two answers come to the same: the same final number where one of them marks one, else the same words."""
    if any(numbers(text) for answer in (one, other) for text in _FINAL.findall(answer)):
        first, second = final_number(one), final_number(other)
        return first is not None and second is not None and _same(first, second)
    first_words, second_words = (re.findall(r"\w+", _said(answer).lower()) for answer in (one, other))
    return first_words == second_words


def _said(answer: str) -> str:
    """What follows the last mark of a final answer, the marked line itself for a bare choice, else the whole text."""
    marks = list(_FINAL.finditer(answer))
    return (marks[-1][1].strip() or marks[-1][0]) if marks else answer


def final_number(answer: str) -> float | None:
    """The number after the last mark of a final answer, else the last number at all."""
    for text in (*reversed(_FINAL.findall(answer)), answer):
        if found := numbers(text):
            return found[0] if text is not answer else found[-1]
    return None


def numbers(text: str) -> list[float]:
    """The numbers written in a text, thousands separators read."""
    return [value for match in _NUMBER.findall(text) if (value := _number(match)) is not None]


def value_of(expression: str) -> float | None:
    """An arithmetic expression's value; None where it is not one, or has none. Percent signs divide by 100."""
    text = expression.replace("×", "*").replace("÷", "/").replace("x", "*").replace(",", "").replace("$", "")
    text = re.sub(r"(\d)\s*%", r"\1/100", text)
    try:
        value = _evaluate(_parsed(text.strip(), "eval"))
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError, MemoryError):
        return None
    return value if math.isfinite(value) else None


def _parsed(text: str, mode: str) -> ast.AST:
    with warnings.catch_warnings(action="ignore"):
        return ast.parse(text, mode=mode)


def _evaluate(node: ast.AST) -> float:
    match node:
        case ast.Expression(body=body):
            return _evaluate(body)
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left), _evaluate(right))
        case _:
            raise ValueError("not arithmetic")


def _arithmetic(answer: str) -> tuple[int, int, int, set[float]]:
    """How many steps were redone with the same result, with another, could not be read, and the results claimed."""
    steps = _TRACE.findall(answer) or _equations(answer)
    right = wrong = unread = 0
    results: set[float] = set()
    for expression, claimed in steps[:STEPS_READ]:
        value, stated = value_of(expression), value_of(claimed)
        if value is None or stated is None:
            unread += 1
            continue
        results.add(stated)
        if _same(value, stated):
            right += 1
        else:
            wrong += 1
    return right, wrong, unread, results


def _equations(answer: str) -> list[tuple[str, str]]:
    """Sums written in plain text: what stands before an equals sign, and the number after it."""
    found = []
    for match in islice(_EQUAL.finditer(answer), STEPS_READ):
        before = _EXPRESSION.search(answer, max(0, match.start() - 80), match.start())
        if before and _OPERATOR.search(expression := before[0].lstrip(" .,)x")):
            found.append((expression, match[1]))
    return found


def _same(one: float, other: float) -> bool:
    """Equal as written: answers round to a cent or to three digits."""
    return math.isclose(one, other, rel_tol=2e-3, abs_tol=6e-3)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _cut_off(answer: str) -> bool:
    ended = answer.rstrip()
    return bool(ended) and ended[-1].isalpha() and len(ended.split()) > 8 and "####" not in ended


def _code_broken(answer: str) -> bool:
    for language, body, closing in _FENCE.findall(answer):
        try:
            if language.lower() in ("python", "py"):
                _parsed(body, "exec")
            elif language.lower() == "json":
                json.loads(body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return True
        if not closing:
            return True
    return False
