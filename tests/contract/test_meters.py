"""Every meter behind the port, on a session under a steady load: what was asked for is what is told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import docker
import pytest

from sessiontui.dockerd import open_client
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.domain.usage import Reading, Usage, usage_between
from sessiontui.metering.cgroup import CgroupMeter
from sessiontui.metering.docker_stats import StatsMeter
from sessiontui.metering.port import Meter
from sessiontui.metering.scripted import ScriptedMeter
