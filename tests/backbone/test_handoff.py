from __future__ import annotations

from pier_tui.backbone.handoff import ADDED, complete, missing, needs
from pier_tui.backbone.state import Backbone, Item

ITEMS = (
    Item(id="f1", section="files", key="shop/cart.py", text="edited 10-14", detail="Cart.total (10)", turn=3),
    Item(id="f2", section="files", key="shop/tax.py", text="read 1-40", turn=4),
    Item(id="f3", section="files", key="docs/old.md", text="read 1-9", turn=-9),
    Item(id="c1", section="commands", key="pytest -q", text="exit 1", status="failed", turn=4),
    Item(id="e1", section="errors", key="tests/t.py::test_total", text="1 != 2", evidence="t.py:9", turn=4),
    Item(id="e2", section="errors", key="tests/t.py::test_old", text="KeyError", status="done", turn=1),
    Item(id="d1", section="decisions", key="round", text="round half up", why="the tests say so", turn=2),
    Item(id="n1", section="constraints", key="no deps", text="add no dependency", author="you", turn=1),
)  # fmt: skip
STATE = Backbone(items=ITEMS)


def test_a_handover_needs_what_changed_what_fails_what_was_tried_and_what_was_demanded() -> None:
    assert [(n.kind, n.name) for n in needs(STATE)] == [
        ("changed", "shop/cart.py"),
        ("read", "shop/tax.py"),
        ("failing", "tests/t.py::test_total"),
        ("tried", "pytest -q"),
        ("demanded", "add no dependency"),
        ("decided", "round half up"),
    ]


def test_what_the_text_leaves_out_is_added_and_what_it_says_is_not_repeated() -> None:
    text = "Fix Cart.total in shop/cart.py; tests/t.py::test_total fails. The user said: add no\ndependency."
    told = complete(text, STATE)
    assert told.startswith(f"{text}\n{ADDED}\n")
    assert told.splitlines()[3:] == [
        "- read for this: shop/tax.py: read 1-40",
        "- tried and failed: `pytest -q` exit 1",
        "- decided: round half up (why: the tests say so)",
    ]


def test_a_complete_handover_is_left_as_it_is_and_none_stays_none() -> None:
    whole = "; ".join(need.name for need in needs(STATE))
    assert complete(whole, STATE) == whole
    assert complete("", STATE) == ""
    assert missing("anything", Backbone()) == ()
