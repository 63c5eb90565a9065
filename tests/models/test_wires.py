"""Answers of the other APIs, cut anywhere: the text so far is kept, and no call is taken that is not complete."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from pier_tui.errors import BadAnswer, ModelError, OutOfCredit
from pier_tui.models.messages import Reply
from pier_tui.models.openai import assemble
from pier_tui.models.sse import Decoder, ServerEvent
from pier_tui.models.usage import Usage

TEXT = "I look at नमस्ते 🙂"
CALLS = [("read", {"path": "a.py"}), ("list", {}), ("edit", {"path": "é", "lines": [1, 2]})]


def in_two(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def chat() -> list[dict[str, Any]]:
    def choice(reason: str | None = None, **delta: Any) -> dict[str, Any]:
        return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    chunks = [choice(role="assistant", content=""), choice(reasoning="hm"), *(choice(content=p) for p in in_two(TEXT))]
    for index, (name, arguments) in enumerate(CALLS):
        chunks.append(choice(tool_calls=[{"index": index, "id": f"c{index}", "function": {"name": name}}]))
        for part in in_two(json.dumps(arguments)):
            chunks.append(choice(tool_calls=[{"index": index, "function": {"arguments": part}}]))
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
    return [*chunks, choice("tool_calls"), {"choices": [], "usage": usage}]


def responses() -> list[dict[str, Any]]:
    chunks: list[dict[str, Any]] = [{"type": "response.created", "response": {"model": "m", "error": None}}]
    chunks.append({"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "hm"})
    chunks += [{"type": "response.output_text.delta", "output_index": 1, "delta": part} for part in in_two(TEXT)]
    for index, (name, arguments) in enumerate(CALLS, 2):
        item = {"type": "function_call", "id": f"i{index}", "call_id": f"c{index}", "name": name, "arguments": ""}
        whole = json.dumps(arguments)
        chunks.append({"type": "response.output_item.added", "output_index": index, "item": item})
        for part in in_two(whole):
            delta = {"type": "response.function_call_arguments.delta", "output_index": index, "delta": part}
            chunks.append({**delta, "item_id": f"another-{part[:1]}"})
        done = {**item, "arguments": whole, "status": "completed"}
        chunks.append({"type": "response.output_item.done", "output_index": index, "item": done})
    usage = {"input_tokens": 9, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4}}
    end = {"status": "completed", "model": "m", "usage": usage, "error": None}
    return [*chunks, {"type": "response.completed", "response": end}]


def messages() -> list[dict[str, Any]]:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 1}
    chunks: list[dict[str, Any]] = [{"type": "message_start", "message": {"model": "m", "usage": usage}}]
    blocks: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
        ({"type": "thinking", "thinking": ""}, "thinking", ("hm",)),
        ({"type": "text", "text": ""}, "text", in_two(TEXT)),
        *(
            ({"type": "tool_use", "id": f"c{n}", "name": name, "input": {}}, "json", in_two(json.dumps(arguments)))
            for n, (name, arguments) in enumerate(CALLS)
        ),
    ]
    kinds = {"thinking": ("thinking_delta", "thinking"), "text": ("text_delta", "text")}
    for index, (block, kind, parts) in enumerate(blocks):
        chunks.append({"type": "content_block_start", "index": index, "content_block": block})
        delta, name = kinds.get(kind, ("input_json_delta", "partial_json"))
        for part in parts:
            chunks.append({"type": "content_block_delta", "index": index, "delta": {"type": delta, name: part}})
        chunks += [{"type": "ping"}, {"type": "content_block_stop", "index": index}]
    end = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}}
    return [*chunks, end, {"type": "message_stop"}]


def gemini() -> list[dict[str, Any]]:
    def chunk(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"candidates": [{"content": {"parts": list(parts)}, **more}], "modelVersion": "m"}

    first, second = in_two(TEXT)
    chunks = [chunk({"text": "hm", "thought": True}), chunk({"text": first}), chunk({"text": second})]
    chunks.append(
        chunk({"functionCall": {"name": "read", "args": {"path": "a.py"}}}, {"functionCall": {"name": "list"}})
    )
    chunks.append(chunk({"functionCall": {"name": "edit", "willContinue": True}}))
    for piece in (
        {"jsonPath": "$.path", "stringValue": "", "willContinue": True},
        {"jsonPath": "$.path", "stringValue": "é"},
        {"jsonPath": "$.lines[0]", "numberValue": 1},
        {"jsonPath": "$.lines[1]", "numberValue": 2},
    ):
        chunks.append(chunk({"functionCall": {"partialArgs": [piece], "willContinue": True}}))
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 5, "cachedContentTokenCount": 4}
    return [*chunks, chunk({"functionCall": {}}), {**chunk(finishReason="STOP"), "usageMetadata": usage}]


def cohere() -> list[dict[str, Any]]:
    def chunk(kind: str, index: int = 0, **message: Any) -> dict[str, Any]:
        return {"type": kind, "index": index, "delta": {"message": message}}

    chunks = [chunk("message-start"), chunk("tool-plan-delta", tool_plan="hm")]
    chunks += [chunk("content-delta", content={"text": part}) for part in in_two(TEXT)]
    for index, (name, arguments) in enumerate(CALLS):
        function = {"name": name, "arguments": ""}
        chunks.append(chunk("tool-call-start", index, tool_calls={"id": f"c{index}", "function": function}))
        for part in in_two(json.dumps(arguments)):
            chunks.append(chunk("tool-call-delta", index, tool_calls={"function": {"arguments": part}}))
        chunks.append(chunk("tool-call-end", index))
    usage = {"tokens": {"input_tokens": 9, "output_tokens": 5}}
    return [*chunks, {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": usage}}]


WIRES = {"chat": chat, "responses": responses, "messages": messages, "gemini": gemini, "cohere": cohere}
wires = pytest.mark.parametrize("wire", WIRES)


def body(chunks: list[dict[str, Any]], end: str = "\n") -> bytes:
    lines = (f": alive{end}event: {c.get('type', 'message')}{end}data:{json.dumps(c)}{end}{end}" for c in chunks)
    return "".join(lines).encode()


def read(pieces: list[bytes], *, flush: bool = False) -> Reply:
    decoder = Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return assemble([*events, *decoder.close(flush=flush)])


def called(reply: Reply) -> list[tuple[str, Any]]:
    return [(call.name, json.loads(call.arguments)) for call in reply.tool_calls]


@wires
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_an_answer_is_the_same_however_its_bytes_come(wire: str, end: str, size: int) -> None:
    whole = body(WIRES[wire](), end)
    reply = read([whole[at : at + size] for at in range(0, len(whole), size)])
    assert (reply.text, reply.reasoning, called(reply), reply.unfinished) == (TEXT, "hm", CALLS, ())
    assert len({call.id for call in reply.tool_calls}) == len(CALLS)
    assert (reply.usage.prompt, reply.usage.output) == (9, 5)
    assert reply.usage.cached == (None if wire == "cohere" else 4)


@wires
def test_an_answer_cut_anywhere_keeps_its_text_and_calls_only_what_is_complete(wire: str) -> None:
    whole, chance = body(WIRES[wire]()), random.Random(7)
    places = sorted({*chance.sample(range(1, len(whole)), 250), len(whole) - 1, len(whole) - 2})
    for at in places:
        for flush in (False, True):
            try:
                reply = read([whole[:at]], flush=flush)
            except BadAnswer as error:
                assert "before it began" in str(error)  # noqa: PT017
                continue
            assert TEXT.startswith(reply.text)
            assert called(reply) == CALLS[: len(reply.tool_calls)]
            if reply.finish_reason == "interrupted" and wire == "chat":
                assert reply.tool_calls == ()


def test_a_message_that_starts_again_replaces_the_one_that_broke_off() -> None:
    chunks = messages()
    assert called(read([body([*chunks[: len(chunks) - 6], *chunks])])) == CALLS


def test_an_answer_that_is_not_streamed_is_read_whole() -> None:
    said = [{"type": "text", "text": "x"}, {"type": "tool_use", "id": "c", "name": "list", "input": {}}]
    reply = read([body([{"type": "message", "content": said, "stop_reason": "tool_use"}])])
    assert (reply.text, called(reply)) == ("x", [("list", {})])
    output = [{"type": "message", "content": [{"type": "output_text", "text": "x"}]}]
    assert read([body([{"object": "response", "status": "completed", "output": output}])]).text == "x"


def test_a_limit_reached_in_the_middle_of_a_call_leaves_it_unfinished() -> None:
    *head, _, _ = [chunk for chunk in messages() if chunk["type"] != "ping"]
    cut = [
        *head[:-2],
        head[-1],
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
        {"type": "message_stop"},
    ]
    reply = read([body(cut)])
    assert called(reply) == CALLS[:2]
    assert [call.name for call in reply.unfinished] == ["edit"]


MISFIT = {"functionCall": {"name": "x", "partialArgs": [{"jsonPath": "$.a[9]"}]}}


@pytest.mark.parametrize(
    ("chunk", "kind"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, BadAnswer),
        ({"type": "response.failed", "response": {"error": {"code": "insufficient_quota"}}}, OutOfCredit),
        ({"choices": [{"delta": {}, "error": {"message": "upstream"}, "finish_reason": "error"}]}, BadAnswer),
        ({"kind": "something else"}, BadAnswer),
        ({"candidates": [{"content": {"parts": [MISFIT]}}]}, BadAnswer),
    ],
)
def test_errors_and_unknown_forms_are_refused_in_one_sentence(chunk: dict[str, Any], kind: type[ModelError]) -> None:
    with pytest.raises(kind) as caught:
        assemble([ServerEvent("message", json.dumps(chunk))])
    assert "\n" not in str(caught.value)


@wires
def test_whatever_stands_where_a_value_should_ends_in_a_reply_or_one_sentence(wire: str) -> None:
    chance, junk = random.Random(11), [None, True, -1, "", "\ud800", [], {}, [None], {"a": [1]}, 10**30]

    def spoiled(value: Any) -> Any:
        if chance.random() < 0.04:
            return chance.choice(junk)
        if isinstance(value, dict):
            return {key: spoiled(inner) for key, inner in value.items()}
        return [spoiled(inner) for inner in value] if isinstance(value, list) else value

    for _ in range(150):
        events = [ServerEvent("message", json.dumps(spoiled(chunk))) for chunk in WIRES[wire]()]
        try:
            assert assemble(events).model_dump_json()
        except ModelError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_cached_tokens_are_part_of_the_prompt_in_every_api() -> None:
    assert read([body(messages())]).usage == Usage(prompt=9, cached=4, output=5)
