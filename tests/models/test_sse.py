"""The event-stream decoder, by the WHATWG grammar."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.models.sse import Decoder, ServerEvent


def decode(*chunks: bytes, flush: bool = False) -> list[tuple[str, str]]:
    decoder = Decoder()
    events: list[ServerEvent] = []
    for chunk in chunks:
        events += decoder.feed(chunk)
    events += decoder.close(flush=flush)
    return [(e.event, e.data) for e in events]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_each_line_end_ends_lines(end: bytes) -> None:
    stream = end.join([b"event: note", b"data: one", b"data:two", b"", b"data: x", b"", b""])
    assert decode(stream) == [("note", "one\ntwo"), ("message", "x")]


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    assert decode(b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n") == [("message", "a"), ("message", "b")]


def test_a_character_cut_in_two_is_put_together() -> None:
    whole = "data: नमस्ते\n\n".encode()
    assert decode(*(whole[i : i + 1] for i in range(len(whole)))) == [("message", "नमस्ते")]


def test_bom_comments_id_and_retry_are_read_over() -> None:
    stream = "\ufeff: hello\nid: 3\nretry: 10\nunknown: x\ndata\n\n".encode()
    assert decode(stream) == [("message", "")]


def test_only_one_space_after_the_colon_is_taken() -> None:
    assert decode(b"data:  two\n\n") == [("message", " two")]


def test_an_event_without_data_is_not_dispatched_and_forgets_its_name() -> None:
    assert decode(b"event: gone\n\ndata: x\n\n") == [("message", "x")]


def test_an_unfinished_event_is_dropped_at_the_end_unless_flushed() -> None:
    assert decode(b"data: a\n\ndata: b") == [("message", "a")]
    assert decode(b"data: a\n\ndata: b", flush=True) == [("message", "a"), ("message", "b")]
    assert decode(b"data: b\n", flush=True) == [("message", "b")]


@given(
    st.lists(
        st.sampled_from(
            [b"data: x", b"data:y", b"event: e", b":c", b"", b"\r", b"\n", b"\r\n", "é अ".encode(), b"\xff"]
        ),
        max_size=30,
    ),
    st.lists(st.integers(0, 120), max_size=12),
)
def test_where_the_bytes_are_cut_changes_nothing(parts: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(parts)
    places = sorted({0, len(whole), *(c for c in cuts if c < len(whole))})
    pieces = [whole[a:b] for a, b in itertools.pairwise(places)]
    for flush in (False, True):
        assert decode(*pieces, flush=flush) == decode(whole, flush=flush)
