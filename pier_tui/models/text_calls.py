"""Tool calls that a model wrote as text instead of natively: found, taken out, and kept off the screen.

Three spellings are read: GLM (`<tool_call>name <arg_key>…`), Hermes and Qwen JSON (`<tool_call>{…}`), and
Qwen-coder (`<function=name><parameter=k>…`); and the JSON object itself, where it is the whole answer or stands in
fences of JSON, as small models write it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from pier_tui.models.messages import ToolCall

Known = Mapping[str, Mapping[str, Any]] | Collection[str]
"""The tools' names; where a mapping to parameter schemas, strings are kept strings."""

BLOCK = re.compile(
    r"<tool_call>(?P<call>.*?)(?:</tool_call>|(?=<tool_call>)|\Z)"
    r"|<function=(?P<name>[^>\s]+)>(?P<body>.*?)(?:</function>|\Z)(?:\s*</tool_call>)?",
    re.DOTALL,
)
FUNCTION = re.compile(r"\s*<function=([^>\s]+)>(.*?)(?:</function>|\Z)\s*", re.DOTALL)
PARAMETER = re.compile(r"<parameter=([^>]+)>\n?(.*?)\n?(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL)
GLM_NAME = re.compile(r"\s*([\w.-]+)\s*(?=<arg_key>|\Z)")
GLM_ARGUMENT = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)(?:</arg_value>|\Z)", re.DOTALL)
FENCE = re.compile(r"\A```(?:json)?\s*\n(.*?)\n?```\Z", re.DOTALL)
FENCED = re.compile(
    r"^```(?:json|tool_call)[ \t]*\n\s*(\{.*?\})\s*?(?:\n[ \t]*```[ \t]*$|```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
FENCE_OPENS = re.compile(r"```(?:json|tool_call)[ \t]*\n\s*\{")
FENCE_MAY_OPEN = re.compile(r"`{1,2}\Z|```[a-z_]*[ \t]*\n?\s*\Z")
MARKS = ("<tool_call", "<function=")
ENDS = ("</tool_call>", "</function>")
OPENINGS = ("```json\n{", "{")


def parse(text: str, known: Known, *, cut: bool = False) -> tuple[str, tuple[ToolCall, ...]]:
    """The text without the calls it held, and those calls.

    A call to an unknown tool stays text, unless it is the whole answer; so does, in a text that was `cut`, a call
    without its end.
    """
    calls: list[ToolCall] = []

    def taken(match: re.Match[str]) -> str:
        found = None if cut and not match.group().rstrip().endswith(ENDS) else _one(match, known)
        if found is None:
            return match.group()
        name, arguments = found
        calls.append(_call(name, arguments, len(calls)))
        return ""

    rest = BLOCK.sub(taken, text)
    if not calls and (bare := _bare(text, known)) is not None:
        return "", (_call(*bare, 0),)
    if not calls:
        rest = FENCED.sub(lambda match: _fenced(match, known, calls, cut=cut), text)
    return (rest.strip() if calls else text), tuple(calls)


class Gate:
    """Lets an answer's text through as it comes, but holds it from where a tool call may have begun."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._held = ""
        self._shut = False
        self._opened = False

    def feed(self, text: str) -> str:
        """What may be shown now."""
        if not self._known:
            return text
        self._held += text
        if self._shut:
            return ""
        start = self._start()
        shown, self._held = self._held[:start], self._held[start:]
        self._opened = self._opened or bool(shown.strip())
        return shown

    def finish(self, *, native: bool, cut: bool = False) -> tuple[str, tuple[ToolCall, ...]]:
        """The rest to show, and the calls found in what was held; with `native` calls, it is only text.

        Where the answer was `cut`, a call without its end is text as well.
        """
        held, self._held = self._held, ""
        return (held, ()) if native or not held else parse(held, self._known, cut=cut)

    def _start(self) -> int:
        """Where holding starts: at a mark, or at an ending that may become one."""
        at = [found for mark in MARKS if (found := self._held.find(mark)) >= 0]
        at += [fence.start()] if (fence := FENCE_OPENS.search(self._held)) else []
        if at:
            self._shut = True
            return min(at)
        stripped = self._held.lstrip()
        if not self._opened and any(stripped.startswith(o) or o.startswith(stripped) for o in OPENINGS):
            return 0
        tail = self._held.rfind("<")
        if tail >= 0 and any(mark.startswith(self._held[tail:]) for mark in MARKS):
            return tail
        fence = FENCE_MAY_OPEN.search(self._held)
        return fence.start() if fence and _may_be_json(fence[0]) else len(self._held)


def _one(match: re.Match[str], known: Known) -> tuple[str, dict[str, Any]] | None:
    if match["call"] is None:
        return _function(match["name"], match["body"], known)
    inner = match["call"]
    if function := FUNCTION.match(inner):
        return _function(function[1], function[2], known)
    return _object(inner, known) or _glm(inner, known)


def _function(name: str, body: str, known: Known) -> tuple[str, dict[str, Any]] | None:
    if name not in known:
        return None
    return name, {key.strip(): _value(value, name, key.strip(), known) for key, value in PARAMETER.findall(body)}


def _glm(inner: str, known: Known) -> tuple[str, dict[str, Any]] | None:
    match = GLM_NAME.match(inner)
    if match is None or match[1] not in known:
        return None
    name = match[1]
    pairs = GLM_ARGUMENT.findall(inner, match.end())
    return name, {key.strip(): _value(value, name, key.strip(), known) for key, value in pairs}


def _object(inner: str, known: Known | None) -> tuple[str, dict[str, Any]] | None:
    """A call written as a JSON object; `known` None takes any name, for the agent to refuse."""
    try:
        found = json.loads(inner.strip(), strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        return None
    if known is not None and found["name"] not in known:
        return None
    arguments = found.get("arguments", found.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}", strict=False)
        except (ValueError, RecursionError):
            return None
    return (found["name"], arguments) if isinstance(arguments, dict) else None


def _bare(text: str, known: Known) -> tuple[str, dict[str, Any]] | None:
    stripped = text.strip()
    fenced = FENCE.match(stripped)
    inner = fenced[1] if fenced else stripped
    if not known or not inner.startswith("{"):
        return None
    found = _object(inner, known) or _only_a_call(inner)
    return found if found is not None and ('"arguments"' in inner or '"parameters"' in inner) else None


def _fenced(match: re.Match[str], known: Known, calls: list[ToolCall], *, cut: bool) -> str:
    """A fence with nothing in it but a call to a known tool is that call, and goes; any other stays."""
    found = None if cut and not match.group().rstrip().endswith("```") else _only_a_call(match[1])
    if found is None or found[0] not in known:
        return match.group()
    calls.append(_call(*found, len(calls)))
    return ""


def _may_be_json(opening: str) -> bool:
    """Whether what may become a fence's first line can still be one of JSON."""
    word = opening.lstrip("`").strip()
    return any(name.startswith(word) for name in ("json", "tool_call"))


def _only_a_call(inner: str) -> tuple[str, dict[str, Any]] | None:
    """An object with just a name and arguments is an attempted call whatever the name: no answer looks like that."""
    found = _object(inner, None)
    keys = set(json.loads(inner, strict=False)) if found is not None else set()
    return found if keys in ({"name", "arguments"}, {"name", "parameters"}) else None


def _value(text: str, name: str, key: str, known: Known) -> Any:
    """A written argument as JSON: text where the schema says string, otherwise read if it reads."""
    schema = known.get(name, {}) if isinstance(known, Mapping) else {}
    if schema.get("properties", {}).get(key, {}).get("type") == "string":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _call(name: str, arguments: dict[str, Any], number: int) -> ToolCall:
    written = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id=call_id(name, written, number), name=name, arguments=written)


def call_id(name: str, arguments: str, number: int) -> str:
    """An id for a call that came without one: the same for the same call."""
    digest = hashlib.sha256(f"{name}\0{arguments}".encode("utf-8", "replace")).hexdigest()[:12]
    return f"call-{number}-{digest}"
