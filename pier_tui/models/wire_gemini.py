"""Chunks of Gemini's streamGenerateContent; pure, no networking here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pier_tui.errors import BadAnswer
from pier_tui.models.draft import Draft, Pieces, Slot, mapping, objects, part, string, tokens
from pier_tui.models.usage import Usage

STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]")
"""One step of a path such as `$.files[0].name`."""
DEEPEST = 64
"""Steps a path may have."""


class Gemini:
    """Takes chunks into a draft. A call comes whole in one part, or its arguments value by value with their paths."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._open: Slot | None = None
        self._arguments: dict[str, Any] = {}

    def take(self, chunk: Mapping[str, Any]) -> Pieces:
        """What a chunk adds. Raises BadAnswer for a piece of an argument that fits nowhere."""
        pieces: Pieces = []
        for candidate in objects(chunk.get("candidates"))[:1]:
            for item in objects(mapping(candidate.get("content")).get("parts")):
                add = self._draft.think if item.get("thought") else self._draft.say
                pieces += add(item.get("text"))
                if "functionCall" in item:
                    self._call(mapping(item["functionCall"]))
            reason = string(candidate.get("finishReason")).lower()
            self._draft.finish = reason or self._draft.finish
        if blocked := string(mapping(chunk.get("promptFeedback")).get("blockReason")):
            self._draft.finish = f"blocked: {blocked.lower()}"
        self._draft.model = string(chunk.get("modelVersion")) or self._draft.model
        if usage := mapping(chunk.get("usageMetadata")):
            self._draft.usage = _usage(usage)
        return pieces

    def close(self) -> Pieces:
        """Nothing is held back."""
        return []

    def _call(self, call: Mapping[str, Any]) -> None:
        if call.get("name"):
            self._open = self._draft.open(call.get("id"), call.get("name"))
            self._arguments = dict(mapping(call.get("args")))
        if self._open is None:
            return
        for piece in objects(call.get("partialArgs")):
            _put(self._arguments, piece)
        if not call.get("willContinue"):
            self._open.parts = [json.dumps(self._arguments, ensure_ascii=False)]
            self._open.closed, self._open = True, None


def _put(into: Any, piece: Mapping[str, Any]) -> None:
    """Add one value, or the next stretch of a string, at its path."""
    path = string(piece.get("jsonPath"))
    steps = [int(at) if at else name or quoted for name, at, quoted in STEP.findall(path)]
    misfit = BadAnswer("The endpoint sent a piece of a tool's argument that fits nowhere; try the turn again.")
    if not 0 < len(steps) <= DEEPEST or "$" + "".join(m[0] for m in STEP.finditer(path)) != path:
        raise misfit
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        fits = isinstance(into, list) and step <= len(into) if isinstance(step, int) else isinstance(into, dict)
        if not fits:
            raise misfit
        if isinstance(step, int) and step == len(into):
            into.append(None)
        told = into.get(step) if isinstance(into, dict) else into[step]
        if after is None:
            into[step] = _value(piece, told)
        elif told is None:
            into[step] = [] if isinstance(after, int) else {}
        into = into[step]


def _value(piece: Mapping[str, Any], told: Any) -> Any:
    if isinstance(text := piece.get("stringValue"), str):
        return told + text if isinstance(told, str) else text
    return next((piece[kind] for kind in ("numberValue", "boolValue") if kind in piece), None)


def _usage(usage: Mapping[str, Any]) -> Usage:
    """Gemini counts reasoning beside the answer; ours is part of it."""
    prompt = tokens(usage.get("promptTokenCount"))
    said, thought = tokens(usage.get("candidatesTokenCount")), tokens(usage.get("thoughtsTokenCount"))
    output = None if said is None and thought is None else (said or 0) + (thought or 0)
    cached = part(tokens(usage.get("cachedContentTokenCount")), prompt)
    return Usage(prompt=prompt, cached=cached, output=output, reasoning=thought)
