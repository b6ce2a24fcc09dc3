"""How far a pull or a build is, from the messages of the engine's streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sessiontui.domain.launch import Progress, Step
from sessiontui.engine.text import plain

_STEP = re.compile(r"^Step (\d+)/(\d+) ?: ?(.*)")


class PullProgress:
    """Sums the layers of one pull into one bar with bytes and rate."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._started = now()
        self._layers: dict[str, tuple[int, int]] = {}
        self._done: set[str] = set()

    def add(self, message: Mapping[str, Any]) -> Progress | None:
        """The progress after one message of ``POST /images/create``; None when it tells nothing.

        A layer is downloaded and then unpacked; each half counts for half of it, since unpacking
        takes as long where the line is fast.
        """
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        detail = message.get("progressDetail") or {}
        current, total = detail.get("current"), detail.get("total")
        if not layer or status.startswith(("Pulling from", "Digest", "Status")):
            return None
        if status == "Pulling fs layer":
            self._layers.setdefault(layer, (0, 0))
        elif status == "Downloading" and isinstance(current, int) and isinstance(total, int) and total > 0:
            self._layers[layer] = (min(current, total), total)
        elif status in ("Verifying Checksum", "Download complete"):
            total = self._layers.get(layer, (0, 0))[1]
            self._layers[layer] = (total, total)
        elif status == "Pull complete":
            total = self._layers.get(layer, (0, 0))[1]
            self._layers[layer] = (total, total)
            self._done.add(layer)
        return self._progress() if self._layers else None

    def _progress(self) -> Progress:
        fetched = sum(current for current, _ in self._layers.values())
        total = sum(total for _, total in self._layers.values())
        layers, done = len(self._layers), len(self._done)
        # The engine names sizes layer by layer as it starts them: until all are known the sum is
        # a lower bound, and a bar from it would run backwards.
        known = bool(layers) and all(total for _, total in self._layers.values())
        seconds = self._now() - self._started
        fetching = fetched and (fetched < total or not known)
        rate = f" · {fetched / seconds / 1e6:.1f} MB/s" if seconds > 0.5 and fetching else ""
        text = f"layer {done}/{layers} · {_amount(fetched)}/{_amount(total) if known else '?'}{rate}"
        fraction = (fetched / total + done / layers) / 2 if known and total else None
        return Progress(Step.PULLING, text, fraction)


class BuildProgress:
    """Follows the steps of one build and keeps the last lines of its output."""

    KEPT = 40

    def __init__(self) -> None:
        self._step = ""
        self._fraction: float | None = None
        self._last = ""
        self.lines: list[str] = []
        """The last lines of output."""

    def add(self, message: Mapping[str, Any]) -> Progress | None:
        """The progress after one message of ``POST /build``; None when it tells nothing."""
        text = plain(str(message.get("stream", ""))).strip()
        if not text:
            return None
        for line in text.splitlines():
            if not line.strip():
                continue
            self.lines = [*self.lines[-self.KEPT + 1 :], line]
            match = _STEP.match(line)
            if match is not None:
                self._step, self._last = f"step {match[1]}/{match[2]}", match[3]
                self._fraction = (int(match[1]) - 1) / int(match[2])
            elif not line.startswith((" --->", "--->")):
                self._last = line
        return Progress(Step.BUILDING, f"{self._step} · {self._last}"[:400], self._fraction)


def _amount(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
