"""The label sets of all of Backend.AI's image recipes, as they are written there, dirt and all.

File names and labels of github.com/lablup/backend.ai-kernels at accaa49, one JSON object a line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "backendai_labels.jsonl"


@dataclass(frozen=True)
class Recipe:
    """A Dockerfile by its path, and the labels it gives its image."""

    file: str
    labels: dict[str, str]

    def reference(self, project: str) -> str:
        """What its build is called: directory and ending of the file, in signs an engine takes."""
        directory, _, file = self.file.rpartition("/")
        name = directory.rpartition("/")[2].lower()
        tag = re.sub(r"[^\w.-]", "", file.removeprefix("Dockerfile").lstrip(".")) or "latest"
        return f"{project}/{name}:{tag}"

    @property
    def private(self) -> bool:
        """Whether it asks not to be offered."""
        return "private" in self.labels.get("ai.backend.features", "").split()


def recipes() -> tuple[Recipe, ...]:
    """All of them."""
    lines = FILE.read_text().splitlines()
    return tuple(Recipe(one["file"], one["labels"]) for one in map(json.loads, lines))
