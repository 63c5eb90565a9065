"""The one thing the rest of the house knows of a model: it has a card and streams pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import ChatRequest, Piece


class ModelClient(Protocol):
    """A model behind some endpoint.

    `stream` yields pieces as they come and one `Reply` last. Closing the iterator early closes the
    connection. Raises a `ModelError` subclass; its message is fit to show.
    """

    card: ModelCard

    def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Make one call."""
        ...

    async def aclose(self) -> None:
        """Release the connection."""
        ...
