"""One harness per tier: its prompt, its tools, and how it is called. All of it is data in `prompts/<tier>.md`.

Such a file is a TOML head between two lines `+++`, which is not sent, and the prompt. A file of the same name in
the user's `prompts` folder replaces what it says; a model's card wins over both, and its caps always do.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pier_tui.errors import ConfigError
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import ChatRequest, Message, Reasoning, Tier, ToolSpec
from pier_tui.tools.registry import for_tier

ROUTING_TOOLS = frozenset({"route", "escalate"})
NEEDED = frozenset({"route", "finish"})
"""Tools the loop cannot do without, where the tier has them at all."""
FENCE = "+++"
ALONE = "In this session you are the only model: do every turn yourself and do not hand over."
SHIPPED = "shipped"


class Manner(BaseModel):
    """The head of a harness file. `max_tokens` counts reasoning and answer; `tools` None offers all of the tier's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(min_length=1, max_length=40)
    reasoning: Reasoning = "off"
    temperature: float = Field(default=0.2, ge=0, le=2)
    max_tokens: int = Field(default=4096, ge=256)
    tools: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Written:
    """A harness file as read. `source` is `shipped` or where the user's file is."""

    manner: Manner
    prompt: str
    source: str = SHIPPED

    @property
    def label(self) -> str:
        """Its version, and that it is the user's own where it is."""
        return self.manner.version if self.source == SHIPPED else f"{self.manner.version} (yours)"


@dataclass(frozen=True)
class Harness:
    """How one tier is called. `max_tokens` counts reasoning and answer together; `label` says which version it is."""

    tier: Tier
    prompt: str
    tools: tuple[ToolSpec, ...]
    reasoning: Reasoning
    temperature: float
    max_tokens: int
    label: str = ""

    def request(self, messages: tuple[Message, ...], card: ModelCard, prompt_tokens: int) -> ChatRequest:
        """One call, its answer capped by the card's output cap and by what the window leaves."""
        room = max(card.window - prompt_tokens - 64, 256)
        return ChatRequest(
            messages=messages,
            tools=self.tools,
            max_tokens=min(self.max_tokens, card.output_cap, room),
            temperature=self.temperature,
            reasoning=self.reasoning,
            logprobs=card.logprobs and self.tier == "weak",
        )

    def room(self, card: ModelCard) -> int:
        """Tokens a prompt may have so that a usual answer still fits into the window, with a tenth to spare.

        The tenth is for the estimate: our count and the model's own differ by about that much.
        """
        answer = min(self.max_tokens, card.output_cap, card.window // 4)
        return (card.window - answer) * 9 // 10


def harness(tier: Tier, *, routing: bool, folder: Path | None = None, card: ModelCard | None = None) -> Harness:
    """The harness of a tier. Without `routing` (single-model sessions) the routing tools are not offered.

    `folder` is the user's; a file there that cannot be used counts as none (see `problems`). What `card` says of
    reasoning, temperature, max_tokens and tools wins.
    """
    written = _read(tier, folder)[0]
    manner = written.manner
    own = card.harness() if card else {}
    chosen = own.get("tools", manner.tools)
    specs = (
        tool.spec()
        for tool in for_tier(tier)
        if (routing or tool.name not in ROUTING_TOOLS) and (chosen is None or tool.name in (*chosen, *NEEDED))
    )
    return Harness(
        tier,
        written.prompt if routing else f"{written.prompt}\n\n{ALONE}",
        tuple(sorted(specs, key=lambda spec: spec.name)),
        reasoning=own.get("reasoning", manner.reasoning),
        temperature=own.get("temperature", manner.temperature),
        max_tokens=own.get("max_tokens", manner.max_tokens),
        label=written.label,
    )


def problems(folder: Path) -> tuple[str, ...]:
    """Why files of the user's folder are not used, a sentence each."""
    return tuple(problem for tier in ("weak", "strong") if (problem := _read(tier, folder)[1]))


def labels(folder: Path) -> dict[Tier, str]:
    """Which version of each harness is used: `2026-11-28`, or `3 (yours)`."""
    return {tier: _read(tier, folder)[0].label for tier in ("weak", "strong")}


def read_harness(tier: Tier, text: str, usual: Written | None = None, source: str = SHIPPED) -> Written:
    """A harness file's text. What its head leaves out, or the whole head, is as in `usual`. Raises ConfigError."""
    head, prompt = _parted(text)
    known: dict[str, Any] = usual.manner.model_dump() if usual else {}
    try:
        fields = tomllib.loads(head)
        manner = Manner.model_validate({**known, **({"version": "unnamed"} if usual else {}), **fields})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"its head is no TOML ({_line(error)})") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise ConfigError(f"{'.'.join(map(str, first['loc']))} cannot be used ({_line(first['msg'])})") from None
    offered = {tool.name for tool in for_tier(tier)}
    if unknown := sorted(set(manner.tools or ()) - offered):
        raise ConfigError(f"{unknown[0]} is no tool of this model; they are {', '.join(sorted(offered))}")
    if not prompt.strip():
        raise ConfigError("it holds no prompt")
    return Written(manner, prompt.strip(), source)


def _read(tier: Tier, folder: Path | None) -> tuple[Written, str]:
    """The harness to use, and why the user's own is not, if so."""
    name = f"{tier}.md"
    shipped = read_harness(tier, files("pier_tui.agent.prompts").joinpath(name).read_text(encoding="utf-8"))
    path = folder / name if folder is not None else None
    if path is None or not path.is_file():
        return shipped, ""
    try:
        return read_harness(tier, path.read_text(encoding="utf-8"), shipped, str(path)), ""
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        return shipped, f"The prompt {path} is not used: {_line(error)}; the shipped one is."


def _parted(text: str) -> tuple[str, str]:
    """The head, '' without one, and the prompt."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.startswith(f"{FENCE}\n"):
        return "", text
    head, _, prompt = text[len(FENCE) + 1 :].partition(f"\n{FENCE}\n")
    return head, prompt


def _line(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".")
