"""What the prompt says: the present request, the tools on offer, and every tool call of the request with its result."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

EDITS = frozenset({"edit", "replace_function", "rename_symbol", "write", "delete", "move"})
"""Tools that change the proposed files: what was read of a file before them is out of date."""

_REQUEST = re.compile(r"<request>\n?(.*?)\n?</request>", re.DOTALL)
_HANDOFF = re.compile(r"<handoff>\n?(.*?)\n?</handoff>", re.DOTALL)
_QUESTION = re.compile(r"<question>\n?(.*?)\n?</question>", re.DOTALL)
_GOAL = re.compile(r"^.*\bgoal\b.*?:\s*(.+)$", re.MULTILINE | re.IGNORECASE)
_HEADING = re.compile(r"^(?P<path>.+) lines (?P<first>\d+)-(?P<last>\d+) of (?P<total>\d+)$")
_NUMBERED = re.compile(r"^(\d+)\t(.*)$", re.DOTALL)
_EDITED = re.compile(r"^(edited|created|deleted|moved|renamed|removed) ", re.IGNORECASE)


@dataclass(frozen=True)
class Done:
    """A tool call of this request and what came back."""

    name: str
    arguments: dict[str, Any]
    result: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Files an edit touches."""
        return tuple(str(self.arguments[k]) for k in ("path", "to") if self.arguments.get(k))

    @property
    def landed(self) -> bool:
        """Whether an edit was taken, as its result says."""
        return self.name in EDITS and _EDITED.match(self.result) is not None


@dataclass(frozen=True)
class Transcript:
    """The prompt, read. `done` holds the calls since the last request, in order."""

    request: str = ""
    handoff: str = ""
    question: str = ""
    """What is asked instead of the next action: a plan, or a verdict on a draft."""
    tools: frozenset[str] = frozenset()
    done: tuple[Done, ...] = ()
    updates: tuple[str, ...] = ()
    forced: bool = False
    last_tests: str = ""
    """The result of the last `run_tests` of the whole prompt, earlier requests included."""
    proposed: tuple[Done, ...] = ()
    """Edits of the whole prompt that were taken."""
    size: int = 0
    """Characters of everything since the request."""

    def edits(self) -> tuple[Done, ...]:
        """Edits of this request that were taken."""
        return tuple(d for d in self.done if d.landed)

    def result(self, name: str, arguments: dict[str, Any]) -> str | None:
        """The last result of this very call that no later edit has outdated."""
        fresh: str | None = None
        for done in self.done:
            if done.name == name and done.arguments == arguments:
                fresh = done.result
            elif done.landed and (name != "read" or str(arguments.get("path")) in done.paths):
                fresh = None
        return fresh

    def asked(self, name: str, arguments: dict[str, Any]) -> bool:
        """Whether this very call was made at all in this request."""
        return any(d.name == name and d.arguments == arguments for d in self.done)


@dataclass(frozen=True)
class Excerpt:
    """Numbered lines of a `read` result."""

    path: str
    total: int
    lines: dict[int, str] = field(default_factory=dict)


def read_transcript(body: dict[str, Any]) -> Transcript:
    """Read a chat-completions request body."""
    messages = [m for m in body.get("messages") or [] if isinstance(m, dict)]
    tools = frozenset(str((t.get("function") or {}).get("name", "")) for t in body.get("tools") or [])
    start, request = _last_request(messages)
    now = _content(messages[-1]) if messages else ""
    since = messages[start + 1 :] if start >= 0 else messages
    handoff, question = _HANDOFF.search(now), _QUESTION.search(now)
    return Transcript(
        request=request,
        handoff=handoff[1] if handoff else "",
        question=question[1] if question else "",
        tools=tools,
        done=tuple(_calls(since)),
        updates=tuple(_content(m) for m in since if m.get("role") == "user" and _content(m).startswith("<update>")),
        last_tests=next((d.result for d in reversed(_calls(messages)) if d.name == "run_tests"), ""),
        proposed=tuple(d for d in _calls(messages) if d.landed),
        forced="do not hand over" in now,
        size=sum(len(_content(m)) + len(json.dumps(m.get("tool_calls") or "")) for m in since),
    )


def excerpt(result: str) -> Excerpt | None:
    """The lines of a `read` result; None where it is something else, such as a refusal."""
    heading, _, body = result.partition("\n")
    match = _HEADING.match(heading)
    if match is None:
        return None
    lines: dict[int, str] = {}
    for line in body.split("\n"):
        numbered = _NUMBERED.match(line)
        if numbered and "… (+" not in numbered[2][-40:]:
            lines[int(numbered[1])] = numbered[2]
    return Excerpt(match["path"], int(match["total"]), lines)


def _last_request(messages: list[dict[str, Any]]) -> tuple[int, str]:
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "user" and (match := _REQUEST.search(_content(messages[index]))):
            return index, match[1].strip()
    users = [m for m in messages if m.get("role") == "user"]
    if users and not any(_content(m).startswith(("<repository>", "<now>")) for m in users):
        return messages.index(users[-1]), _content(users[-1]).strip()
    goal = _GOAL.findall(_content(users[0])) if users else []
    return -1, goal[-1].strip() if goal else ""


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _calls(messages: list[dict[str, Any]]) -> list[Done]:
    results = {m.get("tool_call_id"): _content(m) for m in messages if m.get("role") == "tool"}
    found: list[Done] = []
    for message in messages:
        for call in message.get("tool_calls") or []:
            function = call.get("function") or {}
            if call.get("id") in results:
                arguments = _arguments(function.get("arguments"))
                found.append(Done(str(function.get("name", "")), arguments, results[call["id"]]))
    return found


def _arguments(raw: object) -> dict[str, Any]:
    try:
        value = json.loads(str(raw or "{}"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
