"""`launch`: from arguments, or from an earlier session, to a session; and the wait for a batch session."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace

from sessiontui import wiring
from sessiontui.actions import describe, end
from sessiontui.actions.launch import Launcher
from sessiontui.actions.past import delete_due
from sessiontui.actions.ports import Ports
from sessiontui.actions.repeat import draft_again, find_past
from sessiontui.cli.complaint import complain
from sessiontui.cli.printing import print_json
from sessiontui.cli.progress import ProgressLine
from sessiontui.cli.ssh_config import keep_current
from sessiontui.config import Settings
from sessiontui.domain.allocation import IF_ASKED
from sessiontui.domain.batch import Batch
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Problem, Refused, SessionGone
from sessiontui.domain.gpu_words import gpu_cautions
from sessiontui.domain.launch import Draft
from sessiontui.domain.own_ports import parse_ports
from sessiontui.domain.record import Record
from sessiontui.domain.repeat import repeated_name
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine.port import Change

_LOOK = 0.2
"""Seconds between two looks at whether a session whose output ended has ended."""


def launch(arguments: Namespace, settings: Settings) -> int:
    """Launch a session and print its name; with --wait, what its command prints."""
    ports = wiring.ports(settings, os.environ)
    launcher = Launcher(ports)
    sessions = ports.engine.glance()
    delete_due(ports, sessions)
    before = None if arguments.repeat is None else find_past(ports, arguments.repeat)
    draft, misread = _draft(arguments, Draft() if before is None else draft_again(ports, before))
    if arguments.name is not None:
        name = arguments.name
    elif before is None:
        name = launcher.suggest_name()
    else:
        old = before.session if isinstance(before, Record) else before
        name = repeated_name(old.name, {one.name for one in sessions if one.owner.uid == ports.owner.uid})
    try:
        order = launcher.order(replace(draft, name=name), misread=misread)
    except Refused as refusal:
        raise Refused([_in_options(problem) for problem in refusal.problems]) from None
    for caution in gpu_cautions(order.gpus):
        complain(caution)
    with ProgressLine(sys.stderr) as report:
        session = launcher.launch(order, report, Cancellation())
    keep_current(ports)
    if arguments.wait:
        return _wait(ports, session, json=arguments.json)
    if arguments.json:
        print_json(describe.session_json(session))
    else:
        print(session.name)
    return 0


def _in_options(problem: Problem) -> Problem:
    """The problem with what can be asked for as the option that asks for it."""
    return replace(problem, message=problem.message.replace(IF_ASKED, "can be shared: add --gpu-shared"))


def _draft(arguments: Namespace, draft: Draft) -> tuple[Draft, list[Problem]]:
    """The draft with what the arguments say in place of what it said, and what could not be read."""
    ports, wrong = parse_ports(" ".join(arguments.port))
    misread = list(wrong)
    if arguments.environment or arguments.image:
        # A colon before the last slash is a registry's port.
        path, slash, last = arguments.environment.rpartition("/")
        name, _, version = last.partition(":")
        draft = replace(draft, environment=f"{path}{slash}{name}", version=version, image=arguments.image)
    chosen = {choice.folder for choice in arguments.mount}
    draft = replace(
        draft,
        cpu=draft.cpu if arguments.cpu is None else arguments.cpu,
        memory=draft.memory if arguments.memory is None else arguments.memory,
        mounts=(*(one for one in draft.mounts if one.folder not in chosen), *arguments.mount),
        ports=(*(one for one in draft.ports if one not in ports), *ports),
        env=_merged(draft.env, arguments.env, arguments.secret),
        secrets=_secrets(draft, arguments, misread),
        batch=_batch(draft.batch, arguments, misread),
    )
    return _with_gpus(draft, arguments, misread), misread


def _with_gpus(draft: Draft, arguments: Namespace, misread: list[Problem]) -> Draft:
    devices = tuple(name for names in arguments.gpu_device for name in names.split(","))
    if arguments.gpu == 0 and (devices or arguments.gpu_memory is not None):
        misread.append(Problem("gpu", "--gpu 0 asks for none, --gpu-device and --gpu-memory for some"))
    if arguments.gpu_memory is not None and arguments.gpu_memory < MIB:
        misread.append(
            Problem("gpu", f"--gpu-memory {arguments.gpu_memory} is so many bytes: write it like 24g")
        )
    if devices or arguments.gpu == 0:
        # What an earlier launch asked for is settled by that.
        draft = replace(draft, gpu=0, gpu_memory=None)
    draft = replace(
        draft,
        gpu=draft.gpu if arguments.gpu is None else arguments.gpu,
        devices=devices,
        gpu_memory=draft.gpu_memory if arguments.gpu_memory is None else arguments.gpu_memory,
        gpu_shared=draft.gpu_shared if arguments.gpu_shared is None else arguments.gpu_shared,
    )
    if arguments.gpu_shared and not (draft.gpu or draft.devices or draft.gpu_memory is not None):
        words = "--gpu-shared is about GPUs: add --gpu N, --gpu-device or --gpu-memory"
        misread.append(Problem("gpu", words))
    return draft


def _merged(
    earlier: Iterable[tuple[str, str]],
    variables: Iterable[tuple[str, str]],
    others: Iterable[tuple[str, str | None]],
) -> tuple[tuple[str, str], ...]:
    named = {name for name, _ in (*variables, *others)}
    return (*((name, value) for name, value in earlier if name not in named), *variables)


def _secrets(draft: Draft, arguments: Namespace, misread: list[Problem]) -> tuple[tuple[str, str], ...]:
    """The secret variables, each with its value: the one given, else that of the environment here."""
    now = {name for name, _ in (*arguments.env, *arguments.secret)}
    wanted = [(name, None) for name, _ in draft.secrets if name not in now]
    found = []
    for name, value in (*wanted, *arguments.secret):
        said = os.environ.get(name) if value is None else value
        if said is None:
            misread.append(
                Problem("secrets", f"{name} is not in your environment: set it, or add --secret {name}=VALUE")
            )
        else:
            found.append((name, said))
    return tuple(found)


def _batch(batch: Batch | None, arguments: Namespace, misread: list[Problem]) -> Batch | None:
    if arguments.batch is not None:
        batch = replace(batch, command=arguments.batch) if batch else Batch(arguments.batch)
    if batch is None:
        for given, option in (
            (arguments.time_limit is not None, "--time-limit"),
            (arguments.delete_when_finished, "--delete-when-finished"),
            (arguments.wait, "--wait"),
        ):
            if given:
                misread.append(Problem("batch", f"{option} is about a command: add --batch COMMAND"))
        return None
    return replace(
        batch,
        seconds=batch.seconds if arguments.time_limit is None else arguments.time_limit,
        delete=batch.delete or arguments.delete_when_finished,
    )


def _wait(ports: Ports, session: Session, *, json: bool) -> int:
    """Print its output to the end and return its command's exit code."""
    out = sys.stderr.buffer if json else sys.stdout.buffer
    print(f"{session.name} runs", file=sys.stderr)
    try:
        log = ports.engine.logs(session, follow=True)
        try:
            for chunk in log:
                out.write(chunk)
                out.flush()
        finally:
            log.close()
        ended = _ended(ports, session)
    except KeyboardInterrupt:
        complain(f"{session.name} runs on", f"see what it prints with: sessiontui logs -f {session.name}")
        return 130
    if json:
        print_json(describe.session_json(ended))
    reason = f": {ended.reason}" if ended.reason else ""
    print(f"{ended.name} is {ended.phase}{reason}", file=sys.stderr)
    if ended.phase is Phase.FINISHED and ended.batch is not None and ended.batch.delete:
        if warning := end.delete_ended(ports, ended):
            complain(warning)
        keep_current(ports)
    return 1 if ended.exit_code is None else ended.exit_code


def _ended(ports: Ports, session: Session) -> Session:
    while True:
        now = ports.engine.look(Change(session.container_id or "", session.id))
        if now is None:
            raise SessionGone(f"{session.name} is gone", "it was deleted meanwhile")
        if not now.phase.live:
            return now
        time.sleep(_LOOK)
