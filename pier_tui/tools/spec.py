"""How a tool is described to a model: the prompt from `<name>.md` beside the module, the schema from its arguments."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from pier_tui.models.messages import ToolSpec


class Arguments(BaseModel):
    """What every tool's `Args` is: immutable, and strict about what it knows (unknown keys are dropped before)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Described:
    """Gives a tool its `spec()` from its `name` and `Args`."""

    name: ClassVar[str]
    Args: ClassVar[type[BaseModel]]

    def spec(self) -> ToolSpec:
        """As told to the model; the same object at every call, so the prompt's bytes never move."""
        return _describe(self.name, self.Args)


@cache
def _describe(name: str, args: type[BaseModel]) -> ToolSpec:
    text = resources.files("pier_tui.tools").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
    return ToolSpec(name=name, description=text, parameters=schema_of(args))


@cache
def schema_of(args: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `args`, small: no titles, no `$ref` (some endpoints do not resolve them)."""
    schema = args.model_json_schema()
    definitions = schema.pop("$defs", {})
    plain: dict[str, Any] = _plain(schema, definitions)
    plain.pop("description", None)
    plain.setdefault("properties", {})
    plain["additionalProperties"] = False
    return plain


def _plain(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_plain(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    kept = {key: value for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    return {key: _plain(value, definitions) for key, value in kept.items()}
