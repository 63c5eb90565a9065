"""Chunks put together into one reply."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pier_tui.errors import BadAnswer, OutOfCredit
from pier_tui.models.openai import assemble
from pier_tui.models.sse import ServerEvent
from pier_tui.models.usage import Usage


def event(data: Any) -> ServerEvent:
    return ServerEvent("message", data if isinstance(data, str) else json.dumps(data))


def delta(**fields: Any) -> ServerEvent:
    return event({"model": "m", "choices": [{"index": 0, "delta": fields}]})


def calls(*fragments: dict[str, Any]) -> list[tuple[str, str, str]]:
    reply = assemble([*(delta(tool_calls=[fragment]) for fragment in fragments), event("[DONE]")])
    return [(c.id, c.name, c.arguments) for c in reply.tool_calls]


def fragment(name: str = "", arguments: Any = None, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


def test_text_reasoning_and_a_chunk_with_usage_only_are_put_together() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    reply = assemble(
        [
            delta(role="assistant", content=""),
            delta(reasoning_content="hm"),
            delta(reasoning=", yes"),
            delta(content="Hel"),
            delta(content="lo"),
            event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None}),
            event({"choices": [], "usage": usage}),
            event("[DONE]"),
        ]
    )
    assert (reply.text, reply.reasoning, reply.finish_reason, reply.model) == ("Hello", "hm, yes", "stop", "m")
    assert reply.usage == Usage(prompt=10, cached=8, output=4, reasoning=2)


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None}, {"cached_tokens": 99}, {"cached_tokens": -1}])
def test_what_the_endpoint_does_not_say_of_its_cache_is_unknown(details: Any) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": details}
    assert assemble([event({"choices": [], "usage": usage})]).usage == Usage(prompt=10, output=4)


def test_tool_calls_are_told_apart_by_index_with_the_id_first_only() -> None:
    assert calls(
        fragment("read", "", index=0, id="a"),
        fragment("", '{"p', index=0),
        fragment("list", "{}", index=1, id="b"),
        fragment("", '":1}', index=0),
    ) == [("a", "read", '{"p":1}'), ("b", "list", "{}")]


def test_a_new_id_at_the_same_index_is_another_call() -> None:
    assert [c[0] for c in calls(fragment("a", "{}", index=0, id="x"), fragment("b", "{}", index=0, id="y"))] == [
        "x",
        "y",
    ]


def test_a_repeated_id_and_name_stay_one_call() -> None:
    found = calls(fragment("a", '{"x"', index=0, id="i"), fragment("a", ":1}", index=0, id="i"))
    assert found == [("i", "a", '{"x":1}')]


def test_calls_without_index_go_by_id_or_by_the_last_one() -> None:
    found = calls(fragment("a", '{"x"', id="i"), fragment("", ":1}"), fragment("b", "{}", id="j"))
    assert found == [("i", "a", '{"x":1}'), ("j", "b", "{}")]


def test_arguments_given_as_an_object_become_text_and_missing_ids_are_made() -> None:
    [(identity, name, arguments)] = calls(fragment("a", {"x": "é"}, index=0))
    assert identity.startswith("call-0-")
    assert name == "a"
    assert arguments == '{"x": "é"}'
    assert calls({"index": 0, "function": {"name": "a"}})[0][2] == "{}"


def test_an_answer_the_endpoint_did_not_end_is_interrupted() -> None:
    assert assemble([delta(content="x")]).finish_reason == "interrupted"


def test_a_missing_done_is_accepted_after_a_finish_reason() -> None:
    end = event({"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]})
    assert assemble([end]).finish_reason == "stop"


def test_an_error_in_the_stream_is_raised_with_its_request_id() -> None:
    with pytest.raises(BadAnswer, match=r"engine fell over \(request r-1\)\.") as caught:
        assemble([delta(content="x"), event({"error": {"message": "engine fell over", "request_id": "r-1"}})])
    assert caught.value.request_id == "r-1"


def test_an_error_in_the_stream_keeps_its_kind() -> None:
    with pytest.raises(OutOfCredit):
        assemble([event({"error": {"message": "no", "code": "insufficient_quota_error"}})])


@pytest.mark.parametrize("data", ["{not json", "[1]", '"x"'])
def test_data_that_is_no_chunk_is_refused(data: str) -> None:
    with pytest.raises(BadAnswer):
        assemble([event(data)])


def test_no_chunk_at_all_is_refused() -> None:
    with pytest.raises(BadAnswer, match="before it began"):
        assemble([event("[DONE]")])


def test_the_mean_of_the_log_probabilities_is_kept() -> None:
    chunks = [
        event(
            {"choices": [{"delta": {"content": "a"}, "logprobs": {"content": [{"logprob": -1.0}, {"logprob": -3}]}}]}
        ),
        event({"choices": [{"delta": {"content": "b"}, "logprobs": {"content": [{"logprob": -2.0}]}}]}),
    ]
    assert assemble(chunks).logprob == -2.0


def test_the_tokens_of_each_call_are_told_apart_where_chunks_hold_pieces_of_one() -> None:
    def piece(likely: list[float], *calls: dict[str, object]) -> object:
        found = {"content": [{"logprob": number} for number in likely]}
        return event({"choices": [{"delta": {"tool_calls": list(calls)}, "logprobs": found}]})

    def part(index: int, arguments: str, name: str | None = None) -> dict[str, object]:
        opened = {"id": f"c{index}"} if name else {}
        return {"index": index, **opened, "function": {"name": name, "arguments": arguments}}

    reply = assemble(
        [
            delta(content="I look."),
            piece([-4.0], part(0, "", "route")),
            piece([-1.0, -1.0], part(0, '{"action": "inspect"}')),
            piece([-9.0], part(0, " "), part(1, "", "read")),
            piece([-6.0, -8.0], part(1, '{"path": "a"}')),
            delta(content=None),
            event("[DONE]"),
        ]
    )
    assert reply.call_logprobs == {"c0": -2.0, "c1": -7.0}
    assert (reply.logprob_of("route"), reply.logprob_of("edit"), reply.logprob) == (-2.0, reply.logprob, -29 / 6)


def test_what_begins_as_thought_in_the_text_is_reasoning() -> None:
    parts = [" <th", "ink>a < b </thi", "nk>\n", "\nYes <think> no"]
    reply = assemble([*(delta(content=part) for part in parts), event("[DONE]")])
    assert (reply.reasoning, reply.text) == ("a < b ", "Yes <think> no")
    assert assemble([delta(content="<thin")]).text == "<thin"


@pytest.mark.parametrize(
    ("fields", "thought"),
    [
        ({"reasoning": "hm", "reasoning_details": [{"text": "hm"}]}, "hm"),
        ({"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, "hm"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}, "hm"),
        ({"reasoning_content": None, "content": [{"type": "text", "text": ""}]}, ""),
    ],
)
def test_reasoning_is_found_under_each_hosts_name(fields: dict[str, Any], thought: str) -> None:
    assert assemble([delta(**fields), delta(content="x")]).reasoning == thought


def test_a_character_cut_between_two_pieces_is_put_together_and_half_of_one_is_replaced() -> None:
    chunk = '{"choices": [{"delta": {"content": "HERE"}}]}'
    parts = [event(chunk.replace("HERE", part)) for part in ("a\\ud83d", "\\ude42\\ud800", "b")]
    reply = assemble(parts)
    assert reply.text == "a\U0001f642\ufffdb"
    call = fragment("na\ud800me", '{"x": "\ud83d', index=0, id="\udc00")
    [(_, name, arguments)] = calls(call, fragment("", '\ude42"}', index=0))
    assert (name, arguments) == ("na\ufffdme", '{"x": "\U0001f642"}')


def test_a_refusal_is_said() -> None:
    assert assemble([delta(content=None, refusal="I "), delta(refusal="won't.")]).text == "I won't."


def test_a_whole_message_beside_the_pieces_is_not_said_twice() -> None:
    last = event({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
    assert assemble([delta(content="Hel"), delta(content="lo"), last]).text == "Hello"


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        ([("a", "{}", {"index": 0, "id": "x"}), ("", '{"p": 1}', {"index": 0})], [("a", '{"p": 1}')]),
        ([("a", '{"p": 1}', {"index": 0, "id": "x"})] * 2, [("a", '{"p": 1}')]),
        ([("a", '{"p"', {"index": 0, "id": "x"}), ("", ":1}", {"index": 0, "id": "y"})], [("a", '{"p":1}')]),
        ([("a", '{"p"', {"index": 0, "id": "x"}), ("a", ":1}", {"index": 0, "id": "y"})], [("a", '{"p":1}')]),
        ([("a", '{"p"', {"index": 0, "id": "x"}), ("", ":1}", {"index": 1, "id": "x"})], [("a", '{"p":1}')]),
        ([("a", "{}", {"index": 0}), ("b", "{}", {"index": 0})], [("a", "{}"), ("b", "{}")]),
        ([("a", '{"p":1}', {"index": 0}), ("a", '{"p":2}', {"index": 0})], [("a", '{"p":1}'), ("a", '{"p":2}')]),
        ([("a", '{"p":1}', {"index": 0}), ("a", "", {"index": 0})], [("a", '{"p":1}')]),
        ([("a", '{"p"', {"index": "0"}), ("", ":1}", {"index": "0"})], [("a", '{"p":1}')]),
    ],
)
def test_hosts_that_repeat_themselves_still_make_each_call_once(fragments: list[Any], expected: list[Any]) -> None:
    found = calls(*(fragment(name, arguments, **more) for name, arguments, more in fragments))
    assert [(name, arguments) for _, name, arguments in found] == expected


def test_two_calls_never_share_an_id() -> None:
    first, second = calls(fragment("a", "{}", index=0, id="x"), fragment("b", "{}", index=1, id="x"))
    assert first[0] == "x" != second[0]


@pytest.mark.parametrize("reason", ["length", "content_filter", None])
def test_a_call_without_its_end_is_unfinished_and_never_to_be_run(reason: str | None) -> None:
    end = event({"choices": [{"delta": {}, "finish_reason": reason}]})
    reply = assemble([delta(tool_calls=[fragment("run", '{"command": "rm -r b', index=0, id="x")]), end])
    assert reply.tool_calls == ()
    assert [(call.name, call.arguments) for call in reply.unfinished] == [("run", '{"command": "rm -r b')]


def test_a_whole_call_counts_only_once_the_stream_has_said_so() -> None:
    call = delta(tool_calls=[fragment("run", '{"command": "ls"}', index=0, id="x")])
    assert assemble([call]).tool_calls == ()
    end = event({"choices": [{"delta": {}, "finish_reason": "length"}]})
    assert [c.name for c in assemble([call, end]).tool_calls] == ["run"]


def test_an_event_cut_by_the_end_of_the_stream_is_read_over() -> None:
    assert assemble([delta(content="x"), ServerEvent("message", '{"choices": [', cut=True)]).text == "x"
