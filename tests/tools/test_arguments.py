from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pier_tui.errors import ToolError
from pier_tui.tools.arguments import parse, validate
from pier_tui.tools.registry import TOOLS, by_name
from pier_tui.tools.spec import schema_of


def read(raw: str, tool: str) -> dict[str, object]:
    return validate(by_name(tool), raw).model_dump()


@pytest.mark.parametrize(
    ("tool", "raw", "expected"),
    [
        ("read", '{"path": "a.py", "start": 3}', {"path": "a.py", "start": 3, "end": 0}),
        ("read", '```json\n{"path": "a.py"}\n```', {"path": "a.py", "start": 1, "end": 0}),
        ("read", 'Sure! {"path": "a.py"} is the call.', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '{"path": "a.py", "start": "3", "end": "4.0"}', {"path": "a.py", "start": 3, "end": 4}),
        ("read", '{"file_path": "a.py", "offset": 2}', {"path": "a.py", "start": 2, "end": 0}),
        ("read", '{"path": "a.py", "start": null, "reason": "x"}', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '{"path": "a.py"', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '{"path": "a.py",}', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '{"arguments": {"path": "a.py"}}', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '"{\\"path\\": \\"a.py\\"}"', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '[{"path": "a.py"}]', {"path": "a.py", "start": 1, "end": 0}),
        ("run", '{"cmd": "ls"}', {"command": "ls", "timeout": 120}),
        ("run", '{"command": ["ls", " -l"]}', {"command": "ls -l", "timeout": 120}),
        ("run", '{"command": "ls", "timeout": "30"}', {"command": "ls", "timeout": 30}),
        (
            "edit",
            '{"filePath": "a", "oldString": "x", "newString": "y", "replaceAll": "true"}',
            {"path": "a", "old": "x", "new": "y", "replace_all": True},
        ),
        (
            "edit",
            '{"path": "a", "old_str": "x\ny", "replace": ""}',
            {"path": "a", "old": "x\ny", "new": "", "replace_all": False},
        ),
        (
            "edit",
            '{"path": "a", "search": "x", "new": "y", "replace_all": False}',
            {"path": "a", "old": "x", "new": "y", "replace_all": False},
        ),
        ("write", '{"path": "a", "content": "tab\there\nand\x01"}', {"path": "a", "content": "tab\there\nand\x01"}),
        (
            "write",
            '{"path": "a", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]}',
            {"path": "a", "content": "xy"},
        ),
        ("write", '{"path": "a", "content": "\\ud800"}', {"path": "a", "content": "\ufffd"}),
        ("search", '{"pattern": "\\d+\\s", "regex": 1}', None),
        (
            "search",
            r'{"pattern": "\d+\\s", "regex": true}',
            {"pattern": r"\d+\s", "path": "", "regex": True, "max": 50},
        ),
        ("ask", '{"question": "q", "choices": "[\\"a\\", \\"b\\"]"}', {"question": "q", "choices": ["a", "b"]}),
        (
            "route",
            '{"action": "edit", "confidence": "80%"}',
            {"action": "edit", "confidence": 0.8, "reason": "", "handoff_prompt": ""},
        ),
        ("read", "{'path': 'it\\'s.py', 'start': 2}", {"path": "it's.py", "start": 2, "end": 0}),
        ("read", '{path: "a.py", start: 2}', {"path": "a.py", "start": 2, "end": 0}),
        ("read", '{"path": "f(a, ).py", "start": 2,}', {"path": "f(a, ).py", "start": 2, "end": 0}),
        ("read", '{"path": "a.py"}</tool_call>', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '{"path": "a.py"}}', {"path": "a.py", "start": 1, "end": 0}),
        ("read", '{"Path": "a.py", "path": "a.py"}', {"path": "a.py", "start": 1, "end": 0}),
        ("list", "null", {"path": ""}),
        ("list", "", {"path": ""}),
        ("list", "{}", {"path": ""}),
        (
            "try_edits",
            '{"path": "a.py", "candidates": "[{\\"start\\": \\"1\\", \\"end\\": 1, \\"text\\": \\"x\\"}]"}',
            None,
        ),
    ],
)
def test_what_a_model_meant_is_read(tool: str, raw: str, expected: dict[str, object] | None) -> None:
    found = read(raw, tool)
    assert expected is None or found == expected


def test_candidates_given_as_text_are_decoded_by_the_schema() -> None:
    found = read(
        '{"path": "a.py", "candidates": "[{\\"start\\": \\"1\\", \\"end\\": 1, \\"text\\": \\"x\\"}]"}', "try_edits"
    )
    (candidate,) = found["candidates"]  # type: ignore[misc]
    assert {key: candidate[key] for key in ("start", "end", "text")} == {"start": 1, "end": 1, "text": "x"}


