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
