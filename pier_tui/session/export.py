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
    ApprovalAnswered,
    ApprovalAsked,
    CallFinished,
    Event,
    Labelled,
    Notice,
    Overridden,
    PatchApplied,
    PatchProposed,
    PatchUndone,
    PromptWarmed,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    ToolReturned,
)
from pier_tui.redaction import redact
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


def recording_of(profile: str, events: Iterable[Event]) -> str:
    """The text of a recording made just now, with what looks like a key taken out."""
    day = datetime.now().date().isoformat()
    fields = {"date": day, "profile": profile, "source": f"a real run of pier-tui with the {profile} profile"}
    return shareable(to_jsonl(RecordingHeader.model_validate(fields), events))


def lines_to_jsonl(header: RecordingHeader, lines: Iterable[str]) -> str:
    """A recording of entries as they are stored, those of a kind this version does not know included."""
    kept = (shareable(" ".join(line.splitlines())) for line in lines)
    return "\n".join([header.model_dump_json(by_alias=True), *kept]) + "\n"


def shareable(text: str) -> str:
    """Text on its way out of the session file: the one place where keys are taken out."""
    return redact(text)


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
    """The session to read: requests, who did each turn at what cost, hand-overs, answers, tools, patches, the total.

    Nothing is left out but reasoning and what changed on the backbone; a fence is longer than any within its text.
    """
    parts, calls = [f"# {' '.join(title.split()) or 'Session'}"], list[CallFinished | PromptWarmed]()
    for event in events:
        text = _markdown(event)
        if text:
            parts.append(text)
        if isinstance(event, CallFinished | PromptWarmed):
            calls.append(event)
    if calls:
        parts.append(_total(calls))
    return shareable("\n\n".join(parts) + "\n")


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
            head = f"### Turn {event.turn}, call {event.call}: {event.model} · {_line(what)}"
            return f"{head}\n\nHanded over:\n\n{_fenced(event.handoff)}" if event.handoff else head
        case CallFinished():
            return _bill(event, "" if event.kept else " · not used")
        case PromptWarmed(failure=failure):
            return _bill(event, f" · warm-up{f': {failure}' if failure else ''}")
        case AnswerCompleted(text=text):
            return text
        case ToolReturned(name=name, line=line, ok=ok, text=text):
            return f"{_inline(line or name)}{'' if ok else ' (refused or failed)'}\n\n{_fenced(text)}"
        case ApprovalAsked(command=command):
            return f"Asked: may this run?\n\n{_fenced(command)}"
        case ApprovalAnswered(choice=choice, reason=reason):
            return f"**Answered: {choice}.** {_line(reason)}".strip()
        case PatchProposed(patch=patch, paths=paths):
            return _shown("Proposed", Patch(files=tuple(file for file in patch.files if file.path in paths)))
        case PatchApplied(patch=patch):
            return _shown("Applied", patch)
        case PatchUndone(patch=patch):
            return _shown("Taken back", patch)
        case Labelled(label=label):
            return f"*Judged by the user: {label or 'judgement taken back'}.*"
        case Overridden(choice=choice, scope=scope):
            return f"*The user chose the model: {choice} ({scope}).*"
        case RequestEnded(why=why, text=text):
            return f"**Request {why}.** {text}".strip()
        case RequestInterrupted(partial=partial):
            return f"{partial}\n\n**Interrupted by the user.**".strip()
        case RequestFailed(text=text, partial=partial):
            return f"{partial}\n\n**{text}**".strip()
        case Notice(text=text):
            return f"**{text}**"
        case _:
            return ""


def _bill(event: CallFinished | PromptWarmed, more: str) -> str:
    usage, estimated = event.usage, "~" if event.usage.estimated else ""
    cost = "?" if event.cost is None else f"₹{event.cost.quantize(Decimal('0.0001'))}"
    counts = (("input", usage.prompt), ("cached", usage.cached), ("output", usage.output))
    tokens = ", ".join(f"{name} {'?' if number is None else f'{estimated}{number}'}" for name, number in counts)
    offline = " (offline)" if isinstance(event, CallFinished) and event.offline else ""
    return f"*{event.model}{offline} · {estimated}{cost} · {tokens}{more}*"


def _total(calls: list[CallFinished | PromptWarmed]) -> str:
    known = sum((call.cost for call in calls if call.cost is not None), Decimal(0))
    least = "at least " if any(call.cost is None for call in calls) else ""
    return f"---\n\n*{len(calls)} call{'' if len(calls) == 1 else 's'}, {least}₹{known.quantize(Decimal('0.0001'))}*"


def _shown(word: str, patch: Patch) -> str:
    return f"{word}:\n\n{_fenced(_diff(patch), 'diff')}" if patch.files else ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _inline(text: str) -> str:
    """Code within a line, whose marks are longer than any inside."""
    text = _line(text)
    mark = "`"
    while mark in text:
        mark += "`"
    pad = " " if "`" in text else ""
    return f"{mark}{pad}{text}{pad}{mark}"


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
