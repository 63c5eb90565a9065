"""What can be told of a draft without acting on it."""

from __future__ import annotations

import pytest
from dry import READ, reply

from pier_tui.models.messages import Reply, ToolCall
from pier_tui.router.execution import Known, action_of, examine

CODE = "def size(n):\n    return n - 1\n\n\ndef twice(n):\n    return n - 1\n"


class Shelf:
    """Files in memory."""

    def __init__(self, **files: str) -> None:
        self._files = {name.replace("_py", ".py"): text for name, text in files.items()}

    def read(self, path: str) -> bytes:
        return self._files[path].encode()

    def exists(self, path: str) -> bool:
        return path in self._files

    def list(self, under: str = "") -> tuple[str, ...]:
        return tuple(self._files)

    def write(self, path: str, content: bytes | None, mode: int | None = None) -> None:
        raise AssertionError("a draft is never written")

    def changed(self) -> tuple[str, ...]:
        return ()


KNOWN = Known(Shelf(app_py=CODE))


def edit(old: str, new: str, path: str = "app.py", **more: object) -> tuple[str, dict[str, object]]:
    return ("edit", {"path": path, "old": old, "new": new, **more})


@pytest.mark.parametrize(
    ("call", "sign"),
    [
        (edit("def size(n):\n    return n - 1", "def size(n):\n    return n"), ""),
        (edit("return n * 9", "return n"), "unapplied"),
        (edit("return n - 1", "return n"), "unapplied"),
        (edit("return n - 1", "return n", replace_all=True), ""),
        (edit("x", "y", path="gone.py"), "unapplied"),
        (edit("def size(n):", "def size(n:"), "unparsed"),
        (edit("def size(n):", "def size(n):"), "idle"),
        (("replace_function", {"path": "app.py", "symbol": "size", "source": "def size(n):\n    return n\n"}), ""),
        (("replace_function", {"path": "app.py", "symbol": "gone", "source": "def gone():\n    pass\n"}), "unapplied"),
        (("write", {"path": "app.py", "content": CODE}), "idle"),
        (("write", {"path": "new.py", "content": "def f(:\n"}), "unparsed"),
        (("write", {"path": "new.py", "content": "X = 1\n"}), ""),
        (("edit", {"path": "app.py"}), "invalid"),
        (("fly", {}), "invalid"),
        (("edit", "{not json"), "invalid"),
    ],
)
def test_an_edit_is_tried_on_the_files_in_memory(call: tuple[str, dict[str, object] | str], sign: str) -> None:
    found = examine(reply(call), KNOWN)
    flags = {name for name in ("invalid", "unapplied", "unparsed", "idle", "repeated") if getattr(found, name)}
    assert flags == ({sign} if sign else set())
    assert bool(found.first) == bool(sign)
    assert found.broken == (sign in ("invalid", "unapplied", "unparsed"))


def test_edits_of_one_answer_build_on_each_other() -> None:
    both = reply(edit("def size(n):", "def length(n):"), edit("def length(n):", "def count(n):"))
    assert not examine(both, KNOWN).broken
    assert examine(reply(edit("def length(n):", "def count(n):")), KNOWN).unapplied == 1


def test_a_call_made_before_is_repeated_unless_an_edit_comes_first() -> None:
    action = action_of(ToolCall(id="1", name="read", arguments='{"file_path": "app.py"}'), "weak")
    assert action is not None
    known = Known(KNOWN.files, frozenset({action}))
    assert examine(reply(READ), known).repeated == 1
    assert examine(reply(("write", {"path": "new.txt", "content": "x"}), READ), known).repeated == 0


@pytest.mark.parametrize(
    ("said", "cut", "empty"),
    [
        (Reply(text="Done."), False, False),
        (Reply(text="I wi", finish_reason="length"), True, False),
        (Reply(unfinished=(ToolCall(id="1", name="read", arguments="{"),)), True, False),
        (Reply(), False, True),
        (reply(("route", {"action": "edit"})), False, True),
    ],
)
def test_cut_and_empty_answers_are_told_apart_from_whole_ones(said: Reply, cut: bool, empty: bool) -> None:
    found = examine(said, Known())
    assert (found.cut, found.empty) == (cut, empty)


def test_without_files_nothing_is_said_of_edits() -> None:
    assert not examine(reply(edit("nowhere", "x")), Known()).broken


def test_a_tool_of_the_other_model_is_invalid() -> None:
    from pier_tui.tools import registry

    only_strong = next(t.name for t in registry.TOOLS if t.tiers == ("strong",))
    assert examine(reply((only_strong, {})), Known(), "weak").invalid == 1
