"""An event as one line of JSON and back, bytes that are no UTF-8 included (patches keep them as lone surrogates)."""

from __future__ import annotations

import json

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from pier_tui.events import ADAPTER, AnyEvent, Event


def encode(event: Event) -> str:
    """One line of JSON."""
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
