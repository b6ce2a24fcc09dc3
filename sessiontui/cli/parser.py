"""The arguments of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from sessiontui import __version__
from sessiontui.domain.folder import MountChoice
from sessiontui.domain.units import parse_bytes, parse_duration


def parser() -> argparse.ArgumentParser:
    """The parser; ``command`` is None for the dashboard."""
    top = argparse.ArgumentParser(
        prog="sessiontui",
        description="Compute sessions on this machine's container engine. Without a command: the dashboard.",
    )
    top.add_argument("--version", action="version", version=f"sessiontui {__version__}")
    top.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of the usual one")
    top.add_argument("--demo", action="store_true", help="the dashboard on an engine that is only played")
    top.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    top.add_argument("--clipboard", choices=("auto", "osc52", "native", "off"), help="how copying is done")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, words: str, *, json: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        if json:
            command.add_argument("--json", action="store_true", help="print JSON")
        return command

    ls = add("ls", "list running sessions", json=True)
    ls.add_argument("-q", "--quiet", action="store_true", help="names only")
    ls.add_argument("-a", "--all", action="store_true", help="sessions in every phase")

    add("gpus", "list GPUs, who holds them, what they do and what is wrong", json=True)

    launch = add("launch", "launch a session", json=True)
    launch.add_argument("environment", nargs="?", metavar="ENV[:VERSION]", default="")
    launch.add_argument("--image", metavar="REF", default="", help="any image instead of an environment")
    launch.add_argument("--name", help="suggested when left out")
    launch.add_argument("--cpu", type=_cores, metavar="CORES")
    launch.add_argument("--memory", type=_bytes, metavar="SIZE", help="such as 512m or 4g")
    launch.add_argument("--gpu", type=_count, metavar="N", help="so many GPUs")
    launch.add_argument(
        "--gpu-device",
        action="append",
        default=[],
        metavar="ID[,ID…]",
        help="just these: numbers (0, or 0:1 of a part), UUIDs or their beginnings; may be repeated",
    )
    launch.add_argument(
        "--gpu-memory", type=_bytes, metavar="SIZE", help="the smallest GPU that is sold with so much"
    )
    launch.add_argument(
        "--gpu-shared",
        action=argparse.BooleanOptionalAction,
        help="let others have them too, and take what others share where none is free",
    )
    launch.add_argument(
        "--mount",
        action="append",
        type=_mount,
        default=[],
        metavar="FOLDER[:PLACE][:ro]",
        help="at a place in the home or an absolute one; may be repeated",
    )
    launch.add_argument(
        "--env", action="append", type=_variable, default=[], metavar="K=V", help="may be repeated"
    )
    launch.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="PORT[:LAST]",
        help="a port you will serve yourself, or a range of them; may be repeated",
    )
    launch.add_argument(
        "--secret",
        action="append",
        type=_secret,
        default=[],
        metavar="NAME[=VALUE]",
        help="a variable kept inside the session alone; without a value: from your environment",
    )
    launch.add_argument("--batch", metavar="COMMAND", help="run a command; the session ends with it")
    launch.add_argument("--time-limit", type=_duration, metavar="TIME", help="such as 90s, 30m, 1h30m or 2d")
    launch.add_argument(
        "--delete-when-finished", action="store_true", help="delete the session when the command ended well"
    )
    launch.add_argument(
        "--wait", action="store_true", help="print what the command prints, and end with its exit code"
    )
    launch.add_argument(
        "--repeat", metavar="NAME", help="as that session, or that of the history; other options go before it"
    )

    history = add("history", "list deleted sessions, newest first", json=True)
    history.add_argument("-n", "--number", type=_count, metavar="N", help="only the newest")

    apps = add("apps", "list the apps of a session and what they do", json=True)
    apps.add_argument("name", metavar="NAME")

    open_ = add("open", "start an app and print where it is reached", json=True)
    open_.add_argument("name", metavar="NAME")
    open_.add_argument("app", metavar="APP")
    open_.add_argument("--answer", metavar="TEXT", help="to what the app asks, such as a log directory")

    close = add("close", "end an app of a session")
    close.add_argument("name", metavar="NAME")
    close.add_argument("app", metavar="APP")

    forward = add("forward", "hold a way to an app or port that only you can use, until Ctrl+C", json=True)
    forward.add_argument("name", metavar="NAME")
    forward.add_argument("what", metavar="APP|PORT")
    forward.add_argument("--port", type=_port, metavar="LOCAL", help="where on this machine")

    shell = add("shell", "a shell of the session, or a command in it")
    _shell_options(shell)
    shell.add_argument("name", metavar="NAME")
    shell.add_argument("words", nargs=argparse.REMAINDER, action=_Words, metavar="-- CMD…")

    cp = add(
        "cp",
        "copy files and directories into a session or out of it; one side is NAME:PATH, below its home",
    )
    cp.add_argument("-f", "--force", action="store_true", help="replace what is there")
    cp.add_argument("paths", nargs="+", metavar="SRC… DST")

    logs = add("logs", "print what a session and its apps wrote")
    logs.add_argument("name", metavar="NAME")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as it comes")
    logs.add_argument("--app", metavar="APP", help="the last output of this app alone")
    logs.add_argument("-n", "--tail", type=_count, metavar="LINES", help="only the last lines")

    for name, words in (
        ("stop", "stop sessions and keep their homes"),
        ("start", "start stopped sessions, or finish launches that were cut off"),
    ):
        command = add(name, words)
        command.add_argument("names", nargs="+", metavar="NAME")
        if name == "stop":
            command.add_argument("--kill", action="store_true", help="end them at once, by force")

    resize = add("resize", "change CPU and memory of a session, also while it runs", json=True)
    resize.add_argument("name", metavar="NAME")
    resize.add_argument("--cpu", type=_cores, metavar="CORES")
    resize.add_argument("--memory", type=_bytes, metavar="SIZE", help="such as 512m or 4g")

    rm = add("rm", "delete sessions with their homes; mounted folders stay")
    rm.add_argument("names", nargs="+", metavar="NAME")
    rm.add_argument(
        "--save-to",
        metavar="FOLDER",
        help="first copy what would be lost into this folder, below the session's name",
    )
    rm.add_argument("-y", "--yes", action="store_true", help="do not ask")

    ssh_config = add("ssh-config", "make `ssh st-NAME` work: one line in ~/.ssh/config, kept current")
    ssh_config.add_argument("-y", "--yes", action="store_true", help="do not ask")
    instead = ssh_config.add_mutually_exclusive_group()
    instead.add_argument("--remove", action="store_true", help="take the line away again")
    instead.add_argument("--laptop", metavar="NAME", help="print what a laptop needs for one session")
    instead.add_argument("--key", metavar="NAME", help="print the private key of a session")

    listing = add("environments", "list environments and their versions", json=True)
    listing.add_argument(
        "-a", "--all", action="store_true", help="also images that are private or the system's"
    )

    removal = listing.add_subparsers(dest="verb", metavar="rm").add_parser(
        "rm", help="delete the image of a version that you saved, or that can be built again"
    )
    removal.add_argument("name", metavar="NAME[:VERSION]")
    removal.add_argument("-y", "--yes", action="store_true", help="do not ask")

    save = add("save", "save a session, without home and folders, as an environment of your own")
    save.add_argument("name", metavar="NAME")
    save.add_argument("environment", metavar="AS")
    save.add_argument("-f", "--force", action="store_true", help="add a version to what has the name")

    _folder_verbs(add("folders", "list, create, import, rename and remove folders, and what is in the trash"))

    setup = add(
        "setup", "install and start a container engine where there is none, prepare the default image"
    )
    setup.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add("doctor", "look at what setup looks at, and change nothing")
    return top


def _folder_verbs(folders: argparse.ArgumentParser) -> None:
    verbs = folders.add_subparsers(dest="verb", metavar="VERB", required=True)

    def add(name: str, words: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=words, description=words)

    ls = add("ls", "list folders, or what is in the trash")
    ls.add_argument("--json", action="store_true", help="print JSON")
    ls.add_argument("--trash", action="store_true", help="what is in the trash")
    add("create", "make a folder").add_argument("name", metavar="NAME")
    import_ = add("import", "make an existing directory a folder, without copying")
    import_.add_argument("path", metavar="PATH")
    import_.add_argument(
        "name", nargs="?", metavar="NAME", default="", help="the directory's own if left out"
    )
    rename = add("rename", "give a folder that no session mounts another name")
    rename.add_argument("old", metavar="OLD")
    rename.add_argument("new", metavar="NEW")
    rm = add("rm", "put folders that no session mounts into the trash; of imported ones the files stay")
    rm.add_argument("names", nargs="+", metavar="NAME")
    restore = add("restore", "take a folder out of the trash, the newest of that name")
    restore.add_argument("name", metavar="NAME|ID")
    empty = add("empty", "remove what is in the trash for good")
    for verb in (rm, empty):
        verb.add_argument("-y", "--yes", action="store_true", help="do not ask")


def _shell_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--shell", metavar="SHELL", default="", help="another shell than the user's own")
    command.add_argument("--window", action="store_true", help="in a new window of the tmux around")
    # For the dashboard's own windows: an error stays to be read.
    command.add_argument("--hold", action="store_true", help=argparse.SUPPRESS)


class _Words(argparse.Action):
    """The words after the name: options of ours come first, then the command, with or without ``--``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        words = list(values) if isinstance(values, list) else []
        ours = argparse.ArgumentParser(prog=parser.prog, usage=parser.format_usage()[7:], add_help=False)
        _shell_options(ours)
        count = 0
        while count < len(words) and words[count] != "--" and words[count].startswith("--"):
            count += 2 if words[count] == "--shell" else 1
        ours.parse_args(words[:count], namespace)
        command = words[count:]
        namespace.words = command[1:] if command[:1] == ["--"] else command


def _bytes(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _cores(text: str) -> float:
    try:
        cores = float(text)
    except ValueError:
        cores = 0
    if not 0 < cores < 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of cores")
    return cores


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _port(text: str) -> int:
    port = _count(text)
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return port


def _mount(text: str) -> MountChoice:
    name, *rest = text.split(":")
    mode = rest.pop() if rest and rest[-1] in ("ro", "rw") else "rw"
    if not name or len(rest) > 1 or rest == [""]:
        raise argparse.ArgumentTypeError(f"{text!r}: write FOLDER, FOLDER:ro or FOLDER:PLACE:ro")
    return MountChoice(name, mode == "ro", rest[0] if rest else "")


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: write NAME=VALUE")
    return name, value


def _secret(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name, value if equals else None


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
