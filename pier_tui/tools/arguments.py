"""Reading the arguments a model wrote: exactly where possible, repaired where the meaning is plain, else refused.

Once the text is JSON (`mending`), in this order: an envelope around the arguments is opened, other tools' names for
the same argument are made ours, values encoded as strings are decoded by the schema, lists of chunks joined, booleans
and numbers coerced where nothing is lost, unknown keys dropped. What then does not fit the schema is refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic import ValidationError

from pier_tui.errors import ToolError
from pier_tui.tools.mending import loaded
from pier_tui.tools.spec import schema_of
from pier_tui.tools.tool import Tool

ALIASES: dict[str, tuple[str, ...]] = {
    "path": ("file_path", "filePath", "filepath", "file", "filename", "file_name", "target_file", "directory", "dir"),
    "old": ("oldString", "old_string", "old_str", "oldText", "old_text", "search", "find", "old_name", "oldName"),
    "new": (
        "newString",
        "new_string",
        "new_str",
        "newText",
        "new_text",
        "replace",
        "replacement",
        "new_name",
        "newName",
    ),
    "replace_all": ("replaceAll", "all"),
    "command": ("cmd", "script", "bash"),
    "pattern": ("query", "regexp", "search", "text"),
    "content": ("contents", "text", "file_text", "fileText", "body"),
    "to": ("new_path", "newPath", "destination", "dest", "target"),
    "symbol": ("name", "function", "function_name", "qualified_name"),
    "source": ("new_source", "code", "body", "content"),
    "target": ("path", "test", "tests"),
    "start": ("start_line", "startLine", "offset", "from"),
    "end": ("end_line", "endLine", "to"),
    "max": ("limit", "max_results", "maxResults"),
    "timeout": ("timeout_seconds", "timeoutSeconds"),
    "summary": ("text", "message", "result"),
    "question": ("text", "prompt"),
    "choices": ("options",),
    "handoff_prompt": ("handoffPrompt", "handoff", "prompt"),
    "reason": ("why", "rationale"),
    "section": ("kind", "type"),
}
"""What other harnesses call the argument; used only where the tool has no argument of that name."""

_EXAMPLES: dict[str, Any] = {
    "path": "src/app.py",
    "old": "return a - b",
    "new": "return a + b",
    "command": "ls src",
    "pattern": "def main",
    "content": "print('hello')\n",
    "to": "src/main.py",
    "symbol": "Class.method",
    "source": "def method(self):\n    return 1\n",
    "section": "plan",
    "text": "Add a test for the empty list",
    "question": "Which of the two formats?",
    "summary": "Fixed the off-by-one; 12 tests pass.",
    "reason": "touches three files",
    "action": "edit",
}


def validate(tool: Tool, raw: str) -> Any:
    """The tool's `Args` from the model's JSON text. Raises ToolError: one sentence and a filled example."""
    schema = schema_of(tool.Args)
    try:
        return tool.Args.model_validate(parse(raw, schema))
    except ValidationError as error:
        raise ToolError(f"{tool.name}: {_sentence(error)}. {example(tool.name, schema)}") from error
    except ToolError as error:
        raise ToolError(f"{tool.name}: {str(error).rstrip('.')}. {example(tool.name, schema)}") from error


def parse(raw: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments as an object that fits `schema`, without guessing.

    Keys the schema does not name are dropped where it names any and does not allow others. Raises ToolError, in one
    sentence, where no such object can be made of `raw`.
    """
    value = _opened(raw, schema)
    properties: dict[str, Any] = schema.get("properties", {})
    fitted = {key: _whole(_coerced(item, properties.get(key, {}))) for key, item in _named(value, schema).items()}
    kept = {key: item for key, item in fitted.items() if item is not None or "default" not in properties.get(key, {})}
    if wrong := _misfit(kept, schema, ""):
        raise ToolError(wrong)
    return kept


