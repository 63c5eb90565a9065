"""What a prompt layout costs and keeps, replayed on recorded agent sessions; no model is called.

    python tests/bench/layouts.py SESSIONS.jsonl.gz [MORE.jsonl.gz] [--policy both|rule] [--half 0|1]

A line of a file is `{"sid": ..., "messages": [...]}` in the chat-completions shape, with one shell tool or with
tools named bash, read, edit and write. Before every turn the prompt is rendered by the package's own backbone, prefix
and prefix cache (blocks of 16 tokens, the last 4 prompts to a model, nothing expires). `both`: the weak model reads
every turn and the strong one those that write or follow two errors; `rule`: each turn is read by one of them. `--half`
takes every second session, so that what was tuned on one half can be judged on the other. Recall is the share of code
names and paths that a writing turn uses, that stood in the session before, and that its prompt holds; `whole` the
share of writing turns with all of them. Names of the language and of file rewriting are left out. Costs are input
only, in rupees at the June 2026 prices (30B 2.5 fresh, 1.5 cached; 105B 4 and 2.5 per million tokens).
"""

from __future__ import annotations

import argparse
import builtins
import datetime
import gzip
import json
import keyword
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pier_tui.agent.harness import harness
from pier_tui.agent.history import Scribe, request_message, turn_messages
from pier_tui.backbone.compaction import KEEP_SHARE, compact, due
from pier_tui.backbone.pages import PAGE_LINES, Page, choose, pages_text
from pier_tui.backbone.prefix import Prefix, Tail, append, message_text, render
from pier_tui.backbone.prefix_cache import PrefixCache
from pier_tui.backbone.snapshot import snapshot
from pier_tui.backbone.state import Backbone
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Tier, ToolCall
from pier_tui.models.usage import Price
from pier_tui.tools.tool import CommandRun, Fact, FileSeen

PRICES: dict[Tier, Price] = {
    "weak": Price(fresh=Decimal("2.5"), cached=Decimal("1.5"), output=Decimal(10)),
    "strong": Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16)),
}
WRITES = re.compile(
    r"write_text|\.write\(|sed -i|cat\s*<<|cat\s*>|>\s*[\w./-]+\.\w+\s*<<|git apply|apply_patch|\btee\b|patch -p"
)
READS = re.compile(r"\b(cat|sed -n|head|tail|nl)\b")
PATHS = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)+[\w.-]+\.\w{1,4})\b")
NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]{3,}")
DEFINED = re.compile(
    r"^\s*(?:\d+[:\s-]*)?\s*(?:export )?(?:async )?(?:def|class|function|interface|type|const)\s+(\w+)", re.MULTILINE
)
RETURNED = re.compile(r"<returncode>(-?\d+)</returncode>")
COMMON = {*dir(builtins), *keyword.kwlist} | {
    "read_text", "write_text", "read_bytes", "write_bytes", "print_exc", "__main__", "start_marker", "end_marker",
}  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """One tool call as it was made, and what came back; `command` is what a shell was given."""

    name: str
    arguments: str
    result: str

    @property
    def fields(self) -> dict[str, object]:
        try:
            found = json.loads(self.arguments)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def command(self) -> str:
        return str(self.fields.get("command", ""))

    @property
    def path(self) -> str:
        return str(self.fields.get("path", ""))

    @property
    def writes(self) -> bool:
        return self.name in ("edit", "write") or WRITES.search(self.command) is not None

    @property
    def failed(self) -> bool:
        code = RETURNED.search(self.result)
        return code is not None and code[1] != "0"

    @property
    def words(self) -> str:
        """What a writing call says, without the names of its arguments."""
        return self.command or "\n".join(str(v) for v in self.fields.values())

    def facts(self) -> list[Fact]:
        """What our own tools would have reported of it."""
        reads = self.name == "read" or READS.search(self.command) is not None
        role = "edited" if self.writes else "read" if reads else "found"
        names = tuple(dict.fromkeys(DEFINED.findall(self.result)))[:12] if reads else ()
        paths = [p for p in dict.fromkeys(PATHS.findall(self.path or self.command)) if not p.startswith("tmp/")][:6]
        found: list[Fact] = [FileSeen(path=p, role=role, symbols=names) for p in paths]
        if self.command and (self.writes or not reads):
            lines = re.sub(r"</?output>|<returncode>.*?</returncode>", "", self.result).strip().splitlines()
            excerpt = "\n".join(line[:200] for line in lines[-8:])
            head = (self.command.splitlines() or [""])[0][:120]
            found.append(CommandRun(command=head, exit_code=int(self.failed), seconds=0, excerpt=excerpt))
        return found


@dataclass(frozen=True)
class Turn:
    """One recorded turn: what the user had asked just before ('' nothing), what was said, and what was run."""

    asked: str
    said: str
    ran: tuple[Ran, ...]

    @property
    def writes(self) -> bool:
        return any(r.writes for r in self.ran)

    @property
    def failed(self) -> bool:
        return any(r.failed for r in self.ran)


