"""What a machine needs for il_ros, checked one by one."""
from __future__ import annotations

from collections.abc import Iterator
import ctypes.util
from enum import Enum
from importlib.util import find_spec
import os
from pathlib import Path
import shutil
import sys
from typing import NamedTuple

from il_ros.errors import install

LEAST_DISK_BYTES = 1_000_000_000
PACKAGES = {
    '': ('numpy', 'yaml', 'av', 'pyarrow', 'mcap', 'rosbags'),
    'sim': ('mujoco', 'gymnasium', 'pinocchio'),
    'train': ('torch', 'lightning_fabric', 'safetensors'),
}
EGL = 'apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri'


class Outcome(Enum):
    """How a check ended; SKIP is no failure."""

    PASS = 'pass'
    SKIP = 'skip'
    FAIL = 'fail'


class Check(NamedTuple):
    """One checked thing: its name, how it stands, what was found and what to do."""

    name: str
    outcome: Outcome
    text: str


def passed(name: str, text: str) -> Check:
    """Return a check that passed."""
    return Check(name, Outcome.PASS, text)


def skipped(name: str, text: str) -> Check:
    """Return a check of something optional that is not there."""
    return Check(name, Outcome.SKIP, text)


def failed(name: str, text: str) -> Check:
    """Return a check that failed, with what to do."""
    return Check(name, Outcome.FAIL, text)


def check_machine(folder: Path) -> Iterator[Check]:
    """Check Python, packages, disk and rendering.

    Args:
        folder: Where bags and datasets will be written.
    """
    yield passed('python', '.'.join(map(str, sys.version_info[:3])))
    if sys.prefix != sys.base_prefix or os.environ.get('AMENT_PREFIX_PATH'):
        yield passed('environment', sys.prefix)
    else:
        yield skipped('environment', f"{sys.prefix} is the system's; make setup makes a venv")
    for extra, modules in PACKAGES.items():
        yield _packages(extra, modules)
    free = shutil.disk_usage(folder).free
    text = f'{free / 1e9:.1f} GB free in {folder.resolve()}'
    if free >= LEAST_DISK_BYTES:
        yield passed('disk', text)
    else:
        yield failed('disk', f'{text}, expected 1 GB to record; free some or record elsewhere')
    if find_spec('mujoco') is None:
        yield skipped('rendering', 'without the simulation nothing is rendered')
    elif ctypes.util.find_library('EGL'):
        yield passed('rendering', 'EGL')
    else:
        yield failed('rendering', f'no EGL for the simulated cameras: {EGL}')


def _packages(extra: str, modules: tuple[str, ...]) -> Check:
    name = f'packages [{extra}]' if extra else 'packages'
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return passed(name, ', '.join(modules))
    text = f'missing {", ".join(missing)}: {install(extra)}'
    return skipped(name, text) if extra else failed(name, text)