@pytest.mark.parametrize(
    ("tool", "raw", "says"),
    [
        ("read", "{}", 'read: missing path. Example: read {"path": "src/app.py"}'),
        ("read", "path a.py", "not valid JSON"),
        ("read", "[1, 2]", "one JSON object"),
        ("read", '{"path": "a.py", "start": "soon"}', "start:"),
        ("edit", '{"path": "a.py"}', "missing old, new"),
        ("route", '{"action": "dance"}', "action:"),
        ("write", '{"path": "a.py", "content": "def f():\\n    ret', "cut off"),
        ("run", '{"command": "rm -r build/', "cut off"),
        ("read", '{"path": "a.py', "cut off"),
        ("read", '{"path": "a.py", "start": 1', "cut off"),
        ("read", '{"path": "a.py", ', "cut off"),
        ("read", '{"path": "a.py", "start"', "cut off"),
        ("ask", '{"question": "q", "choices": ["a"', "cut off"),
        ("read", '{"path": "a.py"}{"path": "b.py"}', "not valid JSON"),
        ("read", '{"path": "a.py"}, "start": 3}', "not valid JSON"),
        ("read", '{"path": "a.py", "path": "b.py"}', "'path' is given twice"),
        ("run", '{"command": "echo "hi""}', "not valid JSON"),
        ("run", '{"command": ["ls", "-l"]}', "command: must be of type string"),
        ("edit", '{"path": "a", "old": 1.10, "new": "x"}', "old: must be of type string"),
        ("read", '{"path": "a.py", "start": NaN}', "NaN is not a value"),
        ("read", '{"path": "a.py", "start": 1e999}', "too large"),
        ("read", '{"path": "a.py", "start": 2.5}', "start: must be of type integer"),
        ("read", '{"path": ' + "[" * 500 + "]" * 500 + "}", "nested more than 100"),
        ("read", "[" * 100_000, "cut off"),
        ("read", '{"path": "a" "b"}', "not valid JSON"),
        ("ask", '{"question": "q", "choices": "a, b"}', "choices: must be of type array"),
    ],
)
def test_what_cannot_be_read_is_refused_with_an_example(tool: str, raw: str, says: str) -> None:
    with pytest.raises(ToolError, match=r".") as caught:
        validate(by_name(tool), raw)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_example_is_itself_valid(tool: object) -> None:
    name = tool.name  # type: ignore[attr-defined]
    try:
        validate(by_name(name), "[]")
    except ToolError as error:
        example = str(error).partition(f"Example: {name} ")[2]
        validate(by_name(name), example)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_and_nothing_else(raw: str) -> None:
    schema = schema_of(by_name("edit").Args)
    try:
        assert isinstance(parse(raw, schema), dict)
    except ToolError:
        return


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.booleans(), st.booleans())
def test_right_arguments_are_never_changed(old: str, new: str, every: bool, ascii_only: bool) -> None:
    value = {"path": "a.py", "old": old, "new": new, "replace_all": every}
    assert read(json.dumps(value, ensure_ascii=ascii_only), "edit") == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
).map(lambda value: json.loads(json.dumps(value)))


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_valid_json_comes_through_exactly_where_nothing_else_is_asked(value: dict[str, object]) -> None:
    assume("\\ud" not in json.dumps(value))
    assert parse(json.dumps(value), {"type": "object"}) == value


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet='ab"\\{}[],:\n é', max_size=20),
    st.lists(st.text(max_size=4), max_size=3),
    st.integers(),
    st.data(),
)
def test_arguments_cut_anywhere_never_come_out_changed(
    text: str, items: list[str], number: int, data: st.DataObject
) -> None:
    whole = {"text": text, "items": items, "number": number}
    schema = {"properties": {"text": {"type": "string"}, "items": {"type": "array"}, "number": {"type": "integer"}}}
    raw = json.dumps(whole, ensure_ascii=data.draw(st.booleans()))
    try:
        found = parse(raw[: data.draw(st.integers(1, len(raw) - 1))], schema)
    except ToolError:
        return
    assert all(whole[key] == value for key, value in found.items())


@pytest.mark.parametrize(
    ("schema", "raw", "expected"),
    [
        ({"x": {"type": ["integer", "null"]}}, '{"x": "3"}', {"x": 3}),
        ({"x": {"anyOf": [{"type": "string"}, {"type": "array"}]}}, '{"x": ["a", "b"]}', {"x": ["a", "b"]}),
        ({"x": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, '{"x": "null"}', {"x": "null"}),
        ({"x": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}, '{"x": "null"}', {"x": None}),
        ({"old_str": {"type": "string"}}, '{"oldString": "a"}', {"old_str": "a"}),
        ({"filePath": {"type": "string"}}, '{"file_path": "a"}', {"filePath": "a"}),
        ({"items": {"type": "array"}}, '{"items": "[1]<parameter name=risk>LOW"}', {"items": [1]}),
        ({"x": {"type": "object"}}, '{"x": "{\\"a\\": {}}"}', {"x": {"a": {}}}),
        ({"x": {"type": "boolean"}}, '{"x": 1}', {"x": True}),
    ],
)
def test_any_tools_schema_is_followed(schema: dict[str, object], raw: str, expected: dict[str, object]) -> None:
    assert parse(raw, {"type": "object", "properties": schema}) == expected
