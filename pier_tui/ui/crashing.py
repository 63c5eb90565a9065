"""What the app does about an error nobody expected: give the terminal back, and leave the error to the command line.

Textual would print every frame with its local variables, among which keys and file contents may be.
"""

from __future__ import annotations

from textual.app import App


class Crashing(App[None]):
    """An app that ends at an unexpected error and keeps it in `crashed`, printing nothing itself."""

    crashed: Exception | None = None

    def _fatal_error(self) -> None:
        """Textual's last step, after it has noted the first error there was."""
        if self._exception is None:
            super()._fatal_error()
        self.crashed = self._exception
        self._close_messages_no_wait()