@dataclass
class Layout:
    """A way of writing the prompt. `epoch` None: nothing is ever compacted; `naive`: the state anew on every turn."""

    name: str
    epoch: int | None = None
    keep: int = 0
    pages: int = 0
    naive: bool = False


@dataclass
class Sums:
    calls: Counter[Tier] = field(default_factory=Counter)
    tokens: Counter[Tier] = field(default_factory=Counter)
    cached: Counter[Tier] = field(default_factory=Counter)
    rupees: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


def sessions(path: Path) -> Iterator[list[Turn]]:
    """The turns of every session in the file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield list(turns_of(json.loads(line)["messages"]))


def turns_of(messages: list[dict[str, Any]]) -> Iterator[Turn]:
    """Assistant messages with tool calls, each with its results; what a user typed goes to the next of them.

    In a session that begins with a system message nobody sat at the keys: after the task, the user is the harness.
    """
    asked: list[str] = []
    task_only, tasks = messages[0]["role"] == "system", 0
    root = top(messages)
    for n, message in enumerate(messages):
        if message["role"] == "user":
            tasks += 1
            if task_only and tasks > 1:
                continue
            asked.append((message["content"] or "").replace(root, ""))
        elif message["role"] == "assistant" and message.get("tool_calls"):
            back = list(results(messages[n + 1 :]))
            calls = zip_longest(message["tool_calls"], back[: len(message["tool_calls"])], fillvalue={})
            ran = tuple(
                Ran(
                    call.get("name") or "bash",
                    call["arguments"].replace(root, ""),
                    (result.get("content") or "").replace(root, ""),
                )
                for call, result in calls
            )
            yield Turn("\n\n".join(asked), (message["content"] or "").replace(root, ""), ran)
            asked = []


def top(messages: list[dict[str, Any]]) -> str:
    """The folder the session worked in, with a slash: what all absolute paths of its file tools begin with."""
    made = (c["arguments"] for m in messages for c in m.get("tool_calls") or ())
    paths = [p for p in re.findall(r'"path": ?"(/[^"]+)"', "\n".join(made)) if not p.startswith("/tmp")]
    common = Counter(p.split("/packages/")[0] for p in paths if "/packages/" in p).most_common(1)
    return f"{common[0][0]}/" if common else "\0"


def results(following: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in following:
        if message["role"] != "tool":
            return
        yield message


def names(text: str) -> set[str]:
    """Code names: those with an underscore inside or a hump, and paths."""
    found = {w for w in NAMES.findall(text) if w not in COMMON}
    return {w for w in found if "_" in w.strip("_") or re.search(r"[a-z0-9][A-Z]", w)} | set(PATHS.findall(text))


def card(tier: Tier) -> ModelCard:
    return ModelCard(
        label=tier, id="bench", window=128_000, output_cap=8_192, cache_ttl=float("inf"),
        as_of=datetime.date(2026, 6, 5), source="bench",
    )  # fmt: skip


class Replay:
    """One session under one layout."""

    def __init__(self, layout: Layout, policy: str, sums: Sums) -> None:
        self.layout, self.task, self.policy, self.sums = layout, "", policy, sums
        self.caches = {tier: PrefixCache(card(tier), lambda: 0.0) for tier in PRICES}
        self.state = Backbone()
        self.requests, self.seen, self.errors, self.spent = 0, set[str](), 0, 0.0
        self.pages: dict[str, Page] = {}

    def run(self, turns: list[Turn]) -> None:
        for number, turn in enumerate(turns, start=1):
            if turn.asked:
                self.request(number, turn.asked)
            hard = turn.writes or self.errors >= 2
            tiers: tuple[Tier, ...] = ("strong",) if hard else ("weak",)
            if hard and self.policy == "both":
                tiers = ("weak", "strong")
            prompts = [self.ask(tier) for tier in tiers]
            if turn.writes:
                self.judge(turn, prompts[-1])
            self.learn(number, turn)
        self.sums.rupees.append(self.spent)

    def request(self, number: int, text: str) -> None:
        self.requests += 1
        self.task = text
        scribe = Scribe(append(self.state, number, (request_message(text),)), number, "you")
        scribe.put("goal", f"request {self.requests}", text)
        self.state = scribe.backbone
        self.seen |= names(text)

    def ask(self, tier: Tier) -> Prefix:
        chosen = harness(tier, routing=True)
        began = time.perf_counter()
        pages = ""
        if tier == "strong" and self.layout.pages:
            pages = pages_text(choose(tuple(self.pages.values()), self.state, self.layout.pages))
        prompt = render(self.as_sent(), tier, chosen.prompt, (), Tail(ask="Do the next step.", pages=pages))
        self.sums.milliseconds.append((time.perf_counter() - began) * 1000)
        cached = self.caches[tier].sent(prompt)
        fresh, kept = PRICES[tier].fresh or Decimal(0), PRICES[tier].cached or Decimal(0)
        self.spent += float((fresh * (prompt.tokens - cached) + kept * cached) / 1_000_000)
        self.sums.calls[tier] += 1
        self.sums.tokens[tier] += prompt.tokens
        self.sums.cached[tier] += cached
        return prompt

    def as_sent(self) -> Backbone:
        if not self.layout.naive:
            return self.state
        first, rest = self.state.deltas[:1], self.state.deltas[1:]
        return self.state.model_copy(update={"snapshot": snapshot(self.state), "deltas": (*first, *rest[-2:])})

    def judge(self, turn: Turn, prompt: Prefix) -> None:
        needed = names("\n".join(r.words for r in turn.ran if r.writes)) & self.seen
        if needed:
            text = "\n".join(message_text(m) for m in prompt.messages)
            self.sums.recall.append(sum(name in text for name in needed) / len(needed))

    def learn(self, number: int, turn: Turn) -> None:
        self.errors = self.errors + 1 if turn.failed else 0
        scribe = Scribe(self.state, number)
        calls = tuple(ToolCall(id=f"c{number}-{n}", name=r.name, arguments=r.arguments) for n, r in enumerate(turn.ran))
        for ran in turn.ran:
            scribe.record(ran.facts())
        told = {call.id: ran.result for call, ran in zip(calls, turn.ran, strict=True)}
        self.state = append(scribe.backbone, number, turn_messages(turn.said, calls, told))
        for ran in turn.ran:
            self.seen |= names(f"{ran.words}\n{ran.result}")
            self.keep_pages(number, ran)
        self.seen |= names(turn.said)
        epoch = self.layout.epoch
        if epoch is not None and due(self.state, epoch, keep_tokens=self.layout.keep):
            self.state, _ = compact(self.state, request=self.task, keep_tokens=self.layout.keep)

    def keep_pages(self, number: int, ran: Ran) -> None:
        """What was shown, in pages: the recording has no files, so what a tool printed stands in for them."""
        for text in (ran.result, ran.words if len(ran.words) > 200 else ""):
            lines = text.splitlines()
            for start in range(0, len(lines), PAGE_LINES):
                page = "\n".join(lines[start : start + PAGE_LINES])
                if page.strip():
                    source = f"$ {(ran.command or ran.path)[:80]}".splitlines()[0]
                    self.pages.pop(page, None)
                    self.pages[page] = Page(source=source, text=page, turn=number)


def row(layout: Layout, recorded: list[list[Turn]], policy: str, whole: float | None) -> float:
    """Replay all sessions under a layout and print its line; rupees per session."""
    sums = Sums()
    for turns in recorded:
        Replay(layout, policy, sums).run(turns)
    calls, spent = sums.calls.total(), statistics.mean(sums.rupees)
    hits = "/".join(f"{100 * sums.cached[t] / max(sums.tokens[t], 1):.0f}" for t in PRICES)
    share = f"{100 * spent / whole:3.0f} %" if whole else "100 %"
    complete = sum(r == 1 for r in sums.recall) / len(sums.recall)
    print(
        f"{layout.name:34} {sums.tokens.total() / calls / 1000:5.1f}k  {hits:>6} %  ₹{spent:.3f}  {share}  "
        f"recall {statistics.mean(sums.recall):.3f}  whole {complete:.2f}  "
        f"render {statistics.median(sums.milliseconds):.1f} ms",
        flush=True,
    )
    return spent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sessions", type=Path, nargs="+")
    options.add_argument("--half", type=int, choices=(0, 1))
    options.add_argument("--policy", choices=("both", "rule"), default="both")
    chosen = options.parse_args()
    recorded = [turns for path in chosen.sessions for turns in sessions(path)]
    recorded = recorded if chosen.half is None else recorded[chosen.half :: 2]
    turns = sum(len(ts) for ts in recorded)
    writing = sum(turn.writes for ts in recorded for turn in ts)
    print(f"{len(recorded)} sessions, {turns} turns, {writing} of them write; policy {chosen.policy}")
    print(f"{'layout':34} prompt  hits 30B/105B  per session, of transcript")
    whole = row(Layout("transcript"), recorded, chosen.policy, None)
    layouts = [Layout("state anew every turn", naive=True)]
    layouts += [
        Layout(f"deltas {e}, keep {e // KEEP_SHARE}, pages {p}", e, e // KEEP_SHARE, p)
        for p in (0, 3000, 4500, 6000)
        for e in (3000, 4000, 6000, 8000, 12000)
        if not p or e <= 6000
    ]
    for layout in layouts:
        row(layout, recorded, chosen.policy, whole)


if __name__ == "__main__":
    main()
