"""Chunks of OpenAI-compatible chat completions, with the ways hosts depart from them; pure, no networking here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pier_tui.models.draft import Draft, Pieces, Slot, mapping, objects, part, string, tokens
from pier_tui.models.usage import Usage

OPEN, SHUT = "<think>", "</think>"


class Chat:
    """Takes chunks into a draft. Only the first choice is read."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._by_index: dict[int, Slot] = {}
        self._thoughts = Thoughts(draft)

    def take(self, chunk: Mapping[str, Any]) -> Pieces:
        """What a chunk, or a whole answer that was not streamed, adds."""
        self._count(chunk)
        pieces: Pieces = []
        for choice in objects(chunk.get("choices")):
            if choice.get("index", 0) in (0, None):
                pieces += self._choice(choice)
        return pieces

    def close(self) -> Pieces:
        """What was held back, at the end of the stream."""
        return self._thoughts.close()

    def _choice(self, choice: Mapping[str, Any]) -> Pieces:
        reason = string(choice.get("finish_reason"))
        self._draft.finish = self._draft.finish if reason in ("", "null") else reason
        likely = _logprobs(choice.get("logprobs"))
        self._draft.logprobs += likely
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            fresh = not (self._draft.said or self._draft.slots)
            delta = choice.get("message") if fresh or "text" in choice else None
        if not isinstance(delta, dict):
            return self._thoughts.feed(string(choice.get("text")))
        pieces = self._draft.think(_reasoning(delta))
        for is_thought, text in _parts(delta.get("content")):
            pieces += self._draft.think(text) if is_thought else self._thoughts.feed(text)
        pieces += self._thoughts.feed(string(delta.get("refusal")))
        calls = [self._call(call) for call in objects(delta.get("tool_calls"))]
        if len({id(slot) for slot in calls}) == 1:
            # Tokens in a chunk with pieces of two calls could be of either.
            calls[0].logprobs += likely
        if legacy := mapping(delta.get("function_call")):
            self._call({"index": 0, "function": legacy})
        return pieces

    def _call(self, call: Mapping[str, Any]) -> Slot:
        """The call a fragment was added to."""
        told = call.get("function")
        function = mapping(told) or call
        name, identity = string(function.get("name")), string(call.get("id"))
        slot = self._slot(call.get("index"), identity, name, string(function.get("arguments")).strip())
        slot.id = slot.id or identity
        slot.name = slot.name or name
        slot.add(function.get("arguments"))
        return slot

    def _slot(self, index: Any, identity: str, name: str, arguments: str) -> Slot:
        """The call a fragment belongs to: by index, unless it is plainly another; then by id; then the last."""
        if isinstance(index, str) and index.isdecimal():
            index = int(index)
        same = next((slot for slot in self._draft.slots if identity and slot.id == identity), None)
        if isinstance(index, int):
            slot = self._by_index.get(index)
            if slot is None and same is not None and not (name and same.whole()):
                return same
            if slot is None or _another(slot, identity, name, arguments):
                self._by_index[index] = slot = self._draft.open()
            return slot
        if same is not None:
            return same
        last = self._draft.slots[-1] if self._draft.slots else None
        if last is None or identity or (name and last.name and (name != last.name or last.whole())):
            return self._draft.open()
        return last

    def _count(self, chunk: Mapping[str, Any]) -> None:
        self._draft.model = string(chunk.get("model")) or self._draft.model
        usage = mapping(chunk.get("usage")) or mapping(mapping(chunk.get("x_groq")).get("usage"))
        if usage:
            self._draft.usage = read_usage(usage)
        if timings := mapping(chunk.get("timings")):
            self._draft.usage = timed(self._draft.usage, timings)


