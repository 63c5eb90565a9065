"""A session as a file: Markdown to read, JSON lines to replay (a recording) or to count."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pier_tui.errors import PierError
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    CallFinished,
    Event,
    Notice,
    PatchApplied,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    ToolReturned,
)
from pier_tui.repo.diff import Patch
from pier_tui.session.codec import decode_any, encode

VERSION = 1


class RecordingHeader(BaseModel):
    """The first line of a recording: when it was made, with which profile, and from what."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    version: int = Field(default=VERSION, alias="pier_tui_recording")
    date: str
    profile: str
    source: str


class Recording(BaseModel):
    """A recording as read from its file. Transient events are in it with their times where they were recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: RecordingHeader
    events: tuple[AnyEvent, ...]


def to_jsonl(header: RecordingHeader, events: Iterable[Event]) -> str:
    """The recording's text: the header, then a line for each event."""
    return "\n".join([header.model_dump_json(by_alias=True), *map(encode, events)]) + "\n"


def lines_to_jsonl(header: RecordingHeader, lines: Iterable[str]) -> str:
    """A recording of entries as they are stored, those of a kind this version does not know included."""
    kept = (shareable(" ".join(line.splitlines())) for line in lines)
    return "\n".join([header.model_dump_json(by_alias=True), *kept]) + "\n"


def shareable(text: str) -> str:
    """Text on its way out of the session file: the one place where secrets are to be taken out."""
    return text


def from_jsonl(text: str) -> Recording:
    """Read a recording. Raises PierError naming the first line that is not one."""
    lines = text.split("\n")
    header = _header(lines[0] if lines else "")
    events: list[AnyEvent] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            events.append(decode_any(line))
        except ValueError as error:
            raise PierError(f"Line {number} of the recording is not an event: {_reason(error)}.") from error
    return Recording(header=header, events=tuple(events))


def load_recording(path: Path) -> Recording:
    """Read a recording from a file, blocking. Raises PierError where there is none."""
    try:
        return from_jsonl(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PierError(f"The recording {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise PierError(f"{path} is not a recording: it is not UTF-8 text.") from error


def to_markdown(events: Iterable[Event], title: str = "Session") -> str:
    """The session to read: requests, who did each turn at what cost, answers, tool lines and applied patches."""
    parts = [f"# {title}"]
    for event in events:
        text = _markdown(event)
        if text:
            parts.append(text)
    return "\n\n".join(parts) + "\n"


def _header(line: str) -> RecordingHeader:
    try:
        header = RecordingHeader.model_validate(json.loads(line))
    except ValueError as error:
        raise PierError("Line 1 is not a recording's header: this file was not written by pier-tui.") from error
    if header.version > VERSION:
        raise PierError("The recording was written by a newer pier-tui; update pier-tui to replay it.")
    return header


def _reason(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else first["msg"]
    return str(error)


def _markdown(event: Event) -> str:
    match event:
        case RequestStarted(text=text):
            when = f" ({datetime.fromtimestamp(event.time, UTC):%Y-%m-%d %H:%M} UTC)" if event.time else ""
            return f"## Request {event.request}{when}\n\n{_quoted(text)}"
        case RouteDecided():
            stated = "" if event.confidence is None else f" {event.confidence:.2f}"
            what = " · ".join(p for p in (event.action, f"{event.route}{stated}", event.reason) if p)
            return f"### Turn {event.turn}, call {event.call}: {event.model} · {what}"
        case CallFinished():
            return _bill(event)
        case AnswerCompleted(text=text):
            return text
        case ToolReturned(name=name, line=line, ok=ok, text=text):
            return f"`{line or name}`{'' if ok else ' (refused or failed)'}\n\n{_fenced(text)}"
        case PatchApplied(patch=patch):
            return f"Applied:\n\n{_fenced(_diff(patch), 'diff')}"
        case RequestEnded(why=why, text=text):
            return f"**Request {why}.** {text}".strip()
        case RequestInterrupted():
            return "**Interrupted by the user.**"
        case RequestFailed(text=text) | Notice(text=text):
            return f"**{text}**"
        case _:
            return ""


def _bill(event: CallFinished) -> str:
    usage, estimated = event.usage, "~" if event.usage.estimated else ""
    cost = "?" if event.cost is None else f"₹{event.cost.quantize(Decimal('0.0001'))}"
    counts = (("input", usage.prompt), ("cached", usage.cached), ("output", usage.output))
    tokens = ", ".join(f"{name} {'?' if number is None else f'{estimated}{number}'}" for name, number in counts)
    kept = "" if event.kept else " · not used"
    return f"*{event.model}{' (offline)' if event.offline else ''} · {estimated}{cost} · {tokens}{kept}*"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any inside the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _diff(patch: Patch) -> str:
    lines: list[str] = []
    for file in patch.files:
        lines += [f"--- {file.old_path or '/dev/null'}", f"+++ {file.new_path or '/dev/null'}"]
        for hunk in file.hunks:
            lines.append(f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@")
            lines += [f"{line.kind}{line.text.rstrip(chr(13) + chr(10))}" for line in hunk.lines]
    return "\n".join(lines).encode("utf-8", "replace").decode("utf-8")
