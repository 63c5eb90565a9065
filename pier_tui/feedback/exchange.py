"""Feedback as JSON lines and back: for a colleague, for another machine, for `pier-tui calibrate --log`.

The first line says what the file is; each further one is a decision, a press or a pair, by its `type`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pier_tui.errors import PierError
from pier_tui.feedback.rows import DecisionRow, Feedback, Frozen, Judgement, Pair

HEAD = {"type": "pier-tui-feedback", "version": 1}
KINDS: dict[str, type[Frozen]] = {"decision": DecisionRow, "label": Judgement, "pair": Pair}


def to_jsonl(feedback: Feedback) -> str:
    """All of it, a line each."""
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in _lines(feedback))


def _lines(feedback: Feedback) -> Iterator[dict[str, Any]]:
    yield HEAD
    for kind, rows in (("decision", feedback.decisions), ("label", feedback.labels), ("pair", feedback.pairs)):
        for row in rows:
            yield {"type": kind, **row.model_dump(mode="json")}


def from_jsonl(text: str, name: str = "The export") -> Feedback:
    """Feedback from lines. Raises PierError naming the first line that cannot be read, and what is wrong with it."""
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    # Only line feeds end a line: a note may hold other characters that look like it.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            kind = fields.pop("type")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise PierError(f"{name}, line {number}: no JSON object with a type; export it again.") from None
        if kind == HEAD["type"]:
            if fields.get("version") != HEAD["version"]:
                raise PierError(f"{name} was written by a newer pier-tui; update pier-tui to use it.")
        elif kind in KINDS:
            found[kind].append(_row(kind, fields, f"{name}, line {number}"))
        else:
            raise PierError(f"{name}, line {number}: there is no {str(kind)[:40]!r}; lines are {', '.join(KINDS)}.")
    return Feedback(decisions=tuple(found["decision"]), labels=tuple(found["label"]), pairs=tuple(found["pair"]))


def read(path: Path) -> Feedback:
    """Feedback from a file. Raises PierError where it cannot be read."""
    try:
        return from_jsonl(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise PierError(f"{path} cannot be read: {reason}.") from None


def _row(kind: str, fields: dict[str, Any], where: str) -> Frozen:
    try:
        return KINDS[kind].model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise PierError(f"{where}: {field}: {first['msg']}.") from None
