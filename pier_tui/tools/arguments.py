"""Reading the arguments a model wrote: exactly where possible, repaired where the meaning is plain, else refused.

Repairs, in this order: fences and prose around the object, raw control characters in strings, unclosed
quotes and braces, values encoded as strings decoded by the schema, lists of chunks joined, booleans and
numbers coerced, other tools' names for the same argument, unknown keys dropped.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import ValidationError

from pier_tui.errors import ToolError
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
    """The tool's `Args` from the model's JSON text. Raises ToolError: one sentence and a filled example.

    Arguments cut off in the middle of a string are not completed where they would be written or run.
    """
    schema = schema_of(tool.Args)
    if tool.kind in ("edit", "run") and _cut_off(raw):
        raise ToolError(f"{tool.name}: the arguments were cut off in the middle of a string; make a shorter call.")
    try:
        return tool.Args.model_validate(parse(raw, schema))
    except ValidationError as error:
        raise ToolError(f"{tool.name}: {_sentence(error)}. {example(tool.name, schema)}") from error
    except ToolError as error:
        raise ToolError(f"{tool.name}: {error} {example(tool.name, schema)}") from error


def parse(raw: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments as an object that fits `schema` as far as that can be had without guessing.

    Raises ToolError where no JSON object can be made of `raw`.
    """
    value = _loaded(raw)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        value = _loaded(value)
    if not isinstance(value, dict):
        raise ToolError("the arguments must be one JSON object.")
    properties: dict[str, Any] = schema.get("properties", {})
    for envelope in ("arguments", "parameters", "args", "input"):
        inner = value.get(envelope)
        if envelope not in properties and isinstance(inner, dict | str) and not set(value) & set(properties):
            inner = _loaded(inner) if isinstance(inner, str) else inner
            value = inner if isinstance(inner, dict) else value
    named = _named(value, properties)
    fitted = {key: _whole(_coerced(item, properties[key])) for key, item in named.items()}
    return {key: item for key, item in fitted.items() if item is not None or "default" not in properties[key]}


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


def _loaded(raw: str) -> Any:
    """The JSON value in `raw`. Raises ToolError when there is none."""
    text = raw.strip().removeprefix("\ufeff")
    if not text:
        return {}
    for candidate in _candidates(text):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    raise ToolError("the arguments are not valid JSON.")


def _candidates(text: str) -> list[str]:
    """`text` and ever more repaired forms of it."""
    bare = _unfenced(text)
    found = [text, bare, _outer_object(bare)]
    forms = [*found, _closed(_from_brace(bare))]
    forms.append(_python_literals(forms[-1]))
    forms.append(re.sub(r",(\s*[}\]])", r"\1", forms[-1]))
    return [*forms, *map(_escaped, forms)]


def _escaped(text: str) -> str:
    """Backslashes JSON does not know, as in a regular expression written `\\d`, made into literal ones."""
    return re.sub(r"\\(u(?![0-9a-fA-F]{4})|.)", _escape, text, flags=re.DOTALL)


def _escape(match: re.Match[str]) -> str:
    after = match[1]
    known = after in '"\\/bfnrt' or (after == "u" and re.match(r"u[0-9a-fA-F]{4}", match.string[match.start(1) :]))
    return match[0] if known else f"\\\\{after}"


def _unfenced(text: str) -> str:
    fence = re.search(r"```(?:json|JSON)?\s*\n?(\{.*\}|\[.*\])\s*```", text, re.DOTALL)
    return fence[1] if fence else text


def _from_brace(text: str) -> str:
    at = text.find("{")
    return text[at:] if at >= 0 else text


def _outer_object(text: str) -> str:
    """The first complete object in the text, strings respected; the text itself where there is none."""
    start = text.find("{")
    depth, quoted, escaped = 0, False, False
    for at in range(max(start, 0), len(text)):
        character = text[at]
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0 and start >= 0:
                return text[start : at + 1]
    return text


