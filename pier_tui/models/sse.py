"""Server-sent events: bytes in, events out, by the rules of the WHATWG event-stream grammar; no networking here."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class ServerEvent:
    """One dispatched event. `event` is "message" where the stream named none."""

    event: str
    data: str
    cut: bool = False
    """Whether the stream ended before the blank line that completes it; only a decoder told to flush gives such."""


class Decoder:
    """Turns a stream of bytes, cut anywhere, into events. `id` and `retry` are read over."""

    def __init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []
        self._data: list[str] = []
        self._event = ""
        self._started = False
        self._after_cr = False
        self._size = 0

    @property
    def held(self) -> int:
        """Characters of the event that is not complete yet."""
        return self._size

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events completed by these bytes."""
        return self._read(self._text.decode(chunk))

    def close(self, *, flush: bool = False) -> list[ServerEvent]:
        """End the stream. An event without its blank line is dropped, as the grammar says; `flush` dispatches it."""
        events = self._read(self._text.decode(b"", True))
        if flush:
            last = "".join(self._line)
            if last:
                self._field(last)
            events += [ServerEvent(event.event, event.data, cut=True) for event in self._dispatch()]
        self._line, self._data, self._event = [], [], ""
        return events

    def _read(self, text: str) -> list[ServerEvent]:
        if not text:
            return []
        if not self._started:
            self._started = True
            text = text.removeprefix("\ufeff")
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        *lines, rest = LINE_END.split(text)
        events: list[ServerEvent] = []
        for line in lines:
            events += self._take("".join([*self._line, line]))
            self._line.clear()
        self._size = 0 if events else self._size + len(text)
        if rest:
            self._line.append(rest)
        return events

    def _take(self, line: str) -> list[ServerEvent]:
        if not line:
            return self._dispatch()
        self._field(line)
        return []

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value

    def _dispatch(self) -> list[ServerEvent]:
        data, event = self._data, self._event
        self._data, self._event = [], ""
        return [ServerEvent(event or "message", "\n".join(data))] if data else []
