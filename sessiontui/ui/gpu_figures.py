"""What all sessions use of their GPUs, worked out once for each time that something was seen anew."""

from __future__ import annotations

from collections.abc import Mapping

from sessiontui.domain.picture import Picture
from sessiontui.ui.gpu_cells import Figures, figures_of


class GpuFigures:
    """Keeps the figures of the last picture."""

    def __init__(self) -> None:
        self._made_from: tuple[object, ...] = ()
        self._figures: Mapping[str, Figures] = {}

    def of(self, picture: Picture) -> Mapping[str, Figures]:
        """By session id, of those that have devices; the same object while nothing of it was seen anew."""
        gpus = picture.capacity.gpus if picture.capacity else ()
        made_from = (picture.sessions, gpus, picture.gpus)
        if made_from != self._made_from:
            self._made_from = made_from
            found = ((one.id, figures_of(one, gpus, picture.gpus)) for one in picture.sessions if one.devices)
            self._figures = {key: figures for key, figures in found if figures is not None}
        return self._figures
