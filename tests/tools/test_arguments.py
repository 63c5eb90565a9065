from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
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
        ("read", '{"path": "a.py', {"path": "a.py", "start": 1, "end": 0}),
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
        ("ask", '{"question": "q", "choices": "a"}', {"question": "q", "choices": ["a"]}),
        (
            "route",
            '{"action": "edit", "confidence": "80%"}',
            {"action": "edit", "confidence": 0.8, "reason": "", "handoff_prompt": ""},
        ),
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
