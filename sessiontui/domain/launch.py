"""From what a person chose to a checked order: every problem at once, each naming its field."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from sessiontui.domain.allocation import choose, wanted
from sessiontui.domain.asks import ask_cautions, ask_problems
from sessiontui.domain.batch import Batch, batch_problems
from sessiontui.domain.environment import IMAGE, OTHER, SAVED_FROM, App, Environment, Version
from sessiontui.domain.errors import Problem, Refused
from sessiontui.domain.folder import Folder, Mount, MountChoice
from sessiontui.domain.gpu import NO_GPU, Gpu, GpuWish
from sessiontui.domain.gpu_words import gpu_cautions
from sessiontui.domain.mounts import clashes, place_of, target_problem
from sessiontui.domain.own_ports import own_apps, own_ports_problems
from sessiontui.domain.resources import BOUNDLESS, Ask, Capacity, Ceiling
from sessiontui.domain.session import Owner, Session, session_name_problem
from sessiontui.domain.units import GIB, KIB, MIB, format_bytes

SMALLEST = Ask(0.1, 16 * MIB)
"""Below this an engine does not start a container."""

DEFAULT = Ask(1, 2 * GIB)
"""What is asked for when the person names no amounts (never below the environment's minimum)."""

_LONGEST_VARIABLE = 128 * KIB
"""Bytes of ``NAME=value`` with its end, the most that Linux passes to a program (execve(2))."""

_OURS = frozenset({"HOME", "USER", "LOGNAME", "SHELL"})
"""Variables that follow from the session's user."""

_DEVICE_VARIABLES = frozenset(
    {
        "AMD_VISIBLE_DEVICES",
        "DOCKER_RESOURCE_GPU",
        "HABANA_VISIBLE_DEVICES",
        "NVIDIA_IMEX_CHANNELS",
        "NVIDIA_MIG_CONFIG_DEVICES",
        "NVIDIA_MIG_MONITOR_DEVICES",
        "NVIDIA_VISIBLE_DEVICES",
    }
)
"""Variables that tell an engine's runtime to give a container devices."""

_NO_READINGS: Mapping[str, int] = MappingProxyType({})

_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*\Z")
_IMAGE = re.compile(
    r"^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?\Z"
)
"""Reference grammar of the OCI distribution specification, without its rarer separators."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person typed or chose, unchecked. None stands for *choose for me*."""

    environment: str = ""
    version: str = ""
    image: str = ""
    """An image named outright, instead of an environment."""
    name: str = ""
    cpu: float | None = None
    memory: int | None = None
    gpu: int = 0
    devices: tuple[str, ...] = ()
    """GPUs chosen by hand, see :class:`~sessiontui.domain.gpu.GpuWish`; ``gpu`` need not count them."""
    gpu_memory: int | None = None
    """Bytes that each GPU is to have at least; asks for one where ``gpu`` is 0."""
    gpu_shared: bool = False
    mounts: tuple[MountChoice, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    ports: tuple[int, ...] = ()
    """Ports inside that the person will serve themselves."""
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Variables whose values are kept inside the session alone."""
    batch: Batch | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A checked launch request."""

    id: str
    name: str
    owner: Owner
    environment: str
    version: str
    image: str
    ask: Ask
    gpus: tuple[Gpu, ...] = ()
    """Those that it gets, unless others are quicker."""
    wish: GpuWish = NO_GPU
    """What they were chosen by."""
    mounts: tuple[Mount, ...] = ()
    apps: tuple[App, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    shared_memory: int | None = None
    """Bytes of /dev/shm; None: by the rule of the ask."""
    core_variables: tuple[str, ...] = ()
    """Variables that hold the number of cores, besides the usual ones; ``env`` goes before them."""
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Variables whose values are kept inside the session alone."""
    batch: Batch | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """UUIDs of its GPUs."""
        return tuple(gpu.uuid for gpu in self.gpus)

    @property
    def gpu_shared(self) -> bool:
        """Whether it shares its GPUs."""
        return self.wish.shared and bool(self.gpus)

    @property
    def gpu_memory(self) -> int | None:
        """Bytes that each of its GPUs is to have: as asked for, and as those named by hand have."""
        if self.wish.memory is not None or not self.wish.devices:
            return self.wish.memory
        return min((gpu.memory for gpu in self.gpus if gpu.memory is not None), default=None)

    @property
    def secret_names(self) -> tuple[str, ...]:
        """What those variables are called."""
        return tuple(name for name, _ in self.secrets)


class Step(StrEnum):
    """What a launch is doing."""

    PENDING = "pending"
    PULLING = "pulling"
    BUILDING = "building"
    CREATING = "creating"
    STARTING = "starting"
    CANCELLING = "cancelling"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a launch is."""

    step: Step
    text: str = ""
    """For a person: bytes and rate of a pull, step n/m and last line of a build."""
    fraction: float | None = None
    """0 to 1 where the step knows."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """A launch under way that has no container yet."""

    order: Order
    progress: Progress
    since: float
    """Seconds since the epoch."""


def check(
    draft: Draft,
    *,
    session_id: str,
    owner: Owner,
    environments: Sequence[Environment],
    other_apps: Sequence[App],
    folders: Sequence[Folder],
    capacity: Capacity,
    sessions: Iterable[Session],
    names_in_preparation: Iterable[str] = (),
    gpu_memory_used: Mapping[str, int] = _NO_READINGS,
) -> Order:
    """The order for a draft. ``gpu_memory_used`` are bytes by UUID of the device, as far as known.

    Raises Refused with every problem found: fields are ``environment version image name cpu memory
    gpu mounts env secrets ports batch time_limit``.
    """
    problems: list[Problem] = []
    environment, version = _choose_image(draft, environments, problems)
    minimum = environment.minimum_of(version) if environment else SMALLEST
    ceiling = version.ceiling if version else BOUNDLESS
    usual = default_ask(minimum, ceiling)
    wish = GpuWish(draft.gpu, draft.devices, draft.gpu_memory, draft.gpu_shared)
    ask = Ask(
        draft.cpu if draft.cpu is not None else min(usual.cpu, capacity.cpu),
        draft.memory if draft.memory is not None else usual.memory,
        wanted(wish) or draft.gpu,
    )
    mine = [session for session in sessions if session.owner.uid == owner.uid]
    _check_name(draft.name, {session.name for session in mine} | set(names_in_preparation), problems)
    amiss = ask_problems(ask, minimum, ceiling, capacity)
    problems += amiss
    gpus: tuple[Gpu, ...] = ()
    if wish.devices or not any(problem.field == "gpu" for problem in amiss):
        gpus = _choose_gpus(wish, capacity, owner.uid, gpu_memory_used, problems)
    mounts = _choose_mounts(draft.mounts, folders, problems)
    _check_variables("env", draft.env, set(), problems)
    _check_variables("secrets", draft.secrets, {name for name, _ in draft.env}, problems)
    if draft.batch is not None:
        problems += batch_problems(draft.batch)
    apps = environment.apps_of(version) if environment else tuple(other_apps)
    problems += (Problem("ports", wrong) for wrong in own_ports_problems(draft.ports, apps))
    if problems:
        raise Refused(problems)
    return Order(
        id=session_id,
        name=draft.name,
        owner=owner,
        environment=environment.name if environment else OTHER,
        version=version.name if version else "",
        image=version.image if version else draft.image,
        ask=ask,
        gpus=gpus,
        wish=replace(wish, count=ask.gpu) if gpus else NO_GPU,
        mounts=mounts,
        # Whether an image that is named outright has a server that could carry them is not known yet.
        apps=(*apps, *own_apps(draft.ports, apps if environment else ())),
        env=draft.env,
        shared_memory=_shared_memory(version, ask),
        core_variables=version.core_variables if version else (),
        secrets=draft.secrets,
        batch=draft.batch,
    )


def default_ask(minimum: Ask, ceiling: Ceiling = BOUNDLESS) -> Ask:
    """What is asked for when the person names no amounts: the usual, within the environment's borders."""
    cpu = DEFAULT.cpu if ceiling.cpu is None else min(DEFAULT.cpu, ceiling.cpu)
    memory = DEFAULT.memory if ceiling.memory is None else min(DEFAULT.memory, ceiling.memory)
    return Ask(max(cpu, minimum.cpu), max(memory, minimum.memory), max(DEFAULT.gpu, minimum.gpu))


def cautions(order: Order, capacity: Capacity) -> tuple[Problem, ...]:
    """What a person should know before launching, though it is allowed."""
    found = list(ask_cautions(order.ask, capacity))
    found += (Problem("gpu", words) for words in gpu_cautions(order.gpus))
    if not order.mounts:
        found.append(
            Problem("mounts", "No folder is mounted: files in this session will be gone when it is deleted")
        )
    return tuple(found)


def _choose_image(
    draft: Draft, environments: Sequence[Environment], problems: list[Problem]
) -> tuple[Environment | None, Version | None]:
    if draft.image:
        if draft.environment:
            problems.append(Problem("image", "name an environment or an image, not both"))
        elif not _IMAGE.match(draft.image):
            problems.append(Problem("image", f"{draft.image!r} is not an image name like python:3.12-slim"))
        return _described(draft.image, environments)
    if not draft.environment:
        problems.append(Problem("environment", "choose an environment"))
        return None, None
    environment = next((one for one in environments if one.name == draft.environment), None)
    if environment is None:
        names = [one.name for one in environments]
        problems.append(Problem("environment", unknown("environment", draft.environment, names)))
        return None, None
    version = environment.version(draft.version or environment.default)
    if version is None:
        names = [one.name for one in environment.versions]
        problems.append(Problem("version", unknown(f"version of {environment.label}", draft.version, names)))
    return environment, version


def _described(
    image: str, environments: Sequence[Environment]
) -> tuple[Environment, Version] | tuple[None, None]:
    """What the image says of itself, where it is on the engine and says something."""
    for environment in environments:
        if environment.source in (IMAGE, SAVED_FROM):
            for version in environment.versions:
                if version.image in (image, f"{image}:latest"):
                    return environment, version
    return None, None


def _shared_memory(version: Version | None, ask: Ask) -> int | None:
    """As much as the image wants, and no less than the rule gives; it counts as the session's memory."""
    wanted = version.shared_memory if version else None
    return None if wanted is None else min(max(wanted, ask.shared_memory), ask.memory)


def unknown(kind: str, name: str, names: Sequence[str]) -> str:
    """A sentence for a name that is not known, with the nearest one that is."""
    near = difflib.get_close_matches(name, names, n=1)
    known = f"did you mean {near[0]}?" if near else f"known: {', '.join(names) or 'none'}"
    return f"no {kind} {name!r}: {known}"


def _check_name(name: str, taken: set[str], problems: list[Problem]) -> None:
    if (wrong := session_name_problem(name)) is not None:
        problems.append(Problem("name", wrong))
    elif name in taken:
        problems.append(Problem("name", f"{name} is taken by another session of yours"))


def _choose_gpus(
    wish: GpuWish, capacity: Capacity, uid: int, used: Mapping[str, int], problems: list[Problem]
) -> tuple[Gpu, ...]:
    if wanted(wish) and capacity.gpu_trouble:
        remedy = f": {capacity.gpu_remedy}" if capacity.gpu_remedy else ""
        problems.append(Problem("gpu", f"{capacity.gpu_trouble}{remedy}"))
        return ()
    try:
        return choose(wish, capacity.gpus, uid, used=used)
    except Refused as refusal:
        problems += refusal.problems
        return ()


def _choose_mounts(
    wanted: Sequence[MountChoice], folders: Sequence[Folder], problems: list[Problem]
) -> tuple[Mount, ...]:
    """What was chosen, and what mounts by itself unless it cannot be mounted as it is now."""
    by_name = {folder.name: folder for folder in folders}
    chosen = {folder.name: Mount.of(folder) for folder in folders if folder.automatic and not folder.trouble}
    asked: set[str] = set()
    for choice in wanted:
        name, folder = choice.folder, by_name.get(choice.folder)
        if folder is None:
            problems.append(Problem("mounts", unknown("folder", name, list(by_name))))
        elif name in asked:
            problems.append(Problem("mounts", f"folder {name} is named twice"))
        elif folder.trouble:
            problems.append(Problem("mounts", f"folder {name} cannot be mounted: {folder.trouble}"))
        elif choice.target and (wrong := target_problem(choice.target)) is not None:
            problems.append(Problem("mounts", f"folder {name}: {wrong}"))
        else:
            place = place_of(choice.target) if choice.target else ""
            chosen[name] = Mount.of(folder, read_only=choice.read_only, target=place)
        asked.add(name)
    mounts = tuple(chosen.values())
    problems += clashes(mounts)
    return mounts


def _check_variables(
    where: str, variables: Sequence[tuple[str, str]], seen: set[str], problems: list[Problem]
) -> None:
    for name, value in variables:
        if not _VARIABLE.match(name):
            problems.append(Problem(where, f"{name!r} is not a variable name (letters, digits, underscore)"))
        elif name.startswith("SESSIONTUI_"):
            problems.append(Problem(where, f"{name}: names beginning with SESSIONTUI_ are ours"))
        elif name in _OURS:
            problems.append(Problem(where, f"{name} is the session's own: it cannot be set"))
        elif name in _DEVICE_VARIABLES:
            problems.append(Problem(where, f"{name} decides which devices it gets: ask for GPUs instead"))
        elif name in seen:
            problems.append(Problem(where, f"{name} is set twice"))
        elif where == "secrets" and not value:
            problems.append(Problem(where, f"{name} has no value"))
        elif "\0" in value:
            problems.append(Problem(where, f"{name}: a value cannot hold a NUL byte"))
        elif len(f"{name}={value}".encode(errors="surrogateescape")) >= _LONGEST_VARIABLE:
            problems.append(
                Problem(where, f"{name}: a variable holds less than {format_bytes(_LONGEST_VARIABLE)}")
            )
        seen.add(name)


_MOODS = (
    "amber bold brave brisk calm clever crisp eager fair fleet fond gentle glad happy keen kind lively "
    "lucid mellow merry modest nifty noble plucky proud quick quiet ready sharp shiny smart snug solid "
    "spry steady sunny swift tidy vivid warm wise witty zesty"
).split()
_PEOPLE = (
    "abel avila bohr boole born cantor curie darwin dijkstra dirac euler faraday fermi feynman galois "
    "gauss gibbs godel hamilton hertz hilbert hopper hypatia joule kepler knuth lamarr leibniz lovelace "
    "maxwell meitner mendel newton noether pascal pauli planck raman ride shannon tesla turing volta wu"
).split()


def suggest_name(taken: Iterable[str], choose: Callable[[Sequence[str]], str]) -> str:
    """A free, friendly name; ``choose`` picks one of a sequence (``random.choice``)."""
    used = set(taken)
    for _ in range(100):
        name = f"{choose(_MOODS)}-{choose(_PEOPLE)}"
        if name not in used:
            return name
    number = 2
    while f"{name}-{number}" in used:
        number += 1
    return f"{name}-{number}"
