"""Events of Anthropic's Messages API, and of Cohere's chat, which is built alike; pure, no networking here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pier_tui.models.draft import Draft, Pieces, Slot, mapping, objects, place, string, tokens
from pier_tui.models.usage import Usage


class Messages:
    """Takes Anthropic's events into a draft; tools the endpoint runs itself are read over."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._slots: dict[Any, Slot] = {}
        self._counts: dict[str, Any] = {}
        self._broken = False

    def take(self, chunk: Mapping[str, Any]) -> Pieces:
        """What an event, or a whole answer that was not streamed, adds."""
        match chunk.get("type"):
            case "message_start":
                self._start(mapping(chunk.get("message")))
            case "content_block_start":
                return self._block(place(chunk.get("index")), mapping(chunk.get("content_block")))
            case "content_block_delta":
                return self._delta(place(chunk.get("index")), mapping(chunk.get("delta")))
            case "content_block_stop":
                if (slot := self._slots.get(place(chunk.get("index")))) is not None:
                    slot.closed = True
            case "message_delta":
                self._draft.finish = string(mapping(chunk.get("delta")).get("stop_reason")) or self._draft.finish
                self._count(mapping(chunk.get("usage")))
            case "message_stop":
                self._draft.over, self._broken = True, False
            case "message":
                return self._whole(chunk)
        return []

    def close(self) -> Pieces:
        """Nothing is held back."""
        return []

    def _start(self, message: Mapping[str, Any]) -> None:
        """A message that starts again replaces one that was broken off, and follows one that was not."""
        draft = self._draft
        self._slots, self._counts = {}, {}
        if self._broken:
            for begun in (draft.slots, draft.said, draft.thought):
                begun.clear()
        self._broken = True
        draft.model = string(message.get("model"))
        self._count(mapping(message.get("usage")))

    def _block(self, index: Any, block: Mapping[str, Any]) -> Pieces:
        match block.get("type"):
            case "text":
                return self._draft.say(block.get("text"))
            case "thinking":
                return self._draft.think(block.get("thinking"))
            case "tool_use":
                self._slots[index] = slot = self._draft.open(block.get("id"), block.get("name"))
                if block.get("input"):
                    slot.add(block["input"])
        return []

    def _delta(self, index: Any, delta: Mapping[str, Any]) -> Pieces:
        match delta.get("type"):
            case "text_delta":
                return self._draft.say(delta.get("text"))
            case "thinking_delta":
                return self._draft.think(delta.get("thinking"))
            case "input_json_delta":
                if (slot := self._slots.get(index)) is not None:
                    slot.parts.append(string(delta.get("partial_json")))
        return []

    def _whole(self, message: Mapping[str, Any]) -> Pieces:
        self._start(message)
        pieces: Pieces = []
        for index, block in enumerate(objects(message.get("content"))):
            pieces += self._block(index, block)
        for slot in self._slots.values():
            slot.closed = True
        self._draft.finish, self._draft.over = string(message.get("stop_reason")), True
        return pieces

    def _count(self, usage: Mapping[str, Any]) -> None:
        """Cached tokens are no part of Anthropic's `input_tokens`, but are of ours."""
        self._counts |= {name: count for name, count in usage.items() if count is not None}
        fresh = tokens(self._counts.get("input_tokens"))
        read = tokens(self._counts.get("cache_read_input_tokens"))
        written = tokens(self._counts.get("cache_creation_input_tokens")) or 0
        prompt = None if fresh is None else fresh + (read or 0) + written
        self._draft.usage = Usage(prompt=prompt, cached=read, output=tokens(self._counts.get("output_tokens")))


class Cohere:
    """Takes the events of Cohere's v2 chat into a draft; its plan for the tools is reasoning."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._slots: dict[Any, Slot] = {}

    def take(self, chunk: Mapping[str, Any]) -> Pieces:
        """What an event adds."""
        delta = mapping(chunk.get("delta"))
        message = mapping(delta.get("message"))
        call = mapping(message.get("tool_calls"))
        function, index = mapping(call.get("function")), place(chunk.get("index"))
        match chunk.get("type"):
            case "content-start" | "content-delta":
                content = mapping(message.get("content"))
                return self._draft.think(content.get("thinking")) + self._draft.say(content.get("text"))
            case "tool-plan-delta":
                return self._draft.think(message.get("tool_plan"))
            case "tool-call-start":
                self._slots[index] = slot = self._draft.open(call.get("id"), function.get("name"))
                slot.add(function.get("arguments"))
            case "tool-call-delta" if index in self._slots:
                self._slots[index].parts.append(string(function.get("arguments")))
            case "tool-call-end" if index in self._slots:
                self._slots[index].closed = True
            case "message-end":
                self._end(delta)
        return []

    def close(self) -> Pieces:
        """Nothing is held back."""
        return []

    def _end(self, delta: Mapping[str, Any]) -> None:
        self._draft.finish, self._draft.over = string(delta.get("finish_reason")).lower(), True
        counted = mapping(mapping(delta.get("usage")).get("tokens"))
        self._draft.usage = Usage(
            prompt=tokens(counted.get("input_tokens")), output=tokens(counted.get("output_tokens"))
        )
