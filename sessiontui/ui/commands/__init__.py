"""Everything a person can do, one class a command."""

from __future__ import annotations

from sessiontui.ui.commands.base import Command, Selected
from sessiontui.ui.commands.environments import (
    DeleteEnvironment,
    LaunchEnvironment,
    PrepareEnvironment,
    ShowEnvironments,
)
from sessiontui.ui.commands.folders import (
    CopyFolderPath,
    CreateFolder,
    DeleteFolder,
    ImportFolder,
    OpenFolder,
    OpenTrash,
    RenameFolder,
    ReverseFolders,
    ShowFolders,
    SortFolders,
)
from sessiontui.ui.commands.history import ForgetPast, RepeatPast, ShowHistory
from sessiontui.ui.commands.life import (
    DeleteSession,
    RepeatSession,
    ResizeSession,
    StartSession,
    StopSession,
)
from sessiontui.ui.commands.marks import MarkAll, MarkSession
from sessiontui.ui.commands.program import OpenPalette, Quit, ShowHelp, ToggleMouse
from sessiontui.ui.commands.reach import (
    ChooseShell,
    CopySomething,
    OpenApps,
    OpenFiles,
    OpenShell,
    SetUpSsh,
)
from sessiontui.ui.commands.saving import SaveEnvironment
from sessiontui.ui.commands.view import (
    FilterSessions,
    NextTab,
    PreviousTab,
    ReadLogs,
    ReverseSort,
    ShowCharts,
    ShowRunning,
    ShowSessions,
    SortSessions,
    ToggleDetails,
)

__all__ = ["COMMANDS", "Command", "Selected", "command"]

COMMANDS: tuple[Command, ...] = tuple(
    kind()
    for kind in (
        StartSession,
        RepeatPast,
        ForgetPast,
        OpenApps,
        OpenShell,
        ChooseShell,
        OpenFiles,
        ReadLogs,
        StopSession,
        ResizeSession,
        DeleteSession,
        MarkSession,
        MarkAll,
        RepeatSession,
        SaveEnvironment,
        CopySomething,
        SetUpSsh,
        OpenFolder,
        CreateFolder,
        ImportFolder,
        RenameFolder,
        DeleteFolder,
        OpenTrash,
        CopyFolderPath,
        SortFolders,
        ReverseFolders,
        LaunchEnvironment,
        PrepareEnvironment,
        DeleteEnvironment,
        FilterSessions,
        ToggleDetails,
        ShowCharts,
        SortSessions,
        ReverseSort,
        ShowRunning,
        ShowSessions,
        ShowFolders,
        ShowEnvironments,
        ShowHistory,
        PreviousTab,
        NextTab,
        ToggleMouse,
        ShowHelp,
        OpenPalette,
        Quit,
    )
)
"""All of them, as the help and the bottom line order them."""


def command(name: str) -> Command:
    """The command of that name."""
    return next(one for one in COMMANDS if one.name == name)
