"""The doors of the workbench: every action that opens another screen, and what is done with its answer."""

from __future__ import annotations

from pier_tui.ui.screens.costs import CostsScreen
from pier_tui.ui.screens.view import SessionView
from pier_tui.ui.workbench import Shelf


class Doors(SessionView):
    """A session view from which everything else can be opened."""

    def __init__(self, repository: str, shelf: Shelf | None = None) -> None:
        super().__init__(repository)
        self.shelf = shelf

    def action_show_costs(self) -> None:
        """Costs."""
        self.app.push_screen(CostsScreen(self.story))
