"""One harness per tier: its prompt, its tools, and how it is called.

The weak model is kept crisp and fast (no reasoning, low temperature, a small answer); the strong one
is given room to think (reasoning, a generous answer). Caps of the model's card always win.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import ChatRequest, Message, Reasoning, Tier, ToolSpec
from pier_tui.tools.registry import for_tier

ROUTING_TOOLS = frozenset({"route", "escalate"})


@dataclass(frozen=True)
class Harness:
    """How one tier is called. `max_tokens` counts reasoning and answer together."""

    tier: Tier
    prompt: str
    tools: tuple[ToolSpec, ...]
    reasoning: Reasoning
    temperature: float
    max_tokens: int

    def request(self, messages: tuple[Message, ...], card: ModelCard, prompt_tokens: int) -> ChatRequest:
        """One call, its answer capped by the card's output cap and by what the window leaves."""
        room = max(card.window - prompt_tokens - 64, 256)
        return ChatRequest(
            messages=messages,
            tools=self.tools,
            max_tokens=min(self.max_tokens, card.output_cap, room),
            temperature=self.temperature,
            reasoning=self.reasoning,
        )


def harness(tier: Tier, *, routing: bool) -> Harness:
    """The harness of a tier. Without `routing` (single-model sessions) the routing tools are not offered."""
    prompt = files("pier_tui.agent.prompts").joinpath(f"{tier}.md").read_text(encoding="utf-8").strip()
    if not routing:
        prompt += "\n\nIn this session you are the only model: do every turn yourself and do not hand over."
    specs = (tool.spec() for tool in for_tier(tier) if routing or tool.name not in ROUTING_TOOLS)
    tools = tuple(sorted(specs, key=lambda spec: spec.name))
    if tier == "weak":
        return Harness(tier, prompt, tools, reasoning="off", temperature=0.1, max_tokens=2048)
    return Harness(tier, prompt, tools, reasoning="medium", temperature=0.2, max_tokens=8192)
