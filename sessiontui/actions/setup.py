"""Makes this machine ready for sessions: an engine that runs, and the default environment's image."""

from __future__ import annotations

from collections.abc import Callable

from sessiontui.actions.launch import Launcher, is_prepared, preferred_version
from sessiontui.actions.observe import capacity
from sessiontui.actions.ports import Ports
from sessiontui.domain import gpu_toolkit
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import Environment, Version
from sessiontui.domain.errors import (
    EngineDenied,
    EngineUnreachable,
    HostError,
    ImageUnavailable,
    SessiontuiError,
)
from sessiontui.domain.launch import Progress, Step
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.resources import Capacity
from sessiontui.domain.units import format_bytes
from sessiontui.host.port import ENGINE_ANSWERS, ENGINE_INSTALLED, ENGINE_PERMITTED, TOOLKIT, Check, Host, Say

ENGINE_PACKAGE = "docker.io"
"""Docker Engine as Debian and Ubuntu package it."""

_NO_ENGINE = (ENGINE_ANSWERS, ENGINE_PERMITTED)
"""Checks of the host that say why there is no connection to look further with."""
_SIGNS = {"ok": "✓", "missing": "✗", "unknown": "?"}


def set_up(
    ports_for: Callable[[], Ports],
    host: Host,
    *,
    yes: bool,
    ask: Callable[[str], bool],
    say: Say,
) -> Ports:
    """See to an engine and to the default environment's image; what is there already is left as it is.

    ``ports_for`` gives ports to the engine anew. Each change is asked for unless ``yes``. Raises HostError
    where the person has to act (its hint says how), and whatever preparing the image raises.
    """
    ports = _engine(ports_for, host, yes=yes, ask=ask, say=say)
    facts = ports.engine.facts()
    say(f"Engine: {facts.name} at {facts.address or facts.host}")
    for warning in facts.warnings:
        say(f"  its own warning: {warning}")
    _prepare_default(ports, yes=yes, ask=ask, say=say)
    return ports


def doctor(ports_for: Callable[[], Ports], host: Host, say: Say) -> bool:
    """Say what the machine has and lacks, with the commands that mend it; whether all is well."""
    checks = list(host.checks())
    if not any(check.title in _NO_ENGINE and check.state == "missing" for check in checks):
        checks += _checks_of_engine(ports_for, nvidia=any(check.title == TOOLKIT for check in checks))
    for check in checks:
        say(f"{_SIGNS[check.state]} {check.title}: {check.detail}")
        for command in check.remedy:
            say(f"    {command}")
    return all(check.state != "missing" for check in checks)


def first_choice(ports: Ports) -> tuple[Environment, Version]:
    """The environment and version that a first launch takes."""
    environment = ports.catalogue.environments()[0]
    return environment, preferred_version(ports, environment)


def _engine(
    ports_for: Callable[[], Ports], host: Host, *, yes: bool, ask: Callable[[str], bool], say: Say
) -> Ports:
    say("Looking for a container engine, which runs the sessions")
    try:
        return _connected(ports_for)
    except EngineDenied as error:
        permitted = next((check for check in host.checks() if check.title == ENGINE_PERMITTED), None)
        if permitted is None:
            raise
        raise HostError(permitted.detail, _hint(permitted) or error.hint) from error
    except EngineUnreachable as error:
        say(f"  {error.message}")
        checks = {check.title: check for check in host.checks()}
        installed = checks.get(ENGINE_INSTALLED)
        if installed is None or installed.state == "unknown":
            # A person named an engine elsewhere: one installed here would not be used.
            answers = checks.get(ENGINE_ANSWERS)
            raise HostError(error.message, _hint(answers) or error.hint) from error
    if installed.state == "missing":
        _install(host, yes=yes, ask=ask, say=say)
    host.start_engine(say)
    return _connected(ports_for)


def _connected(ports_for: Callable[[], Ports]) -> Ports:
    """Ports whose engine has answered: they may be made without asking it anything."""
    ports = ports_for()
    ports.engine.facts()
    return ports


def _install(host: Host, *, yes: bool, ask: Callable[[str], bool], say: Say) -> None:
    owner = host.owner()
    question = "No container engine is installed. Install Docker Engine from this system's packages"
    if owner.uid != 0:
        question += f", and let {owner.name} use it (group docker, as powerful as root)"
    if not yes and not ask(f"{question}?"):
        raise HostError(
            "sessions need a container engine, and none was installed",
            "install one yourself and run again: sessiontui setup (what is looked at: sessiontui doctor)",
        )
    host.install((ENGINE_PACKAGE,), say)


