"""Tool calls written as text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pier_tui.models.text_calls import Gate, parse

KNOWN: dict[str, dict[str, Any]] = {
    "read": {"properties": {"path": {"type": "string"}, "start": {"type": "integer"}}},
    "list": {},
}
WANTED = {"path": "12", "start": 3}
GLM = (
    "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>12</arg_value>"
    "<arg_key>start</arg_key><arg_value>3</arg_value></tool_call>"
)
HERMES = '<tool_call>\n{"name": "read", "arguments": {"path": "12", "start": 3}}\n</tool_call>'
QWEN = "<function=read>\n<parameter=path>\n12\n</parameter>\n<parameter=start>\n3\n</parameter>\n</function>"


@pytest.mark.parametrize(
    "written", [GLM, HERMES, QWEN, f"<tool_call>{QWEN}</tool_call>", QWEN + "\n</tool_call>", GLM[:-12], HERMES[:-12]]
)
def test_each_spelling_is_read_and_taken_out(written: str) -> None:
    rest, [call] = parse(f"I look.\n{written}", KNOWN)
    assert (rest, call.name, json.loads(call.arguments)) == ("I look.", "read", WANTED)


def test_several_calls_keep_their_order_and_have_their_own_ids() -> None:
    _, found = parse(GLM + "<tool_call>list</tool_call>" + GLM, KNOWN)
    assert [c.name for c in found] == ["read", "list", "read"]
    assert len({c.id for c in found}) == 3


@pytest.mark.parametrize("written", ["<tool_call>nope</tool_call>", "<tool_call>{bad</tool_call>", "a < b", "{}", ""])
def test_what_is_no_call_to_a_known_tool_stays_text(written: str) -> None:
    assert parse(written, KNOWN) == (written, ())


@pytest.mark.parametrize("fence", ["{}", "```json\n{}\n```"])
def test_an_answer_that_is_only_the_json_object_is_a_call(fence: str) -> None:
    rest, [call] = parse(fence.replace("{}", '{"name": "list", "arguments": {}}'), KNOWN)
    assert (rest, call.name) == ("", "list")


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_gate_never_shows_markup_however_it_is_cut(size: int) -> None:
    gate, text = Gate(KNOWN), f"if a < b: look\n{GLM}"
    shown = "".join(gate.feed(text[i : i + size]) for i in range(0, len(text), size))
    rest, [call] = gate.finish(native=False)
    assert (shown.strip(), rest, call.name) == ("if a < b: look", "", "read")


def test_the_gate_gives_held_text_back_when_it_was_no_call() -> None:
    gate = Gate(KNOWN)
    assert gate.feed("see <tool") == "see "
    assert gate.feed("box>") == "<toolbox>"
    assert gate.feed(" <tool_call> is a tag") == " "
    assert gate.finish(native=False) == ("<tool_call> is a tag", ())


def test_without_tools_nothing_is_held() -> None:
    assert Gate(()).feed(GLM) == GLM


def test_an_answer_that_is_only_a_call_to_an_unknown_tool_is_a_call_for_the_agent_to_refuse() -> None:
    rest, calls = parse('{"name": "discounts", "arguments": {"file": "a.py"}}', {"read": {}})
    assert (rest, [c.name for c in calls]) == ("", ["discounts"])


def test_an_answer_that_is_another_json_object_stays_text() -> None:
    text = '{"name": "Ada", "age": 36, "arguments": {}}'
    assert parse(text, {"read": {}}) == (text, ())


def test_in_a_text_that_was_cut_only_a_call_with_its_end_is_a_call() -> None:
    known = {"run": {}}
    cut = "<tool_call>run <arg_key>command</arg_key><arg_value>rm -r b"
    assert parse(cut, known, cut=True) == (cut, ())
    assert [c.name for c in parse(f"{cut}</arg_value></tool_call><tool_ca", known, cut=True)[1]] == ["run"]


FENCED = '```json\n{"name": "read", "arguments": {"path": "12", "start": 3}}\n```'


@pytest.mark.parametrize(
    "written", [FENCED, FENCED[:-4], FENCED.replace("json", "tool_call"), FENCED.replace("\n```", "```")]
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_call_in_a_fence_of_json_after_some_words_is_read_and_never_shown(written: str, size: int) -> None:
    gate, text = Gate(KNOWN), f"I read `a.py`:\n{written}"
    shown = "".join(gate.feed(text[i : i + size]) for i in range(0, len(text), size))
    rest, [call] = gate.finish(native=False)
    assert (shown.strip(), rest, call.name, json.loads(call.arguments)) == ("I read `a.py`:", "", "read", WANTED)


def test_two_fences_are_two_calls_and_the_words_between_stay() -> None:
    rest, calls = parse(f"First\n{FENCED}\nthen\n{FENCED}\nthat is all", KNOWN)
    assert [c.name for c in calls] == ["read", "read"]
    assert rest.split() == ["First", "then", "that", "is", "all"]


@pytest.mark.parametrize(
    "fence",
    [
        '```json\n{"name": "nope", "arguments": {}}\n```',
        '```json\n{"name": "list", "arguments": {}, "why": "an example"}\n```',
        '```json\n{"a": 1}\n```',
        '```python\n{"name": "list", "arguments": {}}\n```',
        "```\nlist\n```",
    ],
)
def test_another_fence_in_an_answer_is_text_whatever_the_pieces(fence: str) -> None:
    text = f"Set this:\n{fence}\nand run it."
    gate = Gate(KNOWN)
    shown = "".join(gate.feed(c) for c in text)
    rest, calls = gate.finish(native=False)
    assert (shown + rest, calls) == (text, ())


def test_in_a_text_that_was_cut_a_fence_without_its_end_is_text() -> None:
    text = f"I read:\n{FENCED[:-4]}"
    assert parse(text, KNOWN, cut=True) == (text, ())
