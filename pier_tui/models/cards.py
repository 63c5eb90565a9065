"""Model cards: what is known of a model, as data with a date and a source."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from pier_tui.models.messages import Reasoning
from pier_tui.models.usage import Price


class ModelCard(BaseModel):
    """Facts about one served model. Windows and caps are in tokens, prices in rupees per million."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """What the badge says: `30B`, `105B`, or a local model's short name."""
    id: str
    """The id sent to the endpoint."""
    window: int
    output_cap: int
    price: Price = Price()
    offline: bool = False
    """A rule-based stand-in, labelled `offline` wherever it appears."""
    cache_block: int = 16
    """Tokens per block the endpoint reuses."""
    logprobs: bool = False
    """Whether the endpoint is asked for token log-probabilities, from which a confidence is read."""
    cache_ttl: float = 300.0
    """Seconds a prefix is assumed to stay warm."""
    cache_least: int = 0
    """Tokens a prefix must have to be reused at all; some endpoints say 1024."""
    cache_tokens: int | None = None
    """Tokens the endpoint keeps of this model's prompts, the latest used first; None where it is not known."""
    fallback: str | None = None
    """The id to switch to when the endpoint says this model is retired."""
    reasoning: Reasoning | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    """Reasoning and answer together."""
    tools: tuple[str, ...] | None = None
    """These four, where they are set, win over what the harness of the tier says."""
    fields: dict[str, JsonValue] = {}
    """Fields of the server's own, sent with every call as they are: `{ id_slot = 0, cache_prompt = true }`."""
    as_of: date
    source: str

    def harness(self) -> dict[str, Any]:
        """What the card says of how the model is to be called."""
        own = {name: getattr(self, name) for name in ("reasoning", "temperature", "max_tokens", "tools")}
        return {name: value for name, value in own.items() if value is not None}