class Thoughts:
    """Text that begins with `<think>` is reasoning up to `</think>`; what may be such a mark is held back."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._held = ""
        self._state = "start"

    def feed(self, text: str) -> Pieces:
        """Take text of the answer; what it adds."""
        if not text:
            return []
        if self._state == "text":
            return self._draft.say(text)
        self._held += text
        if self._state == "start" and not self._begun():
            return []
        if self._state == "text":
            return self.close()
        return self._inside() if self._state == "inside" else self._after()

    def close(self) -> Pieces:
        """What is held, given out as what it is."""
        held, self._held = self._held, ""
        return self._draft.think(held) if self._state == "inside" else self._draft.say(held)

    def _begun(self) -> bool:
        """Whether it is clear by now if this is reasoning."""
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._held, self._state = start.removeprefix(OPEN), "inside"
        elif not OPEN.startswith(start):
            self._state = "text"
        return self._state != "start"

    def _inside(self) -> Pieces:
        thought, mark, rest = self._held.partition(SHUT)
        if mark:
            self._held, self._state = rest, "after"
            return self._draft.think(thought) + self._after()
        keep = next((n for n in range(len(SHUT) - 1, 0, -1) if self._held.endswith(SHUT[:n])), 0)
        at = len(self._held) - keep
        thought, self._held = self._held[:at], self._held[at:]
        return self._draft.think(thought)

    def _after(self) -> Pieces:
        """The blank lines between reasoning and answer belong to neither."""
        self._held = self._held.lstrip()
        if not self._held:
            return []
        self._state = "text"
        return self.close()


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Tokens as the endpoint reports them; what it does not say, or says absurdly, is None."""
    prompt, output = tokens(usage.get("prompt_tokens")), tokens(usage.get("completion_tokens"))
    cached = tokens(mapping(usage.get("prompt_tokens_details")).get("cached_tokens"))
    if cached is None:
        cached = tokens(usage.get("prompt_cache_hit_tokens"))
    reasoning = tokens(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    return Usage(prompt=prompt, cached=part(cached, prompt), output=output, reasoning=part(reasoning, output))


def timed(usage: Usage, timings: Mapping[str, Any]) -> Usage:
    """The usage with what llama.cpp's server counts beside it: tokens from its cache, and drafts of speculation."""
    changes: dict[str, int | None] = {}
    if usage.cached is None and usage.prompt is not None:
        changes["cached"] = part(tokens(timings.get("cache_n")), usage.prompt)
    if (drafted := tokens(timings.get("draft_n"))) is not None:
        changes |= {"drafted": drafted, "accepted": part(tokens(timings.get("draft_n_accepted")), drafted)}
    return usage.model_copy(update=changes)


def _another(slot: Slot, identity: str, name: str, arguments: str) -> bool:
    """Whether a fragment at a call's index begins another call; some hosts change the id within one."""
    if not name or (identity and identity == slot.id):
        return False
    if identity and slot.id:
        return name != slot.name or not slot.parts or slot.whole()
    again = arguments.startswith("{") and slot.arguments.strip() not in ("{}", arguments)
    return bool(slot.name) and slot.whole() and (name != slot.name or again)


def _reasoning(delta: Mapping[str, Any]) -> str:
    """Reasoning under whichever name the host has for it; several names carry the same text."""
    for name in ("reasoning_content", "reasoning", "thinking"):
        if text := "".join(text for _, text in _parts(delta.get(name))):
            return text
    details = objects(delta.get("reasoning_details"))
    return "".join(string(item.get("text")) or string(item.get("summary")) for item in details)


def _parts(content: Any) -> list[tuple[bool, str]]:
    """Text, or parts of it, each with whether it is reasoning."""
    if isinstance(content, str):
        return [(False, content)]
    found: list[tuple[bool, str]] = []
    for item in objects(content):
        inner = item.get("thinking")
        found += [(True, text) for _, text in _parts(inner)]
        if inner is None:
            found.append((item.get("type") in ("thinking", "reasoning"), string(item.get("text"))))
    return found


def _logprobs(value: Any) -> list[float]:
    found = [item.get("logprob") for item in objects(mapping(value).get("content"))]
    return [float(number) for number in found if isinstance(number, int | float) and not isinstance(number, bool)]