def _cut_off(raw: str) -> bool:
    """Whether the text ends within a string, so that what was meant to follow is unknown."""
    try:
        json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        text = _from_brace(_unfenced(raw.strip()))
        return _outer_object(text) == text and _open_string(text)
    return False


def _open_string(text: str) -> bool:
    return len(re.findall(r'"', re.sub(r"\\\\.", "", text, flags=re.DOTALL))) % 2 == 1


def _closed(text: str) -> str:
    """`text` with an open string and open brackets closed, as after a stream that broke off."""
    stack: list[str] = []
    quoted = escaped = False
    for character in text:
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
        elif character in "}]" and stack:
            stack.pop()
    if escaped:
        text = text[:-1]
    if quoted:
        text += '"'
    text = re.sub(r"[,\s]+$", "", text) if stack and not quoted else text
    return text + "".join(reversed(stack))


def _python_literals(text: str) -> str:
    """True, False and None outside strings, as some models write them."""
    names = {"True": "true", "False": "false", "None": "null"}
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text, flags=re.DOTALL)
    return "".join(
        part if index % 2 else re.sub(r"\b(True|False|None)\b", lambda m: names[m[1]], part)
        for index, part in enumerate(parts)
    )


def _named(value: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """The object with other harnesses' names made ours; a right name always wins."""
    named = {key: item for key, item in value.items() if key in properties}
    for key in properties:
        if key in named:
            continue
        for alias in ALIASES.get(key, ()):
            if alias in value and alias not in properties:
                named[key] = value[alias]
                break
    return named


def _coerced(value: Any, schema: dict[str, Any]) -> Any:
    """The value as the schema wants it, where only its form is wrong."""
    options = schema.get("anyOf")
    if options:
        if value is None or value == "null":
            return None
        return _coerced(value, next((o for o in options if o.get("type") != "null"), {}))
    kind = schema.get("type")
    if isinstance(value, str) and kind in ("array", "object"):
        return _decoded(value, kind, schema)
    if kind == "array":
        items = value if isinstance(value, list) else [value]
        return [_coerced(item, schema.get("items", {})) for item in items]
    if kind == "object" and isinstance(value, dict):
        parts = schema.get("properties", {})
        return {key: _coerced(item, parts[key]) for key, item in _named(value, parts).items()} if parts else value
    if kind == "string":
        return _text(value)
    return _scalar(value, kind)


def _decoded(value: str, kind: str, schema: dict[str, Any]) -> Any:
    """An array or object that came as its JSON text; a plain string becomes a list of one where strings are wanted."""
    try:
        inner = _loaded(value)
    except ToolError:
        inner = None
    if isinstance(inner, list if kind == "array" else dict) and value.strip():
        return _coerced(inner, schema)
    return [value] if kind == "array" and schema.get("items", {}).get("type") == "string" and value.strip() else value


def _text(value: Any) -> Any:
    """A string from a list of chunks (`["a", "b"]`, `[{"text": "a"}]`) or a number."""
    if isinstance(value, list) and value:
        chunks = [part.get("text") if isinstance(part, dict) else part for part in value]
        if all(isinstance(chunk, str) for chunk in chunks):
            return "".join(map(str, chunks))
    if isinstance(value, dict) and set(value) == {"text"}:
        return value["text"]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _scalar(value: Any, kind: str | None) -> Any:
    """Booleans and numbers from their text."""
    if not isinstance(value, str):
        return int(value) if kind == "integer" and isinstance(value, float) and value.is_integer() else value
    word = value.strip().lower()
    if kind == "boolean" and word in ("true", "yes", "1", "false", "no", "0", ""):
        return word in ("true", "yes", "1")
    if kind == "integer" and re.fullmatch(r"-?\d{1,18}(\.0+)?", word):
        return int(word.partition(".")[0])
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?%?", word):
        return float(word.rstrip("%")) / (100 if word.endswith("%") else 1)
    return value


def _whole(value: Any) -> Any:
    """Half surrogate pairs become U+FFFD, for they are no text and would become bytes nobody wrote."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value
