"""An event as one line of JSON and back, bytes that are no UTF-8 included (patches keep them as lone surrogates)."""

from __future__ import annotations

import json
from typing import TypeVar, cast

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from pier_tui.events import ADAPTER, AnyEvent, Event
from pier_tui.redaction import any_hidden, without_keys

E = TypeVar("E", bound=Event)


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
