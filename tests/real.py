"""The real engine of this machine, for tests: its absence fails them, it does not skip them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.environment import Environment, Version
from sessiontui.domain.errors import EngineError
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.link import Link


@contextmanager
def linked() -> Iterator[Link]:
    """A connection to the engine of this machine, closed at the end."""
    link = Link(os.environ)
    try:
        yield link
    finally:
        link.drop()


def real_engine() -> DockerEngine:
    """The engine that answers here."""
    engine = DockerEngine(os.environ)
    try:
        engine.facts()
    except EngineError as error:
        pytest.fail(f"{error.message}: these tests need the engine that `sessiontui setup` brings up")
    return engine


def prepared_environment(engine: DockerEngine) -> tuple[Environment, Version]:
    """The default environment in the version whose image `sessiontui setup` made."""
    images = engine.images()
    environment = FileCatalogue().environments()[0]
    for version in environment.versions:
        if version.image in images:
            return environment, version
    pytest.fail("the default environment has no image here: run `sessiontui setup --yes`")
