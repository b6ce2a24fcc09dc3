"""The command line: the same actions as the dashboard, for scripts and tests.

Exit codes: 0 done; 1 refused or failed, with message and hint on stderr; 2 bad usage or no engine.
"""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from sessiontui.cli.complaint import complain
from sessiontui.cli.parser import parser
from sessiontui.domain.errors import (
    ConfigError,
    EngineDenied,
    EngineUnreachable,
    Refused,
    SessiontuiError,
)

if TYPE_CHECKING:
    from sessiontui.config import Settings

FAILED, USAGE = 1, 2

MODULES = {
    **dict.fromkeys(("stop", "start", "environments", "setup", "doctor"), "verbs"),
    **dict.fromkeys(("apps", "open", "close", "shell", "logs"), "reaching"),
    "cp": "files",
    "folders": "folders",
    "forward": "forwarding",
    "gpus": "gpus",
    "history": "history",
    "launch": "launching",
    "ls": "listing",
    "resize": "resizing",
    "rm": "removal",
    "save": "saving",
    "ssh-config": "ssh_config",
}
"""Where each command is, as a function of its name."""


def run(argv: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code."""
    arguments = parser().parse_args(argv)
    # A closed line or a plain kill must clean up as Ctrl+C does.
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, _leave)
    try:
        from sessiontui import config

        settings = config.load(arguments.config, os.environ)
        if arguments.command is None:
            return _dashboard(settings, arguments)
        module = import_module(f"sessiontui.cli.{MODULES[arguments.command]}")
        name = arguments.command.replace("-", "_")
        code: int = getattr(module, name)(arguments, settings)
    except Refused as error:
        for problem in error.problems:
            complain(f"{problem.field}: {problem.message}")
        return FAILED
    except (EngineUnreachable, EngineDenied, ConfigError) as error:
        complain(error.message, error.hint)
        return USAGE
    except SessiontuiError as error:
        complain(error.message, error.hint)
        if output := getattr(error, "output", ""):
            print(output, file=sys.stderr)
        return FAILED
    except (KeyboardInterrupt, EOFError):
        complain("cancelled")
        return FAILED
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _dashboard(settings: Settings, arguments: Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain("the dashboard needs a terminal", "over ssh, give it one: ssh -t HOST sessiontui")
        return USAGE
    from sessiontui import wiring

    if arguments.clipboard:
        settings = replace(settings, clipboard=arguments.clipboard)
    return wiring.run_dashboard(
        settings,
        os.environ,
        demo=arguments.demo,
        mouse=not arguments.no_mouse,
        config=arguments.config,
    )


def _leave(signal_number: int, _frame: object) -> NoReturn:
    # A line that drops often says so twice: the second time must not cut off the cleaning up.
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + signal_number)
