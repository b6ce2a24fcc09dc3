"""A switch that says by a sign whether it is on: the framework's says it by colour alone."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class TickBox(Checkbox):
    """Drawn as the boxes of the folders are: ``[x]`` is on, ``[ ]`` is off."""

    def render(self) -> Content:
        """The box and its label, as wide as the framework's."""
        label = self.label.pad(1, 1).stylize_before(self.get_visual_style("toggle--label"))
        return Content.assemble(f"[{'x' if self.value else ' '}]", label)
