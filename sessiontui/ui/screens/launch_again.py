"""What a launch dialog takes over from a launch before, once it is known whether that is still there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sessiontui.domain.environment import Environment
from sessiontui.domain.folder import Folder
from sessiontui.domain.launch import Draft
from sessiontui.domain.resources import Capacity
from sessiontui.ui.screens.launch_text import beyond

NOTHING = Draft()


class Again:
    """Holds what is still to be taken over, and what is lost."""

    def __init__(self, wanted: Draft = NOTHING) -> None:
        self.begin(wanted)

    def begin(self, wanted: Draft) -> None:
        """This is to be taken over, and nothing is lost yet."""
        self.wanted = wanted
        """What of it nobody has looked for yet; empty fields are settled."""
        self.lost: dict[str, str] = {}
        """By field, what is not there any more, in a sentence."""

    def settle_engine(self, environments: Sequence[Environment], capacity: Capacity) -> None:
        """These environments and amounts are all there are."""
        wanted = self.wanted
        found = next((one for one in environments if one.name == wanted.environment), None)
        if wanted.environment and found is None:
            self.lost["environment"] = f"{wanted.environment} is not there any more: choose another"
        elif found is not None and wanted.version and found.version(wanted.version) is None:
            self.lost["version"] = f"{wanted.version} is not there any more: choose another"
        self.lost |= beyond(wanted, capacity)
        self.wanted = replace(wanted, environment="", version="", cpu=None, memory=None, gpu=0)

    def settle_folders(self, folders: Sequence[Folder]) -> None:
        """These folders are all there are."""
        there = {one.name for one in folders}
        missing = [one.folder for one in self.wanted.mounts if one.folder not in there]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            self.lost["mounts"] = f"{', '.join(missing)} {verb} not there any more"
        self.wanted = replace(self.wanted, mounts=())

    def chosen_image(self) -> None:
        """The person has chosen what to launch."""
        self.wanted = replace(self.wanted, environment="", version="", image="")
        self.chosen("environment", "version")

    def chosen(self, *fields: str) -> None:
        """The person has chosen anew."""
        for field in fields:
            self.lost.pop(field, None)
