"""An event as one line of JSON and back, bytes that are no UTF-8 included (patches keep them as lone surrogates).

A line that is whole but of a kind this version does not know (a newer one wrote it) is shown as a Notice;
the line itself is what is copied and exported.
"""

from __future__ import annotations

import json
import re
from typing import TypeVar, cast, get_args

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from pier_tui.events import ADAPTER, AnyEvent, Event, Notice
from pier_tui.redaction import any_hidden, without_keys

E = TypeVar("E", bound=Event)
UNKNOWN = "an entry this version does not know"
KINDS = frozenset(str(kind.model_fields["type"].default) for kind in get_args(get_args(AnyEvent)[0]))
"""The types of events this version knows."""


def encode(event: Event) -> str:
    """One line of JSON, in which no key in use is written down."""
    return without_keys(_dumped(event))


def shown(event: E) -> E:
    """The event as it may be shown: without a key in use, but a patch, which is reviewed as it will be written."""
    if not any_hidden() or hasattr(event, "patch"):
        return event
    line = _dumped(event)
    clean = without_keys(line)
    return event if clean == line else cast("E", decode(clean))


def _dumped(event: Event) -> str:
    try:
        return event.model_dump_json()
    except PydanticSerializationError:
        return json.dumps(event.model_dump(mode="json"), ensure_ascii=True)


def decode(line: str) -> AnyEvent:
    """The event of a line. Raises ValueError where it is none."""
    try:
        return ADAPTER.validate_json(line)
    except ValidationError:
        if "\\ud" not in line:
            raise
        # only Python's own reader takes lone surrogates
        return ADAPTER.validate_python(json.loads(line))


def decode_any(line: str) -> AnyEvent:
    """The event of a line, or a Notice for one of an unknown kind. Raises ValueError where it is neither."""
    try:
        return decode(line)
    except ValueError:
        stranger = json.loads(line)
        if not isinstance(stranger, dict) or not isinstance(stranger.get("type"), str):
            raise
        if stranger["type"] in KINDS and not _newer(stranger):
            raise
        at = {name: stranger[name] for name in ("request", "turn") if type(stranger.get(name)) is int}
        return Notice(session=str(stranger.get("session", "")), text=f"{UNKNOWN} ({stranger['type'][:40]})", **at)


def _newer(stranger: dict[str, object]) -> bool:
    """Whether an event of a known kind is whole but says more, or other, than this version understands."""
    return {"session", "time"} <= set(stranger)


def renamed(line: str, session: str) -> str:
    """The line as an entry of another session, whatever else is in it."""
    found = _OWNER.match(line)
    if found:
        return f'{{"session":{json.dumps(session)}{line[found.end() :]}'
    whole = json.loads(line)
    return json.dumps({**whole, "session": session}) if isinstance(whole, dict) else line


_OWNER = re.compile(r'^\{"session":\s*"[^"\\]*"')