def _prepare_default(ports: Ports, *, yes: bool, ask: Callable[[str], bool], say: Say) -> None:
    environment, version = first_choice(ports)
    if is_prepared(ports, environment, version):
        say(f"{environment.label} {version.name}: the image is here already")
        return
    name = f"{environment.label} {version.name}"
    which = "first"
    if ports.engine.has_image(version.image):
        which = "next"
        say(f"The image of {name} here was made by another recipe than this program's")
    if not yes and not ask(f"Prepare {name} now, so that the {which} launch is quick (a few minutes)?"):
        say(f"{name} will be prepared by its {which} launch")
        return
    say(f"Preparing {name}, so that the {which} launch is quick")
    try:
        _prepare(ports, environment, version, say)
    except ImageUnavailable as error:
        stand_in = _version_from_packages(ports, environment) if error.out_of_reach else None
        if stand_in is None:
            raise
        say(f"  {error.message}")
        say(
            f"Preparing {environment.label} {stand_in.name} instead: this machine can make it "
            "from its distribution's own packages"
        )
        version = stand_in
        _prepare(ports, environment, version, say)
    say(f"{environment.label} {version.name}: ready")


def _prepare(ports: Ports, environment: Environment, version: Version, say: Say) -> None:
    printer = _Printer(say)
    Launcher(ports).prepare(environment.name, version.name, version.image, printer, Cancellation())


def _version_from_packages(ports: Ports, environment: Environment) -> Version | None:
    """The version that this machine's distributions give, its own distribution first."""
    return next(
        (
            version
            for distribution in ports.host.distributions()
            for version in environment.versions
            if distribution in version.distributions
        ),
        None,
    )


def _checks_of_engine(ports_for: Callable[[], Ports], *, nvidia: bool) -> list[Check]:
    """What only a connection tells; ``nvidia``: this machine has a device of NVIDIA's."""
    try:
        ports = ports_for()
        facts, room = ports.engine.facts(), capacity(ports)
        words = f"{facts.name} on {facts.host}: {room.cpu} cores, {format_bytes(room.memory)} of memory"
        checks = [Check("Engine", "ok", words)]
        checks += [Check("Engine's warning", "unknown", warning) for warning in facts.warnings]
        checks += _gpus(facts, room, nvidia=nvidia)
        environment, version = first_choice(ports)
        title = f"Image of {environment.label} {version.name}"
        if is_prepared(ports, environment, version):
            return [*checks, Check(title, "ok", version.image)]
        detail = "not here yet: the first launch prepares it, which takes a few minutes"
        if ports.engine.has_image(version.image):
            detail = "made by another recipe than this program's: the next launch makes it again, in minutes"
        return [*checks, Check(title, "unknown", detail, ("sessiontui setup",))]
    except SessiontuiError as error:
        return [Check("Engine", "missing", "; ".join(filter(None, [error.message, error.hint])))]


def _gpus(facts: EngineFacts, room: Capacity, *, nvidia: bool) -> list[Check]:
    """Whether the engine can give this machine's GPUs, where there are any."""
    title = "GPUs for sessions"
    if room.gpu_trouble:
        return [Check(title, "missing", room.gpu_trouble, gpu_toolkit.commands_of(room.gpu_remedy))]
    if nvidia and facts.local and facts.gpu_way is None:
        return [Check(title, "missing", gpu_toolkit.NO_WAY, gpu_toolkit.set_up(rootless=facts.rootless))]
    way = facts.gpu_way.value if facts.gpu_way else "files in /dev"
    givable = sum(gpu.givable for gpu in room.gpus)
    return [Check(title, "ok", f"{givable}, given by {way}")] if room.gpus else []


def _hint(check: Check | None) -> str:
    """The check's remedies, told apart by who may run them."""
    if check is None or not check.remedy:
        return ""
    for_root = [f"  {command}" for command in check.remedy if command.startswith("sudo ")]
    own = [f"  {command}" for command in check.remedy if not command.startswith("sudo ")]
    lines = ["an administrator runs:", *for_root] if for_root else []
    if own:
        lines += ["then log in again, or run:" if for_root else "run:", *own]
    return "\n".join(lines)


class _Printer:
    """Says a long action's progress in a few lines instead of thousands: at each step and each tenth."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said: tuple[Step, str | int] | None = None

    def __call__(self, progress: Progress) -> None:
        beginning = progress.text.partition(" · ")[0]
        position = beginning if progress.fraction is None else int(progress.fraction * 10)
        if not progress.text or (progress.step, position) == self._said:
            return
        self._said = (progress.step, position)
        self._say(f"  {progress.step.value}: {progress.text}")
