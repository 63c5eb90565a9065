from __future__ import annotations

import json

import pytest

from pier_tui.errors import ToolError
from pier_tui.tools.registry import TOOLS, by_name, for_tier
from pier_tui.tools.tool import Tool


def test_tools_are_told_in_one_order_with_the_same_bytes() -> None:
    names = [tool.name for tool in TOOLS]
    assert names == sorted(set(names))
    first = [tool.spec().model_dump_json() for tool in TOOLS]
    assert first == [by_name(name).spec().model_dump_json() for name in names]


def test_only_the_weak_model_routes_and_only_the_strong_tries_edits() -> None:
    weak, strong = ({tool.name for tool in for_tier(tier)} for tier in ("weak", "strong"))  # type: ignore[arg-type]
    assert weak - strong == {"route", "escalate"}
    assert strong - weak == {"try_edits"}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_is_described_shortly_and_without_references(tool: Tool) -> None:
    spec = tool.spec()
    assert 20 < len(spec.description) < 900
    schema = json.dumps(spec.parameters)
    assert "$ref" not in schema
    assert '"title"' not in schema
    assert all("description" in part for part in spec.parameters["properties"].values())


def test_an_unknown_tool_is_refused_with_those_there_are() -> None:
    with pytest.raises(ToolError, match="There is no tool grep; the tools are ask, delete"):
        by_name("grep")
