"""What differs at Sarvam's hosted API: the key's header, reasoning off, caps, and what its refusals mean."""

from __future__ import annotations

import re
from typing import Any

from pier_tui.errors import BadAnswer, EndpointDown, ModelError, OutOfCredit, WindowExceeded
from pier_tui.models.cards import ModelCard
from pier_tui.models.dialect import (
    WINDOW_WORDS,
    Again,
    Failure,
    Plain,
    again_later,
    key_rejected,
    retired,
    window_exceeded,
)
from pier_tui.models.messages import ChatRequest, Reply
from pier_tui.models.usage import Price

BODY_LIMIT = 240 * 1024
"""Bytes; the gateway refuses bodies from about 256 KB with a bare 403."""
GATEWAY_WAITS = (1.0, 3.0, 8.0)
"""Seconds between tries when the gateway refuses without a reason."""
OVER_CAP = re.compile(r"exceeds the maximum (?:allowed|output)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?![\w-])")


class Sarvam(Plain):
    """Sarvam's hosted v1 chat API, as documented and measured up to September 2026."""

    def __init__(self) -> None:
        super().__init__()
        self.null_refused = False
        self.caps: dict[str, int] = {}

    def headers(self, key: str | None) -> dict[str, str]:
        """The key in Sarvam's own header."""
        return {"api-subscription-key": key} if key else {}

    def reasoning(self, request: ChatRequest) -> dict[str, Any]:
        """Off is an explicit null, since leaving the field out leaves reasoning on; `low` where null is refused."""
        if request.reasoning == "off":
            return {"reasoning_effort": "low" if self.null_refused else None}
        return {"reasoning_effort": request.reasoning}

    def max_tokens(self, request: ChatRequest, card: ModelCard) -> int:
        """At most the cap of the model, and of the account's plan once it is known."""
        return min(super().max_tokens(request, card), self.caps.get(card.id, card.output_cap))

    def check(self, size: int) -> None:
        """Raises WindowExceeded for a body the gateway would refuse."""
        if size > BODY_LIMIT:
            most = BODY_LIMIT // 1024
            raise WindowExceeded(f"The request is {size // 1024} KB and the endpoint takes {most} KB; compact it.")

    def advise(self, failure: Failure, card: ModelCard, attempt: int, now: float) -> Again | ModelError:
        """Read the code before the status: 403 and 429 mean different things by it."""
        if failure.code == "insufficient_quota_error":
            text = "The Sarvam account has no credit left; add credit or choose another profile"
            return OutOfCredit(failure.sentence(text), failure.request_id)
        if failure.code == "invalid_api_key_error":
            return key_rejected(failure)
        match failure.status:
            case 403:
                return _gateway(failure, attempt)
            case 400 | 404:
                return self._refused(failure, card) or super().advise(failure, card, attempt, now)
            case 422 if any(word in failure.message.lower() for word in (*WINDOW_WORDS, "max_tokens", "tokens")):
                return window_exceeded(failure)
            case 503:
                return again_later(failure, attempt, now)
            case _:
                return super().advise(failure, card, attempt, now)

    def blank(self, request: ChatRequest, reply: Reply, card: ModelCard, again: bool) -> Again | ModelError | None:
        """Reasoning can eat the whole answer: ask once more without it and with more room."""
        if again:
            where = f" (request {reply.request_id})" if reply.request_id else ""
            return BadAnswer(f"{card.label} answered nothing twice{where}; ask again or use the other model.")
        room = min(card.output_cap, self.caps.get(card.id, card.output_cap), request.max_tokens * 2)
        changed = request.model_copy(update={"reasoning": "off", "max_tokens": max(room, request.max_tokens)})
        return Again(f"{card.label} answered nothing; asking once more without reasoning.", request=changed)

    def _refused(self, failure: Failure, card: ModelCard) -> Again | ModelError | None:
        """What a 400 or 404 can be healed of: a retired model, a cap, reasoning null."""
        said = failure.message.lower()
        if failure.status == 404 or "deprecated" in said or "use one of the available models" in said:
            return _fallen_back(failure, card)
        if (cap := _cap(failure.message)) is not None and cap < self.caps.get(card.id, card.output_cap):
            self.caps[card.id] = cap
            return Again(f"This account allows {card.label} answers of {cap} tokens; using that from now on.")
        if "reasoning_effort" in said and not self.null_refused:
            self.null_refused = True
            return Again("The endpoint does not switch reasoning off; asking with little reasoning from now on.")
        return None


def _gateway(failure: Failure, attempt: int) -> Again | ModelError:
    """A 403 without the code of a bad key is most often a passing fault of the gateway."""
    if attempt <= len(GATEWAY_WAITS):
        wait = GATEWAY_WAITS[attempt - 1]
        return Again(f"The gateway refused without a reason; trying again in {wait:.0f} s.", wait)
    text = f"The endpoint refused {attempt} times with status 403: {failure.message}"
    return EndpointDown(failure.sentence(text), failure.request_id)


def _fallen_back(failure: Failure, card: ModelCard) -> Again | ModelError:
    """The card's fallback, once. What it costs is not known from this card, so its price is unknown."""
    if card.fallback is None or card.fallback == card.id:
        return retired(failure, card)
    changes = {"id": card.fallback, "label": card.fallback, "fallback": None, "price": Price()}
    text = f"{card.id} is no longer served; {card.fallback} answers instead, at a price this profile does not know."
    return Again(text, card=card.model_copy(update=changes))


def _cap(message: str) -> int | None:
    """The most tokens an answer may have, read from the refusal's text."""
    match = OVER_CAP.search(message)
    numbers = [int(text.replace(",", "")) for text in NUMBER.findall(match["rest"])] if match else []
    return numbers[-1] if numbers and numbers[-1] > 0 else None
