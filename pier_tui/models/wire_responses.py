"""Events of OpenAI's Responses API; pure, no networking here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pier_tui.models.draft import Draft, Pieces, Slot, mapping, objects, part, place, string, tokens
from pier_tui.models.usage import Usage

TEXT = ("response.output_text.delta", "response.refusal.delta")
THOUGHT = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that are calls of our tools, and where their arguments are; the endpoint runs other kinds itself."""


class Responses:
    """Takes events into a draft. Items go by their place in the output: some hosts change the ids on the way."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._slots: dict[Any, Slot] = {}
        self._told: set[Any] = set()

    def take(self, chunk: Mapping[str, Any]) -> Pieces:
        """What an event, or a whole answer that was not streamed, adds."""
        kind = string(chunk.get("type"))
        if kind in TEXT or kind in THOUGHT:
            self._told.add(_place(chunk))
            add = self._draft.say if kind in TEXT else self._draft.think
            return add(chunk.get("delta"))
        match kind:
            case "response.output_item.added" | "response.output_item.done":
                return self._item(_place(chunk), mapping(chunk.get("item")), over=kind.endswith("done"))
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                if (slot := self._slots.get(_place(chunk))) is not None:
                    slot.parts.append(string(chunk.get("delta")))
            case "response.completed" | "response.incomplete":
                return self._end(mapping(chunk.get("response")))
            case "response.created":
                self._slots, self._told = {}, set()
                self._draft.model = string(mapping(chunk.get("response")).get("model"))
            case "":
                return self._end(chunk)
        return []

    def close(self) -> Pieces:
        """Nothing is held back."""
        return []

    def _item(self, at: Any, item: Mapping[str, Any], *, over: bool) -> Pieces:
        kind = string(item.get("type"))
        if kind in CALLS:
            self._call(at, item, string(item.get(CALLS[kind])), over=over)
        if not over or at in self._told:
            return []
        self._told.add(at)
        if kind == "message":
            parts = objects(item.get("content"))
            return self._draft.say("".join(string(p.get("text")) or string(p.get("refusal")) for p in parts))
        if kind == "reasoning":
            parts = objects(item.get("summary")) or objects(item.get("content"))
            return self._draft.think("\n\n".join(string(p.get("text")) for p in parts))
        return []

    def _call(self, at: Any, item: Mapping[str, Any], arguments: str, *, over: bool) -> None:
        slot = self._slots.get(at)
        if slot is None:
            self._slots[at] = slot = self._draft.open(item.get("call_id") or item.get("id"), item.get("name"))
        if arguments:
            slot.parts = [arguments]
        slot.name = slot.name or string(item.get("name"))
        slot.closed = slot.closed or (over and item.get("status") != "incomplete")

    def _end(self, response: Mapping[str, Any]) -> Pieces:
        pieces: Pieces = []
        for number, item in enumerate([] if self._told or self._slots else objects(response.get("output"))):
            pieces += self._item(number, item, over=True)
        status = string(response.get("status"))
        if status in ("completed", "incomplete"):
            cut = string(mapping(response.get("incomplete_details")).get("reason"))
            finish = "tool_calls" if self._draft.slots else "stop"
            self._draft.finish = finish if status == "completed" else cut or "length"
            self._draft.over = True
        self._draft.model = string(response.get("model")) or self._draft.model
        self._draft.usage = _usage(mapping(response.get("usage")))
        return pieces


def _place(chunk: Mapping[str, Any]) -> Any:
    found = chunk.get("output_index")
    return (
        found if isinstance(found, int) else string(chunk.get("item_id")) or place(mapping(chunk.get("item")).get("id"))
    )


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, output = tokens(usage.get("input_tokens")), tokens(usage.get("output_tokens"))
    cached = tokens(mapping(usage.get("input_tokens_details")).get("cached_tokens"))
    reasoning = tokens(mapping(usage.get("output_tokens_details")).get("reasoning_tokens"))
    return Usage(prompt=prompt, cached=part(cached, prompt), output=output, reasoning=part(reasoning, output))
