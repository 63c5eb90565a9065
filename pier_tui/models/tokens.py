"""How many tokens a text probably is, counted offline; used for predictions only, never for a bill.

Characters per token were measured per script with two kinds of vocabulary: `large` (262k pieces, the
shape of Gemma's, which Sarvam's open models share) and `latin` (Qwen- and Llama-like, which cut Indic
scripts into single bytes). Expect an error of some 10-15 % on mixed text; `Correction` takes it out by what
an endpoint reports.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pier_tui.models.cards import ModelCard

Vocabulary = Literal["large", "latin"]

CODE_FROM, PROSE_BELOW = 0.10, 0.03
"""Share of code punctuation in ASCII text from which it is all code, and below which it is all prose."""

ASCII_RATES: dict[Vocabulary, tuple[float, float]] = {"large": (2.95, 5.04), "latin": (3.37, 5.19)}
"""Characters per token of ASCII (code, prose)."""

SCRIPTS: tuple[tuple[re.Pattern[str], dict[Vocabulary, float]], ...] = (
    (re.compile(r"[\u0900-\u097f]"), {"large": 3.88, "latin": 1.07}),
    (re.compile(r"[\u0b80-\u0bff]"), {"large": 4.22, "latin": 0.91}),
    (re.compile(r"[\u0980-\u0b7f\u0c00-\u0dff]"), {"large": 3.9, "latin": 0.9}),
    (re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"), {"large": 1.5, "latin": 1.3}),
    (re.compile(r"[\u0080-\u08ff]"), {"large": 3.0, "latin": 2.5}),
    (re.compile(r"[\u0e00-\u303f\ua000-\uabff\uf900-\U0010ffff]"), {"large": 1.5, "latin": 0.8}),
)
"""Characters per token: Devanagari, Tamil, other Indic, CJK, other alphabets, symbols and emoji."""

REMEMBERS = 0.8
"""What an earlier call still weighs in a correction when the next one is in: the last five make two thirds of it."""
LEAST, MOST = 0.5, 2.0
"""Bounds of a correction: beyond them the endpoint counts something else than this prompt."""

PUNCTUATION = str.maketrans("", "", "{}()[]<>=_;:/\\\"'#*+|&%$@`~^")


def vocabulary(card: ModelCard) -> Vocabulary:
    """Which measured vocabulary comes nearest to a model's."""
    name = card.id.lower()
    small = any(word in name for word in ("qwen", "llama", "smol", "mistral", "deepseek", "phi", "coder"))
    return "latin" if small else "large"


def count(text: str, card: ModelCard | None = None) -> int:
    """Tokens of a text, estimated; 0 for the empty text, otherwise at least 1."""
    if not text:
        return 0
    kind: Vocabulary = vocabulary(card) if card else "large"
    tokens = 0.0
    if not text.isascii():
        for pattern, rates in SCRIPTS:
            found = len(pattern.findall(text))
            tokens += found / rates[kind]
        text = text.encode("ascii", "ignore").decode("ascii")
    tokens += len(text) / _ascii_rate(text, kind) if text else 0.0
    return max(1, round(tokens))


def _ascii_rate(text: str, kind: Vocabulary) -> float:
    """Characters per token, between code and prose by the share of code punctuation."""
    share = 1 - len(text.translate(PUNCTUATION)) / len(text)
    code = min(1.0, max(0.0, (share - PROSE_BELOW) / (CODE_FROM - PROSE_BELOW)))
    low, high = ASCII_RATES[kind]
    return high + (low - high) * code


class Correction(BaseModel):
    """How one endpoint's count of prompts compares with our estimate: a running ratio, later calls weighing more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    estimated: float = 0.0
    reported: float = 0.0

    @property
    def ratio(self) -> float:
        """Reported over estimated, within `LEAST` and `MOST`; 1 before anything was reported."""
        return min(max(self.reported / self.estimated, LEAST), MOST) if self.estimated else 1.0

    def add(self, estimated: int, reported: int) -> Correction:
        """With one more prompt: our count and the endpoint's."""
        if estimated <= 0 or reported <= 0:
            return self
        return Correction(
            estimated=self.estimated * REMEMBERS + estimated, reported=self.reported * REMEMBERS + reported
        )