def left_out(tool: Tool, raw: str) -> tuple[str, ...]:
    """The keys of `raw` that `validate` drops because the tool does not know them."""
    schema = schema_of(tool.Args)
    value = _opened(raw, schema)
    used = {key for named in schema["properties"] for key in (named, *_aliases(named))}
    return tuple(key for key in value if key not in used and not any(_same(key, name) for name in used))


def _opened(raw: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The object of arguments itself, out of whatever it was put in."""
    value = loaded(raw)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0]
    if isinstance(value, str):
        value = loaded(value)
    value = {} if value is None else value
    if not isinstance(value, dict):
        raise ToolError("the arguments must be one JSON object.")
    properties: dict[str, Any] = schema.get("properties", {})
    for envelope in ("arguments", "parameters", "args", "input"):
        inner = value.get(envelope)
        if (
            envelope not in properties
            and properties
            and isinstance(inner, dict | str)
            and not set(value) & set(properties)
        ):
            inner = loaded(inner) if isinstance(inner, str) else inner
            value = inner if isinstance(inner, dict) else value
    return value


def example(name: str, schema: dict[str, Any]) -> str:
    """`Example: name {"path": "src/app.py"}` with every required argument filled."""
    properties = schema.get("properties", {})
    filled = {key: _filled(key, properties[key]) for key in schema.get("required", [])}
    return f"Example: {name} {json.dumps(filled, ensure_ascii=False)}"


def _filled(key: str, schema: dict[str, Any]) -> Any:
    if key in _EXAMPLES:
        return _EXAMPLES[key]
    if schema.get("type") == "array":
        return [_filled("", schema.get("items", {}))]
    if schema.get("type") == "object":
        return {name: _filled(name, part) for name, part in schema.get("properties", {}).items()}
    return {"integer": 1, "number": 0.5, "boolean": True}.get(schema.get("type", ""), "…")


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        missing = [str(e["loc"][-1]) for e in error.errors() if e["type"] == "missing"]
        return f"missing {', '.join(missing)}"
    message = str(first["msg"])
    return f"{place}: {message[:1].lower()}{message[1:]}"


def _named(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The object with other harnesses' names made ours; a right name always wins, and every name counts once."""
    properties: dict[str, Any] = schema.get("properties", {})
    if not properties and schema.get("additionalProperties") is not False:
        return value
    named = {key: item for key, item in value.items() if key in properties or schema.get("additionalProperties")}
    left = {key: item for key, item in value.items() if key not in properties}
    for key in properties:
        aliases = [name for name in left if _same(name, key)] + [name for name in _aliases(key) if name in left]
        if key not in named and aliases:
            named[key] = left.pop(aliases[0])
            named.pop(aliases[0], None)
    return named


def _same(one: str, other: str) -> bool:
    """Whether two names differ only in how their words are joined."""
    return re.sub(r"[_-]", "", one).lower() == re.sub(r"[_-]", "", other).lower()


def _aliases(key: str) -> tuple[str, ...]:
    """Other names for an argument, whichever harness's name the tool itself has."""
    if key in ALIASES:
        return ALIASES[key]
    group = next((name for name in ("path", "old", "new", "command") if key in ALIASES[name]), None)
    return (group, *ALIASES[group]) if group else ()


def _options(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The forms a value may take."""
    several = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(several, list):
        return [option for option in several if isinstance(option, dict)]
    kinds = schema.get("type")
    return [{**schema, "type": kind} for kind in kinds] if isinstance(kinds, list) else [schema]


def _coerced(value: Any, schema: dict[str, Any]) -> Any:
    """The value as the schema wants it, where only its form is wrong."""
    options = _options(schema)
    if len(options) != 1:
        fitting = [option for option in options if _is(value, option.get("type"))]
        if not fitting and value == "null" and any(option.get("type") == "null" for option in options):
            return None
        return _coerced(value, (fitting or [o for o in options if o.get("type") != "null"] or [{}])[0])
    (only,) = options
    kind = only.get("type")
    if isinstance(value, str) and kind in ("array", "object"):
        return _decoded(value, kind, only)
    if kind == "array":
        items = value if isinstance(value, list) else [value]
        return [_coerced(item, only.get("items", {})) for item in items]
    if kind == "object" and isinstance(value, dict):
        parts = only.get("properties", {})
        return {key: _coerced(item, parts.get(key, {})) for key, item in _named(value, only).items()}
    return _text(value) if kind == "string" else _scalar(value, kind)


def _decoded(value: str, kind: str, schema: dict[str, Any]) -> Any:
    """An array or object that came as its JSON text."""
    try:
        inner = loaded(value)
    except ToolError:
        return value
    return _coerced(inner, schema) if isinstance(inner, list if kind == "array" else dict) and value.strip() else value


def _text(value: Any) -> Any:
    """A string from a list of chunks (`["a", "b"]`, `[{"text": "a"}]`) or a whole number.

    Bare words in a list may be the words of a command, which are not chunks of a text: these are left alone.
    """
    if isinstance(value, list) and value:
        chunks = [part.get("text") if isinstance(part, dict) else part for part in value]
        words = len(value) > 1 and not any(isinstance(part, str) and re.search(r"\s", part) for part in chunks)
        if all(isinstance(chunk, str) for chunk in chunks) and not (words and isinstance(value[0], str)):
            return "".join(map(str, chunks))
    if isinstance(value, dict) and set(value) == {"text"}:
        return value["text"]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _scalar(value: Any, kind: str | None) -> Any:
    """Booleans and numbers from their text, where nothing is lost."""
    if kind == "boolean" and not isinstance(value, str | bool) and value in (0, 1):
        return bool(value)
    if not isinstance(value, str):
        return int(value) if kind == "integer" and isinstance(value, float) and value.is_integer() else value
    word = value.strip().lower()
    if kind == "boolean" and word in ("true", "yes", "1", "false", "no", "0"):
        return word in ("true", "yes", "1")
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}(\.0+)?", word):
        return int(word.partition(".")[0])
    if kind == "number" and re.fullmatch(r"-?[0-9]{1,300}(\.[0-9]+)?%?", word):
        return float(word.rstrip("%")) / (100 if word.endswith("%") else 1)
    return value


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def _is(value: Any, kind: Any) -> bool:
    """Whether a value is of a JSON type; of any, where the schema names none."""
    if kind not in TYPES:
        return True
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _misfit(value: Any, schema: dict[str, Any], place: str) -> str:
    """What does not fit, in one sentence; '' where all does."""
    options = _options(schema)
    found = [_misfit_one(value, option, place) for option in options]
    return "" if "" in found or not found else found[0]


def _misfit_one(value: Any, schema: dict[str, Any], place: str) -> str:
    kind = schema.get("type")
    if not _is(value, kind):
        return f"{place}: must be of type {kind}" if place else f"must be of type {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{place}: must be one of {', '.join(map(str, schema['enum']))}"[:200]
    if isinstance(value, float) and not math.isfinite(value):
        return f"{place}: must be a finite number"
    prefix = f"{place}." if place else ""
    if isinstance(value, dict):
        missing = [key for key in schema.get("required", ()) if key not in value]
        if missing:
            return f"missing {', '.join(prefix + key for key in missing)}"
        parts = schema.get("properties", {})
        wrong = (_misfit(item, parts[key], prefix + key) for key, item in value.items() if key in parts)
        return next(filter(None, wrong), "")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        wrong = (_misfit(item, schema["items"], f"{prefix}{at}") for at, item in enumerate(value))
        return next(filter(None, wrong), "")
    return ""


def _whole(value: Any) -> Any:
    """Half surrogate pairs become U+FFFD, for they are no text and would become bytes nobody wrote."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value
