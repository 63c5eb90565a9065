"""What the rules understand of a request."""

import pytest

from pier_tui.models.offline.intents import parse, paths_in


@pytest.mark.parametrize(
    ("request_text", "kind", "fields"),
    [
        ("where is `parse_line` used?", "callers", {"name": "parse_line"}),
        ("Please find all uses of Cart.total", "callers", {"name": "Cart.total"}),
        ("who calls load_config", "callers", {"name": "load_config"}),
        ("where is Config defined?", "find", {"name": "Config"}),
        ("explain src/app.py", "explain", {"name": "src/app.py"}),
        ("what does the function greet do?", "explain", {"name": "greet"}),
        ("could you please run the tests?", "run_tests", {}),
        ("run the tests in tests/test_a.py", "run_tests", {"path": "tests/test_a.py"}),
        ("do the tests pass?", "run_tests", {}),
        ("rename foo to bar in a/b.py", "rename", {"name": "foo", "new": "bar", "path": "a/b.py"}),
        ("Rename total_price to order_total everywhere", "rename", {"name": "total_price", "new": "order_total"}),
        ("fix the failing test", "fix", {}),
        ("make the tests pass", "fix", {}),
        ("The test tests/test_x.py fails. Fix it.", "fix", {}),
        ("replace 'Hi' with 'Hello' in app.py", "replace", {"old": "Hi", "new": "Hello", "path": "app.py"}),
        ("set VERSION to '1.2' in a.py", "replace", {"assign": "VERSION", "new": "'1.2'", "path": "a.py"}),
        ("add line 'x = 1' to the end of a.py", "add_line", {"new": "x = 1", "path": "a.py"}),
        ("add line 'x = 1' at the end of a.py", "add_line", {"new": "x = 1", "path": "a.py"}),
        ("what is in this repository?", "list", {}),
        ("summarise the diff", "summarise", {}),
        ("add a parameter verbose=False to greet", "add_parameter", {"new": "verbose", "given": "False"}),
        ("remove the parameter b from foo", "remove_parameter", {"old": "b", "name": "foo"}),
        ("rename parameter a to z in foo", "rename_parameter", {"old": "a", "new": "z", "name": "foo"}),
        ("move foo from a.py to b.py", "move", {"name": "foo", "path": "a.py", "to": "b.py"}),
        ("add docstrings to a.py", "docstrings", {"path": "a.py"}),
        (
            "Refactor the `m` method in the `C` class to be a stand alone, top level function.",
            "extract_method",
            {"name": "m", "owner": "C"},
        ),
        ("write a poem about the sea", "unknown", {}),
    ],
)
def test_a_request_is_understood(request_text: str, kind: str, fields: dict[str, str]) -> None:
    intent = parse(request_text)
    assert intent.kind == kind
    assert {name: intent.get(name) for name in fields} == fields


def test_paths_and_test_ids_are_found_in_a_request() -> None:
    assert paths_in("fix tests/test_a.py::test_one[1-2] please") == ["tests/test_a.py::test_one[1-2]"]
