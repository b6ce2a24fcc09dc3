"""What is wrong with the amounts that a session asks for, and what should be known about them."""

from __future__ import annotations

from sessiontui.domain.errors import Problem
from sessiontui.domain.resources import Ask, Capacity, Ceiling
from sessiontui.domain.units import cores_in_words, format_bytes, format_cores


def ask_problems(ask: Ask, minimum: Ask, ceiling: Ceiling, capacity: Capacity) -> list[Problem]:
    """What is wrong with amounts: fields ``cpu memory gpu``. GPUs may be taken all the same."""
    problems: list[Problem] = []
    if ask.cpu < minimum.cpu:
        problems.append(Problem("cpu", f"this environment needs at least {cores_in_words(minimum.cpu)}"))
    elif ceiling.cpu is not None and ask.cpu > ceiling.cpu:
        problems.append(Problem("cpu", f"this environment takes at most {cores_in_words(ceiling.cpu)}"))
    elif ask.cpu > capacity.cpu:
        problems.append(Problem("cpu", f"the machine has {cores_in_words(capacity.cpu)}"))
    if ask.memory < minimum.memory:
        problems.append(Problem("memory", f"this environment needs at least {format_bytes(minimum.memory)}"))
    elif ceiling.memory is not None and ask.memory > ceiling.memory:
        problems.append(Problem("memory", f"this environment takes at most {format_bytes(ceiling.memory)}"))
    elif ask.memory > capacity.memory:
        problems.append(Problem("memory", f"the machine has {format_bytes(capacity.memory)}"))
    if ask.gpu < minimum.gpu:
        problems.append(Problem("gpu", f"this environment needs at least {minimum.gpu} GPU"))
    elif ceiling.gpu is not None and ask.gpu > ceiling.gpu:
        most = f"at most {ceiling.gpu}" if ceiling.gpu else "no"
        problems.append(Problem("gpu", f"this environment uses {most} GPU"))
    return problems


def ask_cautions(ask: Ask, capacity: Capacity) -> tuple[Problem, ...]:
    """What is allowed and shared: limits beyond what is free."""
    found = []
    if ask.cpu > capacity.free_cpu:
        free = f"only {format_cores(round(capacity.free_cpu, 1))}" if capacity.free_cpu >= 0.05 else "none"
        found.append(Problem("cpu", f"{free} of {capacity.cpu} cores free: sessions will share"))
    if ask.memory > capacity.free_memory:
        free = format_bytes(capacity.free_memory)
        found.append(Problem("memory", f"only {free} is free: a session may be ended when memory runs out"))
    return tuple(found)
